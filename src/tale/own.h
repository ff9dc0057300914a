/*
 * Whether a tale speaks only for addresses that are the user's own (RFC 2827).
 */
#ifndef HOPTELL_TALE_OWN_H
#define HOPTELL_TALE_OWN_H

#include "tale/tale.h"

#include <stddef.h>

/*
 * Is there a hop whose address lies in none of the `count` prefixes? The first such hop's line and
 * address go to *out_line and *out_address.
 */
bool tale_outside(const struct tale *tale, const struct prefix *own, size_t count,
                  uint32_t *out_line, struct address *out_address);

#endif
