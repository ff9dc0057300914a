/*
 * Bringing back what was learnt: from the store at the start, or, where the store could not be
 * reached then, as soon as it can be, by a connection of its own beside the loop.
 */
#ifndef HOPTELL_CLI_RESTORING_H
#define HOPTELL_CLI_RESTORING_H

#include "cli/watching.h"
#include "store/address_key.h"
#include "store/spool.h"

#include <uv.h>

/*
 * Gives the baselines of the store to `watch`; where it hides addresses, those of subscribers in the
 * form that they have in memory. 0, or -EIO with a sentence in `error`.
 */
int restoring_now(struct watch *watch, struct store *store, bool hides, char *error,
                  size_t error_size);

/* The same with those of the spool, which are newer. */
void restoring_spooled(struct watch *watch, struct spool *spool, bool hides);

enum restoring_what {
    RESTORING_ALL,
    RESTORING_OTHERS, /* just what was imported from other sites */
};

/*
 * Reads the store at `place` in a thread of the loop's, then gives its baselines to `watch` in the
 * loop and calls `done` with whether that was all of them; they replace what was learnt of the same
 * networks in between. With `key`, which is copied, nothing is given from a store that hiding_check
 * refuses, and `done` gets the sentence; else that is "". NULL when memory is out.
 */
struct restoring *restoring_begin(uv_loop_t *loop, const struct store_place *place,
                                  enum restoring_what what, const struct address_key *key,
                                  struct watch *watch,
                                  void (*done)(bool restored, const char *refused, void *context),
                                  void *context);

/* From now on it touches neither `watch` nor `context`; it ends by itself in the loop. NULL is fine. */
void restoring_abandon(struct restoring *restoring);

#endif
