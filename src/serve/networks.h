/*
 * What is known of networks, for operators.
 */
#ifndef HOPTELL_SERVE_NETWORKS_H
#define HOPTELL_SERVE_NETWORKS_H

#include "serve/request.h"

/*
 * GET /v1/networks: the networks that hold ?address=, finest first; or else those within ?prefix=,
 * or all, the most seen first and at most ?limit=; with ?after=, those behind that prefix, in order.
 */
int networks_list(struct request *request);

#endif
