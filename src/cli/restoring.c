/*
 * Restoring; see restoring.h.
 */
#include "cli/restoring.h"

#include "base/log.h"
#include "watch/others.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct restoring {
    uv_work_t work;
    struct watch *watch; /* NULL: abandoned */
    void (*done)(bool restored, void *context);
    void *context;
    char *url;
    char *password_file;
    int result; /* of the thread's work */
    bool others_only;
    size_t count;
    size_t room;
    struct kept *kept;
};

/* A baseline on its way from the thread to the loop. */
struct kept {
    bool is_other; /* of another site */
    struct baseline baseline;
};

static void give_back(const struct baseline *baseline, void *context)
{
    if (watch_restore(context, baseline) != 0)
        log_warning("a baseline in the store is not one of this version: left out");
}

static void give_other(const struct imported *imported, void *context)
{
    if (others_add(watch_others(context), &imported->baseline) != 0)
        log_warning("an imported baseline in the store is not one of this version: left out");
}

static void give_back_row(const struct row *row, void *context)
{
    if (row->kind == ROW_BASELINE)
        give_back(&row->baseline, context);
}

void restoring_spooled(struct watch *watch, struct spool *spool)
{
    spool_each(spool, give_back_row, watch);
}

int restoring_now(struct watch *watch, struct store *store, char *error, size_t error_size)
{
    uint64_t broken = 0;
    uint64_t broken_others = 0;
    int code = store_each_baseline(store, give_back, watch, &broken);

    if (code == 0)
        code = store_each_imported(store, give_other, watch, &broken_others);
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

    if (code == 0 && !r->others_only)
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

static void give_kept(const struct kept *kept, struct watch *watch)
{
    const struct imported imported = {.baseline = kept->baseline};

    if (kept->is_other)
        give_other(&imported, watch);
    else
        give_back(&kept->baseline, watch);
}

static void give_all_back(uv_work_t *work, int status)
{
    struct restoring *r = work->data;
    const bool whole = status == 0 && r->result == 0;

    if (r->watch != NULL) {
        if (whole)
            others_clear(watch_others(r->watch));
        for (size_t i = 0; whole && i < r->count; i++)
            give_kept(&r->kept[i], r->watch);
        r->done(whole, r->context);
    }
    restoring_free(r);
}

struct restoring *restoring_begin(uv_loop_t *loop, const struct store_place *place,
                                  bool others_only, struct watch *watch,
                                  void (*done)(bool restored, void *context), void *context)
{
    struct restoring *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->work.data = r;
    r->others_only = others_only;
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
