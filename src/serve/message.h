/*
 * A request as it comes in, octet by octet: llhttp reads it, and what the answers need of it is kept
 * here (RFC 9112). It owns no memory and no descriptor.
 *
 *      | request line | header | ... | empty line | body, in pieces |
 *        ^ target, parameters, names and values point here
 *
 * message_state moves one way: head -> headed -> body -> whole, and from each to wrong.
 */
#ifndef HOPTELL_SERVE_MESSAGE_H
#define HOPTELL_SERVE_MESSAGE_H

#include "serve/query.h"

#include <llhttp.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    MESSAGE_HEAD_MAX = 8 * 1024, /* of request line and headers together */
    MESSAGE_HEADERS_MAX = 100,
};

#define MESSAGE_IN_CHUNKS UINT64_MAX

enum message_state {
    MESSAGE_HEAD,   /* of which there may be nothing yet */
    MESSAGE_HEADED, /* all of the head is here, and nothing behind it has been looked at */
    MESSAGE_BODY,
    MESSAGE_WHOLE, /* what comes now belongs to the next one */
    MESSAGE_WRONG, /* with `status` and `detail`; nothing more can be told from its connection */
};

struct message_header {
    char *name;
    char *value;
    size_t name_length;
    size_t value_length;
};

struct message {
    llhttp_t parser;
    enum message_state state;
    unsigned status;
    const char *detail; /* what was expected and what was found; a constant */
    bool (*take_body)(void *context, const char *octets, size_t count);
    void *context;
    const char *begin;  /* where the octets began */
    size_t head_octets; /* of it, so far */
    char *target;       /* as it stands in the request line */
    size_t target_length;
    bool keeps_alive;
    size_t header_count;
    struct message_header header[MESSAGE_HEADERS_MAX];

    /* From MESSAGE_HEADED on, NUL-terminated, for as long as the octets stay: */
    const char *method; /* "GET" */
    const char *path;   /* begins with /, percent-decoded; of it no octet is NUL */
    const char *host;   /* that it is sent to; "" for none, which only HTTP/1.0 may */
    size_t parameter_count;
    struct query_parameter
        parameter[QUERY_PARAMETERS_MAX]; /* decoded; those over that are left out */
};

/* Begins anew. Octets of the body go to `take_body`; where it has no room for them it says false. */
void message_init(struct message *message,
                  bool (*take_body)(void *context, const char *octets, size_t count),
                  void *context);

/*
 * Reads octets, of which those of a head follow each other in memory and are written to. Returns how
 * many were taken: all of them, but where the state changes to headed, whole or wrong.
 */
size_t message_feed(struct message *message, char *octets, size_t count);

/* It ends here, before its end: it is wrong. */
void message_cut(struct message *message);

/* Whether anything has come of it. */
bool message_is_begun(const struct message *message);

/* The first header of this name, or "". */
const char *message_header(const struct message *message, const char *name);

/* From MESSAGE_HEADED on: octets of the body, or MESSAGE_IN_CHUNKS. */
uint64_t message_body_octets(const struct message *message);

/* Whether nothing of it is still to come. */
bool message_is_over(const struct message *message);

/* Whether the client waits for "100 Continue" before it sends the body (RFC 9110, 10.1.1). */
bool message_awaits_continue(const struct message *message);

/* Whether another one may follow on its connection (RFC 9112, 9.3), and are chunks understood. */
bool message_keeps_alive(const struct message *message);
bool message_takes_chunks(const struct message *message);

#endif
