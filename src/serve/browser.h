/*
 * What a request says of who made it, beside the packet that opened its connection.
 */
#ifndef HOPTELL_SERVE_BROWSER_H
#define HOPTELL_SERVE_BROWSER_H

#include "serve/request.h"
#include "watch/judgement.h"

/* The family that a User-Agent names (RFC 9110, 10.1.5); STACK_UNKNOWN for none, and for NULL. */
enum stack_family browser_family(const char *user_agent);

/* Adds what the request says to a judgement of its connection. */
void browser_hear(const struct request *request, struct judgement *judgement);

#endif
