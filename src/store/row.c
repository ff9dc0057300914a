/*
 * One row; see row.h. Each kind is a line of `kinds`.
 */
#include "store/row.h"

#include "watch/signal.h"
#include "wire/cursor.h"

#include <errno.h>
#include <math.h>
#include <string.h>

_Static_assert(STACK_FAMILY_COUNT == 6, "the format has six: a new family is a new version");

/* Octets being written; the caller has room for ROW_OCTETS_MAX. */
struct writer {
    uint8_t *at;
};

static void put_u8(struct writer *w, unsigned value)
{
    *w->at++ = (uint8_t)value;
}

static void put_u16(struct writer *w, uint16_t value)
{
    store_u16(w->at, value);
    w->at += 2;
}

static void put_u32(struct writer *w, uint32_t value)
{
    store_u32(w->at, value);
    w->at += 4;
}

static void put_u64(struct writer *w, uint64_t value)
{
    put_u32(w, (uint32_t)(value >> 32));
    put_u32(w, (uint32_t)value);
}

static void put_octets(struct writer *w, const void *octets, size_t length)
{
    memcpy(w->at, octets, length);
    w->at += length;
}

static void put_real(struct writer *w, double real)
{
    uint64_t bits;

    memcpy(&bits, &real, sizeof bits);
    put_u64(w, bits);
}

static void put_prefix(struct writer *w, const struct prefix *prefix)
{
    put_octets(w, prefix->address.octets, 16);
    put_u8(w, prefix->length);
}

static uint64_t take_u64(struct cursor *c)
{
    const uint64_t high = cursor_u32(c);

    return high << 32 | cursor_u32(c);
}

static double take_real(struct cursor *c)
{
    const uint64_t bits = take_u64(c);
    double real;

    memcpy(&real, &bits, sizeof real);
    return real;
}

/* Made to be one where rounding has left the range; what is no number fails. */
static double take_share(struct cursor *c)
{
    const double share = take_real(c);

    if (isnan(share))
        c->failed = true;
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* A number that has to be below `end`. */
static uint8_t take_below(struct cursor *c, unsigned end)
{
    const uint8_t number = cursor_u8(c);

    if (number >= end)
        c->failed = true;
    return number;
}

static void take_octets(struct cursor *c, void *out, size_t length)
{
    const uint8_t *octets = cursor_take(c, length);

    if (octets != NULL)
        memcpy(out, octets, length);
}

static void take_prefix(struct cursor *c, struct prefix *out)
{
    struct prefix whole;

    take_octets(c, out->address.octets, 16);
    out->length = take_below(c, 129);
    if (c->failed)
        return;
    whole = prefix_of(&out->address, out->length);
    if (!address_equal(&whole.address, &out->address))
        c->failed = true;
}

static void put_evidence(struct writer *w, const struct evidence *evidence)
{
    uint32_t bits;

    memcpy(&bits, &evidence->weight, sizeof bits);
    put_u32(w, bits);
    put_u8(w, evidence->signal);
    put_octets(w, evidence->detail, EVIDENCE_DETAILS);
}

static void take_evidence(struct cursor *c, struct evidence *out)
{
    const uint32_t bits = cursor_u32(c);

    memcpy(&out->weight, &bits, sizeof out->weight);
    out->signal = take_below(c, SIGNAL_COUNT);
    take_octets(c, out->detail, EVIDENCE_DETAILS);
    if (!(out->weight >= -1000 && out->weight <= 1000))
        c->failed = true;
}

static void put_network(struct writer *w, const struct network_view *network)
{
    put_u8(w, network->known ? 1 : 0);
    put_prefix(w, &network->prefix);
    put_u8(w, network->hop_limit);
    put_real(w, network->share);
    put_u64(w, network->seen);
}

static void take_network(struct cursor *c, struct network_view *out)
{
    out->known = take_below(c, 2) != 0;
    take_prefix(c, &out->prefix);
    out->hop_limit = cursor_u8(c);
    out->share = take_share(c);
    out->seen = take_u64(c);
}

static void put_judgement(struct writer *w, const struct row *row)
{
    const struct judgement *j = &row->judgement;

    put_u64(w, j->observation.time_ns);
    put_octets(w, j->observation.client.octets, 16);
    put_octets(w, j->observation.server.octets, 16);
    put_u16(w, j->observation.client_port);
    put_u16(w, j->observation.server_port);
    put_u8(w, j->observation.hop_limit);
    put_u8(w, j->initial);
    put_u8(w, j->hops);
    put_u8(w, j->stack.family);
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        put_real(w, j->stack.probability[i]);
    put_network(w, &j->network);
    put_u8(w, j->verdict);
    put_real(w, j->probability);
    put_u8(w, j->evidence_count);
    for (unsigned i = 0; i < j->evidence_count; i++)
        put_evidence(w, &j->evidence[i]);
    put_u8(w, j->rewritten ? 1 : 0);
}

static void take_judgement(struct cursor *c, struct row *out)
{
    struct judgement *j = &out->judgement;

    j->observation.time_ns = take_u64(c);
    take_octets(c, j->observation.client.octets, 16);
    take_octets(c, j->observation.server.octets, 16);
    j->observation.client_port = cursor_u16(c);
    j->observation.server_port = cursor_u16(c);
    j->observation.hop_limit = cursor_u8(c);
    j->initial = cursor_u8(c);
    j->hops = cursor_u8(c);
    j->stack.family = (enum stack_family)take_below(c, STACK_FAMILY_COUNT + 1);
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        j->stack.probability[i] = take_share(c);
    take_network(c, &j->network);
    j->verdict = (enum verdict)take_below(c, VERDICT_COUNT);
    j->probability = take_share(c);
    j->evidence_count = take_below(c, EVIDENCE_MAX + 1);
    for (unsigned i = 0; !c->failed && i < j->evidence_count; i++)
        take_evidence(c, &j->evidence[i]);
    j->rewritten = take_below(c, 2) != 0;
}

static void put_judgement_in_tunnel(struct writer *w, const struct row *row)
{
    put_judgement(w, row);
    put_u64(w, row->judgement.observation.line);
    put_octets(w, row->judgement.observation.endpoint.octets, 16);
}

static void take_judgement_in_tunnel(struct cursor *c, struct row *out)
{
    out->kind = ROW_JUDGEMENT;
    take_judgement(c, out);
    out->judgement.observation.line = take_u64(c);
    take_octets(c, out->judgement.observation.endpoint.octets, 16);
}

static void put_baseline(struct writer *w, const struct row *row)
{
    const struct baseline *baseline = &row->baseline;

    put_u8(w, baseline->subscriber ? 1 : 0);
    put_prefix(w, &baseline->prefix);
    put_u64(w, baseline->updated_ns);
    put_u16(w, baseline->length);
    put_octets(w, baseline->octets, baseline->length);
}

static void take_baseline(struct cursor *c, struct row *out)
{
    struct baseline *baseline = &out->baseline;

    baseline->subscriber = take_below(c, 2) != 0;
    take_prefix(c, &baseline->prefix);
    baseline->updated_ns = take_u64(c);
    baseline->length = cursor_u16(c);
    if (baseline->length > BASELINE_OCTETS_MAX)
        c->failed = true;
    else
        take_octets(c, baseline->octets, baseline->length);
}

static void put_label(struct writer *w, const struct row *row)
{
    put_octets(w, row->label.address.octets, 16);
    put_u16(w, row->label.port);
    put_u8(w, row->label.verdict);
    put_u64(w, row->label.labelled_ns);
}

static void take_label(struct cursor *c, struct row *out)
{
    take_octets(c, out->label.address.octets, 16);
    out->label.port = cursor_u16(c);
    out->label.verdict = (enum verdict)take_below(c, VERDICT_COUNT);
    out->label.labelled_ns = take_u64(c);
}

static void put_forget(struct writer *w, const struct row *row)
{
    put_u64(w, row->forget_before_ns);
}

static void take_forget(struct cursor *c, struct row *out)
{
    out->forget_before_ns = take_u64(c);
}

static void put_forget_subscriber(struct writer *w, const struct row *row)
{
    put_prefix(w, &row->forget_subscriber);
}

static void take_forget_subscriber(struct cursor *c, struct row *out)
{
    take_prefix(c, &out->forget_subscriber);
}

static void put_forget_beyond(struct writer *w, const struct row *row)
{
    put_u64(w, row->forget_beyond);
}

static void take_forget_beyond(struct cursor *c, struct row *out)
{
    out->forget_beyond = take_u64(c);
}

static void put_forget_baselines(struct writer *w, const struct row *row)
{
    put_u64(w, row->forget_baselines.networks_since_ns);
    put_u64(w, row->forget_baselines.networks);
    put_u64(w, row->forget_baselines.subscribers);
}

static void take_forget_baselines(struct cursor *c, struct row *out)
{
    out->forget_baselines.networks_since_ns = take_u64(c);
    out->forget_baselines.networks = take_u64(c);
    out->forget_baselines.subscribers = take_u64(c);
}

static int write_judgement(struct store *store, const struct row *row)
{
    return store_put_judgement(store, &row->judgement);
}

static int write_baseline(struct store *store, const struct row *row)
{
    return store_put_baseline(store, &row->baseline);
}

static int write_label(struct store *store, const struct row *row)
{
    return store_put_label(store, &row->label);
}

static int write_forget(struct store *store, const struct row *row)
{
    return store_forget_before(store, row->forget_before_ns);
}

static int write_forget_subscriber(struct store *store, const struct row *row)
{
    return store_forget_subscriber(store, &row->forget_subscriber);
}

static int write_forget_beyond(struct store *store, const struct row *row)
{
    return store_forget_beyond(store, row->forget_beyond);
}

static int write_forget_baselines(struct store *store, const struct row *row)
{
    return store_forget_baselines(store, &row->forget_baselines);
}

static const struct kind {
    bool alone;
    int (*write)(struct store *store, const struct row *row);
    void (*put)(struct writer *w, const struct row *row);
    void (*take)(struct cursor *c, struct row *out);
} kinds[] = {
    [ROW_JUDGEMENT] = {false, write_judgement, put_judgement, take_judgement},
    [ROW_BASELINE] = {false, write_baseline, put_baseline, take_baseline},
    [ROW_LABEL] = {false, write_label, put_label, take_label},
    [ROW_FORGET] = {true, write_forget, put_forget, take_forget},
    [ROW_FORGET_SUBSCRIBER] = {true, write_forget_subscriber, put_forget_subscriber,
                               take_forget_subscriber},
    [ROW_FORGET_BEYOND] = {true, write_forget_beyond, put_forget_beyond, take_forget_beyond},
    [ROW_FORGET_BASELINES] = {true, write_forget_baselines, put_forget_baselines,
                              take_forget_baselines},
    [ROW_JUDGEMENT_IN_TUNNEL] = {false, write_judgement, put_judgement_in_tunnel,
                                 take_judgement_in_tunnel},
};

enum { KINDS_END = sizeof kinds / sizeof kinds[0] };

int row_write(struct store *store, const struct row *row)
{
    return kinds[row->kind].write(store, row);
}

bool row_is_alone(const struct row *row)
{
    return kinds[row->kind].alone;
}

bool row_octets_are_alone(const uint8_t *octets)
{
    return kinds[octets[0]].alone;
}

size_t row_encode(const struct row *row, uint8_t out[ROW_OCTETS_MAX])
{
    const bool in_tunnel = row->kind == ROW_JUDGEMENT && row->judgement.observation.line != 0;
    const enum row_kind kind = in_tunnel ? ROW_JUDGEMENT_IN_TUNNEL : row->kind;
    struct writer w = {.at = out};

    put_u8(&w, kind);
    kinds[kind].put(&w, row);
    return (size_t)(w.at - out);
}

int row_decode(const uint8_t *octets, size_t length, struct row *out)
{
    struct cursor c = cursor_over(octets, length);
    const uint8_t kind = cursor_u8(&c);

    if (kind < ROW_JUDGEMENT || kind >= KINDS_END)
        return -EINVAL;
    memset(out, 0, sizeof *out);
    out->kind = (enum row_kind)kind;
    kinds[kind].take(&c, out);
    return c.failed || cursor_left(&c) > 0 ? -EINVAL : 0;
}
