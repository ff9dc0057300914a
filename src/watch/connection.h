/*
 * What is kept of a connection for watch_lookup: small, since there are a million of them. Of the
 * observation only what design 4.1 shows, in as many digits as are shown.
 *
 *     struct connection          one cache line, all there is of a connection over IPv4
 *     struct connection_side     the rest of both addresses, for one over IPv6
 */
#ifndef HOPTELL_WATCH_CONNECTION_H
#define HOPTELL_WATCH_CONNECTION_H

#include "watch/judgement.h"

enum {
    CONNECTION_NO_NETWORK = 255, /* as length of the network's prefix: nothing was known of it */
    CONNECTION_SIGNAL_BITS = 5,
};

struct connection_key {
    struct address client;
    uint16_t port;
};

struct connection {
    uint64_t time_us : 52; /* since 1970, until 2112 */
    uint64_t verdict : 2;
    uint64_t family : 3;
    uint64_t rewritten : 1;
    uint64_t evidence_count : 3;
    uint64_t is_v6 : 1;
    uint32_t sequence;
    uint32_t network_seen;           /* as far as it goes */
    uint32_t network_share : 10;     /* thousandths */
    uint32_t stack_probability : 10; /* thousandths, of the family or else of the likeliest */
    uint32_t network_length : 8;     /* of the prefix */
    uint32_t signals;                /* CONNECTION_SIGNAL_BITS of each evidence, the first lowest */
    uint16_t probability;            /* ten-thousandths */
    uint16_t client_port;
    uint16_t server_port;
    uint8_t client[4]; /* IPv4, or the first octets of IPv6 */
    uint8_t server[4];
    uint8_t hop_limit;
    uint8_t network_hop_limit;
    int8_t weight[EVIDENCE_MAX]; /* tenths */
    uint8_t detail[EVIDENCE_MAX][EVIDENCE_DETAILS];
};

struct connection_side {
    uint8_t client[12]; /* the octets after the first four */
    uint8_t server[12];
};

/* Of a connection over IPv4 no function looks at what `side` points to. */

void connection_key(const struct connection *connection, const struct connection_side *side,
                    struct connection_key *out);

bool connection_is_of(const struct connection *connection, const struct connection_side *side,
                      const struct connection_key *key);

/* Sets all of *connection, and for IPv6 all of *side. */
void connection_keep(const struct judgement *judgement, struct connection *connection,
                     struct connection_side *side);
void connection_recall(const struct connection *connection, const struct connection_side *side,
                       struct judgement *out);

/* When it opened, in whole microseconds, since 1970-01-01 UTC. */
uint64_t connection_time_ns(const struct connection *connection);

/* True when the observation, of the same client, is the packet that made the connection, once more. */
bool connection_is_repeated(const struct connection *connection, const struct connection_side *side,
                            const struct observation *observation);

#endif
