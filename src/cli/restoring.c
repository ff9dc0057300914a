/*
 * Restoring; see restoring.h.
 */
#include "cli/restoring.h"

#include "base/log.h"

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
    size_t count;
    size_t room;
    struct baseline *baseline;
};

static void give_back(const struct baseline *baseline, void *context)
{
    if (watch_restore(context, baseline) != 0)
        log_warning("a baseline in the store is not one of this version: left out");
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
    const int code = store_each_baseline(store, give_back, watch, &broken);

    if (code != 0) {
        snprintf(error, error_size, "cannot read the baselines: %s", store_error(store));
        return code;
    }
    if (broken > 0)
        log_warning("%llu baselines in the store are broken: left out", (unsigned long long)broken);
    return 0;
}

/* In the thread: what is read is kept until the loop can give it back. */
static void keep(const struct baseline *baseline, void *context)
{
    struct restoring *r = context;

    if (r->count == r->room) {
        const size_t room = r->room == 0 ? 1024 : 2 * r->room;
        struct baseline *larger = realloc(r->baseline, room * sizeof larger[0]);

        if (larger == NULL) {
            r->result = -ENOMEM;
            return;
        }
        r->baseline = larger;
        r->room = room;
    }
    r->baseline[r->count++] = *baseline;
}

static void read_store(uv_work_t *work)
{
    struct restoring *r = work->data;
    const struct store_place place = {.url = r->url, .password_file = r->password_file};
    struct store *store = NULL;
    uint64_t broken;
    char error[512];
    int code = store_open(&place, &store, error, sizeof error);

    if (code == 0)
        code = store_each_baseline(store, keep, r, &broken);
    store_close(store);
    if (code != 0)
        r->result = code;
}

static void restoring_free(struct restoring *r)
{
    if (r == NULL)
        return;
    free(r->baseline);
    free(r->url);
    free(r->password_file);
    free(r);
}

static void give_all_back(uv_work_t *work, int status)
{
    struct restoring *r = work->data;
    const bool whole = status == 0 && r->result == 0;

    if (r->watch != NULL) {
        for (size_t i = 0; whole && i < r->count; i++)
            give_back(&r->baseline[i], r->watch);
        r->done(whole, r->context);
    }
    restoring_free(r);
}

struct restoring *restoring_begin(uv_loop_t *loop, const struct store_place *place,
                                  struct watch *watch, void (*done)(bool restored, void *context),
                                  void *context)
{
    struct restoring *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->work.data = r;
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
