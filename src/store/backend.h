/*
 * What a kind of store brings: one table of functions, behind store.h. Each does what the function
 * of the same name there says.
 */
#ifndef HOPTELL_STORE_BACKEND_H
#define HOPTELL_STORE_BACKEND_H

#include "base/units.h"
#include "store/store.h"

#include <stdatomic.h>

enum {
    STORE_ERROR_MAX = 512,
    STORE_VERSION_NEWEST = 6, /* of the tables; each kind of store has its migrations up to it */
};

enum { STORE_PAGE = 256 };

struct address_page {
    size_t count;
    char text[STORE_PAGE][ADDRESS_TEXT_MAX];
};

struct store_backend {
    const char *scheme;
    /* The URL begins with "scheme:"; *out is freed by close. */
    int (*open)(const struct store_place *place, struct store **out, char *error,
                size_t error_size);
    void (*close)(struct store *store);
    int (*begin)(struct store *store);
    int (*commit)(struct store *store);
    void (*rollback)(struct store *store);
    int (*put_judgement)(struct store *store, const struct judgement *judgement);
    int (*put_baseline)(struct store *store, const struct baseline *baseline);
    int (*put_label)(struct store *store, const struct label *label);
    int (*each_baseline)(struct store *store,
                         void (*each)(const struct baseline *baseline, void *context),
                         void *context, uint64_t *out_broken);
    /* Deletes some observations from before `time_us`, in one transaction; says how many. */
    int (*forget_some)(struct store *store, uint64_t time_us, uint64_t *out_count);
    /* When the newest observation was seen that is older than `count` others; 0: there is none. */
    int (*seen_behind)(struct store *store, uint64_t count, uint64_t *out_time_us);
    /* Baselines from before `time_us`: of subscribers, others' of them too; or of networks. */
    int (*forget_subscribers)(struct store *store, uint64_t time_us);
    int (*forget_networks)(struct store *store, uint64_t time_us);
    /* Baselines of either kind: how many there are; and the `count` that were seen least go. */
    int (*count_baselines)(struct store *store, bool subscribers, uint64_t *out_count);
    int (*forget_baselines)(struct store *store, bool subscribers, uint64_t count);
    /*
     * Texts of distinct addresses of observations and labels, after `after` and before `before` in
     * the order of their letters, at most STORE_PAGE. 0 or -EIO.
     */
    int (*addresses_between)(struct store *store, const char *after, const char *before,
                             struct address_page *out);
    /*
     * Deletes the observations and labels of one address; of a subscriber its baseline and, where it is
     * a tunnel, the observations in that.
     */
    int (*forget_address)(struct store *store, const char *address);
    int (*forget_baseline)(struct store *store, const struct prefix *subscriber);
    /*
     * What store_row_moment takes of the newest `limit` observations of `what`, in any order: an
     * address, or the prefix of a subscriber that is a tunnel.
     */
    int (*each_moment)(struct store *store, bool in_tunnel, const char *what, uint64_t limit,
                       void (*each)(const struct moment *moment, void *context), void *context);
    int (*has_plain)(struct store *store, bool *out);
    int (*key_mark)(struct store *store, char out[KEY_MARK_MAX]); /* "": none was kept yet */
    int (*put_key_mark)(struct store *store, const char *mark);
    int (*site)(struct store *store, char out[SITE_TEXT_MAX]);
    int (*as_of)(struct store *store, const char *site, uint64_t *out_us); /* 0: nothing of it */
    int (*each_imported)(struct store *store,
                         void (*each)(const struct imported *imported, void *context),
                         void *context, uint64_t *out_broken);
    /* Between begin and commit: forgets what is known from a site, and says as of when it is. */
    int (*clear_site)(struct store *store, const char *site, uint64_t as_of_us);
    int (*put_imported)(struct store *store, const char *site, const struct baseline *baseline);
};

/* A moment from the columns of a row; texts may be NULL or anything. */
void store_row_moment(int64_t seen_at, const char *verdict, double probability, const char *family,
                      const char *evidence, struct moment *out);

/* The first member of every backend's own struct. */
struct store {
    const struct store_backend *backend;
    atomic_bool hurries; /* long works are broken off */
    char error[STORE_ERROR_MAX];
};

extern const struct store_backend store_mariadb;
extern const struct store_backend store_sqlite;

#endif
