/*
 * What stands at each hop limit; see lines.h.
 *
 * Branches of different length make the hops behind a fork stand at several positions. So we go
 * through the steps with the set of counts of hops that may have been passed before each.
 */
#include "tale/lines.h"

struct ways {
    bool passed[TALE_PATH_MAX + 1]; /* by the count of hops: can so many be behind us? */
};

/* How many hops of the branch a probe can come to: up to the first that refuses. */
static unsigned reach(const struct tale *tale, const struct branch *branch, bool *out_goes_on)
{
    for (unsigned i = 0; i < branch->count; i++)
        if (tale->hop[branch->first + i].refuse != REFUSE_NONE) {
            *out_goes_on = false;
            return i + 1;
        }
    *out_goes_on = true;
    return branch->count;
}

/* What is asked for: who looks at which position. */
struct look {
    const struct tale *tale;
    const struct traits *visitor;
    unsigned position;
    void (*each)(const struct sight *sight, void *context);
    void *context;
};

/* The step's hops at the position, and in *next the ways behind it. */
static unsigned pass_step(const struct look *look, const struct step *step,
                          const struct ways *before, struct ways *next)
{
    const struct tale *tale = look->tale;
    const unsigned position = look->position;
    unsigned count = 0;

    for (unsigned b = 0; b < step->branch_count; b++) {
        const struct branch *branch = &step->branch[b];
        bool goes_on;
        const unsigned hops = reach(tale, branch, &goes_on);

        for (unsigned passed = 0; passed <= TALE_PATH_MAX; passed++) {
            struct sight sight = {.step = step, .branch = (uint8_t)b};
            unsigned hop = branch->first + position - passed - 1;

            if (!before->passed[passed])
                continue;
            if (goes_on && passed + hops <= TALE_PATH_MAX)
                next->passed[passed + hops] = true;
            if (position <= passed || position > passed + hops)
                continue;
            if (step->by == FORK_VISITOR) {
                sight.branch = look->visitor->value[step->trait];
                hop += sight.branch;
            }
            sight.hop = &tale->hop[hop];
            look->each(&sight, look->context);
            count++;
        }
    }
    return count;
}

unsigned lines_at(const struct tale *tale, const struct traits *visitor, unsigned position,
                  void (*each)(const struct sight *sight, void *context), void *context)
{
    const struct look look = {tale, visitor, position, each, context};
    const struct sight end = {.hop = NULL};
    struct ways ways = {.passed = {[0] = true}};
    unsigned count = 0;

    if (position == 0 || position > TALE_PATH_MAX + 1)
        return 0;
    for (unsigned i = 0; i < tale->step_count; i++) {
        struct ways next = {.passed = {false}};

        count += pass_step(&look, &tale->step[i], &ways, &next);
        ways = next;
    }
    if (ways.passed[position - 1]) {
        each(&end, context);
        count++;
    }
    return count;
}
