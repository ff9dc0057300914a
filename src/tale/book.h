/*
 * Tales as the tables that the XDP program reads; see bpf/abi.h for how they are laid out.
 */
#ifndef HOPTELL_TALE_BOOK_H
#define HOPTELL_TALE_BOOK_H

#include "bpf/abi.h"
#include "tale/limit.h"
#include "tale/tale.h"

/*
 * Writes the tales and the limits to *out. `own` are addresses of this machine: at one that is a
 * target, what is no probe is the machine's. What the tables cannot hold of a tale's hops is left
 * to user space; -E2BIG when they cannot hold all tales or targets, with a sentence in `error`.
 */
int book_write(const struct tales *tales, const struct address *own, size_t own_count,
               const struct limit_settings *limits, struct book *out, char *error,
               size_t error_size);

#endif
