/*
 * The routes: one table says what exists, for whom, and what answers.
 */
#ifndef HOPTELL_SERVE_ROUTE_H
#define HOPTELL_SERVE_ROUTE_H

#include "serve/request.h"

/* What is to be known of such a request before its body comes. */
struct route_terms {
    size_t body_max; /* octets of a body that it is answered with; 0: it has none */
    bool is_open;    /* to those without a token */
    bool any_host;   /* servers ask in the name that they were asked in */
};

struct route_terms route_terms(const struct request *request, const char *method, const char *path);

/*
 * Answers the request, or suspends its connection until its `wait` has ended and is called again.
 * HEAD counts as GET. What the table does not hold gets 404 or 405 as a problem.
 */
int route_answer(struct request *request, const char *method, const char *path);

#endif
