/*
 * What is known of the connection that a visitor came by: from its own opening packet, which the
 * socket kept, or else from what watch has seen on the wire.
 */
#ifndef HOPTELL_SERVE_VISITOR_H
#define HOPTELL_SERVE_VISITOR_H

#include "serve/serve.h"

#include <sys/socket.h>

struct visitor {
    struct address address;
    uint16_t port;
    unsigned place; /* in the server's crowd */
    bool judged;    /* or else `judgement` means nothing */
    struct judgement judgement;
};

/*
 * Fills *out for a connection that was just accepted: `peer` is its other end (AF_INET or
 * AF_INET6), `connection` its descriptor, whose saved opening packet is given to `sources`.
 */
void visitor_arrive(int connection, const struct sockaddr *peer,
                    const struct serve_sources *sources, struct visitor *out);

/* Looks again where nothing was known at arrival: capture may have come later. */
void visitor_refresh(struct visitor *visitor, const struct serve_sources *sources);

#endif
