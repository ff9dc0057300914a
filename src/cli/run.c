/*
 * hoptell run: the daemon.
 */
#include "cli/daemon.h"
#include "cli/options.h"

#include <errno.h>
#include <unistd.h>

struct question {
    const char *file; /* NULL: the usual one, which need not exist */
};

static const struct option_row rows[] = {
    {"config", 'c', "FILE", "the settings (" SETTINGS_FILE_DEFAULT ")", .take = option_text,
     .member = offsetof(struct question, file)},
};

const struct options run_options = {
    .command = "run",
    .operands = "",
    .purpose =
        "Watches, tells and serves as the settings say, until it is interrupted. SIGHUP reads\n"
        "the settings and the tales again: all of them, or none when one is wrong.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

enum command_status command_run(int argc, char **argv)
{
    struct question question = {.file = NULL};
    struct configuration *configuration;
    enum command_status status;
    const char *file;
    int error;

    if (!options_take(&run_options, argc, argv, &question, &status))
        return status;
    if (optind < argc)
        return command_usage("run", "expected no argument, found '%s'", argv[optind]);
    file = question.file != NULL ? question.file : SETTINGS_FILE_DEFAULT;
    error = configuration_load(file, question.file != NULL, &configuration);
    if (error != 0)
        return error == -EINVAL ? COMMAND_NO : COMMAND_FAILED;
    return daemon_run(file, configuration);
}
