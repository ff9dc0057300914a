/*
 * The query of a request, "address=203.0.113.7&port=40001&wait=500", read strictly.
 */
#ifndef HOPTELL_SERVE_QUERY_H
#define HOPTELL_SERVE_QUERY_H

#include "wire/address.h"

#include <stddef.h>

enum { QUERY_PARAMETERS_MAX = 8, QUERY_WAIT_MAX_MS = 10000, QUERY_ERROR_MAX = 256 };
enum { QUERY_LIMIT_DEFAULT = 100, QUERY_LIMIT_MAX = 1000 };

/* Percent-decoded, NUL-terminated, and its true length. */
struct query_parameter {
    const char *name;
    const char *value; /* NULL for "name" without "=" */
    size_t name_length;
    size_t value_length;
};

/* What a query may hold. */
enum {
    QUERY_ADDRESS = 1u << 0,
    QUERY_CLIENT = 1u << 1, /* "address" as well, but a tunnel may be named */
    QUERY_PORT = 1u << 2,
    QUERY_WAIT = 1u << 3,
    QUERY_PREFIX = 1u << 4,
    QUERY_LIMIT = 1u << 5,
    QUERY_AFTER = 1u << 6,
    QUERY_SERVER_PORT = 1u << 7,
    QUERY_TIME = 1u << 8,
};

struct query {
    unsigned given; /* QUERY_...; of the rest only what is given means anything but its default */
    struct address address; /* of a tunnel as subscriber_named gives it */
    uint16_t port;
    uint16_t server_port;
    uint32_t wait_ms; /* 0: do not wait */
    uint64_t time_ns; /* since 1970-01-01 UTC */
    struct prefix prefix;
    struct prefix after;
    uint32_t limit; /* of entries in the answer; QUERY_LIMIT_DEFAULT */
};

/*
 * 0 and *out, or -EINVAL with what was expected and what was found in `error`. Every parameter of
 * `accepted` may come once, those of `required` have to; others are refused.
 */
int query_parse(const struct query_parameter *parameters, size_t count, unsigned accepted,
                unsigned required, struct query *out, char error[QUERY_ERROR_MAX]);

#endif
