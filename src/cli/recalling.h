/*
 * Recalling: what the store has of one subscriber, by a connection of its own beside the loop.
 */
#ifndef HOPTELL_CLI_RECALLING_H
#define HOPTELL_CLI_RECALLING_H

#include "store/store.h"

#include <uv.h>

struct recalling;

enum { RECALLING_MOMENTS_MAX = 10000 }; /* the newest of each address, and of all */

/*
 * Reads in a thread of the loop's, then calls `done` in the loop: with what was found, whose moments
 * `done` frees, and with whether the store told all. NULL when memory is out.
 */
struct recalling *
recalling_begin(uv_loop_t *loop, const struct store_place *place, const struct prefix *subscriber,
                void (*done)(struct recalling *self, struct recalled *recalled, void *context),
                void *context);

/* From now on it does not touch `context`; it ends by itself in the loop. NULL is fine. */
void recalling_abandon(struct recalling *recalling);

#endif
