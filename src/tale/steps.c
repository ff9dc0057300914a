/*
 * The steps of a tale; see steps.h.
 */
#include "tale/steps.h"

#include "tale/hop.h"
#include "tale/keys.h"
#include "tale/traits.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum {
    TRACEROUTE_HOPS = 30, /* where traceroute stops unless it is told otherwise */
    EVERY_LEAST_US = 1000,
    EVERY_MOST_US = 1000u * 1000 * 3600,
};

/* Hops that follow each other without a fork between them: what a loop can repeat. */
struct run {
    unsigned first; /* index of its first hop */
    bool in_fork;   /* a branch: its hops make no steps of their own */
};

static void read_entry(struct draft *draft, struct yaml_node node, struct run *run);

void steps_add(struct draft *draft, unsigned first)
{
    for (unsigned i = first; i < draft->tale->hop_count; i++) {
        const uint8_t trait = draft->tale->hop[i].trait;
        struct step *step = draft_add_step(draft);

        if (step == NULL)
            return;
        step->branch_count = 1;
        step->branch[0] = (struct branch){.first = (uint16_t)i, .count = 1};
        if (trait == 0)
            continue;
        step->by = FORK_VISITOR;
        step->trait = trait - 1;
        i += trait_values((enum trait)step->trait) - 1;
    }
}

/* Forks. */

struct fork_reading {
    struct step step;
    struct yaml_node branches;
    struct yaml_node by;
    struct yaml_node every;
};

static void read_fork(struct draft *draft, struct yaml_node value, void *into)
{
    struct fork_reading *r = into;

    (void)draft;
    r->branches = value;
}

static void read_by(struct draft *draft, struct yaml_node value, void *into)
{
    static const char *const words[] = {"flow", "packet", "destination", "time"};
    static const enum fork_by means[] = {FORK_FLOW, FORK_PACKET, FORK_DESTINATION, FORK_TIME};
    struct fork_reading *r = into;
    unsigned which;

    r->by = value;
    if (read_choice(draft, "by", value, words, COUNT(words), &which))
        r->step.by = means[which];
}

static void read_every(struct draft *draft, struct yaml_node value, void *into)
{
    struct fork_reading *r = into;

    r->every = value;
    if (!read_duration(draft, "every", value, EVERY_MOST_US, &r->step.every_us))
        return;
    if (r->step.every_us < EVERY_LEAST_US)
        report_error(draft->report, yaml_line(value), yaml_column(value),
                     "expected at least 1ms for `every`, found '%.60s'", yaml_text(value));
}

static const struct key fork_key[] = {
    {"fork", read_fork},
    {"by", read_by},
    {"every", read_every},
};
static const struct keys fork_keys = {"a fork", COUNT(fork_key), fork_key};

/* In a branch, and in a loop, a hop is one hop. */
static bool is_impersonal(struct draft *draft, unsigned first, struct yaml_node node,
                          const char *where)
{
    for (unsigned i = first; i < draft->tale->hop_count; i++)
        if (draft->tale->hop[i].trait != 0) {
            report_error(draft->report, yaml_line(node), yaml_column(node),
                         "expected hops whose texts are for everybody in %s, found one for {%s}",
                         where, trait_name((enum trait)(draft->tale->hop[i].trait - 1)));
            return false;
        }
    return true;
}

static void read_branch(struct draft *draft, struct yaml_node node, void *into)
{
    struct step *step = into;
    struct run run = {.first = draft->tale->hop_count, .in_fork = true};
    struct branch *branch;

    if (yaml_kind(node) == YAML_KIND_LIST)
        for (size_t i = 0; i < yaml_count(node); i++)
            read_entry(draft, yaml_item(node, i), &run);
    else
        read_entry(draft, node, &run);
    (void)is_impersonal(draft, run.first, node, "a branch");
    branch = &step->branch[step->branch_count++];
    branch->first = (uint16_t)run.first;
    branch->count = (uint16_t)(draft->tale->hop_count - run.first);
}

static void read_branches(struct draft *draft, struct yaml_node node, struct step *step)
{
    const unsigned hops = draft->tale->hop_count;
    const unsigned errors = draft->report->errors;

    if (yaml_kind(node) != YAML_KIND_LIST || yaml_count(node) < 2) {
        report_error(draft->report, yaml_line(node), yaml_column(node),
                     "expected a list of two branches or more for `fork`, found %s",
                     yaml_kind(node) == YAML_KIND_LIST ? "fewer" : yaml_kind_words(node));
        return;
    }
    read_each(draft, "fork", node, TALE_BRANCHES_MAX, read_branch, step);
    if (draft->tale->hop_count == hops && draft->report->errors == errors)
        report_error(draft->report, yaml_line(node), yaml_column(node),
                     "expected a branch with hops in it, found none");
}

static void check_every(struct draft *draft, const struct fork_reading *r, struct yaml_node node)
{
    if (r->step.by == FORK_TIME && !yaml_exists(r->every))
        report_error(
            draft->report, yaml_line(node), yaml_column(node),
            "expected `every`, how long one branch is used, beside `by: time`, found none");
    if (r->step.by != FORK_TIME && yaml_exists(r->every) && yaml_exists(r->by))
        report_error(draft->report, yaml_line(r->every), yaml_column(r->every),
                     "expected `every` beside `by: time` only, found it beside another");
}

static void read_fork_step(struct draft *draft, struct yaml_node node, struct run *run)
{
    struct fork_reading r = {.step = {.by = FORK_FLOW}};
    struct step *step;

    if (run->in_fork) {
        report_error(draft->report, yaml_line(node), yaml_column(node),
                     "expected hops in the branch of a fork, found another fork");
        return;
    }
    keys_read(draft, node, &fork_keys, &r);
    check_every(draft, &r, node);
    read_branches(draft, r.branches, &r.step);
    step = draft_add_step(draft);
    if (step != NULL)
        *step = r.step;
    run->first = draft->tale->hop_count;
}

/* Loops: hops that come again, with the same addresses and texts. */

struct loop_reading {
    uint32_t hops;
    uint32_t times;
};

static void read_loop(struct draft *draft, struct yaml_node value, void *into)
{
    struct loop_reading *r = into;

    read_number(draft, "loop", value, 1, TALE_PATH_MAX, &r->hops);
}

static void read_times(struct draft *draft, struct yaml_node value, void *into)
{
    struct loop_reading *r = into;

    read_number(draft, "times", value, 1, TALE_PATH_MAX, &r->times);
}

static const struct key loop_key[] = {
    {"loop", read_loop},
    {"times", read_times},
};
static const struct keys loop_keys = {"a loop", COUNT(loop_key), loop_key};

static void read_loop_step(struct draft *draft, struct yaml_node node, struct run *run)
{
    struct loop_reading r = {.times = 1};
    const unsigned before = draft->tale->hop_count;

    keys_read(draft, node, &loop_keys, &r);
    if (r.hops == 0)
        return;
    if (r.hops > before - run->first) {
        report_error(draft->report, yaml_line(node), yaml_column(node),
                     "expected a loop over hops right before it, of which there are %u, found %u",
                     before - run->first, r.hops);
        return;
    }
    if (!is_impersonal(draft, before - r.hops, node, "a loop"))
        return;
    for (unsigned i = 0; i < r.hops * r.times; i++)
        if (draft_repeat_hop(draft, before - r.hops + i, yaml_line(node), yaml_column(node)) ==
            NULL)
            return;
    if (!run->in_fork)
        steps_add(draft, before);
}

static void read_entry(struct draft *draft, struct yaml_node node, struct run *run)
{
    const unsigned before = draft->tale->hop_count;

    if (yaml_exists(yaml_find(node, "fork"))) {
        read_fork_step(draft, node, run);
    } else if (yaml_exists(yaml_find(node, "loop"))) {
        read_loop_step(draft, node, run);
    } else {
        hop_read(draft, node);
        if (!run->in_fork)
            steps_add(draft, before);
    }
}

void steps_read(struct draft *draft, struct yaml_node list)
{
    struct run run = {.first = draft->tale->hop_count};

    if (yaml_kind(list) != YAML_KIND_LIST || yaml_count(list) == 0) {
        report_error(draft->report, yaml_line(list), yaml_column(list),
                     "expected a list of hops for `hops`, found %s",
                     yaml_kind(list) == YAML_KIND_LIST || yaml_is_null(list)
                         ? "none"
                         : yaml_kind_words(list));
        return;
    }
    for (size_t i = 0; i < yaml_count(list); i++)
        read_entry(draft, yaml_item(list, i), &run);
}

/* The line of the hop that stands at `position`, from 1, on the longest way. */
static uint32_t line_at(const struct tale *tale, unsigned position)
{
    unsigned passed = 0;

    for (unsigned i = 0; i < tale->step_count; i++) {
        const struct branch *longest = &tale->step[i].branch[0];

        for (unsigned b = 1; b < tale->step[i].branch_count; b++)
            if (tale->step[i].branch[b].count > longest->count)
                longest = &tale->step[i].branch[b];
        if (position <= passed + longest->count)
            return tale->hop[longest->first + position - passed - 1].line;
        passed += longest->count;
    }
    return 0;
}

/* Behind a hop that stands alone and refuses all that comes, nothing is ever seen. */
static void check_refusals(struct draft *draft)
{
    const struct tale *tale = draft->tale;

    for (unsigned i = 0; i + 1 < tale->step_count; i++) {
        const struct hop *hop = &tale->hop[tale->step[i].branch[0].first];

        if (tale->step[i].branch_count == 1 && hop->refuse != REFUSE_NONE) {
            report_warning(draft->report, hop->line, 1,
                           "this hop refuses whatever comes to it, so that nobody sees what "
                           "follows");
            return;
        }
    }
}

void steps_check(struct draft *draft)
{
    const unsigned longest = tale_longest(draft->tale);

    if (longest > TALE_PATH_MAX)
        report_error(draft->report, line_at(draft->tale, TALE_PATH_MAX + 1), 1,
                     "expected at most %d hops on the way to the end, as many as a hop limit "
                     "counts, found %u",
                     TALE_PATH_MAX, longest);
    else if (longest == TALE_PATH_MAX)
        report_warning(draft->report, line_at(draft->tale, TRACEROUTE_HOPS), 1,
                       "traceroute stops after %d hops unless it is told otherwise (-m), and no "
                       "hop limit reaches the end behind %u",
                       TRACEROUTE_HOPS, longest);
    else if (longest >= TRACEROUTE_HOPS)
        report_warning(draft->report, line_at(draft->tale, TRACEROUTE_HOPS), 1,
                       "traceroute stops after %d hops unless it is told otherwise (-m); the end "
                       "is at %u",
                       TRACEROUTE_HOPS, longest + 1);
    check_refusals(draft);
}
