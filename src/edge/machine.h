/*
 * What this machine calls its own: the addresses of its interfaces, and their broadcasts.
 */
#ifndef HOPTELL_EDGE_MACHINE_H
#define HOPTELL_EDGE_MACHINE_H

#include "wire/address.h"

/* At most `capacity` addresses to `out`. 0 and their number in *out_count, or a negative errno. */
int machine_addresses(struct address *out, size_t capacity, size_t *out_count);

#endif
