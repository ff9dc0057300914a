/*
 * Serving: the HTTP listeners of both audiences, over what watching knows.
 */
#ifndef HOPTELL_CLI_SERVING_H
#define HOPTELL_CLI_SERVING_H

#include "base/settings.h"
#include "cli/watching.h"
#include "serve/serve.h"

struct serving;

struct serving_sources {
    struct watching *watching;
    void (*metrics)(metric_put *put, void *to, void *context);
    bool (*ready)(const char **out_reason, void *context);
    const struct tales *(*tales)(void *context); /* that run now */
    /* As those of serve.h. */
    size_t (*walkers)(struct walker out[WALKERS_MAX], void *context);
    int (*label)(const struct address *address, uint16_t port, bool is_tethered, void *context);
    int (*forget)(const struct address *address, void *context);
    int (*recall)(const struct address *address, uint64_t *out_ticket, void *context);
    void *context;
};

/* 0 and *out for serving_close, or a negative errno with a sentence in `error`. */
int serving_open(uv_loop_t *loop, const struct settings *settings,
                 const struct serving_sources *sources, struct serving **out, char *error,
                 size_t error_size);

/* What the store has come up with, to whoever waits with this ticket; the moments go. */
void serving_recalled(struct serving *serving, uint64_t ticket, struct recalled *recalled);

/* Tells those who wait for it. */
void serving_judged(struct serving *serving, const struct judgement *judgement);

void serving_close(struct serving *serving); /* NULL is fine; the loop must run once more */

#endif
