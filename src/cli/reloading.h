/*
 * Reloading: the next configuration is read and compiled in a thread beside the loop, since a file of
 * networks may have millions of lines, and for seconds nobody would be heard.
 */
#ifndef HOPTELL_CLI_RELOADING_H
#define HOPTELL_CLI_RELOADING_H

#include "cli/configuration.h"

#include <uv.h>

struct reloading;

/*
 * Loads `file`, which must stay until then, as configuration_load does, with its errors on standard
 * error. `done` is called in the loop with what became the caller's, or with NULL when it is not good.
 * NULL for want of memory.
 */
struct reloading *reloading_begin(uv_loop_t *loop, const char *file,
                                  void (*done)(struct configuration *next, void *context),
                                  void *context);

/* `done` will not be called; the loop ends after the thread. NULL is fine. */
void reloading_abandon(struct reloading *reloading);

/* Frees what was in force beside the loop as well: to give back hundreds of MiB takes a while. */
void reloading_discard(uv_loop_t *loop, struct configuration *old);

#endif
