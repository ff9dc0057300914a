/*
 * The two HTTP listeners, visitors' and operators', by libmicrohttpd on libuv's loop.
 */
#ifndef HOPTELL_SERVE_SERVE_H
#define HOPTELL_SERVE_SERVE_H

#include "watch/watch.h"

#include <uv.h>

struct serve;

enum serve_audience { SERVE_VISITORS, SERVE_OPERATORS };

/* What the answers are made of; the pointers stay the caller's and outlive the server. */
struct serve_sources {
    struct watch *watch;
    /* Called for an opening packet that came from our own socket; judges, learns and stores. */
    void (*observed)(const struct observation *observation, struct judgement *out, void *context);
    void *context;
};

/*
 * Listens on "address:port" or "[address]:port". 0, or a negative errno with a sentence in `error`
 * ("[::]:8080 is in use by another program").
 */
int serve_open(uv_loop_t *loop, const char *listen, enum serve_audience audience,
               const struct serve_sources *sources, struct serve **out, char *error,
               size_t error_size);
void serve_close(struct serve *serve); /* frees once the loop has run its closing callbacks */

/* Tells of a new judgement, for requests that wait for it. */
void serve_judged(struct serve *serve, const struct judgement *judgement);

#endif
