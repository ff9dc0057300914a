/*
 * What is kept of a connection for watch_lookup: small, since there are a million of them. Of the
 * observation only what design 4.1 shows.
 */
#ifndef HOPTELL_WATCH_CONNECTION_H
#define HOPTELL_WATCH_CONNECTION_H

#include "watch/judgement.h"

enum { CONNECTION_NO_NETWORK = 255 };

struct connection_key {
    struct address client;
    uint8_t port[2]; /* network byte order */
};

struct connection_evidence {
    uint8_t signal;
    int8_t weight; /* tenths */
    uint8_t detail[EVIDENCE_DETAILS];
};

struct connection {
    struct connection_key key;
    uint8_t server_port[2]; /* network byte order */
    struct address server;
    uint32_t sequence;
    uint64_t time_ns;
    uint32_t network_seen;
    uint16_t network_share; /* of 65535 */
    uint16_t probability;   /* of 65535 */
    uint8_t network_length; /* of the prefix; CONNECTION_NO_NETWORK: nothing was known */
    uint8_t network_hop_limit;
    uint8_t hop_limit;
    uint8_t verdict : 2;
    uint8_t family : 3;
    uint8_t rewritten : 1;
    uint8_t stack[STACK_FAMILY_COUNT - 1]; /* of 255; the last family has what is left */
    uint8_t evidence_count;
    struct connection_evidence evidence[EVIDENCE_MAX];
};

void connection_key(const struct address *client, uint16_t port, struct connection_key *out);

/* All but the key. */
void connection_keep(struct connection *connection, const struct judgement *judgement);
void connection_recall(const struct connection *connection, struct judgement *out);

/* True when the observation is the packet that made the connection, once more. */
bool connection_is_repeated(const struct connection *connection,
                            const struct observation *observation);

#endif
