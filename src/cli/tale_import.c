/*
 * hoptell tale import: a tale from what other programs simulate paths with.
 */
#include "cli/tale.h"
#include "tale/import.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "tale import"

static void print_usage(void)
{
    fputs("Usage: hoptell tale import FORMAT FILE\n\n"
          "Prints a tale of the path that FILE, '-' for standard input, describes in FORMAT. What\n"
          "could not be carried over is said with its line on standard error.\n\nFormats:\n",
          stdout);
    for (size_t i = 0; import_format(i) != NULL; i++)
        printf("  %-18s%s\n", import_format(i)->name, import_format(i)->summary);
}

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
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const struct import_format *format;
    int option;

    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option != 'h')
            return tale_bad_option(COMMAND, option, argv);
        print_usage();
        return COMMAND_DONE;
    }
    if (argc - optind != 2)
        return command_usage(COMMAND, "expected a format and a file, found %d words",
                             argc - optind);
    format = find_format(argv[optind]);
    if (format == NULL)
        return command_usage(COMMAND, "expected scuttle, paris-traceroute or trippy, found '%s'",
                             argv[optind]);
    return import(format, argv[optind + 1]);
}
