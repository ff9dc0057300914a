/*
 * hoptell: reads the hop limit of packets that arrive, and answers with one of your choosing.
 * This file is the table of its commands.
 */
#include "cli/command.h"

const struct command hoptell_commands[] = {
    {"check", "is this configuration good, and what it amounts to", command_check, &check_options,
     NULL},
    {"completion", "what a shell needs to complete all this", command_completion,
     &completion_options, NULL},
    {"evaluate", "how good verdicts are, against the truth", command_evaluate, &evaluate_options,
     NULL},
    {"export", "baselines, for another site", command_export, &export_options, NULL},
    {"import", "baselines, from another site", command_import, &import_options, NULL},
    {"label", "tell the running daemon the truth", command_label, &label_options, NULL},
    {"lookup", "ask the running daemon about a connection", command_lookup, &lookup_options, NULL},
    {"networks", "what the daemon has learnt of networks", command_networks, &networks_options,
     NULL},
    {"read", "judge the connections of captures", command_read, &read_options, NULL},
    {"run", "be the daemon", command_run, &run_options, NULL},
    {"stack", "the table of stacks: fit it, show it", command_stack, NULL, stack_commands},
    {"subscribers", "what it has learnt of subscribers", command_subscribers, &subscribers_options,
     NULL},
    {"tale", "tales: is it good, what a visitor will see", command_tale, NULL, tale_commands},
    {"top", "a live view of all this", command_top, &top_options, NULL},
    {.name = NULL},
};

int main(int argc, char **argv)
{
    return (int)command_dispatch("hoptell", hoptell_commands, argc, argv);
}
