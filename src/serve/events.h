/*
 * GET /v1/events: server-sent events, one verdict each, to clients that stay connected.
 *
 * Nothing is queued for a client: each reads the journal at its own pace, and what it has not read
 * yet is what waits for it. One that falls too far behind is dropped, and may come back and name
 * the last event that it got (Last-Event-ID).
 */
#ifndef HOPTELL_SERVE_EVENTS_H
#define HOPTELL_SERVE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct connection;
struct request;
struct event_client;

enum {
    EVENTS_CLIENTS_MAX = 32,
    EVENTS_BEHIND_MAX = 4096, /* events that may wait for a client */
    EVENTS_BEAT_MS = 10000,   /* a comment where there was nothing else to say for so long */
};

struct events { /* all zero is one without clients */
    struct event_client *client[EVENTS_CLIENTS_MAX];
    unsigned count;
    uint64_t dropped; /* clients that were too slow, so far */
};

int events_stream(struct request *request);

/* Lets those go on for whom there is something, and drops who is too slow. */
void events_turn(struct events *events, uint64_t now_ms);

bool events_wanted(const struct events *events);       /* does anybody wait for a judgement */
uint64_t events_deadline(const struct events *events); /* of the next turn; UINT64_MAX for none */

#endif
