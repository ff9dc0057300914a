/*
 * hoptell tale: its own table of commands, and what they share.
 */
#include "cli/tale.h"
#include "tale/traits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct command tale_commands[] = {
    {"check", "is this tale good", tale_check, &tale_check_options, NULL},
    {"show", "what traceroute will print of it", tale_show, &tale_show_options, NULL},
    {"zone", "its DNS zones", tale_zone, &tale_zone_options, NULL},
    {"answer", "offline: probes in, answers out", tale_answer, &tale_answer_options, NULL},
    {"import", "a tale from what other programs simulate paths with", tale_import,
     &tale_import_options, NULL},
    {.name = NULL},
};

enum command_status tale_load(const char *command, const char *path, struct tale **out)
{
    struct report report;
    size_t length;
    char *text = command_slurp(command, path, TALE_FILE_MAX, &length);

    if (text == NULL)
        return COMMAND_FAILED;
    report_init(&report, path);
    *out = tale_compile(text, length, path, &report);
    free(text);
    command_print_report(&report);
    return *out != NULL ? COMMAND_DONE : COMMAND_NO;
}

bool tale_take_visitor(const struct option_row *row, const char *value, void *out)
{
    const char *at;

    (void)row;
    return traits_parse(value, out, &at);
}

enum command_status tale_print_json(const char *command, FILE *to, json_t *object)
{
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
    int written = -1;

    if (text != NULL)
        written = fprintf(to, "%s\n", text);
    free(text);
    json_decref(object);
    return written >= 0 ? COMMAND_DONE : command_failed(command, "cannot write the JSON");
}

enum command_status command_tale(int argc, char **argv)
{
    return command_dispatch("hoptell tale", tale_commands, argc, argv);
}
