/*
 * A judgement made small, and large again.
 */
#include "watch/connection.h"

#include "watch/signal.h"

#include "base/rounded.h"

#include <string.h>

enum {
    HEAD = 4, /* octets of an address in struct connection, and in its side */
    REST = 12,
    THOUSAND = 1000,
    TEN_THOUSAND = 10000,
    SIGNAL_END = 1 << CONNECTION_SIGNAL_BITS,
};

_Static_assert((int)SIGNAL_COUNT <= (int)SIGNAL_END && EVIDENCE_MAX * CONNECTION_SIGNAL_BITS <= 32,
               "the signals of all evidence fit in a word");

static void address_keep(const struct address *address, bool is_v6, uint8_t *head, uint8_t *rest)
{
    memcpy(head, address->octets + (is_v6 ? 0 : REST), HEAD);
    if (is_v6)
        memcpy(rest, address->octets + HEAD, REST);
}

static struct address address_recall(bool is_v6, const uint8_t *head, const uint8_t *rest)
{
    struct address address;

    if (!is_v6)
        return address_v4(head);
    memcpy(address.octets, head, HEAD);
    memcpy(address.octets + HEAD, rest, REST);
    return address;
}

static struct address client_of(const struct connection *connection,
                                const struct connection_side *side)
{
    return address_recall(connection->is_v6, connection->client, side->client);
}

static struct address server_of(const struct connection *connection,
                                const struct connection_side *side)
{
    return address_recall(connection->is_v6, connection->server, side->server);
}

void connection_key(const struct connection *connection, const struct connection_side *side,
                    struct connection_key *out)
{
    out->client = client_of(connection, side);
    out->port = connection->client_port;
}

bool connection_is_of(const struct connection *connection, const struct connection_side *side,
                      const struct connection_key *key)
{
    const struct address client = client_of(connection, side);

    return connection->client_port == key->port && address_equal(&client, &key->client);
}

/* A bit-field counts in its own bits, as GCC reads the standard. */
uint64_t connection_time_ns(const struct connection *connection)
{
    return (uint64_t)connection->time_us * 1000;
}

static void evidence_keep(struct connection *connection, const struct judgement *judgement)
{
    uint32_t signals = 0;

    for (unsigned i = 0; i < judgement->evidence_count; i++) {
        const struct evidence *evidence = &judgement->evidence[i];

        signals |= (uint32_t)evidence->signal << i * CONNECTION_SIGNAL_BITS;
        connection->weight[i] = (int8_t)rounded((double)evidence->weight * 10);
        memcpy(connection->detail[i], evidence->detail, EVIDENCE_DETAILS);
    }
    connection->signals = signals;
}

static void evidence_recall(const struct connection *connection, struct judgement *out)
{
    out->evidence_count = connection->evidence_count;
    for (unsigned i = 0; i < connection->evidence_count; i++) {
        struct evidence *evidence = &out->evidence[i];

        evidence->signal =
            (uint8_t)((connection->signals >> i * CONNECTION_SIGNAL_BITS) % SIGNAL_END);
        evidence->weight = (float)connection->weight[i] / 10;
        memcpy(evidence->detail, connection->detail[i], EVIDENCE_DETAILS);
    }
}

static void network_recall(const struct connection *connection, const struct address *client,
                           struct network_view *out)
{
    if (connection->network_length == CONNECTION_NO_NETWORK)
        return;
    out->known = true;
    out->prefix = prefix_of(client, connection->network_length);
    out->hop_limit = connection->network_hop_limit;
    out->share = (double)connection->network_share / THOUSAND;
    out->seen = connection->network_seen;
}

/* Which the other families were is not kept: they share what is left. */
static void stack_recall(const struct connection *connection, struct stack *out)
{
    const double probability = (double)connection->stack_probability / THOUSAND;

    out->family = (enum stack_family)connection->family;
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        out->probability[i] = (1 - probability) / (STACK_FAMILY_COUNT - 1);
    out->probability[out->family % STACK_FAMILY_COUNT] = probability;
}

static unsigned thousandths(double share)
{
    return (unsigned)rounded(share * THOUSAND);
}

/* Found out first and then set one after another, the bit-fields of a word are stored together. */
static void bits_keep(struct connection *connection, const struct judgement *judgement)
{
    const struct network_view *network = &judgement->network;
    const uint64_t time_us = judgement->observation.time_ns / 1000;
    const unsigned verdict = judgement->verdict;
    const unsigned family = judgement->stack.family;
    const bool rewritten = judgement->rewritten;
    const unsigned evidence_count = judgement->evidence_count;
    const bool is_v6 = !address_is_v4(&judgement->observation.client);
    const unsigned share = thousandths(network->share);
    const unsigned probability = thousandths(stack_probability(&judgement->stack));
    const uint8_t length = network->known ? network->prefix.length : CONNECTION_NO_NETWORK;

    connection->time_us = time_us & ((1ull << 52) - 1);
    connection->verdict = verdict & 3u;
    connection->family = family & 7u;
    connection->rewritten = rewritten;
    connection->evidence_count = evidence_count & 7u;
    connection->is_v6 = is_v6;
    connection->network_share = share & 1023u;
    connection->stack_probability = probability & 1023u;
    connection->network_length = length;
}

void connection_keep(const struct judgement *judgement, struct connection *connection,
                     struct connection_side *side)
{
    const struct observation *o = &judgement->observation;
    const uint64_t seen = judgement->network.seen;

    bits_keep(connection, judgement);
    address_keep(&o->client, connection->is_v6, connection->client, side->client);
    address_keep(&o->server, connection->is_v6, connection->server, side->server);
    connection->client_port = o->client_port;
    connection->server_port = o->server_port;
    connection->sequence = o->sequence;
    connection->hop_limit = o->hop_limit;
    connection->probability = (uint16_t)rounded(judgement->probability * TEN_THOUSAND);
    connection->network_hop_limit = judgement->network.hop_limit;
    connection->network_seen = seen < UINT32_MAX ? (uint32_t)seen : (uint32_t)UINT32_MAX;
    evidence_keep(connection, judgement);
}

void connection_recall(const struct connection *connection, const struct connection_side *side,
                       struct judgement *out)
{
    struct observation *o = &out->observation;

    *out = (struct judgement){0};
    o->time_ns = connection_time_ns(connection);
    o->client = client_of(connection, side);
    o->client_port = connection->client_port;
    o->server = server_of(connection, side);
    o->server_port = connection->server_port;
    o->version = connection->is_v6 ? 6 : 4;
    o->hop_limit = connection->hop_limit;
    o->sequence = connection->sequence;
    o->tcp_bits = TCP_SYN;
    out->initial = observation_initial(o->hop_limit);
    out->hops = (uint8_t)(out->initial - o->hop_limit);
    out->probability = (double)connection->probability / TEN_THOUSAND;
    out->verdict = (enum verdict)connection->verdict;
    out->rewritten = connection->rewritten;
    stack_recall(connection, &out->stack);
    network_recall(connection, &o->client, &out->network);
    evidence_recall(connection, out);
}

bool connection_is_repeated(const struct connection *connection, const struct connection_side *side,
                            const struct observation *observation)
{
    const struct address server = server_of(connection, side);

    return connection->sequence == observation->sequence &&
           connection->hop_limit == observation->hop_limit &&
           connection->server_port == observation->server_port &&
           address_equal(&server, &observation->server);
}
