/*
 * hoptell tale import: a tale from what other programs simulate paths with.
 */
#include "cli/tale.h"
#include "tale/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND "tale import"

static void print_formats(void)
{
    printf("\nFormats:\n");
    for (size_t i = 0; import_format(i) != NULL; i++)
        printf("  %-32s%s\n", import_format(i)->name, import_format(i)->summary);
}

const struct options tale_import_options = {
    .command = COMMAND,
    .operands = "scuttle|paris-traceroute|trippy FILE",
    .purpose =
        "Prints a tale of the path that FILE, '-' for standard input, describes in that format. "
        "What\n"
        "could not be carried over is said with its line on standard error.",
    .more = print_formats,
};

static const struct import_format *find_format(const char *name)
{
    for (size_t i = 0; import_format(i) != NULL; i++)
        if (strcmp(import_format(i)->name, name) == 0)
            return import_format(i);
    return NULL;
}

static void put(const char *text, void *context)
{
    fputs(text, context);
}

static enum command_status import(const struct import_format *format, const char *path)
{
    struct report report;
    size_t length;
    char *text = command_slurp(COMMAND, path, TALE_FILE_MAX, &length);
    bool is_good;

    if (text == NULL)
        return COMMAND_FAILED;
    report_init(&report, path);
    is_good = import_tale(format, text, length, path, &report, put, stdout);
    free(text);
    command_print_report(&report);
    if (!is_good)
        return COMMAND_NO;
    if (fflush(stdout) != 0)
        return command_failed(COMMAND, "cannot write the tale: %s", strerror(errno));
    return COMMAND_DONE;
}

enum command_status tale_import(int argc, char **argv)
{
    const struct import_format *format;
    enum command_status status;

    if (!options_take(&tale_import_options, argc, argv, NULL, &status))
        return status;
    if (argc - optind != 2)
        return command_usage(COMMAND, "expected a format and a file, found %d words",
                             argc - optind);
    format = find_format(argv[optind]);
    if (format == NULL)
        return command_usage(COMMAND, "expected scuttle, paris-traceroute or trippy, found '%s'",
                             argv[optind]);
    status = command_confine(COMMAND, SANDBOX_READER);
    return status == COMMAND_DONE ? import(format, argv[optind + 1]) : status;
}
