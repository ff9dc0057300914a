/*
 * One HTTP request while it is answered: what the routes see of the server.
 */
#ifndef HOPTELL_SERVE_REQUEST_H
#define HOPTELL_SERVE_REQUEST_H

#include "serve/buffer.h"
#include "serve/connection.h"
#include "serve/events.h"
#include "serve/query.h"
#include "serve/serve.h"
#include "serve/status.h"
#include "serve/visitor.h"
#include "serve/waiting.h"

struct request {
    struct connection *connection;
    const struct serve_sources *sources;
    struct waiting *waiting;
    struct events *events;
    struct serve_counts *counts;
    enum serve_audience audience;
    const char *rest;        /* of the path, behind what the route has of it */
    struct visitor *visitor; /* of the connection; NULL for operators */
    uint64_t now_ms;         /* the loop's time at this call */
    size_t body_octets;      /* received */
    size_t body_max;         /* octets that it takes; 0: what comes is thrown away */
    struct buffer body;
    struct wait wait;
};

/* A header of the request, or "" when it is not there. Valid while the request is. */
const char *request_header(const struct request *request, const char *name);

#endif
