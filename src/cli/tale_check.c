/*
 * hoptell tale check: is this tale good, and what does it amount to.
 */
#include "base/units.h"
#include "cli/tale.h"
#include "serve/trace_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COMMAND "tale check"

struct question {
    int format; /* 0: text */
};

static const struct option_row rows[] = {
    {"format", 'f', "text|json", "how it is said (text)", .take = option_choice,
     .member = offsetof(struct question, format)},
};

const struct options tale_check_options = {
    .command = COMMAND,
    .operands = "FILE",
    .purpose = "Says whether FILE, '-' for standard input, is a good tale: exit status 0, or 1 "
               "with every\n"
               "error and its line. The format is in hoptell-tale(5).",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static void print_text(const char *path, const struct tale *tale)
{
    char text[PREFIX_TEXT_MAX];

    printf("%s: good: %u hops, to", path, tale_longest(tale));
    for (unsigned i = 0; i < tale->target_count; i++)
        printf("%s %s", i == 0 ? "" : ",", units_prefix(&tale->target[i], text));
    printf("\n");
}

static enum command_status print_json(const char *path, const struct report *report,
                                      const struct tale *tale)
{
    json_t *object = json_pack("{s:s, s:b, s:i, s:i, s:o}", "file", path, "good", tale != NULL,
                               "errors", (int)report->errors, "warnings", (int)report->warnings,
                               "messages", report_json(report));
    if (object != NULL && tale != NULL)
        json_object_set_new(object, "hops", json_integer(tale_longest(tale)));
    return tale_print_json(COMMAND, stdout, object);
}

static enum command_status check(const char *path, bool as_json)
{
    struct report report;
    enum command_status status = COMMAND_DONE;
    size_t length;
    char *text = command_slurp(COMMAND, path, TALE_FILE_MAX, &length);
    struct tale *tale;

    if (text == NULL)
        return COMMAND_FAILED;
    report_init(&report, path);
    tale = tale_compile(text, length, path, &report);
    free(text);
    if (as_json)
        status = print_json(path, &report, tale);
    else
        command_print_report(&report);
    if (!as_json && tale != NULL)
        print_text(path, tale);
    if (tale == NULL && status == COMMAND_DONE)
        status = COMMAND_NO;
    tale_free(tale);
    return status;
}

enum command_status tale_check(int argc, char **argv)
{
    struct question question = {.format = 0};
    enum command_status status;

    if (!options_take(&tale_check_options, argc, argv, &question, &status))
        return status;
    if (argc - optind != 1)
        return command_usage(COMMAND, "expected one file, found %d", argc - optind);
    status = command_confine(COMMAND, SANDBOX_READER);
    return status == COMMAND_DONE ? check(argv[optind], question.format > 0) : status;
}
