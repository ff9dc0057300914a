/*
 * Who is connected: so that one subscriber (an IPv4 address, an IPv6 /64) cannot take every place,
 * and nobody can hold one by sending a request octet after octet without end.
 */
#ifndef HOPTELL_SERVE_CROWD_H
#define HOPTELL_SERVE_CROWD_H

#include "wire/address.h"

enum {
    CROWD_MAX = 1024,
    CROWD_SPARE = 64,      /* places that are made free again for whoever comes next */
    CROWD_OF_ONE_MAX = 64, /* many people share an address behind carrier-grade NAT */
    CROWD_REQUEST_MAX_MS = 30000,
    CROWD_LOOK_EVERY_MS = 1000,
};

struct connection;

struct guest {
    bool here;
    bool leaving; /* was sent away, and has not gone yet */
    struct connection *connection;
    struct address subscriber;
    uint64_t since_ms; /* the connection was made, or its last request answered */
};

struct crowd { /* all zero is an empty one */
    struct guest guest[CROWD_MAX];
    uint64_t looked_ms;
};

bool crowd_has_room(const struct crowd *crowd, const struct address *address);

/* Returns the guest's place, or CROWD_MAX when there is no room. */
unsigned crowd_enter(struct crowd *crowd, const struct address *address,
                     struct connection *connection, uint64_t now_ms);
void crowd_served(struct crowd *crowd, unsigned place, uint64_t now_ms);
void crowd_leave(struct crowd *crowd, unsigned place); /* CROWD_MAX is fine */

/*
 * When hardly a place is free, calls `each` for the connection that has had no answer for longest: who
 * sends a request in time is not the one. True when it did.
 */
bool crowd_make_room(struct crowd *crowd, void (*each)(struct connection *connection));

/*
 * Calls `each` for the connection of everybody whose request takes too long; how many these are. Looks every
 * CROWD_LOOK_EVERY_MS at most, so that it may be called at every turn.
 */
unsigned crowd_overdue(struct crowd *crowd, uint64_t now_ms,
                       void (*each)(struct connection *connection));

#endif
