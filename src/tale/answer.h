/*
 * What a probe is answered with, first as a plan, then as octets.
 */
#ifndef HOPTELL_TALE_ANSWER_H
#define HOPTELL_TALE_ANSWER_H

#include "tale/path.h"
#include "wire/icmp.h"

enum answer_kind {
    ANSWER_ERROR, /* an ICMP error: type, code and rest */
    ANSWER_ECHO,
    ANSWER_UDP, /* the probe's own octets */
    ANSWER_TCP_RESET,
    ANSWER_TCP_OPEN,
    ANSWER_SCTP, /* a chunk: type, flags in `code`, verification tag in `rest` */
    ANSWER_DCCP_RESET,
};

struct plan {
    enum reason reason; /* the rest is for those whose fate is FATE_ANSWER */
    enum answer_kind kind;
    uint8_t type;
    uint8_t code;
    uint32_t rest; /* the second word of an ICMP error's header: MTU or pointer */
};

/* The error from a hop that stopped the probe for another reason than its hop limit. */
struct plan answer_plan_stopped(const struct probe *probe, const struct stop *stop);

/* The ICMP error from the hop at which the probe stopped. */
static inline struct plan answer_plan_hop(const struct probe *probe, const struct stop *stop)
{
    if (stop->cause != STOP_HOP_LIMIT)
        return answer_plan_stopped(probe, stop);
    return (struct plan){
        .reason = REASON_TIME_EXCEEDED,
        .type = probe->packet.version == 6 ? ICMP6_TIME_EXCEEDED : ICMP4_TIME_EXCEEDED,
    };
}

/*
 * The hop limit of an answer from `position` (from 1): one less with each hop, as if it had come
 * back the same way. Where less than ANSWER_HOP_LIMIT_MIN would be left for the real way it is
 * counted from 255 instead, and never falls below that minimum.
 */
enum { ANSWER_HOP_LIMIT_MIN = 32 };
uint8_t answer_hop_limit(const struct tale *tale, unsigned position);

/*
 * Writes the planned answer and returns its octets; 0 when `capacity` is too small for it.
 * Where the answer may choose a number (a TCP sequence number) it takes it from `random`.
 */
size_t answer_write(const struct probe *probe, const struct stop *stop, const struct plan *plan,
                    struct random *random, uint8_t *out, size_t capacity);

#endif
