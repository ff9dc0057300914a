/*
 * Questions to the running daemon: HTTP/1.1 requests to its operators' listener, over TCP or a Unix
 * socket. One that is waited for; or, for a live view, several at once beside the stream of events.
 */
#ifndef HOPTELL_EDGE_ASK_H
#define HOPTELL_EDGE_ASK_H

#include "wire/address.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    ASK_BODY_MAX = 16 * 1024 * 1024,
    ASK_SILENCE_MS =
        60 * 1000, /* a stream that is silent for so long has ended; it beats each 10 s */
};

struct ask_answer {
    long status;   /* HTTP's */
    char *body;    /* NUL-terminated, at most ASK_BODY_MAX octets */
    size_t length; /* of body */
};

/* Where the daemon listens. */
struct ask_place {
    const char *path; /* of a Unix socket; NULL: the two below */
    struct address address;
    uint16_t port;
    const char *token; /* for Authorization: Bearer; NULL for none */
};

/*
 * Sends a request with `method` for `target` ("/v1/lookup?...", as it goes over the wire, of any
 * length) to the daemon at `place`, with `json` as its body where that is not NULL. 0 and *out for
 * ask_answer_deinit, whatever the HTTP status; or a negative errno with a sentence in `error` when
 * nobody answered: -ETIMEDOUT after `timeout_ms`, -EPROTO for what is no HTTP, -EFBIG for a body
 * beyond ASK_BODY_MAX, -ECONNRESET for an answer that was cut off, or what connect(2) says.
 */
int ask(const struct ask_place *place, const char *method, const char *target, const char *json,
        long timeout_ms, struct ask_answer *out, char *error, size_t error_size);
void ask_answer_deinit(struct ask_answer *answer);

enum { ASK_GETS_MAX = 8 };

struct ask_feed;

struct ask_feed_handlers {
    /* Of the question `which`; NULL, with a sentence, when nobody answered. */
    void (*answered)(unsigned which, const struct ask_answer *answer, const char *error,
                     void *context);
    /* Octets of the stream; and how it ended, after which it may be followed again. */
    void (*received)(const char *octets, size_t count, void *context);
    void (*ended)(const char *error, void *context);
    void *context;
};

/* 0 or -ENOMEM; `place` and what it points to outlive the feed. The caller closes *out. */
int ask_feed_open(const struct ask_place *place, const struct ask_feed_handlers *handlers,
                  struct ask_feed **out);
void ask_feed_close(struct ask_feed *feed); /* NULL is fine */

/* GETs `target`; nothing where question `which` (below ASK_GETS_MAX) is under way already. */
void ask_feed_get(struct ask_feed *feed, unsigned which, const char *target, long timeout_ms);

/* Follows the server-sent events of `target`, after `last_id` ("": from now on); nothing where it does. */
void ask_feed_follow(struct ask_feed *feed, const char *target, const char *last_id);

bool ask_feed_is_asking(const struct ask_feed *feed); /* any question but the stream */

/*
 * Waits until something has been received, one of the `count` descriptors is readable (at most 4),
 * or the time is over, and calls the handlers.
 */
void ask_feed_wait(struct ask_feed *feed, const int *fds, unsigned count, int timeout_ms);

#endif
