/*
 * From a probe to its answer, as respond() (tale/respond.c) has it in user space: the same reasons
 * in the same order. What this program does not do itself goes to user space whole.
 *
 * On an address of this machine, what is no probe goes on to it: packets for its sockets, protocols
 * that no tale speaks for, and whatever comes past the tale's last hop.
 */
#ifndef HOPTELL_BPF_TELL_H
#define HOPTELL_BPF_TELL_H

#include "bpf/find.h"
#include "bpf/limit.h"
#include "bpf/walk.h"
#include "bpf/write.h"
#include "tale/respond.h"

/* A probe on its way through here. Reasons from XDP_REASONS on are of enum xdp_count. */
struct telling {
    const struct book *book;
    uint32_t generation; /* the book's */
    uint8_t protocol;    /* enum probe_protocol */
    uint8_t own;
    uint8_t position;
    uint8_t is_end;
    uint8_t user_space; /* it is for user space to answer */
    uint8_t reset;      /* answered by a TCP reset */
    uint8_t echo;
    struct error error;
};

enum { TELL_GO_ON = REASON_COUNT }; /* no reason yet */

/*
 * address_is_special (wire/address.h), and what else is no host: 0.0.0.0/8 and 240.0.0.0/4. By as few
 * comparisons as can be, since each is a way more for the verifier.
 */
static inline bool tell_first_is_bad(uint32_t first)
{
    return (uint8_t)(first - 1) >= 0xdf || first == 127;
}

static inline bool tell_address_is_bad(const struct address *a)
{
    if (address_is_v4(a))
        return tell_first_is_bad(a->octets[12]);
    return a->octets[0] == 0xff || (address_half(a, 0) == 0 && address_half(a, 1) <= 1);
}

/* See tale/probe.c. */
static inline uint32_t tell_may_be_answered(const struct head *h, const struct book_range *target,
                                            const struct telling *t)
{
    const uint64_t low = address_half(&h->destination, 1);

    if (h->fault != PACKET_OK || h->flags & PACKET_BAD_CHECKSUM)
        return REASON_BROKEN;
    if (h->flags & PACKET_TRUNCATED)
        return REASON_TRUNCATED;
    if (tell_address_is_bad(&h->source) || tell_address_is_bad(&h->destination))
        return REASON_BAD_ADDRESS;
    if (target->host_mask != 0 && (low & target->host_mask) == target->host_mask)
        return REASON_BAD_ADDRESS;
    if (find_target(t->book, t->generation, &h->source))
        return REASON_BAD_ADDRESS;
    if (h->flags & PACKET_FRAGMENT_LATER)
        return REASON_FRAGMENT;
    if (h->version == 4 && h->protocol == PROTOCOL_IGMP)
        return REASON_NO_ANSWER;
    if (t->protocol != PROBE_ICMP)
        return TELL_GO_ON;
    if (h->started < ICMP_HEADER)
        return REASON_BROKEN;
    if (icmp_is_error(h->version, h->start[0]))
        return REASON_ICMP_ERROR;
    return icmp_is_echo_request(h->version, h->start[0]) ? TELL_GO_ON : REASON_NO_ANSWER;
}

static inline uint32_t tell_tuple(const struct head *h, struct bpf_sock_tuple *out)
{
    if (h->version == 6) {
        __builtin_memcpy(out->ipv6.saddr, h->source.octets, 16);
        __builtin_memcpy(out->ipv6.daddr, h->destination.octets, 16);
        __builtin_memcpy(&out->ipv6.sport, h->start, 2);
        __builtin_memcpy(&out->ipv6.dport, h->start + 2, 2);
        return sizeof out->ipv6;
    }
    __builtin_memcpy(&out->ipv4.saddr, h->source.octets + 12, 4);
    __builtin_memcpy(&out->ipv4.daddr, h->destination.octets + 12, 4);
    __builtin_memcpy(&out->ipv4.sport, h->start, 2);
    __builtin_memcpy(&out->ipv4.dport, h->start + 2, 2);
    return sizeof out->ipv4;
}

/* Whether a socket of this machine waits for it: a connection, or a service. */
VERIFIED_ALONE int tell_is_in_use(struct xdp_md *frame, const struct head *h)
{
    struct bpf_sock_tuple tuple = {0};
    struct bpf_sock *found;
    uint32_t size;

    if (!h)
        return true;
    size = tell_tuple(h, &tuple);
    if (h->protocol == PROTOCOL_TCP) {
        if (h->version == 6)
            found = bpf_skc_lookup_tcp(frame, &tuple, sizeof tuple.ipv6,
                                       (uint64_t)BPF_F_CURRENT_NETNS, 0);
        else
            found = bpf_skc_lookup_tcp(frame, &tuple, sizeof tuple.ipv4,
                                       (uint64_t)BPF_F_CURRENT_NETNS, 0);
    } else {
        if (h->version == 6)
            found = bpf_sk_lookup_udp(frame, &tuple, sizeof tuple.ipv6,
                                      (uint64_t)BPF_F_CURRENT_NETNS, 0);
        else
            found = bpf_sk_lookup_udp(frame, &tuple, sizeof tuple.ipv4,
                                      (uint64_t)BPF_F_CURRENT_NETNS, 0);
    }
    if (!found)
        return false;
    bpf_sk_release(found);
    return size != 0;
}

/* Of what comes to an address of this machine, only this may be a probe. */
static inline bool tell_is_own_probe(struct xdp_md *frame, const struct head *h,
                                     const struct telling *t)
{
    if (t->protocol == PROBE_ICMP)
        return true;
    if (h->protocol != PROTOCOL_TCP && h->protocol != PROTOCOL_UDP)
        return false;
    return h->started >= 4 && !tell_is_in_use(frame, h);
}

/* What is left of the probe's hop limit when it comes there; a router that got 0 says 1. */
static inline uint8_t tell_arriving(const struct head *h, unsigned position)
{
    return h->hop_limit > position ? (uint8_t)(h->hop_limit - position + 1) : 1;
}

static inline bool tell_is_too_big(const struct head *h, uint16_t mtu)
{
    return mtu != 0 && h->length > mtu && (h->version == 6 || h->flags & PACKET_DONT_FRAGMENT);
}

/* At the hop: what it says, or why it says nothing. */
static inline uint32_t tell_hop(const struct head *h, const struct book_hop *hop, struct telling *t)
{
    const unsigned family = h->version == 6 ? FAMILY_V6 : FAMILY_V4;

    if (hop->silent & 1u << (t->protocol & 7))
        return REASON_SILENT;
    __builtin_memcpy(&t->error.source, hop->address[family], sizeof t->error.source);
    if (address_is_unspecified(&t->error.source))
        return REASON_NO_ADDRESS;
    t->user_space |= hop->user_space;
    t->error.type = hop->type[family];
    t->error.code = hop->code[family];
    t->error.hop_limit = hop->hop_limit;
    t->error.extension = hop->extension[family];
    t->error.extension_length = hop->extension_length[family];
    if (h->version == 6 && t->error.type == ICMP6_PARAMETER_PROBLEM)
        t->error.pointer = 6;
    return hop->refuses ? REASON_REFUSED : REASON_TIME_EXCEEDED;
}

/* Where it stops; see path_walk and struct book. */
static inline uint32_t tell_path(const struct head *h, const struct book_tale *tale,
                                 struct telling *t)
{
    const unsigned family = h->version == 6 ? FAMILY_V6 : FAMILY_V4;
    const struct book *book = t->book;
    uint32_t position = h->hop_limit == 0 ? 1 : h->hop_limit;
    const struct book_step *step;
    uint64_t hop;

    if (position > tale->steps && tale->rest == BOOK_REST_REFUSED)
        position = tale->steps;
    if (position > tale->steps) {
        t->position = (uint8_t)(tale->steps + 1);
        t->is_end = tale->rest == BOOK_REST_END || (t->own && position > tale->longest);
        t->user_space |= !t->is_end || tell_is_too_big(h, tale->mtu[family]);
        return TELL_GO_ON;
    }
    t->position = (uint8_t)position;
    step = &book->step[bounded(tale->first_step + position - 1, BOOK_STEPS)];
    if (tell_is_too_big(h, step->mtu[family])) { /* a hop before this one stops it */
        t->user_space = true;
        return TELL_GO_ON;
    }
    hop = step->first_hop + find_branch(h, t->protocol == PROBE_ICMP, step);
    t->error.quoted_hop_limit = tell_arriving(h, position);
    return tell_hop(h, &book->hop[bounded(hop, BOOK_HOPS)], t);
}

/* Of the payload's checksum; the pseudo-header's alone was left to a card, see tale/end.c. */
VERIFIED_ALONE int tell_checksum_holds(struct xdp_md *frame, const struct head *h, uint32_t covered,
                                       uint32_t stored)
{
    uint64_t pseudo;

    if (!h)
        return false;
    pseudo = sum_pseudo(&h->source, &h->destination, h->protocol, h->length - h->payload);
    if (h->version == 4 && h->protocol == PROTOCOL_ICMP)
        pseudo = 0;
    if (checksum_fold(sum_frame(frame, (uint32_t)h->link + h->payload, covered) + pseudo) == 0)
        return true;
    return h->protocol != PROTOCOL_ICMP && h->protocol != PROTOCOL_ICMPV6 &&
           (uint16_t)stored == (uint16_t)~checksum_fold(pseudo);
}

static inline uint32_t tell_unreachable(const struct head *h, uint8_t type, uint8_t code,
                                        struct telling *t)
{
    t->error.source = h->destination;
    t->error.type = type;
    t->error.code = code;
    t->error.quoted_hop_limit = tell_arriving(h, t->position);
    return REASON_END_UNREACHABLE;
}

static inline uint32_t tell_no_protocol(const struct head *h, struct telling *t)
{
    if (h->version == 4)
        return tell_unreachable(h, ICMP4_UNREACHABLE, ICMP4_PROTOCOL, t);
    t->error.pointer = 6;
    return tell_unreachable(h, ICMP6_PARAMETER_PROBLEM, ICMP6_NEXT_HEADER, t);
}

static inline uint32_t tell_end_icmp(struct xdp_md *frame, const struct head *h, uint8_t wanted,
                                     struct telling *t)
{
    if (!tell_checksum_holds(frame, h, h->length - h->payload, native_u16(h->start + 2)))
        return REASON_BROKEN;
    if (wanted != END_REPLY)
        return tell_no_protocol(h, t);
    t->echo = true;
    return REASON_END_REPLIED;
}

static inline uint32_t tell_end_udp(struct xdp_md *frame, const struct head *h, uint8_t wanted,
                                    struct telling *t)
{
    const uint32_t length = h->length - h->payload;
    const uint32_t field = load_u16(h->start + 4);
    const uint16_t checksum = load_u16(h->start + 6);

    if (h->protocol != PROTOCOL_UDP || wanted == END_REPLY) {
        t->user_space = true;
        return TELL_GO_ON;
    }
    if (length < UDP_HEADER || field < UDP_HEADER || field > length)
        return REASON_BROKEN;
    if (checksum == 0 ? h->version == 6
                      : !tell_checksum_holds(frame, h, field, native_u16(h->start + 6)))
        return REASON_BROKEN;
    if (h->version == 4)
        return tell_unreachable(h, ICMP4_UNREACHABLE, ICMP4_PORT, t);
    return tell_unreachable(h, ICMP6_UNREACHABLE, ICMP6_PORT, t);
}

static inline uint32_t tell_end_tcp(struct xdp_md *frame, const struct head *h, uint8_t wanted,
                                    struct telling *t)
{
    const uint32_t length = h->length - h->payload;
    const uint32_t header = (uint32_t)(h->start[12] >> 4) * 4;

    if (length < TCP_HEADER_MIN || header < TCP_HEADER_MIN || header > length ||
        !tell_checksum_holds(frame, h, length, native_u16(h->start + 16)))
        return REASON_BROKEN;
    if (wanted == END_UNREACHABLE)
        return tell_no_protocol(h, t);
    if (h->start[13] & TCP_RST)
        return REASON_NO_ANSWER;
    if (wanted == END_REPLY && !(h->start[13] & TCP_ACK)) {
        t->user_space = h->start[13] & TCP_SYN;
        return t->user_space ? TELL_GO_ON : REASON_NO_ANSWER;
    }
    t->reset = true;
    return REASON_END_RESET;
}

/* See tale/end.c. */
static inline uint32_t tell_end(struct xdp_md *frame, const struct head *h,
                                const struct book_tale *tale, struct telling *t)
{
    const uint8_t wanted = t->own ? END_PASS : tale->end[t->protocol & 3];

    if (wanted == END_PASS)
        return REASON_END_PASSED;
    if (wanted == END_SILENT)
        return REASON_END_SILENT;
    if (h->flags & PACKET_FRAGMENT_FIRST)
        return REASON_PARTIAL;
    t->error.hop_limit = tale->end_hop_limit;
    if (h->length > SUM_MAX) {
        t->user_space = true;
        return TELL_GO_ON;
    }
    switch (t->protocol) {
    case PROBE_ICMP:
        return tell_end_icmp(frame, h, wanted, t);
    case PROBE_UDP:
        return tell_end_udp(frame, h, wanted, t);
    case PROBE_TCP:
        return tell_end_tcp(frame, h, wanted, t);
    default:
        if (h->version == 6 && h->protocol == PROTOCOL_NO_NEXT)
            return REASON_NO_ANSWER;
        t->user_space = h->protocol == PROTOCOL_SCTP || h->protocol == PROTOCOL_DCCP;
        return t->user_space ? TELL_GO_ON : tell_no_protocol(h, t);
    }
}

/*
 * The reason for what becomes of it; or TELL_GO_ON, and t->user_space says that user space is to find
 * one.
 */
static inline uint32_t tell_plan(struct xdp_md *frame, const struct head *h,
                                 const struct book_range *target, struct telling *t)
{
    const struct book_tale *tale = &t->book->tale[bounded(target->tale, BOOK_TALES)];
    uint32_t reason;

    t->own = target->own;
    t->protocol = (uint8_t)probe_protocol_of(h->version, h->protocol);
    t->user_space = (h->flags & PACKET_OPTIONS) != 0;
    if (h->fault == PACKET_OK && t->user_space && !t->own)
        return TELL_GO_ON;
    reason = tell_may_be_answered(h, target, t);
    if (reason != TELL_GO_ON)
        return reason;
    if (t->own && !tell_is_own_probe(frame, h, t))
        return XDP_COUNT_IN_USE;
    reason = tell_path(h, tale, t);
    if (reason == TELL_GO_ON && t->is_end && !(t->user_space && !t->own))
        reason = tell_end(frame, h, tale, t);
    return t->user_space && reason != REASON_END_PASSED && reason != REASON_SILENT &&
                   reason != REASON_NO_ADDRESS
               ? TELL_GO_ON
               : reason;
}

/* What is never answered goes on where it is this machine's, and ends here where it is a tale's. */
static inline bool tell_goes_on(uint32_t reason, bool own)
{
    switch (reason) {
    case REASON_END_PASSED:
    case REASON_NOT_TARGET:
    case XDP_COUNT_IN_USE:
        return true;
    case REASON_FRAGMENT:
    case REASON_ICMP_ERROR:
    case REASON_BAD_ADDRESS:
    case REASON_BROKEN:
    case REASON_TRUNCATED:
    case REASON_NO_ANSWER:
        return own;
    default:
        return false;
    }
}

static inline int tell_hand_over(struct xdp_md *frame)
{
    const uint32_t length = (uint32_t)frame_length(frame);
    const struct xdp_handed header = {.length = length};

    if (length > XDP_FRAME_MAX ||
        bpf_perf_event_output(frame, &handed, BPF_F_CURRENT_CPU | (uint64_t)length << 32,
                              (void *)&header, sizeof header) != 0)
        count(XDP_COUNT_HANDED_LOST);
    else
        count(XDP_COUNT_HANDED);
    return XDP_DROP;
}

static inline int tell_answer(struct xdp_md *frame, const struct head *h, const struct telling *t,
                              uint32_t reason)
{
    int written;

    if (t->echo)
        written = write_echo(frame, h, t->error.hop_limit);
    else if (t->reset)
        written = write_reset(frame, h, t->error.hop_limit);
    else
        written = write_error(frame, h, &t->error, t->generation);
    if (written == WRITE_NO_ROOM)
        return tell_hand_over(frame);
    count(reason);
    return written == WRITE_DONE ? XDP_TX : XDP_DROP;
}

/*
 * Whether it walks the tale: it stopped somewhere in it. What this machine itself answers is a walk
 * when its hop limit ends there, as that of a traceroute does, and else an ordinary packet.
 */
static inline bool tell_is_walk(const struct head *h, const struct telling *t, uint32_t reason)
{
    return t->position != 0 && reason != TELL_GO_ON &&
           (reason != REASON_END_PASSED || h->hop_limit == t->position);
}

static inline int tell(struct xdp_md *frame, const struct head *h)
{
    struct telling t = {.generation = *(volatile uint32_t *)&current_book & 1};
    const uint64_t key[2] = {limit_key[0], limit_key[1]};
    const struct book_range *target;
    uint32_t reason;

    t.book = book_of(t.generation);
    target = find_target(t.book, t.generation, &h->destination);
    if (!target) {
        count(REASON_NOT_TARGET);
        return XDP_PASS;
    }
    reason = tell_plan(frame, h, target, &t);
    if (reason != TELL_GO_ON && reason != REASON_TIME_EXCEEDED && reason != REASON_REFUSED &&
        reason != REASON_END_REPLIED && reason != REASON_END_UNREACHABLE &&
        reason != REASON_END_RESET) {
        if (tell_is_walk(h, &t, reason))
            walk(frame, h->link, t.position, t.is_end);
        count(reason);
        return tell_goes_on(reason, t.own) ? XDP_PASS : XDP_DROP;
    }
    switch (limit_take(&t.book->limits, t.generation, t.book->nothing,
                       limit_hash_source(key, &h->source))) {
    case LIMIT_SOURCE:
        count(REASON_SOURCE_LIMIT);
        return XDP_DROP;
    case LIMIT_TOTAL:
        count(REASON_TOTAL_LIMIT);
        return XDP_DROP;
    case LIMIT_ALLOWED_AND_ASKED:
        if (tell_is_walk(h, &t, reason))
            walk(frame, h->link, t.position, t.is_end);
        /* fall through */
    default:
        return reason == TELL_GO_ON ? tell_hand_over(frame) : tell_answer(frame, h, &t, reason);
    }
}

#endif
