/*
 * Recalling; see recalling.h.
 */
#include "cli/recalling.h"

#include <stdlib.h>
#include <string.h>

struct recalling {
    uv_work_t work;
    struct prefix subscriber;
    char *url;
    char *password_file;
    struct recalled recalled;
    size_t room;
    bool is_short; /* memory was out */
    void (*done)(struct recalling *self, struct recalled *recalled, void *context);
    void *context; /* NULL `done`: abandoned */
};

static void keep(const struct moment *moment, void *context)
{
    struct recalling *r = context;
    struct recalled *recalled = &r->recalled;

    if (recalled->count == r->room) {
        const size_t room = r->room == 0 ? 256 : 2 * r->room;
        struct moment *larger = realloc(recalled->moment, room * sizeof larger[0]);

        if (larger == NULL) {
            r->is_short = true;
            return;
        }
        recalled->moment = larger;
        r->room = room;
    }
    recalled->moment[recalled->count++] = *moment;
}

/* The newest, where a subscriber of many addresses has more. */
static void cut(struct recalled *recalled)
{
    size_t more;

    recalled->count = timeline_sort(recalled->moment, recalled->count);
    if (recalled->count <= RECALLING_MOMENTS_MAX)
        return;
    more = recalled->count - RECALLING_MOMENTS_MAX;
    memmove(recalled->moment, recalled->moment + more,
            RECALLING_MOMENTS_MAX * sizeof recalled->moment[0]);
    recalled->count = RECALLING_MOMENTS_MAX;
}

static void read_store(uv_work_t *work)
{
    struct recalling *r = work->data;
    const struct store_place place = {.url = r->url, .password_file = r->password_file};
    struct store *store = NULL;
    char error[512];
    int code = store_open(&place, &store, error, sizeof error);

    if (code == 0)
        code = store_each_moment(store, &r->subscriber, RECALLING_MOMENTS_MAX, keep, r);
    store_close(store);
    r->recalled.is_whole = code == 0 && !r->is_short;
    cut(&r->recalled);
}

static void recalling_free(struct recalling *r)
{
    free(r->recalled.moment);
    free(r->url);
    free(r->password_file);
    free(r);
}

static void finish(uv_work_t *work, int status)
{
    struct recalling *r = work->data;

    (void)status;
    if (r->done != NULL) {
        r->done(r, &r->recalled, r->context);
        r->recalled.moment = NULL;
    }
    recalling_free(r);
}

struct recalling *
recalling_begin(uv_loop_t *loop, const struct store_place *place, const struct prefix *subscriber,
                void (*done)(struct recalling *self, struct recalled *recalled, void *context),
                void *context)
{
    struct recalling *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->work.data = r;
    r->subscriber = *subscriber;
    r->done = done;
    r->context = context;
    r->url = strdup(place->url);
    r->password_file = strdup(place->password_file);
    if (r->url == NULL || r->password_file == NULL ||
        uv_queue_work(loop, &r->work, read_store, finish) != 0) {
        recalling_free(r);
        return NULL;
    }
    return r;
}

void recalling_abandon(struct recalling *recalling)
{
    if (recalling == NULL)
        return;
    recalling->done = NULL;
    uv_cancel((uv_req_t *)&recalling->work);
}
