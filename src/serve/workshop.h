/*
 * Tales while they are written: what the program says of a text, at once.
 */
#ifndef HOPTELL_SERVE_WORKSHOP_H
#define HOPTELL_SERVE_WORKSHOP_H

#include "serve/request.h"

enum { WORKSHOP_TEXT_MAX = 64 * 1024 };

/*
 * POST /v1/tales/check: the body is a tale, YAML or plain text. The answer has the report of `tale
 * check`, what `tale show` prints for each family, and the zones of `tale zone`. Nothing is kept.
 */
int workshop_check(struct request *request);

#endif
