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
    uint64_t limited;             /* UDP, over the limit for one client */
    uint64_t refused_connections; /* TCP, over the limit for one client, or to make room */
};

/*
 * Listens on `address` and `port`, both UDP and TCP; `::` hears IPv4 as well. An answer leaves from
 * the address that the query came to. 0, or a negative errno with a sentence in `error`.
 *
 * What strangers can make it do is bounded: a client (IPv4 /32, IPv6 /64) gets 100 answers a second
 * over UDP, with a burst of 200, and then every other query an answer that is truncated, so that
 * false sources are not flooded and real ones come by TCP; there are at most 64 TCP connections, 8 of
 * one client, each closed after 10 seconds without a whole query, and when all are in use the one
 * without an answer for longest makes room for a new one; and a query has at most 4096 octets. This
 * machine's own clients have no limit of their own.
 */
int dns_open(uv_loop_t *loop, const struct address *address, uint16_t port, dns_handler *handler,
             void *context, struct dns_server **out, char *error, size_t error_size);
void dns_close(struct dns_server *server); /* frees once the loop has run its closing callbacks */
struct dns_counts dns_counts(const struct dns_server *server);

#endif
