/*
 * hoptell: reads the hop limit of packets that arrive, and answers with one of your choosing.
 * This file is the table of its commands.
 */
#include "cli/command.h"

static const struct command commands[] = {
    {"check", "[-c FILE] [--print]", "is this configuration good, and what it amounts to",
     command_check},
    {"evaluate", "--labels FILE CAPTURE...", "how good verdicts are, against the truth",
     command_evaluate},
    {"label", "[OPTION...] ADDRESS direct|tethered", "tell the running daemon the truth",
     command_label},
    {"lookup", "[OPTION...] ADDRESS [PORT]", "ask the running daemon about a connection",
     command_lookup},
    {"networks", "[OPTION...]", "what the daemon has learnt of networks", command_networks},
    {"read", "[OPTION...] FILE...", "judge the connections of captures", command_read},
    {"run", "[-c FILE]", "be the daemon", command_run},
    {"subscribers", "[OPTION...] [ADDRESS]", "what it has learnt of subscribers",
     command_subscribers},
    {"tale", "WORD", "tales: is it good, what a visitor will see", command_tale},
};

int main(int argc, char **argv)
{
    return (int)command_dispatch("hoptell", commands, sizeof commands / sizeof commands[0], argc,
                                 argv);
}
