/*
 * Reloading; see reloading.h.
 */
#include "cli/reloading.h"

#include <stdlib.h>

struct reloading {
    uv_work_t work;
    const char *file;
    struct configuration *next;                              /* NULL: not loaded, or not good */
    void (*done)(struct configuration *next, void *context); /* NULL: abandoned */
    void *context;
};

static void load(uv_work_t *work)
{
    struct reloading *r = work->data;

    if (configuration_load(r->file, true, &r->next) != 0)
        r->next = NULL;
}

static void loaded(uv_work_t *work, int status)
{
    struct reloading *r = work->data;

    (void)status;
    if (r->done != NULL)
        r->done(r->next, r->context);
    else
        configuration_free(r->next);
    free(r);
}

struct reloading *reloading_begin(uv_loop_t *loop, const char *file,
                                  void (*done)(struct configuration *next, void *context),
                                  void *context)
{
    struct reloading *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->work.data = r;
    r->file = file;
    r->done = done;
    r->context = context;
    if (uv_queue_work(loop, &r->work, load, loaded) != 0) {
        free(r);
        return NULL;
    }
    return r;
}

void reloading_abandon(struct reloading *reloading)
{
    if (reloading == NULL)
        return;
    reloading->done = NULL;
    uv_cancel((uv_req_t *)&reloading->work);
}

static void discard(uv_work_t *work)
{
    configuration_free(work->data);
}

static void discarded(uv_work_t *work, int status)
{
    (void)status;
    free(work);
}

void reloading_discard(uv_loop_t *loop, struct configuration *old)
{
    uv_work_t *work = malloc(sizeof *work);

    if (work != NULL) {
        work->data = old;
        if (uv_queue_work(loop, work, discard, discarded) == 0)
            return;
    }
    free(work);
    configuration_free(old);
}
