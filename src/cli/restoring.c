/*
 * Restoring; see restoring.h.
 */
#include "cli/restoring.h"

#include "base/log.h"
#include "cli/hiding.h"
#include "watch/others.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct restoring {
    uv_work_t work;
    struct watch *watch; /* NULL: abandoned */
    void (*done)(bool restored, const char *refused, void *context);
    void *context;
    char *url;
    char *password_file;
    int result; /* of the thread's work */
    enum restoring_what what;
    bool hides;
    struct address_key key;
    char refused[512]; /* by hiding_check */
    size_t count;
    size_t room;
    struct kept *kept;
};

/* A baseline on its way from the thread to the loop. */
struct kept {
    bool is_other; /* of another site */
    struct baseline baseline;
};

/* Whom baselines are given to. */
struct receiver {
    struct watch *watch;
    bool hides;
};

static void give_back(const struct baseline *baseline, void *context)
{
    const struct receiver *to = context;
    struct baseline given = *baseline;

    if (to->hides && given.subscriber)
        given.prefix.address = address_put_by(&given.prefix.address);
    if (watch_restore(to->watch, &given) != 0)
        log_warning("a baseline in the store is not one of this version: left out");
}

static void give_other(const struct imported *imported, void *context)
{
    const struct receiver *to = context;

    if (others_add(watch_others(to->watch), &imported->baseline) != 0)
        log_warning("an imported baseline in the store is not one of this version: left out");
}

static void give_back_row(const struct row *row, void *context)
{
    if (row->kind == ROW_BASELINE)
        give_back(&row->baseline, context);
}

void restoring_spooled(struct watch *watch, struct spool *spool, bool hides)
{
    struct receiver to = {watch, hides};

    spool_each(spool, give_back_row, &to);
}

int restoring_now(struct watch *watch, struct store *store, bool hides, char *error,
                  size_t error_size)
{
    struct receiver to = {watch, hides};
    uint64_t broken = 0;
    uint64_t broken_others = 0;
    int code = store_each_baseline(store, give_back, &to, &broken);

    if (code == 0)
        code = store_each_imported(store, give_other, &to, &broken_others);
    broken += broken_others;
    if (code != 0) {
        snprintf(error, error_size, "cannot read the baselines: %s", store_error(store));
        return code;
    }
    if (broken > 0)
        log_warning("%llu baselines in the store are broken: left out", (unsigned long long)broken);
    return 0;
}

/* In the thread: what is read is kept until the loop can give it back. */
static void keep(struct restoring *r, const struct baseline *baseline, bool is_other)
{
    if (r->count == r->room) {
        const size_t room = r->room == 0 ? 1024 : 2 * r->room;
        struct kept *larger = realloc(r->kept, room * sizeof larger[0]);

        if (larger == NULL) {
            r->result = -ENOMEM;
            return;
        }
        r->kept = larger;
        r->room = room;
    }
    r->kept[r->count++] = (struct kept){.is_other = is_other, .baseline = *baseline};
}

static void keep_own(const struct baseline *baseline, void *context)
{
    keep(context, baseline, false);
}

static void keep_other(const struct imported *imported, void *context)
{
    keep(context, &imported->baseline, true);
}

static void read_store(uv_work_t *work)
{
    struct restoring *r = work->data;
    const struct store_place place = {.url = r->url, .password_file = r->password_file};
    struct store *store = NULL;
    uint64_t broken;
    char error[512];
    int code = store_open(&place, &store, error, sizeof error);

    if (code == 0 && r->hides) {
        code = hiding_check(&r->key, store, r->url, error, sizeof error);
        if (code == -EINVAL)
            snprintf(r->refused, sizeof r->refused, "%s", error);
    }
    if (code == 0 && r->what == RESTORING_ALL)
        code = store_each_baseline(store, keep_own, r, &broken);
    if (code == 0)
        code = store_each_imported(store, keep_other, r, &broken);
    store_close(store);
    if (code != 0)
        r->result = code;
}

static void restoring_free(struct restoring *r)
{
    if (r == NULL)
        return;
    free(r->kept);
    free(r->url);
    free(r->password_file);
    free(r);
}

static void give_kept(const struct kept *kept, struct receiver *to)
{
    const struct imported imported = {.baseline = kept->baseline};

    if (kept->is_other)
        give_other(&imported, to);
    else
        give_back(&kept->baseline, to);
}

static void give_all_back(uv_work_t *work, int status)
{
    struct restoring *r = work->data;
    struct receiver to = {r->watch, r->hides};
    const bool whole = status == 0 && r->result == 0;

    if (r->watch != NULL) {
        if (whole)
            others_clear(watch_others(r->watch));
        for (size_t i = 0; whole && i < r->count; i++)
            give_kept(&r->kept[i], &to);
        r->done(whole, r->refused, r->context);
    }
    restoring_free(r);
}

struct restoring *restoring_begin(uv_loop_t *loop, const struct store_place *place,
                                  enum restoring_what what, const struct address_key *key,
                                  struct watch *watch,
                                  void (*done)(bool restored, const char *refused, void *context),
                                  void *context)
{
    struct restoring *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->work.data = r;
    r->what = what;
    r->hides = key != NULL;
    if (key != NULL)
        r->key = *key;
    r->watch = watch;
    r->done = done;
    r->context = context;
    r->url = strdup(place->url);
    r->password_file = strdup(place->password_file);
    if (r->url == NULL || r->password_file == NULL ||
        uv_queue_work(loop, &r->work, read_store, give_all_back) != 0) {
        restoring_free(r);
        return NULL;
    }
    return r;
}

void restoring_abandon(struct restoring *restoring)
{
    if (restoring == NULL)
        return;
    restoring->watch = NULL;
    uv_cancel((uv_req_t *)&restoring->work);
}
