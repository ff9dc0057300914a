/*
 * The tales that run, for operators.
 */
#ifndef HOPTELL_SERVE_TALES_H
#define HOPTELL_SERVE_TALES_H

#include "serve/request.h"

/* GET /v1/tales */
int tales_list(struct request *request);

#endif
