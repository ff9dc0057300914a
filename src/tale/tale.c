/*
 * Questions to a compiled tale.
 */
#include "tale/tale.h"

struct target tales_search(const struct tales *tales, const struct address *address)
{
    struct target found = {0};
    int longest = -1;

    for (size_t i = 0; i < tales->count; i++) {
        const struct tale *tale = tales->tale[i];

        for (const struct prefix *p = tale->target; p < tale->target + tale->target_count; p++) {
            if (p->length <= longest || !prefix_contains(p, address))
                continue;
            longest = p->length;
            found = (struct target){.tale = tale, .prefix = p};
        }
    }
    return found;
}

bool tale_is_straight(const struct tale *tale)
{
    for (unsigned i = 0; i < tale->step_count; i++) {
        const struct step *step = &tale->step[i];

        if (step->by != FORK_NONE || step->branch_count != 1 || step->branch[0].count != 1 ||
            step->branch[0].first != i || tale->hop[i].refuse != REFUSE_NONE ||
            tale->hop[i].mtu != 0)
            return false;
    }
    return true;
}

bool tale_is_personal(const struct tale *tale)
{
    for (unsigned i = 0; i < tale->step_count; i++)
        if (tale->step[i].by == FORK_VISITOR)
            return true;
    return false;
}

unsigned tale_longest(const struct tale *tale)
{
    unsigned hops = 0;

    for (unsigned i = 0; i < tale->step_count; i++) {
        const struct step *step = &tale->step[i];
        unsigned longest = 0;

        for (unsigned j = 0; j < step->branch_count; j++)
            if (step->branch[j].count > longest)
                longest = step->branch[j].count;
        hops += longest;
    }
    return hops;
}
