/*
 * A question to the running daemon: one HTTP request to its operators' listener, by libcurl.
 */
#ifndef HOPTELL_EDGE_ASK_H
#define HOPTELL_EDGE_ASK_H

#include "wire/address.h"

#include <stddef.h>

enum { ASK_BODY_MAX = 16 * 1024 * 1024 };

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
 * Sends a request with `method` for `target` ("/v1/lookup?...", as it goes over the wire) to the
 * daemon at `place`, with `json` as its body where that is not NULL. Gives up after `timeout_ms`. 0 and *out for
 * ask_answer_deinit, whatever the HTTP status; or a negative errno with a sentence in `error` when
 * nobody answered.
 */
int ask(const struct ask_place *place, const char *method, const char *target, const char *json,
        long timeout_ms, struct ask_answer *out, char *error, size_t error_size);
void ask_answer_deinit(struct ask_answer *answer);

#endif
