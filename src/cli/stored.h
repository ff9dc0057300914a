/*
 * The store, for commands that use it beside the daemon: found by the settings, as the daemon finds
 * it.
 */
#ifndef HOPTELL_CLI_STORED_H
#define HOPTELL_CLI_STORED_H

#include "cli/command.h"
#include "store/store.h"

/*
 * *out_hides: whether addresses are hidden in it. By the settings of `file`; NULL for the usual one, which need not be there. COMMAND_DONE and *out
 * for store_close, or a status after all has been said. A file of SQLite's has to be there already:
 * made by another user than the daemon's it would be of no use to that.
 */
enum command_status stored_open(const char *command, const char *file, bool *out_hides,
                                struct store **out);

#endif
