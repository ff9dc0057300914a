/*
 * Naming; see naming.h.
 */
#include "cli/naming.h"

#include "base/units.h"
#include "names/dns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct naming {
    struct names *names;
    size_t server_count;
    struct dns_server *server[];
};

/* The serial of every SOA grows with time, so that secondaries notice (RFC 1912, 2.2). */
static int naming_names(const struct tales *tales, const struct settings *settings,
                        struct names **out)
{
    const struct names_settings names = {
        .server = settings->names_server[0] != '\0' ? settings->names_server : NULL,
        .ttl = (uint32_t)(settings->names_ttl_us / 1000000),
        .serial = (uint32_t)time(NULL),
    };

    return names_new(tales, &names, out);
}

static size_t naming_answer(void *context, const uint8_t *query, size_t length, bool stream,
                            const struct address *client, uint8_t *out, size_t capacity)
{
    struct naming *n = context;

    (void)client;
    return dns_answer(n->names, query, length, stream, out, capacity);
}

static int naming_listen(struct naming *n, uv_loop_t *loop, const char *where, char *error,
                         size_t error_size)
{
    struct address address;
    uint16_t port;
    int code;

    if (!units_parse_endpoint(where, &address, &port)) {
        snprintf(error, error_size, "expected ADDRESS:PORT, found '%s'", where);
        return -EINVAL;
    }
    code = dns_open(loop, &address, port, naming_answer, n, &n->server[n->server_count], error,
                    error_size);
    if (code == 0)
        n->server_count++;
    return code;
}

int naming_open(uv_loop_t *loop, const struct tales *tales, const struct settings *settings,
                struct naming **out, char *error, size_t error_size)
{
    const struct text_list *listen = &settings->names_listen;
    struct naming *n = calloc(1, sizeof *n + listen->count * sizeof(struct dns_server *));
    int code = n == NULL ? -ENOMEM : naming_names(tales, settings, &n->names);

    if (code != 0) {
        snprintf(error, error_size, "cannot make the names of the tales: %s", strerror(-code));
        free(n);
        return code;
    }
    *out = n;
    for (size_t i = 0; code == 0 && i < listen->count; i++)
        code = naming_listen(n, loop, listen->item[i], error, error_size);
    return code;
}

int naming_replace(struct naming *n, const struct tales *tales, const struct settings *settings)
{
    struct names *names;
    const int code = naming_names(tales, settings, &names);

    if (code != 0)
        return code;
    names_free(n->names);
    n->names = names;
    return 0;
}

struct dns_counts naming_counts(const struct naming *n)
{
    struct dns_counts all = {0};

    for (size_t i = 0; i < n->server_count; i++) {
        const struct dns_counts one = dns_counts(n->server[i]);

        all.queries += one.queries;
        all.answers += one.answers;
        all.limited += one.limited;
        all.refused_connections += one.refused_connections;
    }
    return all;
}

void naming_close(struct naming *n)
{
    if (n == NULL)
        return;
    for (size_t i = 0; i < n->server_count; i++)
        dns_close(n->server[i]);
    names_free(n->names);
    free(n);
}
