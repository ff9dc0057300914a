/*
 * Requests that wait for the opening packet of a connection, or for what the store has. Their number and their time are
 * bounded; a request owns its `struct wait`, the set only links it.
 *
 * wait_state moves one way: none -> waiting -> found or expired.
 */
#ifndef HOPTELL_SERVE_WAITING_H
#define HOPTELL_SERVE_WAITING_H

#include "watch/journal.h"
#include "watch/timeline.h"

enum { WAITING_MAX = 256 };

enum wait_state { WAIT_NONE, WAIT_WAITING, WAIT_FOUND, WAIT_EXPIRED };

struct wait {
    struct journal_wanted wanted; /* of `address` */
    struct address address;
    enum wait_state state;
    uint64_t ticket; /* of what the store was asked; 0: it waits for an opening packet */
    uint64_t deadline_ms;
    struct judgement judgement; /* once WAIT_FOUND */
    struct recalled recalled;   /* the same, with a ticket; the caller frees its moments */
    void *owner;                /* for the caller */
    unsigned slot;              /* in the set, while waiting or finished and not yet taken */
};

struct waiting { /* all zero is an empty one */
    struct wait *wait[WAITING_MAX];
    unsigned count;
};

/* 0, or -EBUSY when as many as can be are waiting. `wait` has what is wanted and deadline set. */
int waiting_add(struct waiting *waiting, struct wait *wait);
void waiting_remove(struct waiting *waiting, struct wait *wait); /* fine when it is not there */

/* Those that wait for this connection have found it. Returns how many. */
unsigned waiting_judged(struct waiting *waiting, const struct judgement *judgement);

/* Who waits with this ticket has found it, and owns the moments. False: nobody does any more. */
bool waiting_recalled(struct waiting *waiting, uint64_t ticket, const struct recalled *recalled);

/* Those whose deadline has come are over. UINT64_MAX ends all. */
void waiting_expire(struct waiting *waiting, uint64_t now_ms);

/* Takes one that has found or expired out of the set; NULL when there is none. */
struct wait *waiting_take_finished(struct waiting *waiting);

/* The earliest deadline; UINT64_MAX when nobody waits. */
uint64_t waiting_deadline(const struct waiting *waiting);

#endif
