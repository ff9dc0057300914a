/*
 * Questions about one connection of anybody's.
 */
#ifndef HOPTELL_SERVE_LOOKUP_H
#define HOPTELL_SERVE_LOOKUP_H

#include "serve/request.h"

/*
 * The verdict for ?address= and &port=, or for the newest connection from the address where there
 * is no port; with &wait= it waits for one that is on its way. A NAT may lend one port to two
 * clients at once as long as they go to different ports: &server_port= tells them apart.
 */
int lookup_verdict(struct request *request);

/*
 * For auth_request and its like: always 204, so that a connection nobody has seen is let through
 * as unknown. The client is named by the query or by the headers that nginx writes.
 */
int lookup_headers(struct request *request);

#endif
