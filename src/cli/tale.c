/*
 * hoptell tale: its own table of commands, and what they share.
 */
#include "cli/tale.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command commands[] = {
    {"check", "[--format text|json] FILE", "is this tale good", tale_check},
    {"show", "[--format text|json] [-46] [-m HOPS] [-p PROTOCOL] FILE",
     "what traceroute will print of it", tale_show},
    {"zone", "[-o DIR] [--server NAME] [--serial N] [--ttl DURATION] FILE", "its DNS zones",
     tale_zone},
    {"answer", "[--seed N] [--format text|json] FILE IN OUT", "offline: probes in, answers out",
     tale_answer},
    {"import", "FORMAT FILE", "a tale from what other programs simulate paths with", tale_import},
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

enum command_status tale_format(const char *command, const char *word, bool *out_json)
{
    if (strcmp(word, "json") != 0 && strcmp(word, "text") != 0)
        return command_usage(command, "expected --format text or json, found '%s'", word);
    *out_json = strcmp(word, "json") == 0;
    return COMMAND_DONE;
}

enum command_status tale_bad_option(const char *command, int option, char *const argv[])
{
    return command_usage(command,
                         option == ':' ? "expected a value after '%s'"
                                       : "expected an option that it has, found '%s'",
                         argv[optind - 1]);
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
    return command_dispatch("hoptell tale", commands, sizeof commands / sizeof commands[0], argc,
                            argv);
}
