/*
 * hoptell stack: its own table of commands, and the one that shows the table of stacks.
 */
#include "cli/stack.h"

#include "watch/stack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct command stack_commands[] = {
    {"learn", "fit the table of stacks to packets of a known stack", stack_learn,
     &stack_learn_options, NULL},
    {"show", "the table of stacks that ships with hoptell", stack_show, &stack_show_options, NULL},
    {.name = NULL},
};

const struct options stack_show_options = {
    .command = "stack show",
    .operands = "",
    .purpose = "Prints the table of stacks that ships with hoptell, to be extended.",
};

enum command_status stack_show(int argc, char **argv)
{
    enum command_status status;

    if (!options_take(&stack_show_options, argc, argv, NULL, &status))
        return status;
    if (optind < argc)
        return command_usage("stack show", "expected options alone, found '%s'", argv[optind]);
    if (fputs(watch_stacks_txt, stdout) == EOF || fflush(stdout) != 0)
        return command_failed("stack show", "expected to write to standard output, found: %s",
                              strerror(errno));
    return COMMAND_DONE;
}

enum command_status command_stack(int argc, char **argv)
{
    return command_dispatch("hoptell stack", stack_commands, argc, argv);
}
