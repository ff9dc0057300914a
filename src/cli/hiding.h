/*
 * Whether a store may take hidden addresses: it holds no plain ones, and those that it has are hidden
 * by the same key.
 */
#ifndef HOPTELL_CLI_HIDING_H
#define HOPTELL_CLI_HIDING_H

#include "store/address_key.h"
#include "store/spool.h"

/* 0; or -EINVAL, or -EIO, with a sentence in `error`. `url` is the store's. For any thread. */
int hiding_check(const struct address_key *key, struct store *store, const char *url, char *error,
                 size_t error_size);

/* The same of what waits in the spool at `path`. */
int hiding_check_spool(struct spool *spool, const char *path, char *error, size_t error_size);

#endif
