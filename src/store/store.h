/*
 * One interface to every store. Calls come from one thread at a time (the writer of queue.h).
 */
#ifndef HOPTELL_STORE_STORE_H
#define HOPTELL_STORE_STORE_H

#include "watch/judgement.h"
#include "watch/watch.h"

struct store;

struct label {
    struct address address;
    uint16_t port; /* 0: all */
    enum verdict verdict;
    uint64_t labelled_ns; /* since 1970-01-01 UTC */
};

/*
 * Opens the store that `url` names ("sqlite:PATH") and brings its tables to the newest numbered
 * migration. Returns 0, or a negative errno with a sentence in `error` (expected, found, where).
 * A new file is made, readable for its owner and group alone; the directory has to be there.
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

/* What the operator knows to be true; port 0 stands for every connection of the address. 0 or -EIO. */
int store_put_label(struct store *store, const struct label *label);

/*
 * Deletes observations and subscribers' baselines from before `time_ns` (since 1970), in small
 * transactions of its own; networks are kept. Not between begin and commit. 0 or -EIO.
 */
int store_forget_before(struct store *store, uint64_t time_ns);

/* The newest error in words; valid until the next call. */
const char *store_error(const struct store *store);

#endif
