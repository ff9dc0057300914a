/*
 * What of a frame the XDP program decides by, as numbers: they stay true when the packet's pointers
 * are gone, and a function that is verified by itself can be given them.
 */
#ifndef HOPTELL_BPF_HEAD_H
#define HOPTELL_BPF_HEAD_H

#include "wire/frame.h"
#include "wire/packet.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* Not static: the verifier then looks at it once, and not again for each way that leads to it. */
#define VERIFIED_ALONE __attribute__((noinline))

enum { HEAD_START = 20, HEAD_LINK_MAX = 22, HEAD_LINK_BOUND = 32 };

struct head {
    struct address source;
    struct address destination;
    uint32_t flags;  /* PACKET_... */
    uint32_t length; /* as declared: the whole packet with its IP header */
    uint32_t flow_label;
    uint16_t link;    /* octets before the IP header */
    uint16_t payload; /* where it begins, from the IP header on */
    uint16_t id;
    uint8_t version;
    uint8_t protocol;
    uint8_t hop_limit;
    uint8_t traffic_class;
    uint8_t fault;             /* enum packet_fault */
    uint8_t started;           /* octets of start[] */
    uint8_t start[HEAD_START]; /* the payload's first octets, zeros where there are fewer */
};

/*
 * The two fields are 32 bits wide to the compiler, and pointers to the verifier: read in this way
 * the compiler keeps them whole.
 */
static inline uint8_t *frame_start(const struct xdp_md *frame)
{
    uint8_t *start;

    __asm__ volatile("%0 = *(u32 *)(%1 + %2)"
                     : "=r"(start)
                     : "r"(frame), "i"(offsetof(struct xdp_md, data)));
    return start;
}

static inline const uint8_t *frame_end(const struct xdp_md *frame)
{
    const uint8_t *end;

    __asm__ volatile("%0 = *(u32 *)(%1 + %2)"
                     : "=r"(end)
                     : "r"(frame), "i"(offsetof(struct xdp_md, data_end)));
    return end;
}

/* The verifier takes the end less the start, and no other sum with the two. */
static inline long frame_length(const struct xdp_md *frame)
{
    long length = frame_end(frame) - frame_start(frame);

    __asm__ volatile("" : "+r"(length));
    return length;
}

/* Where a packet with a broken header was going, as far as that can be told; see tale/probe.c. */
static inline bool head_of_broken(struct cursor c, struct head *h)
{
    const uint8_t *ip = cursor_take(&c, IPV4_HEADER_MIN);

    if (!ip)
        return false;
    if (ip[0] >> 4 == 4) {
        h->destination = address_v4(ip + 16);
        return true;
    }
    if (ip[0] >> 4 != 6 || !cursor_take(&c, IPV6_HEADER - IPV4_HEADER_MIN))
        return false;
    h->destination = address_v6(ip + 24);
    return true;
}

static inline void head_take_start(const struct packet *p, const uint8_t *received_end,
                                   struct head *h)
{
    struct cursor c = {.at = p->payload, .end = received_end};
    const uint8_t *start = cursor_take(&c, HEAD_START);
    const long there = p->end - p->payload;

    h->started = there < HEAD_START ? (uint8_t)(there < 0 ? 0 : there) : HEAD_START;
    if (start && h->started == HEAD_START) {
        __builtin_memcpy(h->start, start, HEAD_START);
        return;
    }
    c = (struct cursor){.at = p->payload, .end = received_end};
    start = cursor_take(&c, 8);
    if (start && h->started >= 8) {
        __builtin_memcpy(h->start, start, 8);
        return;
    }
    c = (struct cursor){.at = p->payload, .end = received_end};
    start = cursor_take(&c, 4);
    if (start && h->started >= 4)
        __builtin_memcpy(h->start, start, 4);
}

/* False: no IP packet, or one of which not even the destination can be told. */
VERIFIED_ALONE int head_read(struct xdp_md *frame, struct head *h)
{
    struct cursor c = {.at = frame_start(frame), .end = frame_end(frame)};
    struct packet p;

    if (!h || !frame_to_ip(LINK_ETHERNET, &c))
        return false;
    h->link = (uint16_t)(c.at - frame_start(frame));
    h->fault = (uint8_t)packet_parse_at(c, &p);
    if (h->fault != PACKET_OK)
        return head_of_broken(c, h);
    h->source = p.source;
    h->destination = p.destination;
    h->flags = p.flags;
    h->length = p.length;
    h->flow_label = p.flow_label;
    h->payload = (uint16_t)(p.payload - p.ip);
    h->id = p.id;
    h->version = p.version;
    h->protocol = p.protocol;
    h->hop_limit = p.hop_limit;
    h->traffic_class = p.traffic_class;
    head_take_start(&p, c.end, h);
    return true;
}

#endif
