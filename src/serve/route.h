/*
 * The routes: one table says what exists, for whom, and what answers.
 */
#ifndef HOPTELL_SERVE_ROUTE_H
#define HOPTELL_SERVE_ROUTE_H

#include "serve/request.h"

/* Whether the body of such a request is to be received before it is answered. */
bool route_wants_body(const struct request *request, const char *method, const char *path);

/*
 * Answers the request, or suspends its connection until its `wait` has ended and is called again.
 * HEAD counts as GET. What the table does not hold gets 404 or 405 as a problem.
 */
enum MHD_Result route_answer(struct request *request, const char *method, const char *path);

#endif
