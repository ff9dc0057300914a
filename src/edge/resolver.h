/*
 * This machine's resolver: while hoptell runs, resolv.conf(5) names its DNS server first.
 *
 * Nothing is written to /etc: a file of ours in /run, our server's line before what stood there, is
 * bind-mounted over it. hoptell's server answers REFUSED to what is not its own, at which the
 * resolver goes on to the next server; so all other names stay as they were.
 */
#ifndef HOPTELL_EDGE_RESOLVER_H
#define HOPTELL_EDGE_RESOLVER_H

#include "wire/address.h"

#include <stddef.h>

/*
 * Puts `server` (on port 53) first. A mount that an earlier hoptell left behind is taken away
 * before. 0, or a negative errno with a sentence in `error` and nothing changed.
 */
int resolver_enter(const struct address *server, char *error, size_t error_size);

/* Takes away every mount of ours; 0 also when there is none. */
int resolver_leave(void);

#endif
