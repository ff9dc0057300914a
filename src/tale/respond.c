/*
 * From a packet to its answer: may it be answered, where does it stop, what is said from there,
 * does a limit or the tale itself hold the answer back, and when is it sent.
 */
#include "tale/respond.h"

#include "tale/answer.h"
#include "tale/delay.h"
#include "tale/end.h"

static const struct {
    const char *name;
    const char *sentence;
    enum fate fate;
} reasons[REASON_COUNT] = {
#define X(id, fate_id, name, sentence) [REASON_##id] = {name, sentence, FATE_##fate_id},
    REASONS(X)
#undef X
};

const char *reason_name(enum reason reason)
{
    return reasons[reason].name;
}

const char *reason_sentence(enum reason reason)
{
    return reasons[reason].sentence;
}

enum fate reason_fate(enum reason reason)
{
    return reasons[reason].fate;
}

/* The hop's number among those of all tales, from 1; hops that share a place take turns in it. */
static uint32_t router_number(const struct tales *tales, const struct tale *tale,
                              const struct hop *hop)
{
    uint32_t number = (uint32_t)(hop - tale->hop) + 1;

    for (size_t i = 0; i < tales->count && tales->tale[i] != tale; i++)
        number += tales->tale[i]->hop_count;
    return number;
}

static bool router_allows(struct responder *r, const struct tale *tale, const struct hop *hop,
                          uint64_t now_ns)
{
    const struct bucket_rate rate = bucket_rate(hop->rate, hop->burst);
    const uint32_t number = router_number(&r->tales, tale, hop);
    struct router *router = &r->router[number % ROUTERS_MAX];

    if (router->owner != number)
        *router = (struct router){.owner = number};
    if (!bucket_has(&router->bucket, &rate, now_ns))
        return false;
    bucket_take(&router->bucket, &rate, now_ns);
    return true;
}

/* What the tale itself holds back at a hop; `reason` when it does not. */
static enum reason hop_reason(struct responder *r, const struct probe *probe, const struct hop *hop,
                              uint64_t now_ns, enum reason reason)
{
    if (hop->silent & 1u << probe->protocol)
        return REASON_SILENT;
    if (address_is_unspecified(&hop->address[packet_family(&probe->packet)]))
        return REASON_NO_ADDRESS;
    if (delay_chance(hop->loss, &r->random))
        return REASON_LOST;
    if (hop->rate != 0 && !router_allows(r, probe->tale, hop, now_ns))
        return REASON_ROUTER_LIMIT;
    return reason;
}

static enum reason limit_reason(struct responder *r, const struct probe *probe, uint64_t now_ns,
                                enum reason reason)
{
    if (!r->limiter)
        return reason;
    switch (limiter_take(r->limiter, &probe->packet.source, now_ns)) {
    case LIMIT_SOURCE:
        return REASON_SOURCE_LIMIT;
    case LIMIT_TOTAL:
        return REASON_TOTAL_LIMIT;
    case LIMIT_ALLOWED:
    default:
        return reason;
    }
}

/* A second copy is an answer like the first, and needs a token of its own. */
static void set_delivery(struct responder *r, const struct probe *probe, const struct hop *hop,
                         uint64_t now_ns, struct answer *answer)
{
    answer->due_ns = now_ns + delay_sample_us(hop, &r->random) * 1000;
    if (delay_chance(hop->reorder, &r->random))
        answer->due_ns += (uint64_t)DELAY_REORDER_US * 1000;
    if (delay_chance(hop->duplicate, &r->random))
        answer->duplicate =
            limit_reason(r, probe, now_ns, REASON_TIME_EXCEEDED) == REASON_TIME_EXCEEDED;
}

static void respond_to_probe(struct responder *r, const struct probe *probe, uint64_t now_ns,
                             uint8_t *out, size_t capacity, struct answer *answer)
{
    const struct stop stop = path_walk(probe, now_ns, &r->random);
    const struct plan plan = stop.hop ? answer_plan_hop(probe, &stop) : end_plan(probe);

    answer->position = stop.position;
    answer->reason = plan.reason;
    if (stop.hop)
        answer->reason = hop_reason(r, probe, stop.hop, now_ns, answer->reason);
    if (reason_fate(answer->reason) == FATE_ANSWER)
        answer->reason = limit_reason(r, probe, now_ns, answer->reason);
    if (reason_fate(answer->reason) != FATE_ANSWER)
        return;
    answer->length = answer_write(probe, &stop, &plan, &r->random, out, capacity);
    if (answer->length == 0)
        answer->reason = REASON_NO_ROOM;
    else if (stop.hop)
        set_delivery(r, probe, stop.hop, now_ns, answer);
}

struct answer respond(struct responder *responder, const uint8_t *octets, size_t length,
                      uint64_t now_ns, uint8_t *out, size_t capacity)
{
    struct answer answer = {.due_ns = now_ns};
    struct probe probe;

    if (probe_read(&responder->tales, octets, length, &probe, &answer.reason))
        respond_to_probe(responder, &probe, now_ns, out, capacity, &answer);
    answer.tale = probe.tale;
    responder->count[answer.reason]++;
    return answer;
}
