/*
 * Server-sent events out of the octets of their stream, however these are cut: the part of WHATWG
 * HTML, 9.2.6 that a client of hoptell needs.
 */
#ifndef HOPTELL_BASE_EVENT_H
#define HOPTELL_BASE_EVENT_H

#include <stddef.h>

enum { EVENT_LINE_MAX = 16 * 1024, EVENT_ID_MAX = 32 };

/* Zero it before the first octet of a stream, but for `id`, which outlives a broken connection. */
struct event_reader {
    char id[EVENT_ID_MAX];     /* of the newest event, for Last-Event-ID; "" for none */
    char line[EVENT_LINE_MAX]; /* what is here of the line under way */
    char data[EVENT_LINE_MAX]; /* of the event under way; "" for none */
    size_t length; /* of line; EVENT_LINE_MAX for one that is too long, to be left out */
};

/* Takes the next octets; calls `each` for every event that has data, which is NUL-terminated. */
void event_read(struct event_reader *reader, const char *octets, size_t count,
                void (*each)(const char *data, void *context), void *context);

#endif
