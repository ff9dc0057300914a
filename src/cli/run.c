/*
 * hoptell run: the daemon.
 */
#include "cli/command.h"

enum command_status command_run(int argc, char **argv)
{
    (void)argc;
    return command_failed(argv[0], "expected a daemon, found none yet");
}
