/*
 * hoptell tale show: what traceroute will print of a tale.
 */
#include "cli/tale.h"
#include "serve/trace_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND "tale show"

struct question {
    bool has_family[FAMILY_COUNT];
    uint32_t hops;
    int probe;  /* enum probe_protocol */
    int format; /* 0: text */
    struct traits visitor;
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
    {"as", 'a', "WHO", "for such a visitor, as verdict=tethered,hop_limit=51 (nobody known)",
     .take = tale_take_visitor, .member = offsetof(struct question, visitor),
     .expected = TALE_VISITOR_EXPECTED},
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

static void print_line(const struct trace_line *line, void *context)
{
    char text[TRACE_TEXT_MAX];

    (void)context;
    puts(trace_line_text(line, text));
}

static void show_family(const struct tale *tale, const struct question *question,
                        enum family family, unsigned *shown, json_t *traces)
{
    const enum probe_protocol probe = (enum probe_protocol)question->probe;
    struct trace trace;
    char text[TRACE_TEXT_MAX];

    if (!question->has_family[family] || !trace_to(tale, family, probe, question->hops, &trace))
        return;
    trace.visitor = question->visitor;
    if (question->format != 0) {
        json_array_append_new(traces, trace_json(&trace));
        return;
    }
    printf("%s%s\n", (*shown)++ > 0 ? "\n" : "", trace_head_text(&trace, text));
    trace_lines(&trace, print_line, NULL);
}

static enum command_status show(const char *path, const struct question *question)
{
    struct tale *tale = NULL;
    enum command_status status = command_confine(COMMAND, SANDBOX_READER);
    json_t *traces;
    unsigned shown = 0;

    if (status == COMMAND_DONE)
        status = tale_load(COMMAND, path, &tale);
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
    struct question question = {.hops = TRACE_HOPS, .probe = PROBE_UDP};
    enum command_status status;

    if (!options_take(&tale_show_options, argc, argv, &question, &status))
        return status;
    if (argc - optind != 1)
        return command_usage(COMMAND, "expected one file, found %d", argc - optind);
    if (!question.has_family[FAMILY_V4] && !question.has_family[FAMILY_V6])
        question.has_family[FAMILY_V4] = question.has_family[FAMILY_V6] = true;
    return show(argv[optind], &question);
}
