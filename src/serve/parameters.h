/*
 * The parameters of a request's query, percent-decoded.
 */
#ifndef HOPTELL_SERVE_PARAMETERS_H
#define HOPTELL_SERVE_PARAMETERS_H

#include "serve/request.h"

struct parameters {
    struct query_parameter parameter[QUERY_PARAMETERS_MAX];
    size_t count;
};

/* What they point to is valid while the request is; what is over QUERY_PARAMETERS_MAX is left out. */
struct parameters parameters_of(const struct request *request);

/* One more, whose texts stay the caller's. */
void parameters_add(struct parameters *parameters, const char *name, const char *value);

/*
 * The whole query, in which those of `accepted` (QUERY_...) may come. False when it is wrong, which
 * has been answered with *out_result.
 */
bool parameters_query(struct request *request, unsigned accepted, struct query *out,
                      int *out_result);

#endif
