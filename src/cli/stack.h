/*
 * hoptell stack: its own commands, a file each.
 */
#ifndef HOPTELL_CLI_STACK_H
#define HOPTELL_CLI_STACK_H

#include "cli/options.h"

enum command_status stack_learn(int argc, char **argv);
enum command_status stack_show(int argc, char **argv);

extern const struct options stack_learn_options;
extern const struct options stack_show_options;

#endif
