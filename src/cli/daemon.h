/*
 * The daemon: sets everything up in a stated order, gives up its rights, and runs the loop.
 */
#ifndef HOPTELL_CLI_DAEMON_H
#define HOPTELL_CLI_DAEMON_H

#include "cli/command.h"
#include "cli/configuration.h"

/*
 * Runs until SIGINT or SIGTERM. Takes over `configuration`; `file` is where SIGHUP reads the next
 * one. What cannot be set up is said on standard error, and what was set up before it is undone.
 */
enum command_status daemon_run(const char *file, struct configuration *configuration);

#endif
