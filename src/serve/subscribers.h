/*
 * What is known of subscribers, for operators.
 */
#ifndef HOPTELL_SERVE_SUBSCRIBERS_H
#define HOPTELL_SERVE_SUBSCRIBERS_H

#include "serve/request.h"

/* GET /v1/subscribers: those seen last, newest first, at most ?limit=. */
int subscribers_list(struct request *request);

/*
 * GET /v1/subscribers/ADDRESS: the baseline of the subscriber that has the address, and what it did
 * last, newest first and at most ?limit= connections.
 */
int subscribers_show(struct request *request);

/* DELETE /v1/subscribers/ADDRESS: forgets it, here and in the store; 204 whether it was known or not. */
int subscribers_forget(struct request *request);

#endif
