/*
 * The two HTTP listeners, visitors' and operators', on libuv's loop. Everything happens in the loop's
 * own thread.
 */
#ifndef HOPTELL_SERVE_SERVE_H
#define HOPTELL_SERVE_SERVE_H

#include "serve/metric.h"
#include "tale/tale.h"
#include "tale/walker.h"
#include "watch/journal.h"
#include "watch/tally.h"
#include "watch/watch.h"

#include <uv.h>

struct serve;
struct recalled; /* watch/timeline.h */

enum serve_audience { SERVE_VISITORS, SERVE_OPERATORS };

/* What the answers are made of; the pointers stay the caller's and outlive the server. */
struct serve_sources {
    struct watch *watch;
    const struct journal *journal; /* the newest judgements, each there before serve_judged */
    const struct tally *tally;     /* of all of them over time; NULL: none is kept */
    /* Called for an opening packet that came from our own socket; judges, learns and stores. */
    void (*observed)(const struct observation *observation, struct judgement *out, void *context);
    /* Gives every metric of the program to `put`, for GET /metrics; NULL for none. */
    void (*metrics)(metric_put *put, void *to, void *context);
    /* Whether all is up, for GET /readyz, or else why not in a sentence; NULL for always. */
    bool (*ready)(const char **out_reason, void *context);
    /* The tales that run now, for GET /v1/tales; NULL for none. */
    const struct tales *(*tales)(void *context);
    /* Who walked them in the last minutes, by the real clock; returns how many. NULL: nobody. */
    size_t (*walkers)(struct walker out[WALKERS_MAX], void *context);
    /*
     * Keeps what an operator knows to be true of an address, for POST /v1/labels; port 0 is all of
     * them. 0 when it is safe, -ENOTSUP where nothing is kept, -ENOBUFS where there is no room now,
     * -EAGAIN where it is queued and not known to be safe. NULL: -ENOTSUP.
     */
    int (*label)(const struct address *address, uint16_t port, bool is_tethered, void *context);
    /* Forgets all of an address's subscriber; 0, -ENOBUFS or -EAGAIN. NULL: nobody can. */
    int (*forget)(const struct address *address, void *context);
    /*
     * Asks the store for the timeline of an address's subscriber; what comes of it is given to
     * serve_recalled with this ticket, which is not 0. 0, -ENOTSUP without a store, or -EBUSY. NULL:
     * -ENOTSUP.
     */
    int (*recall)(const struct address *address, uint64_t *out_ticket, void *context);
    /* What operators show on addresses that others than this machine reach; NULL: none may ask. */
    const char *token;
    void *context;
};

/*
 * Listens on `address` and `port`; :: takes both families, and port 0 is any free port. 0, or a
 * negative errno with a sentence in `error` ("expected [::]:8080 to be free, found it in use by
 * another program"). Operators are served elsewhere than on loopback with a token alone: -EACCES.
 */
int serve_open(uv_loop_t *loop, const struct address *address, uint16_t port,
               enum serve_audience audience, const struct serve_sources *sources,
               struct serve **out, char *error, size_t error_size);

/* The same for operators on a Unix socket, without a token: the file's rights say who may ask. */
int serve_open_unix(uv_loop_t *loop, const char *path, const struct serve_sources *sources,
                    struct serve **out, char *error, size_t error_size);

void serve_close(struct serve *serve); /* frees once the loop has run its closing callbacks */

uint16_t serve_port(const struct serve *serve); /* that it listens on */

/* Why a stranger is refused. */
enum serve_refusal {
    SERVE_REFUSED_RATE,  /* asked too often */
    SERVE_REFUSED_CROWD, /* no room, or too many connections of one subscriber */
    SERVE_REFUSED_SLOW,  /* took too long over a request */
    SERVE_REFUSED_HEAD,  /* headers too long */
    SERVE_REFUSALS,
};

struct serve_counts {
    enum serve_audience audience;
    uint64_t refused[SERVE_REFUSALS];
    uint64_t answers[6];  /* by the first digit of their status */
    uint64_t connections; /* accepted so far */
    uint64_t open;        /* connections now */
    uint64_t waiting;     /* requests now */
    uint64_t followers;   /* of the events, now */
    uint64_t dropped;     /* followers that were too slow, so far */
};

struct serve_counts serve_counts(const struct serve *serve);

/* The counts of all listeners as metrics, summed by audience. */
void serve_metrics(struct serve *const *listeners, size_t count, metric_put *put, void *to);

/* What the store has come up with; true where somebody waits for it, who then owns the moments. */
bool serve_recalled(struct serve *serve, uint64_t ticket, const struct recalled *recalled);

/* Tells of a new judgement, for requests that wait for it. May be called from `observed`. */
void serve_judged(struct serve *serve, const struct judgement *judgement);

#endif
