/*
 * The token buckets of simulated routers: hops of a tale that answer only so many probes a second,
 * whoever sends them and whichever thread answers.
 */
#ifndef HOPTELL_TALE_ROUTER_H
#define HOPTELL_TALE_ROUTER_H

#include "tale/bucket.h"
#include "tale/tale.h"

#include <stdatomic.h>

enum { ROUTERS_MAX = 1024 /* that are told apart; more take turns in a place */ };

struct router {
    uint32_t owner; /* which hop of which tale, from 1; 0: free */
    struct bucket bucket;
};

/* One for all threads that answer; begins with all of it zero. */
struct routers {
    atomic_flag lock; /* held for a few instructions */
    struct router router[ROUTERS_MAX];
};

/* Takes a token of `hop` of `tale`, one of `tales`; false when it has none. `now_ns` as of respond. */
bool router_allows(struct routers *routers, const struct tales *tales, const struct tale *tale,
                   const struct hop *hop, uint64_t now_ns);

#endif
