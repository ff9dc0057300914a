/*
 * What traceroute prints of a tale; see trace.h.
 */
#include "tale/trace.h"

#include "base/units.h"
#include "tale/pool.h"

#include <stdio.h>

/* What traceroute puts behind the times of an unreachable; "" where it puts nothing. */
static const char *refusal_mark(enum refusal refuse, enum family family)
{
    static const char *const marks[REFUSE_COUNT][FAMILY_COUNT] = {
        [REFUSE_NONE] = {"", ""},
        [REFUSE_NET] = {"!N", "!N"},
        [REFUSE_HOST] = {"!H", "!H"},
        [REFUSE_PROTOCOL] = {"!P", "!<4-1>"},
        [REFUSE_PORT] = {"", ""},
        [REFUSE_ADMIN] = {"!X", "!X"},
        [REFUSE_SOURCE_ROUTE] = {"!S", "!<7>"},
        [REFUSE_PRECEDENCE] = {"!V", "!X"},
        [REFUSE_POLICY] = {"!X", "!<5>"},
        [REFUSE_REJECT] = {"!X", "!<6>"},
    };

    return marks[refuse][family];
}

const char *trace_fork_words(enum fork_by by)
{
    static const char *const words[] = {
        [FORK_NONE] = "",         [FORK_FLOW] = "flow",
        [FORK_PACKET] = "packet", [FORK_DESTINATION] = "destination",
        [FORK_TIME] = "time",     [FORK_VISITOR] = "visitor",
    };

    return words[by];
}

const char *trace_end_words(enum end_answer answer)
{
    static const char *const words[] = {
        [END_REPLY] = "reply", [END_UNREACHABLE] = "unreachable",
        [END_RESET] = "reset", [END_SILENT] = "silent",
        [END_PASS] = "pass",
    };

    return words[answer];
}

bool trace_to(const struct tale *tale, enum family family, enum probe_protocol probe, unsigned hops,
              struct trace *out)
{
    for (unsigned i = 0; i < tale->target_count; i++)
        if (address_family(&tale->target[i].address) == family) {
            *out = (struct trace){.tale = tale,
                                  .family = family,
                                  .probe = probe,
                                  .hops = hops,
                                  .target = pool_first(&tale->target[i])};
            return true;
        }
    return false;
}

/* One run, while its lines are given. */
struct run {
    const struct trace *trace;
    unsigned position;
    unsigned shown; /* at this position so far */
    bool goes_on;   /* there is something that does not end the run */
    bool is_past;
    void (*each)(const struct trace_line *line, void *context);
    void *context;
};

static struct trace_line line_of(const struct run *run, const struct sight *sight)
{
    const struct trace *trace = run->trace;
    const struct hop *hop = sight->hop;
    struct trace_line line = {.position = run->position,
                              .is_first = run->shown == 0,
                              .is_past = run->is_past,
                              .sight = sight,
                              .name = trace->tale->zone,
                              .mark = ""};

    if (hop == NULL) {
        if (trace->tale->end[trace->probe] != END_SILENT && !run->is_past)
            line.address = trace->target;
        return line;
    }
    line.name = hop->name;
    if (hop->silent & 1u << trace->probe || address_is_unspecified(&hop->address[trace->family]))
        return line;
    line.address = hop->address[trace->family];
    line.mark = refusal_mark(hop->refuse, trace->family);
    return line;
}

/* Does a probe that meets this end the run of traceroute? */
static bool is_last(const struct trace_line *line)
{
    if (address_is_unspecified(&line->address))
        return false;
    return line->sight->hop == NULL || line->sight->hop->refuse != REFUSE_NONE;
}

static void give(const struct sight *sight, void *context)
{
    struct run *run = context;
    const struct trace_line line = line_of(run, sight);

    run->each(&line, run->context);
    run->shown++;
    if (!is_last(&line))
        run->goes_on = true;
}

void trace_lines(const struct trace *trace,
                 void (*each)(const struct trace_line *line, void *context), void *context)
{
    const struct sight none = {.hop = NULL};
    struct run run = {.trace = trace, .each = each, .context = context};

    for (run.position = 1; run.position <= trace->hops; run.position++) {
        run.shown = 0;
        run.goes_on = false;
        if (lines_at(trace->tale, &trace->visitor, run.position, give, &run) == 0) {
            run.is_past = true;
            give(&none, &run);
            run.is_past = false;
        }
        if (!run.goes_on)
            return;
    }
}

const char *trace_head_text(const struct trace *trace, char out[TRACE_TEXT_MAX])
{
    char address[ADDRESS_TEXT_MAX];

    units_address(&trace->target, address);
    snprintf(out, TRACE_TEXT_MAX, "traceroute to %s (%s), %u hops max, %d byte packets",
             trace->tale->zone[0] != '\0' ? trace->tale->zone : address, address, trace->hops,
             trace->family == FAMILY_V4 ? 60 : 80);
    return out;
}

const char *trace_line_text(const struct trace_line *line, char out[TRACE_TEXT_MAX])
{
    const struct sight *sight = line->sight;
    char address[ADDRESS_TEXT_MAX] = "";
    char who[TALE_NAME_MAX + ADDRESS_TEXT_MAX + 4] = "* * *";
    char number[4] = "";
    char branch[48] = "";
    char value[TRAIT_TEXT_MAX];

    if (line->is_first)
        snprintf(number, sizeof number, "%u", line->position);
    if (!address_is_unspecified(&line->address)) {
        units_address(&line->address, address);
        snprintf(who, sizeof who, "%s (%s)", line->name[0] != '\0' ? line->name : address, address);
    }
    if (sight->step != NULL && sight->step->by == FORK_VISITOR)
        snprintf(branch, sizeof branch, "  [for %s %s]", trait_name((enum trait)sight->step->trait),
                 trait_text((enum trait)sight->step->trait, sight->branch, value));
    else if (sight->step != NULL && sight->step->by != FORK_NONE)
        snprintf(branch, sizeof branch, "  [branch %u of %u, by %s]", sight->branch + 1u,
                 (unsigned)sight->step->branch_count, trace_fork_words(sight->step->by));
    snprintf(out, TRACE_TEXT_MAX, "%2s  %s%s%s%s", number, who, line->mark[0] != '\0' ? " " : "",
             line->mark, branch);
    return out;
}
