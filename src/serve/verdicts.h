/*
 * The newest verdicts, and how many of which over time, for operators.
 */
#ifndef HOPTELL_SERVE_VERDICTS_H
#define HOPTELL_SERVE_VERDICTS_H

#include "serve/request.h"

/* GET /v1/verdicts: newest first, at most ?limit=. */
int verdicts_list(struct request *request);

/* GET /v1/shares: how many of each verdict over the last hour, and the last day. */
int verdicts_shares(struct request *request);

#endif
