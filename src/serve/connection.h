/*
 * One connection to a listener: octets come in, requests are read of them one by one, and answers go
 * out, all on libuv's loop.
 *
 *      reading -> answering -> writing -> reading ...
 *                                 |  ^
 *                                 v  |              writing -> draining -> closed
 *                                silent: a stream that has nothing to say
 *
 * Whatever ends a connection, connection_close is the one door.
 */
#ifndef HOPTELL_SERVE_CONNECTION_H
#define HOPTELL_SERVE_CONNECTION_H

#include "serve/message.h"
#include "serve/reply.h"

#include <uv.h>

struct connection;

/*
 * Who answers. Each may call connection_reply; a negative result closes the connection without an
 * answer. A body is taken by `take_body` between `headed` and `whole`.
 */
struct connection_owner {
    int (*headed)(struct connection *connection); /* all of a request but its body is here */
    bool (*take_body)(void *connection, const char *octets, size_t count);
    int (*whole)(struct connection *connection);
    /* No request, or none any more: connection_reply closes the connection behind it. */
    int (*wrong)(struct connection *connection, unsigned status, const char *detail);
    void (*done)(struct connection *connection);   /* the request is over, answered or not */
    void (*closed)(struct connection *connection); /* it is gone; its memory goes soon */
    void (*freed)(void *context);                  /* it has left the loop */
};

enum connection_state {
    CONNECTION_READING,
    CONNECTION_ANSWERING, /* somebody will call connection_reply */
    CONNECTION_WRITING,
    CONNECTION_SILENT,
    CONNECTION_DRAINING, /* answered; what still comes is thrown away, so that the answer arrives */
    CONNECTION_CLOSED,
};

enum {
    CONNECTION_IDLE_MS = 15000, /* without an octet, either way */
    CONNECTION_DRAIN_MS = 2000,
    CONNECTION_DRAIN_MAX = 8 * 1024 * 1024, /* octets that are thrown away */
    CONNECTION_BUFFER = MESSAGE_HEAD_MAX + 4096,
};

struct connection {
    uv_poll_t poll;
    int fd;
    unsigned slot; /* the owner's */
    int polled;    /* what the loop watches for */
    const struct connection_owner *owner;
    void *context; /* the owner's */
    void *visitor; /* the owner's, of this connection */
    void *request; /* the owner's, of the request at hand */
    uint64_t active_ms;
    enum connection_state state;
    struct message message;
    size_t received; /* octets in `octets` */
    size_t read;     /* of these */
    size_t drained;
    bool closes; /* behind the answer */
    bool in_chunks;
    bool is_last; /* of a stream: its end is in `out` */
    struct reply reply;
    struct buffer out; /* what is next: a head, or a piece of a stream */
    size_t sent;       /* of `out`, and then of the text */
    char octets[CONNECTION_BUFFER];
};

/* Takes over `fd`, which does not block. NULL without memory, and then the descriptor stays. */
struct connection *connection_open(uv_loop_t *loop, int fd, const struct connection_owner *owner,
                                   void *context);

/* Answers the request at hand; *reply is emptied. Goes out at once, or with connection_go. */
void connection_reply(struct connection *connection, struct reply *reply);

/* Goes on, as far as nothing has to be waited for; after a reply from outside the owner's calls. */
void connection_go(struct connection *connection);

void connection_wake(struct connection *connection); /* its stream has something to say again */

/* "100 Continue", where the client waits for it. */
void connection_continue(struct connection *connection);

/* Takes too long: it is told so where it has begun a request (408), and closed. */
void connection_expire(struct connection *connection);

/* The same where nothing has happened for too long. */
void connection_look(struct connection *connection, uint64_t now_ms);

/* Ends it at once. Its memory stays until the loop has let it go. */
void connection_close(struct connection *connection);

#endif
