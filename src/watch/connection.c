/*
 * A judgement made small, and large again.
 */
#include "watch/connection.h"

#include <math.h>

void connection_key(const struct address *client, uint16_t port, struct connection_key *out)
{
    out->client = *client;
    store_u16(out->port, port);
}

/* The nearest whole number of what is not below zero; faster than lround, a call for each. */
static uint16_t rounded(double value)
{
    return (uint16_t)(value + 0.5);
}

static struct connection_evidence evidence_keep(const struct evidence *evidence)
{
    struct connection_evidence kept = {
        .signal = evidence->signal,
        .weight = (int8_t)lround((double)evidence->weight * 10),
    };

    __builtin_memcpy(kept.detail, evidence->detail, sizeof kept.detail);
    return kept;
}

static struct evidence evidence_recall(const struct connection_evidence *kept)
{
    struct evidence evidence = {.signal = kept->signal, .weight = (float)kept->weight / 10};

    __builtin_memcpy(evidence.detail, kept->detail, sizeof kept->detail);
    return evidence;
}

static void network_keep(struct connection *connection, const struct network_view *network)
{
    connection->network_length = network->known ? network->prefix.length : CONNECTION_NO_NETWORK;
    connection->network_hop_limit = network->hop_limit;
    connection->network_share = rounded(network->share * UINT16_MAX);
    connection->network_seen =
        network->seen < UINT32_MAX ? (uint32_t)network->seen : (uint32_t)UINT32_MAX;
}

void connection_keep(struct connection *connection, const struct judgement *judgement)
{
    const struct observation *o = &judgement->observation;

    store_u16(connection->server_port, o->server_port);
    connection->server = o->server;
    connection->sequence = o->sequence;
    connection->time_ns = o->time_ns;
    connection->hop_limit = o->hop_limit;
    connection->probability = rounded(judgement->probability * UINT16_MAX);
    connection->verdict = (uint8_t)judgement->verdict & 3u;
    connection->family = (uint8_t)judgement->stack.family & 7u;
    connection->rewritten = judgement->rewritten;
    for (unsigned i = 0; i < STACK_FAMILY_COUNT - 1; i++)
        connection->stack[i] = (uint8_t)rounded(judgement->stack.probability[i] * UINT8_MAX);
    network_keep(connection, &judgement->network);
    connection->evidence_count = judgement->evidence_count;
    for (unsigned i = 0; i < judgement->evidence_count; i++)
        connection->evidence[i] = evidence_keep(&judgement->evidence[i]);
}

static void network_recall(const struct connection *connection, struct network_view *out)
{
    if (connection->network_length == CONNECTION_NO_NETWORK)
        return;
    out->known = true;
    out->prefix = prefix_of(&connection->key.client, connection->network_length);
    out->hop_limit = connection->network_hop_limit;
    out->share = (double)connection->network_share / UINT16_MAX;
    out->seen = connection->network_seen;
}

static void stack_recall(const struct connection *connection, struct stack *out)
{
    double left = 1;

    out->family = (enum stack_family)connection->family;
    for (unsigned i = 0; i < STACK_FAMILY_COUNT - 1; i++) {
        out->probability[i] = (double)connection->stack[i] / UINT8_MAX;
        left -= out->probability[i];
    }
    out->probability[STACK_FAMILY_COUNT - 1] = left > 0 ? left : 0;
}

void connection_recall(const struct connection *connection, struct judgement *out)
{
    struct observation *o = &out->observation;

    *out = (struct judgement){0};
    o->time_ns = connection->time_ns;
    o->client = connection->key.client;
    o->client_port = load_u16(connection->key.port);
    o->server = connection->server;
    o->server_port = load_u16(connection->server_port);
    o->version = address_is_v4(&o->client) ? 4 : 6;
    o->hop_limit = connection->hop_limit;
    o->sequence = connection->sequence;
    o->tcp_bits = TCP_SYN;
    out->initial = observation_initial(o->hop_limit);
    out->hops = (uint8_t)(out->initial - o->hop_limit);
    out->probability = (double)connection->probability / UINT16_MAX;
    out->verdict = (enum verdict)connection->verdict;
    out->rewritten = connection->rewritten;
    stack_recall(connection, &out->stack);
    network_recall(connection, &out->network);
    out->evidence_count = connection->evidence_count;
    for (unsigned i = 0; i < connection->evidence_count; i++)
        out->evidence[i] = evidence_recall(&connection->evidence[i]);
}

bool connection_is_repeated(const struct connection *connection,
                            const struct observation *observation)
{
    return connection->sequence == observation->sequence &&
           connection->hop_limit == observation->hop_limit &&
           load_u16(connection->server_port) == observation->server_port &&
           address_equal(&connection->server, &observation->server);
}
