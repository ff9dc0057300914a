/*
 * Questions to a compiled tale.
 */
#include "tale/tale.h"

static const struct prefix *tale_target(const struct tale *tale, const struct address *address)
{
    const struct prefix *best = NULL;

    for (unsigned i = 0; i < tale->target_count; i++) {
        const struct prefix *p = &tale->target[i];

        if (prefix_contains(p, address) && (!best || p->length > best->length))
            best = p;
    }
    return best;
}

const struct tale *tales_find_target(const struct tales *tales, const struct address *address,
                                     const struct prefix **out_target)
{
    const struct tale *found = NULL;
    const struct prefix *best = NULL;

    for (size_t i = 0; i < tales->count; i++) {
        const struct prefix *p = tale_target(tales->tale[i], address);

        if (p && (!best || p->length > best->length)) {
            best = p;
            found = tales->tale[i];
        }
    }
    *out_target = best;
    return found;
}

const struct tale *tales_find(const struct tales *tales, const struct address *address)
{
    const struct prefix *target;

    return tales_find_target(tales, address, &target);
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
