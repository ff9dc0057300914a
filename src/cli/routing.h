/*
 * The routes that bring a tale's packets to the device: its targets, and the prefixes that its
 * hops' addresses come from (so that answers pass a strict reverse path filter, RFC 3704).
 */
#ifndef HOPTELL_CLI_ROUTING_H
#define HOPTELL_CLI_ROUTING_H

#include "cli/keeper.h"
#include "tale/tale.h"

/*
 * From the routes of `before` to those of `after` (either may be NULL: none). All or nothing: on a
 * failure the routes of `before` stand, and the negative errno comes with a sentence in `error`.
 */
int routing_change(struct keeper *keeper, const struct tales *before, const struct tales *after,
                   char *error, size_t error_size);

/*
 * What may be routed as long as the keeper lives: the prefixes that are the user's own, and those of
 * the tales at the start. 0 and *out with items for free(3), or -ENOMEM.
 */
int routing_allowed(const struct prefix_list *own, const struct tales *tales,
                    struct prefix_list *out);

#endif
