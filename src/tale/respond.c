/*
 * From a packet to its answer: may it be answered, where does it stop, what is said from there,
 * does a limit or the tale itself hold the answer back, and when is it sent.
 */
#include "tale/respond.h"

#include "tale/answer.h"
#include "tale/delay.h"
#include "tale/end.h"
#include "tale/visitors.h"
#include "tale/walker.h"

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

/* What the tale itself holds back at a hop; `reason` when it does not. */
static enum reason hop_reason(struct responder *r, const struct probe *probe, const struct hop *hop,
                              uint64_t now_ns, enum reason reason)
{
    const enum family family = packet_family(&probe->packet);

    if (hop->prepared.plain[family])
        return reason;
    if (hop->silent & 1u << probe->protocol)
        return REASON_SILENT;
    if (address_is_unspecified(&hop->address[family]))
        return REASON_NO_ADDRESS;
    if (delay_chance(hop->loss, &r->random))
        return REASON_LOST;
    if (hop->rate != 0 && r->routers &&
        !router_allows(r->routers, &r->tales, probe->tale, hop, now_ns))
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

static uint64_t due_time(struct responder *r, const struct hop *hop, uint64_t now_ns)
{
    uint64_t delay_us = delay_sample_us(hop, &r->random);

    if (delay_chance(hop->reorder, &r->random))
        delay_us += DELAY_REORDER_US;
    return now_ns + delay_us * 1000;
}

/* A second copy is an answer like the first, and needs a token of its own. */
static bool sends_twice(struct responder *r, const struct probe *probe, const struct hop *hop,
                        uint64_t now_ns, enum reason reason)
{
    return delay_chance(hop->duplicate, &r->random) &&
           limit_reason(r, probe, now_ns, reason) == reason;
}

/* Everything that may hold an answer back; `reason` when nothing does. */
static enum reason allow(struct responder *r, const struct probe *probe, const struct hop *hop,
                         uint64_t now_ns, enum reason reason)
{
    if (hop)
        reason = hop_reason(r, probe, hop, now_ns, reason);
    return reason_fate(reason) == FATE_ANSWER ? limit_reason(r, probe, now_ns, reason) : reason;
}

static struct traits traits_of_probe(const struct responder *r, const struct probe *probe)
{
    return r->visitors != NULL ? visitors_find(r->visitors, &probe->packet.source) : r->anybody;
}

struct answer respond(struct responder *responder, const uint8_t *octets, size_t length,
                      uint64_t now_ns, uint8_t *out, size_t capacity)
{
    struct probe probe;
    struct stop stop = {0};
    enum reason reason;
    size_t written = 0;
    uint64_t due_ns = now_ns;
    bool twice = false;

    if (probe_read(&responder->tales, octets, length, &probe, &reason)) {
        struct plan plan;

        if (probe.tale->personal)
            probe.visitor = traits_of_probe(responder, &probe);
        stop = path_walk(&probe, now_ns, &responder->random);
        if (responder->walkers)
            walkers_note(responder->walkers, &probe, stop.position, !stop.hop, now_ns);
        plan = stop.hop ? answer_plan_hop(&probe, &stop) : end_plan(&probe);
        reason = allow(responder, &probe, stop.hop, now_ns, plan.reason);
        if (reason_fate(reason) == FATE_ANSWER) {
            written = answer_write(&probe, &stop, &plan, &responder->random, out, capacity);
            reason = written > 0 ? reason : REASON_NO_ROOM;
        }
    }
    if (written > 0 && stop.hop && !stop.hop->prepared.steady) {
        due_ns = due_time(responder, stop.hop, now_ns);
        twice = sends_twice(responder, &probe, stop.hop, now_ns, reason);
    }
    responder->count[reason]++;
    return (struct answer){.reason = reason,
                           .length = written,
                           .due_ns = due_ns,
                           .duplicate = twice,
                           .tale = probe.tale,
                           .position = stop.position};
}
