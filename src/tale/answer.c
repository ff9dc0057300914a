/*
 * The hops' answers, and the octets of all answers.
 */
#include "tale/answer.h"

#include "wire/reply.h"

/* How each refusal is said. RFC 792 and RFC 1812, 5.2.7.1; RFC 4443, 3.1 and 3.4. */
static const struct {
    uint8_t type;
    uint8_t code;
} refusals[REFUSE_COUNT][FAMILY_COUNT] = {
    [REFUSE_NET] = {{ICMP4_UNREACHABLE, ICMP4_NET}, {ICMP6_UNREACHABLE, ICMP6_NO_ROUTE}},
    [REFUSE_HOST] = {{ICMP4_UNREACHABLE, ICMP4_HOST}, {ICMP6_UNREACHABLE, ICMP6_ADDRESS}},
    [REFUSE_PROTOCOL] = {{ICMP4_UNREACHABLE, ICMP4_PROTOCOL},
                         {ICMP6_PARAMETER_PROBLEM, ICMP6_NEXT_HEADER}},
    [REFUSE_PORT] = {{ICMP4_UNREACHABLE, ICMP4_PORT}, {ICMP6_UNREACHABLE, ICMP6_PORT}},
    [REFUSE_ADMIN] = {{ICMP4_UNREACHABLE, ICMP4_PROHIBITED}, {ICMP6_UNREACHABLE, ICMP6_PROHIBITED}},
    [REFUSE_SOURCE_ROUTE] = {{ICMP4_UNREACHABLE, ICMP4_SOURCE_ROUTE_FAILED},
                             {ICMP6_UNREACHABLE, ICMP6_SOURCE_ROUTE}},
    [REFUSE_PRECEDENCE] = {{ICMP4_UNREACHABLE, ICMP4_PRECEDENCE_VIOLATION},
                           {ICMP6_UNREACHABLE, ICMP6_PROHIBITED}},
    [REFUSE_POLICY] = {{ICMP4_UNREACHABLE, ICMP4_NET_PROHIBITED},
                       {ICMP6_UNREACHABLE, ICMP6_POLICY}},
    [REFUSE_REJECT] = {{ICMP4_UNREACHABLE, ICMP4_HOST_PROHIBITED},
                       {ICMP6_UNREACHABLE, ICMP6_REJECT_ROUTE}},
};

static struct plan plan_refused(const struct packet *p, enum refusal refusal)
{
    const enum family family = packet_family(p);
    struct plan plan = {
        .reason = REASON_REFUSED,
        .type = refusals[refusal][family].type,
        .code = refusals[refusal][family].code,
    };

    if (p->version == 6 && plan.type == ICMP6_PARAMETER_PROBLEM)
        plan.rest = packet_protocol_offset(p);
    return plan;
}

/* RFC 1191, 4; RFC 4443, 3.2 */
static struct plan plan_too_big(const struct packet *p, const struct hop *hop)
{
    const bool v6 = p->version == 6;

    return (struct plan){
        .reason = REASON_TOO_BIG,
        .type = v6 ? ICMP6_PACKET_TOO_BIG : ICMP4_UNREACHABLE,
        .code = v6 ? 0 : ICMP4_FRAGMENTATION_NEEDED,
        .rest = path_mtu(hop, packet_family(p)),
    };
}

struct plan answer_plan_stopped(const struct probe *probe, const struct stop *stop)
{
    if (stop->cause == STOP_REFUSED)
        return plan_refused(&probe->packet, stop->hop->refuse);
    return plan_too_big(&probe->packet, stop->hop);
}

uint8_t answer_hop_limit(const struct tale *tale, unsigned position)
{
    const int used = (int)position - 1;
    const int left = tale->base_hop_limit - used;

    if (left >= ANSWER_HOP_LIMIT_MIN)
        return (uint8_t)left;
    return (uint8_t)(255 - used >= ANSWER_HOP_LIMIT_MIN ? 255 - used : ANSWER_HOP_LIMIT_MIN);
}

/* What is left of the probe's hop limit when it comes to `position`; a router that got 0 says 1. */
static uint8_t arriving_hop_limit(const struct packet *p, unsigned position)
{
    return p->hop_limit > position ? (uint8_t)(p->hop_limit - position + 1) : 1;
}

static inline size_t write_error(const struct probe *probe, const struct stop *stop,
                                 const struct plan *plan, uint8_t version, uint8_t hop_limit,
                                 uint8_t *out)
{
    const enum family family = version == 6 ? FAMILY_V6 : FAMILY_V4;
    const struct packet *p = &probe->packet;
    const struct hop *hop = stop->hop;
    const struct icmp_error error = {
        .source = hop ? &hop->address[family] : &p->destination,
        .extension = hop ? hop->prepared.extension[family].octets : NULL,
        .extension_length = hop ? hop->prepared.extension[family].length : 0,
        .rest = plan->rest,
        .type = plan->type,
        .code = plan->code,
        .hop_limit = hop_limit,
        .quoted_hop_limit = arriving_hop_limit(p, stop->position),
    };

    return icmp_error_write(p, &error, version, out);
}

/* What most answers are is written by one function for each version, with nothing left to call. */
__attribute__((flatten)) static size_t write_error_v4(const struct probe *probe,
                                                      const struct stop *stop,
                                                      const struct plan *plan, uint8_t hop_limit,
                                                      uint8_t *out)
{
    return write_error(probe, stop, plan, 4, hop_limit, out);
}

__attribute__((flatten)) static size_t write_error_v6(const struct probe *probe,
                                                      const struct stop *stop,
                                                      const struct plan *plan, uint8_t hop_limit,
                                                      uint8_t *out)
{
    return write_error(probe, stop, plan, 6, hop_limit, out);
}

/* The most that a reply of this kind can have. */
static size_t reply_room(const struct packet *p, enum answer_kind kind)
{
    const size_t header = ip_header_length(p->version);

    switch (kind) {
    case ANSWER_TCP_RESET:
    case ANSWER_TCP_OPEN:
        return header + REPLY_TCP_MAX;
    case ANSWER_SCTP:
        return header + SCTP_ANSWER;
    case ANSWER_DCCP_RESET:
        return header + DCCP_RESET;
    case ANSWER_ECHO:
    case ANSWER_UDP:
    default:
        return header + packet_payload_length(p);
    }
}

/* The end has seen that it is whole. */
__attribute__((flatten)) static size_t write_tcp(const struct packet *p, const struct plan *plan,
                                                 struct random *random, uint8_t hop_limit,
                                                 uint8_t *out)
{
    if (plan->kind == ANSWER_TCP_RESET)
        return reply_tcp_reset(p, hop_limit, out);
    return reply_tcp_open(p, (uint32_t)random_next(random), hop_limit, out);
}

/* So has it parsed this one. */
static size_t write_dccp(const struct packet *p, uint8_t hop_limit, uint8_t *out)
{
    struct dccp dccp;

    (void)dccp_parse(p->payload, packet_payload_length(p), &dccp);
    return reply_dccp_reset(p, &dccp, hop_limit, out);
}

static size_t write_reply(const struct packet *p, const struct plan *plan, struct random *random,
                          uint8_t hop_limit, uint8_t *out)
{
    switch (plan->kind) {
    case ANSWER_UDP:
        return reply_udp(p, hop_limit, out);
    case ANSWER_TCP_RESET:
    case ANSWER_TCP_OPEN:
        return write_tcp(p, plan, random, hop_limit, out);
    case ANSWER_SCTP:
        return reply_sctp(p, plan->type, plan->code, plan->rest, hop_limit, out);
    case ANSWER_DCCP_RESET:
        return write_dccp(p, hop_limit, out);
    case ANSWER_ECHO:
    default:
        return reply_echo(p, hop_limit, out);
    }
}

size_t answer_write(const struct probe *probe, const struct stop *stop, const struct plan *plan,
                    struct random *random, uint8_t *out, size_t capacity)
{
    const struct packet *p = &probe->packet;
    const uint8_t hop_limit = answer_hop_limit(probe->tale, stop->position);

    if (plan->kind != ANSWER_ERROR)
        return reply_room(p, plan->kind) <= capacity ? write_reply(p, plan, random, hop_limit, out)
                                                     : 0;
    if (p->version == 6)
        return capacity >= ICMP_ERROR_MAX_V6 ? write_error_v6(probe, stop, plan, hop_limit, out)
                                             : 0;
    return capacity >= ICMP_ERROR_MAX_V4 ? write_error_v4(probe, stop, plan, hop_limit, out) : 0;
}
