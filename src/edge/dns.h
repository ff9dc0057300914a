/*
 * The sockets of the small DNS server: UDP and TCP (RFC 7766) on libuv's loop.
 */
#ifndef HOPTELL_EDGE_DNS_H
#define HOPTELL_EDGE_DNS_H

#include "wire/address.h"

#include <uv.h>

struct dns_server;

/* Answers the query of `length` octets into `out`; returns the answer's length, 0 for none. */
typedef size_t dns_handler(void *context, const uint8_t *query, size_t length, bool stream,
                           const struct address *client, uint8_t *out, size_t capacity);

struct dns_counts {
    uint64_t queries;
    uint64_t answers;
    uint64_t refused_connections; /* TCP, over the limit */
};

/*
 * Listens on `address` and `port`, both UDP and TCP. 0, or a negative errno with a sentence in
 * `error`. TCP connections are limited in number and in time.
 */
int dns_open(uv_loop_t *loop, const struct address *address, uint16_t port, dns_handler *handler,
             void *context, struct dns_server **out, char *error, size_t error_size);
void dns_close(struct dns_server *server); /* frees once the loop has run its closing callbacks */
struct dns_counts dns_counts(const struct dns_server *server);

#endif
