/*
 * hoptell run: the daemon.
 */
#include "cli/daemon.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
    "Usage: hoptell run [-c FILE]\n"
    "\n"
    "Watches, tells and serves as the settings say, until it is interrupted.\n"
    "\n"
    "  -c, --config FILE  the settings (" SETTINGS_FILE_DEFAULT ")\n"
    "  -h, --help         this\n"
    "\n"
    "SIGHUP reads the settings and the tales again: all or nothing.\n";

enum command_status command_run(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    const char *file = NULL;
    struct configuration *configuration;
    int option;

    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            file = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return COMMAND_DONE;
        default:
            return COMMAND_USAGE;
        }
    }
    if (optind < argc)
        return command_usage("run", "expected no argument, found '%s'", argv[optind]);
    if (configuration_load(file != NULL ? file : SETTINGS_FILE_DEFAULT, file != NULL,
                           &configuration) != 0)
        return COMMAND_FAILED;
    return daemon_run(file != NULL ? file : SETTINGS_FILE_DEFAULT, configuration);
}
