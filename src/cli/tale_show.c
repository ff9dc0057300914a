/*
 * hoptell tale show: what traceroute will print of a tale.
 */
#include "base/units.h"
#include "cli/tale.h"
#include "tale/lines.h"
#include "tale/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND "tale show"

enum { HOPS_DEFAULT = 30 /* where traceroute stops */ };

struct question {
    bool has_family[FAMILY_COUNT];
    uint32_t hops;
    int probe;  /* enum probe_protocol */
    int format; /* 0: text */
};

static const struct option_row rows[] = {
    {"ipv4", '4', NULL, "this family alone", .take = option_flag,
     .member = offsetof(struct question, has_family[FAMILY_V4])},
    {"ipv6", '6', NULL, "this family alone", .take = option_flag,
     .member = offsetof(struct question, has_family[FAMILY_V6])},
    {"hops", 'm', "HOPS", "stop after so many hops (30)", .take = option_number,
     .member = offsetof(struct question, hops), .expected = "a number from 1 to 255", .low = 1,
     .high = 255},
    {"probe", 'p', "icmp|udp|tcp|other", "for such probes (udp)", .take = option_choice,
     .member = offsetof(struct question, probe)}, /* in the order of enum probe_protocol */
    {"format", 'f', "text|json", "as lines, or as one object (text)", .take = option_choice,
     .member = offsetof(struct question, format)},
};

const struct options tale_show_options = {
    .command = COMMAND,
    .operands = "FILE",
    .purpose = "Prints, without the times, what traceroute will print of the tale in FILE, '-' for "
               "standard\n"
               "input. Where a fork or branches of different length leave more than one "
               "possibility, each\n"
               "has a line.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

/* One run of traceroute, as it is printed. */
struct trace {
    const struct tale *tale;
    const struct question *question;
    enum family family;
    struct address target;
    unsigned position;
    unsigned shown; /* at this position so far */
    bool goes_on;   /* there is something that does not end the run */
    bool is_past;   /* nothing is left that could answer */
    json_t *lines;
};

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

static const char *fork_words(enum fork_by by)
{
    static const char *const words[] = {
        [FORK_NONE] = "",         [FORK_FLOW] = "flow",
        [FORK_PACKET] = "packet", [FORK_DESTINATION] = "destination",
        [FORK_TIME] = "time",
    };

    return words[by];
}

static const char *end_words(enum end_answer answer)
{
    static const char *const words[] = {
        [END_REPLY] = "reply", [END_UNREACHABLE] = "unreachable",
        [END_RESET] = "reset", [END_SILENT] = "silent",
        [END_PASS] = "pass",
    };

    return words[answer];
}

/* What a line says, whoever prints it. */
struct line {
    char address[ADDRESS_TEXT_MAX]; /* "" for stars */
    const char *name;               /* "" for none */
    const char *mark;
};

static struct line line_of(const struct trace *trace, const struct sight *sight)
{
    const struct tale *tale = trace->tale;
    const struct hop *hop = sight->hop;
    const enum end_answer end = tale->end[trace->question->probe];
    struct line line = {.name = tale->zone, .mark = ""};

    if (hop == NULL) {
        if (end != END_SILENT && !trace->is_past)
            units_address(&trace->target, line.address);
        return line;
    }
    line.name = hop->name;
    if (hop->silent & 1u << trace->question->probe ||
        address_is_unspecified(&hop->address[trace->family]))
        return line;
    units_address(&hop->address[trace->family], line.address);
    line.mark = refusal_mark(hop->refuse, trace->family);
    return line;
}

/* Does a probe that meets this end the run of traceroute? */
static bool is_last(const struct sight *sight, const struct line *line)
{
    if (line->address[0] == '\0')
        return false;
    return sight->hop == NULL || sight->hop->refuse != REFUSE_NONE;
}

static void print_line(const struct trace *trace, const struct sight *sight,
                       const struct line *line)
{
    if (trace->shown == 0)
        printf("%2u ", trace->position);
    else
        printf("   ");
    if (line->address[0] == '\0')
        printf(" * * *");
    else
        printf(" %s (%s)", line->name[0] != '\0' ? line->name : line->address, line->address);
    if (line->mark[0] != '\0')
        printf(" %s", line->mark);
    if (sight->step != NULL && sight->step->by != FORK_NONE)
        printf("  [branch %u of %u, by %s]", sight->branch + 1u, sight->step->branch_count,
               fork_words(sight->step->by));
    putchar('\n');
}

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *labels_of(const struct hop *hop)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < hop->label_count; i++)
        json_array_append_new(list, json_pack("{s:i, s:i, s:i}", "label", (int)hop->label[i].label,
                                              "tc", hop->label[i].tc, "ttl", hop->label[i].ttl));
    return list;
}

static void add_json(const struct trace *trace, const struct sight *sight, const struct line *line)
{
    json_t *object = json_pack("{s:i, s:o, s:o}", "hop", (int)trace->position, "address",
                               text_or_null(line->address), "name",
                               text_or_null(line->address[0] != '\0' ? line->name : ""));

    if (sight->hop == NULL && !trace->is_past) {
        json_object_set_new(object, "end",
                            json_string(end_words(trace->tale->end[trace->question->probe])));
    } else if (sight->hop != NULL) {
        json_object_set_new(object, "say", json_string(sight->hop->say));
        json_object_set_new(object, "line", json_integer(sight->hop->line));
        if (line->mark[0] != '\0')
            json_object_set_new(object, "mark", json_string(line->mark));
        if (sight->hop->label_count > 0)
            json_object_set_new(object, "mpls", labels_of(sight->hop));
        if (sight->step->by != FORK_NONE)
            json_object_set_new(object, "fork",
                                json_pack("{s:s, s:i, s:i}", "by", fork_words(sight->step->by),
                                          "branch", sight->branch + 1, "of",
                                          (int)sight->step->branch_count));
    }
    json_array_append_new(trace->lines, object);
}

static void show_sight(const struct sight *sight, void *context)
{
    struct trace *trace = context;
    const struct line line = line_of(trace, sight);

    if (trace->question->format > 0)
        add_json(trace, sight, &line);
    else
        print_line(trace, sight, &line);
    trace->shown++;
    if (!is_last(sight, &line))
        trace->goes_on = true;
}

/* The lines of one family, until nothing goes on or the hops are used up. */
static void show_lines(struct trace *trace)
{
    const struct sight none = {.hop = NULL};

    for (trace->position = 1; trace->position <= trace->question->hops; trace->position++) {
        trace->shown = 0;
        trace->goes_on = false;
        trace->is_past = lines_at(trace->tale, trace->position, show_sight, trace) == 0;
        if (trace->is_past)
            show_sight(&none, trace);
        if (!trace->goes_on)
            return;
    }
}

static const struct prefix *target_of(const struct tale *tale, enum family family)
{
    for (unsigned i = 0; i < tale->target_count; i++)
        if (address_family(&tale->target[i].address) == family)
            return &tale->target[i];
    return NULL;
}

static void print_header(const struct trace *trace)
{
    char address[ADDRESS_TEXT_MAX];

    units_address(&trace->target, address);
    printf("traceroute to %s (%s), %u hops max, %d byte packets\n",
           trace->tale->zone[0] != '\0' ? trace->tale->zone : address, address,
           trace->question->hops, trace->family == FAMILY_V4 ? 60 : 80);
}

static void show_family(const struct tale *tale, const struct question *question,
                        enum family family, unsigned *shown, json_t *traces)
{
    const struct prefix *target = target_of(tale, family);
    struct trace trace = {.tale = tale, .question = question, .family = family};
    char address[ADDRESS_TEXT_MAX];

    if (target == NULL || !question->has_family[family])
        return;
    trace.target = pool_first(target);
    if (question->format == 0) {
        if ((*shown)++ > 0)
            putchar('\n');
        print_header(&trace);
        show_lines(&trace);
        return;
    }
    trace.lines = json_array();
    show_lines(&trace);
    json_array_append_new(traces, json_pack("{s:s, s:s, s:o, s:o}", "family",
                                            family == FAMILY_V4 ? "ipv4" : "ipv6", "target",
                                            units_address(&trace.target, address), "name",
                                            text_or_null(tale->zone), "lines", trace.lines));
}

static enum command_status show(const char *path, const struct question *question)
{
    struct tale *tale = NULL;
    enum command_status status = tale_load(COMMAND, path, &tale);
    json_t *traces;
    unsigned shown = 0;

    if (status != COMMAND_DONE)
        return status;
    traces = json_array();
    for (unsigned f = 0; f < FAMILY_COUNT; f++)
        show_family(tale, question, (enum family)f, &shown, traces);
    if (question->format > 0)
        status = tale_print_json(COMMAND, stdout,
                                 json_pack("{s:s, s:O}", "tale", tale->name, "traces", traces));
    json_decref(traces);
    tale_free(tale);
    return status;
}

enum command_status tale_show(int argc, char **argv)
{
    struct question question = {.hops = HOPS_DEFAULT, .probe = PROBE_UDP};
    enum command_status status;

    if (!options_take(&tale_show_options, argc, argv, &question, &status))
        return status;
    if (argc - optind != 1)
        return command_usage(COMMAND, "expected one file, found %d", argc - optind);
    if (!question.has_family[FAMILY_V4] && !question.has_family[FAMILY_V6])
        question.has_family[FAMILY_V4] = question.has_family[FAMILY_V6] = true;
    return show(argv[optind], &question);
}
