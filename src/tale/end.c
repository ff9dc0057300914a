/*
 * The end: each protocol's rules for a packet that nobody asked for.
 */
#include "tale/end.h"

#include "wire/option.h"
#include "wire/reply.h"

static struct plan plan_nothing(enum reason reason)
{
    return (struct plan){.reason = reason};
}

static struct plan plan_reply(enum reason reason, enum answer_kind kind)
{
    return (struct plan){.reason = reason, .kind = kind};
}

static struct plan plan_port_unreachable(const struct packet *p)
{
    return (struct plan){
        .reason = REASON_END_UNREACHABLE,
        .type = p->version == 6 ? ICMP6_UNREACHABLE : ICMP4_UNREACHABLE,
        .code = p->version == 6 ? ICMP6_PORT : ICMP4_PORT,
    };
}

/* IPv6 says it as a parameter problem, pointing to where the protocol is named (RFC 8200, 4). */
static struct plan plan_protocol_unreachable(const struct packet *p)
{
    if (p->version == 4)
        return (struct plan){
            .reason = REASON_END_UNREACHABLE, .type = ICMP4_UNREACHABLE, .code = ICMP4_PROTOCOL};
    return (struct plan){.reason = REASON_END_UNREACHABLE,
                         .type = ICMP6_PARAMETER_PROBLEM,
                         .code = ICMP6_NEXT_HEADER,
                         .rest = packet_protocol_offset(p)};
}

/*
 * Whether a checksum over `covered` octets, which begin with the pseudo-header's, is right. One
 * that was left to a network card that never saw the packet (it went from one program to another
 * on one machine) holds the sum of the pseudo-header alone, and is as good.
 */
static bool checksum_holds(const struct packet *p, size_t covered, uint16_t stored)
{
    const uint64_t pseudo = checksum_pseudo(&p->source, &p->destination, p->protocol,
                                            (uint32_t)packet_payload_length(p));

    if (checksum_fold(checksum_add(pseudo, p->payload, covered)) == 0)
        return true;
    return (stored ^ checksum_fold(pseudo)) == 0xffff;
}

static struct plan plan_icmp(const struct packet *p, enum end_answer wanted)
{
    const size_t length = packet_payload_length(p);
    const uint64_t pseudo = p->version == 6 ? checksum_pseudo(&p->source, &p->destination,
                                                              p->protocol, (uint32_t)length)
                                            : 0;

    if (checksum_fold(checksum_add(pseudo, p->payload, length)) != 0)
        return plan_nothing(REASON_BROKEN);
    if (wanted == END_REPLY)
        return plan_reply(REASON_END_REPLIED, ANSWER_ECHO);
    return plan_protocol_unreachable(p);
}

/* RFC 768; RFC 3828, 3.1 for UDP-Lite, whose length field is how far the checksum reaches. */
static bool udp_is_whole(const struct packet *p)
{
    const size_t length = packet_payload_length(p);
    size_t field;
    uint16_t checksum;

    if (length < UDP_HEADER)
        return false;
    field = load_u16(p->payload + 4);
    checksum = load_u16(p->payload + 6);
    if (p->protocol == PROTOCOL_UDPLITE && field == 0)
        field = length;
    if (field < UDP_HEADER || field > length)
        return false;
    if (checksum == 0)
        return p->protocol == PROTOCOL_UDP && p->version == 4;
    return checksum_holds(p, field, checksum);
}

static struct plan plan_udp(const struct packet *p, enum end_answer wanted)
{
    enum { PORT_FIRST_UNPRIVILEGED = 1024 };

    if (!udp_is_whole(p))
        return plan_nothing(REASON_BROKEN);
    if (wanted != END_REPLY)
        return plan_port_unreachable(p);
    /* A service that answers whatever it gets would keep an echo going for ever (RFC 1122, 4.1). */
    if (load_u16(p->payload) < PORT_FIRST_UNPRIVILEGED)
        return plan_nothing(REASON_NO_ANSWER);
    return plan_reply(REASON_END_REPLIED, ANSWER_UDP);
}

/* RFC 9293, 3.10.7.1 for a closed port, 3.10.7.2 for an open one. */
static struct plan plan_tcp(const struct packet *p, enum end_answer wanted)
{
    const size_t length = packet_payload_length(p);
    uint8_t bits;

    if (tcp_header_length(p->payload, length) == 0 ||
        !checksum_holds(p, length, load_u16(p->payload + 16)))
        return plan_nothing(REASON_BROKEN);
    if (wanted == END_UNREACHABLE)
        return plan_protocol_unreachable(p);
    bits = p->payload[13];
    if (bits & TCP_RST)
        return plan_nothing(REASON_NO_ANSWER);
    if (wanted != END_REPLY || bits & TCP_ACK)
        return plan_reply(REASON_END_RESET, ANSWER_TCP_RESET);
    if (bits & TCP_SYN)
        return plan_reply(REASON_END_REPLIED, ANSWER_TCP_OPEN);
    return plan_nothing(REASON_NO_ANSWER);
}

/* RFC 9260, 8.4: out of the blue. */
static struct plan plan_sctp(const struct packet *p)
{
    struct plan plan = {.reason = REASON_END_RESET, .kind = ANSWER_SCTP};
    struct sctp sctp;

    if (!sctp_parse(p->payload, packet_payload_length(p), &sctp))
        return plan_nothing(REASON_BROKEN);
    if (!sctp_answer(&sctp, &plan.type, &plan.code, &plan.rest))
        return plan_nothing(REASON_NO_ANSWER);
    return plan;
}

/* RFC 4340, 8.5, step 2 */
static struct plan plan_dccp(const struct packet *p)
{
    struct dccp dccp;

    if (!dccp_parse(p->payload, packet_payload_length(p), &dccp) ||
        !checksum_holds(p, dccp.covered, load_u16(p->payload + 6)))
        return plan_nothing(REASON_BROKEN);
    if (dccp.type == DCCP_TYPE_RESET)
        return plan_nothing(REASON_NO_ANSWER);
    return plan_reply(REASON_END_RESET, ANSWER_DCCP_RESET);
}

static struct plan plan_other(const struct packet *p, enum end_answer wanted)
{
    if (p->version == 6 && p->protocol == PROTOCOL_NO_NEXT) /* RFC 8200, 4.7 */
        return plan_nothing(REASON_NO_ANSWER);
    if (p->protocol == PROTOCOL_SCTP)
        return plan_sctp(p);
    if (p->protocol == PROTOCOL_DCCP && wanted == END_RESET)
        return plan_dccp(p);
    return plan_protocol_unreachable(p);
}

static struct plan plan_parameter_problem(uint8_t code, uint32_t pointer)
{
    return (struct plan){.reason = REASON_END_UNREACHABLE,
                         .type = ICMP6_PARAMETER_PROBLEM,
                         .code = code,
                         .rest = pointer};
}

/*
 * Headers come before what they carry: true when one of them is in its way, and *out says what is
 * to be done. A source route that does not end here fails (RFC 1122, 3.3.5); IPv6: RFC 8200, 4.2
 * and 4.4.
 */
static bool options_hinder(const struct packet *p, struct plan *out)
{
    uint32_t pointer = 0;

    if (p->version == 4) {
        if (!option4_look(p->ip, packet_header_length(p)).source_route)
            return false;
        *out = (struct plan){.reason = REASON_END_UNREACHABLE,
                             .type = ICMP4_UNREACHABLE,
                             .code = ICMP4_SOURCE_ROUTE_FAILED};
        return true;
    }
    switch (option6_look_all(p, &pointer)) {
    case OPTION6_FINE:
        return false;
    case OPTION6_PARAMETER:
        *out = plan_parameter_problem(ICMP6_OPTION, pointer);
        return true;
    case OPTION6_ROUTE:
        *out = plan_parameter_problem(ICMP6_HEADER_FIELD, pointer);
        return true;
    case OPTION6_BROKEN:
        *out = plan_nothing(REASON_BROKEN);
        return true;
    case OPTION6_DISCARD:
    default:
        *out = plan_nothing(REASON_NO_ANSWER);
        return true;
    }
}

struct plan end_plan(const struct probe *probe)
{
    static struct plan (*const plans[PROBE_PROTOCOL_COUNT])(const struct packet *,
                                                            enum end_answer) = {
        [PROBE_ICMP] = plan_icmp,
        [PROBE_UDP] = plan_udp,
        [PROBE_TCP] = plan_tcp,
        [PROBE_OTHER] = plan_other,
    };
    const enum end_answer wanted = probe->tale->end[probe->protocol];
    struct plan plan;

    if (wanted == END_PASS)
        return plan_nothing(REASON_END_PASSED);
    if (wanted == END_SILENT)
        return plan_nothing(REASON_END_SILENT);
    if (probe->packet.flags & PACKET_FRAGMENT_FIRST)
        return plan_nothing(REASON_PARTIAL);
    if (probe->packet.flags & PACKET_OPTIONS && options_hinder(&probe->packet, &plan))
        return plan;
    return plans[probe->protocol](&probe->packet, wanted);
}
