/*
 * Bringing back what was learnt: from the store at the start, or, where the store could not be
 * reached then, as soon as it can be, by a connection of its own beside the loop.
 */
#ifndef HOPTELL_CLI_RESTORING_H
#define HOPTELL_CLI_RESTORING_H

#include "cli/watching.h"
#include "store/spool.h"

#include <uv.h>

/* Gives the baselines of the store to `watch`. 0, or -EIO with a sentence in `error`. */
int restoring_now(struct watch *watch, struct store *store, char *error, size_t error_size);

/* The same with those of the spool, which are newer. */
void restoring_spooled(struct watch *watch, struct spool *spool);

/*
 * Reads the store at `place` in a thread of the loop's, then gives its baselines to `watch` in the
 * loop and calls `done` with whether that was all of them; they replace what was learnt of the same
 * networks in between. With `others_only` just what was imported from other sites is read. NULL when
 * memory is out.
 */
struct restoring *restoring_begin(uv_loop_t *loop, const struct store_place *place,
                                  bool others_only, struct watch *watch,
                                  void (*done)(bool restored, void *context), void *context);

/* From now on it touches neither `watch` nor `context`; it ends by itself in the loop. NULL is fine. */
void restoring_abandon(struct restoring *restoring);

#endif
