/*
 * One interface to every store. Calls come from one thread at a time (the writer of queue.h).
 */
#ifndef HOPTELL_STORE_STORE_H
#define HOPTELL_STORE_STORE_H

#include "watch/judgement.h"
#include "watch/watch.h"

struct store;

/*
 * Opens the store that `url` names ("sqlite:PATH") and brings its tables to the newest numbered
 * migration. Returns 0, or a negative errno with a sentence in `error` (expected, found, where).
 * The caller closes *out with store_close.
 */
int store_open(const char *url, struct store **out, char *error, size_t error_size);
void store_close(struct store *store); /* NULL is fine */

/* All writes between begin and commit become visible together or not at all. 0 or -EIO. */
int store_begin(struct store *store);
int store_commit(struct store *store);
void store_rollback(struct store *store);

/* One row of table `observation`; the fields of design 4.1 under the same names. 0 or -EIO. */
int store_put_judgement(struct store *store, const struct judgement *judgement);

/* Inserts or replaces one row of table `baseline`. 0 or -EIO. */
int store_put_baseline(struct store *store, const struct baseline *baseline);

/* Calls `each` for every row of `baseline`; rows that are broken are skipped and counted. */
int store_each_baseline(struct store *store,
                        void (*each)(const struct baseline *baseline, void *context), void *context,
                        uint64_t *out_broken);

/* Deletes observations from before `time_ns` (since 1970), in small transactions of its own. 0 or -EIO. */
int store_forget_before(struct store *store, uint64_t time_ns);

/* The newest error in words; valid until the next call. */
const char *store_error(const struct store *store);

#endif
