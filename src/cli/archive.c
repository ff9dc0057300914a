/*
 * The archive; see archive.h.
 */
#include "cli/archive.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    QUEUE_ROWS = 65536,
    SAVE_EVERY_MS = 60 * 1000,
    FORGET_EVERY_SAVES = 60, /* once an hour */
};

struct archive {
    uv_timer_t timer;
    struct store_queue *queue;
    struct watching *watching;
    uint64_t keep_us;
    uint64_t saved_ns; /* what changed since is not saved yet; clock of the observations */
    unsigned saves;
    bool is_closing;  /* the loop has ended: a save may wait for room in the queue */
    bool is_short;    /* not everything of the newest save found room */
    char reason[256]; /* why the store fails */
};

static uint64_t wall_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A baseline keeps whole seconds only: one of this very second may still change. */
static uint64_t this_second_ns(void)
{
    const uint64_t now = wall_clock_ns();

    return now - now % 1000000000u;
}

static void archive_save_one(const struct baseline *baseline, void *context)
{
    struct archive *a = context;

    if (baseline->updated_ns < a->saved_ns || store_queue_baseline(a->queue, baseline))
        return;
    if (a->is_closing && store_queue_wait(a->queue) && store_queue_baseline(a->queue, baseline))
        return;
    a->is_short = true;
}

static void archive_save(struct archive *a)
{
    const uint64_t now = this_second_ns();

    a->is_short = false;
    watch_each_baseline(watching_watch(a->watching), archive_save_one, a);
    if (!a->is_short)
        a->saved_ns = now;
}

static void archive_tick(uv_timer_t *timer)
{
    struct archive *a = timer->data;

    archive_save(a);
    if (++a->saves % FORGET_EVERY_SAVES == 0 && a->keep_us > 0)
        store_queue_forget(a->queue, wall_clock_ns() - a->keep_us * 1000);
}

static void archive_restore_one(const struct baseline *baseline, void *context)
{
    struct archive *a = context;

    if (watch_restore(watching_watch(a->watching), baseline) != 0)
        log_warning("a baseline in the store is not one of this version: left out");
}

static int archive_restore(struct archive *a, struct store *store, char *error, size_t error_size)
{
    uint64_t broken = 0;
    const int code = store_each_baseline(store, archive_restore_one, a, &broken);

    if (code != 0)
        snprintf(error, error_size, "cannot read the baselines: %s", store_error(store));
    else if (broken > 0)
        log_warning("%llu baselines in the store are broken: left out", (unsigned long long)broken);
    return code;
}

int archive_open(uv_loop_t *loop, const struct settings *settings, struct watching *watching,
                 struct archive **out, char *error, size_t error_size)
{
    struct store_place place;
    struct archive *a;
    struct store *store = NULL;
    int code;

    *out = NULL;
    if (strcmp(settings->store, "none") == 0)
        return 0;
    a = calloc(1, sizeof *a);
    if (a == NULL) {
        snprintf(error, error_size, "%s", strerror(ENOMEM));
        return -ENOMEM;
    }
    a->watching = watching;
    a->keep_us = settings->keep_us;
    a->saved_ns = this_second_ns();
    place = (struct store_place){.url = settings->store,
                                 .password_file = settings->store_password_file};
    code = store_open(&place, &store, error, error_size);
    if (code == 0) {
        code = archive_restore(a, store, error, error_size);
        if (code == 0)
            code = store_queue_open(store, QUEUE_ROWS, &a->queue);
    }
    if (code != 0) {
        store_close(store);
        free(a);
        return code;
    }
    uv_timer_init(loop, &a->timer);
    a->timer.data = a;
    uv_timer_start(&a->timer, archive_tick, SAVE_EVERY_MS, SAVE_EVERY_MS);
    *out = a;
    return 0;
}

struct store_queue *archive_queue(struct archive *a)
{
    return a != NULL ? a->queue : NULL;
}

bool archive_is_well(struct archive *a, const char **out_reason)
{
    if (a == NULL || !store_queue_failing(a->queue, a->reason, sizeof a->reason))
        return true;
    *out_reason = a->reason;
    return false;
}

static void archive_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void archive_close(struct archive *a)
{
    if (a == NULL)
        return;
    a->is_closing = true;
    archive_save(a);
    store_queue_close(a->queue);
    uv_close((uv_handle_t *)&a->timer, archive_closed);
}
