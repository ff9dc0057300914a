/*
 * The query of a lookup, "address=203.0.113.7&port=40001&wait=500", read strictly.
 */
#ifndef HOPTELL_SERVE_QUERY_H
#define HOPTELL_SERVE_QUERY_H

#include "wire/address.h"

#include <stddef.h>

enum { QUERY_PARAMETERS_MAX = 8, QUERY_WAIT_MAX_MS = 10000, QUERY_ERROR_MAX = 256 };

/* As the HTTP library hands it on: percent-decoded, NUL-terminated, and its true length. */
struct query_parameter {
    const char *name;
    const char *value; /* NULL for "name" without "=" */
    size_t name_length;
    size_t value_length;
};

struct query {
    struct address address;
    uint16_t port;
    uint32_t wait_ms; /* 0: do not wait */
};

/*
 * 0 and *out, or -EINVAL with what was expected and what was found in `error`. Every parameter may
 * come once; address and port have to; others are refused.
 */
int query_parse(const struct query_parameter *parameters, size_t count, struct query *out,
                char error[QUERY_ERROR_MAX]);

#endif
