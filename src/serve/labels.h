/*
 * What operators know to be true.
 */
#ifndef HOPTELL_SERVE_LABELS_H
#define HOPTELL_SERVE_LABELS_H

#include "serve/request.h"

/* POST /v1/labels: {"address": , "port": , "label": }, the port may be left out; 204. */
int labels_add(struct request *request);

#endif
