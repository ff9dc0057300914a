/*
 * One interface to every store. Calls come from one thread at a time (the writer of queue.h).
 */
#ifndef HOPTELL_STORE_STORE_H
#define HOPTELL_STORE_STORE_H

#include "watch/judgement.h"
#include "watch/timeline.h"
#include "watch/watch.h"

struct store;

struct label {
    struct address address;
    uint16_t port; /* 0: all */
    enum verdict verdict;
    uint64_t labelled_ns; /* since 1970-01-01 UTC */
};

/* Where a store is: texts of the caller. */
struct store_place {
    const char *url;           /* "sqlite:PATH", or mariadb://... as in base/store_url.h */
    const char *password_file; /* its first line is the password; NULL or "": there is none */
};

/*
 * Opens the store at `place` and brings its tables to the newest numbered migration. Returns 0, or
 * a negative errno with a sentence in `error` (expected, found, where).
 * -EHOSTDOWN: a database that cannot be reached now; *out is set all the same, and whatever is
 * done with it tries to reach it again. Any other error will not go away by trying again.
 * A new file is made, readable for its owner and group alone; the directory has to be there.
 * The caller closes *out with store_close.
 */
int store_open(const struct store_place *place, struct store **out, char *error, size_t error_size);
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

/*
 * What the operator knows to be true; port 0 stands for every connection of the address. A label
 * that is put again is one row. 0 or -EIO.
 */
int store_put_label(struct store *store, const struct label *label);

/*
 * Deletes observations and subscribers' baselines from before `time_ns` (since 1970), in small
 * transactions of its own; networks are kept. Not between begin and commit. 0 or -EIO.
 */
int store_forget_before(struct store *store, uint64_t time_ns);

/* How much is kept of what is learnt. */
struct baseline_limits {
    uint64_t networks_since_ns; /* those of which nothing was seen since go; since 1970 */
    uint64_t networks;          /* so many at most; of more those go that were seen least */
    uint64_t subscribers;       /* the same */
};

/* Deletes baselines beyond `limits`, in small transactions of its own, likewise. 0 or -EIO. */
int store_forget_baselines(struct store *store, const struct baseline_limits *limits);

/* Deletes the oldest observations until no more than `count` are left, likewise. 0 or -EIO. */
int store_forget_beyond(struct store *store, uint64_t count);

/*
 * From any thread: what store_forget_before, _beyond and _baselines have not deleted yet they leave
 * for the next time, now and from now on.
 */
void store_hurry(struct store *store);

/*
 * Deletes what is stored of a subscriber (an IPv4 address, an IPv6 /64): observations of every
 * address in the prefix, their labels, and its baseline. Not between begin and commit. 0 or -EIO.
 */
int store_forget_subscriber(struct store *store, const struct prefix *subscriber);

/*
 * Calls `each` for observations of a subscriber, the newest `limit` of each of its addresses, in any
 * order. 0 or -EIO.
 */
int store_each_moment(struct store *store, const struct prefix *subscriber, uint64_t limit,
                      void (*each)(const struct moment *moment, void *context), void *context);

/* Whether any client's address is there that is not hidden (address_key.h). 0 or -EIO. */
int store_has_plain(struct store *store, bool *out);

/*
 * A text that tells the key of hidden addresses from others, and says nothing of it. The first mark that
 * a store is given it keeps: *out_same is whether `mark` is the one that is kept. 0 or -EIO.
 */
enum { KEY_MARK_MAX = 17 };
int store_check_key(struct store *store, const char mark[KEY_MARK_MAX], bool *out_same);

/*
 * Baselines from other sites. A site is a store: its id is made with its tables and stays. What one
 * site has given stands beside what others have, and beside this site's own; newer replaces older.
 */
enum { SITE_TEXT_MAX = 33 };

struct imported {
    const char *site;  /* valid while it is told */
    uint64_t as_of_us; /* when that site gave it away, since 1970-01-01 UTC */
    struct baseline baseline;
};

/* This site's own id, letters and digits. 0 or -EIO. */
int store_site(struct store *store, char out[SITE_TEXT_MAX]);

/* Calls `each` for every baseline of other sites, those of one together. */
int store_each_imported(struct store *store,
                        void (*each)(const struct imported *imported, void *context), void *context,
                        uint64_t *out_broken);

/*
 * Replaces all that is known from `site` by what it knew at `as_of_us`, in one transaction. 0; -EEXIST
 * when what is known is as new or newer, -EPERM when it is this site, or -EIO.
 */
int store_import(struct store *store, const char *site, uint64_t as_of_us,
                 const struct baseline *baselines, size_t count);

/* The newest error in words; valid until the next call. */
const char *store_error(const struct store *store);

#endif
