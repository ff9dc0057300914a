/*
 * hoptell run: the daemon.
 */
#include "cli/daemon.h"
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>

static const struct option_row rows[] = {
    {"config", 'c', "FILE", "the settings (" SETTINGS_FILE_DEFAULT ")"},
};

static const struct options options = {
    .command = "run",
    .arguments = "[-c FILE]",
    .purpose =
        "Watches, tells and serves as the settings say, until it is interrupted. SIGHUP reads\n"
        "the settings and the tales again: all of them, or none when one is wrong.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

enum command_status command_run(int argc, char **argv)
{
    const char *file = NULL;
    const char *value;
    struct configuration *configuration;
    int option;
    int error;

    while ((option = options_next(&options, argc, argv, &value)) >= 0)
        file = value;
    if (option == OPTIONS_HELP)
        return COMMAND_DONE;
    if (option == OPTIONS_WRONG)
        return COMMAND_USAGE;
    if (optind < argc)
        return command_usage("run", "expected no argument, found '%s'", argv[optind]);
    error = configuration_load(file != NULL ? file : SETTINGS_FILE_DEFAULT, file != NULL,
                               &configuration);
    if (error != 0)
        return error == -EINVAL ? COMMAND_NO : COMMAND_FAILED;
    return daemon_run(file != NULL ? file : SETTINGS_FILE_DEFAULT, configuration);
}
