/*
 * A configuration: the settings of a file, and the tales and networks that they name, compiled and
 * checked together. `check`, the daemon's start and its reload all load it by this one function.
 */
#ifndef HOPTELL_CLI_CONFIGURATION_H
#define HOPTELL_CLI_CONFIGURATION_H

#include "base/settings.h"
#include "tale/tale.h"
#include "watch/named_networks.h"
#include "watch/stack.h"

struct configuration {
    struct settings *settings;
    struct named_networks *networks; /* of watch.networks_file; NULL for none; owned */
    struct stack_table *stacks;      /* by watch.stacks and watch.p0f; owned */
    struct tales tales;              /* those of the settings, in their order; owned */
};

/*
 * Reads `file` and what it names (relative to its folder). A file that is not there is an empty one,
 * unless `must_exist`. All or nothing: 0 and *out for configuration_free; -EINVAL when anything is
 * wrong in the settings or what they name, or another negative errno when a file cannot be read;
 * errors and warnings are then on standard error, each with its place.
 */
int configuration_load(const char *file, bool must_exist, struct configuration **out);
void configuration_free(struct configuration *configuration); /* NULL is fine */

#endif
