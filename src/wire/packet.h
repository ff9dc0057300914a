/*
 * An IP packet, parsed: IPv4 (RFC 791) or IPv6 with its extension headers (RFC 8200).
 *
 *      ip            payload        end          (received octets end here, or later)
 *      |              |              |
 *      v              v              v
 *      [ IP header(s) | e.g. TCP ... ]  padding, if any
 *
 * The pointers lead into the caller's octets. Reads go by a cursor whose end is where the received
 * octets end, so that the kernel's verifier can follow them.
 */
#ifndef HOPTELL_WIRE_PACKET_H
#define HOPTELL_WIRE_PACKET_H

#include "wire/address.h"
#include "wire/checksum.h"
#include "wire/cursor.h"

enum protocol { /* IANA: Assigned Internet Protocol Numbers */
                PROTOCOL_HOP_BY_HOP = 0,
                PROTOCOL_ICMP = 1,
                PROTOCOL_IGMP = 2,
                PROTOCOL_TCP = 6,
                PROTOCOL_UDP = 17,
                PROTOCOL_DCCP = 33,
                PROTOCOL_ROUTING = 43,
                PROTOCOL_FRAGMENT = 44,
                PROTOCOL_AUTHENTICATION = 51,
                PROTOCOL_ICMPV6 = 58,
                PROTOCOL_NO_NEXT = 59,
                PROTOCOL_DESTINATION_OPTIONS = 60,
                PROTOCOL_SCTP = 132,
                PROTOCOL_UDPLITE = 136,
};

enum {
    IPV4_HEADER_MIN = 20,
    IPV4_HEADER_MAX = 60,
    IPV6_HEADER = 40,
};

/*
 * The kernel's verifier follows every way through a loop, so its program walks little and leaves
 * the rest to user space: IPv4 options, of which it does not look at the checksum, and packets
 * whose `protocol` is still that of an extension header.
 */
#ifdef __bpf__
enum { PACKET_CHECKED_MAX = 0, IPV6_EXTENSIONS_MAX = 1, PACKET_WALKS_ALL = 0 };
#else
enum {
    PACKET_CHECKED_MAX = IPV4_HEADER_MAX - IPV4_HEADER_MIN, /* octets of options */
    IPV6_EXTENSIONS_MAX = 8, /* more than these are not walked: PACKET_FAULT_HEADER */
    PACKET_WALKS_ALL = 1,
};
#endif

enum packet_fault {
    PACKET_OK,
    PACKET_FAULT_SHORT,   /* ends before its headers do */
    PACKET_FAULT_VERSION, /* neither 4 nor 6 */
    PACKET_FAULT_HEADER,  /* a length, an order or an address that the RFCs do not allow */
};

enum {
    PACKET_V6 = 1u << 0,
    PACKET_DONT_FRAGMENT = 1u << 1,
    PACKET_RESERVED_BIT = 1u << 2,   /* the first bit of the IPv4 flags is set */
    PACKET_FRAGMENT_FIRST = 1u << 3, /* a first fragment with more to come */
    PACKET_FRAGMENT_LATER = 1u << 4, /* not the first: `payload` is not the start of a protocol */
    PACKET_ATOMIC = 1u << 5,         /* IPv6: a whole packet with a fragment header (RFC 6946) */
    PACKET_OPTIONS = 1u << 6,        /* IPv4 options or IPv6 extension headers are there */
    PACKET_TRUNCATED = 1u << 7,      /* declares more octets than were received */
    PACKET_BAD_CHECKSUM = 1u << 8,   /* the IPv4 header's own */
};

struct packet {
    const uint8_t *ip;
    const uint8_t *payload;
    const uint8_t *end; /* by the declared length, or where the received octets end if earlier */
    uint32_t flags;     /* PACKET_... */
    uint32_t length;    /* as declared: the whole packet with its IP header */
    struct address source;
    struct address destination;
    uint8_t version;       /* 4 or 6 */
    uint8_t protocol;      /* of the payload, after all extension headers */
    uint8_t hop_limit;     /* as received */
    uint8_t traffic_class; /* DSCP and ECN */
    uint16_t id;           /* IPv4 identification; 0 for IPv6 */
    uint32_t flow_label;   /* IPv6; 0 for IPv4 */
};

static inline enum family packet_family(const struct packet *p)
{
    return p->version == 6 ? FAMILY_V6 : FAMILY_V4;
}

static inline size_t packet_payload_length(const struct packet *p)
{
    return (size_t)(p->end - p->payload);
}

static inline size_t packet_header_length(const struct packet *p)
{
    return (size_t)(p->payload - p->ip);
}

static inline void packet_set_end(struct packet *p, const uint8_t *received_end)
{
    p->end = p->ip + p->length;
    if (p->end > received_end) {
        p->flags |= PACKET_TRUNCATED;
        p->end = received_end;
    }
}

/*
 * The IPv4 header's own checksum (RFC 791, 3.1): over its fixed part at `ip`, and over `options`
 * octets of options, all of them received.
 */
static inline bool packet_checksum_is_good(const uint8_t *ip, size_t options)
{
    if (options > PACKET_CHECKED_MAX)
        return true;
    if (options == 0)
        return checksum_is_good(ip, IPV4_HEADER_MIN);
    return checksum_is_good(ip, IPV4_HEADER_MIN + options);
}

/* As far as they stand in the word of an IPv4 header's flags and fragment offset. */
static inline uint32_t packet_flags_v4(uint32_t fragment)
{
    enum { RESERVED = 0x8000, DONT = 0x4000, MORE = 0x2000, OFFSET = 0x1fff, SHIFT = 13 };
    const uint32_t flags = fragment >> SHIFT & (PACKET_RESERVED_BIT | PACKET_DONT_FRAGMENT);

    _Static_assert(PACKET_RESERVED_BIT == RESERVED >> SHIFT, "the bit stands as in the header");
    _Static_assert(PACKET_DONT_FRAGMENT == DONT >> SHIFT, "the bit stands as in the header");
    if (fragment & OFFSET)
        return flags | PACKET_FRAGMENT_LATER;
    return fragment & MORE ? flags | PACKET_FRAGMENT_FIRST : flags;
}

static inline enum packet_fault packet_parse_v4(struct packet *p, struct cursor c)
{
    const uint8_t *ip = cursor_take(&c, IPV4_HEADER_MIN);
    size_t header;

    if (ip == NULL)
        return PACKET_FAULT_SHORT;
    header = (size_t)(ip[0] & 0x0f) * 4;
    p->length = load_u16(ip + 2);
    if (header < IPV4_HEADER_MIN || p->length < header)
        return PACKET_FAULT_HEADER;
    cursor_skip(&c, header - IPV4_HEADER_MIN);
    if (c.failed)
        return PACKET_FAULT_SHORT;

    p->flags = packet_flags_v4(load_u16(ip + 6));
    if (header > IPV4_HEADER_MIN)
        p->flags |= PACKET_OPTIONS;
    if (!packet_checksum_is_good(ip, header - IPV4_HEADER_MIN))
        p->flags |= PACKET_BAD_CHECKSUM;
    p->payload = c.at;
    p->version = 4;
    p->traffic_class = ip[1];
    p->id = load_u16(ip + 4);
    p->hop_limit = ip[8];
    p->protocol = ip[9];
    p->source = address_v4(ip + 12);
    p->destination = address_v4(ip + 16);
    packet_set_end(p, c.end);
    return PACKET_OK;
}

/* Moves over the extension header that `c` stands before; RFC 8200, 4. */
static inline enum packet_fault packet_extension(struct packet *p, struct cursor *c)
{
    const uint8_t header = p->protocol;
    const uint8_t next = cursor_u8(c);
    const uint8_t units = cursor_u8(c);

    if (header == PROTOCOL_FRAGMENT) {
        const uint16_t offset = cursor_u16(c);

        cursor_skip(c, 4);
        if (offset & 0xfff8)
            p->flags |= PACKET_FRAGMENT_LATER;
        else if (offset & 1)
            p->flags |= PACKET_FRAGMENT_FIRST;
        else
            p->flags |= PACKET_ATOMIC;
    } else if (header == PROTOCOL_AUTHENTICATION) {
        cursor_skip(c, ((size_t)units + 2) * 4 - 2); /* RFC 4302, 2.2 */
    } else {
        cursor_skip(c, ((size_t)units + 1) * 8 - 2);
    }
    p->flags |= PACKET_OPTIONS;
    p->protocol = next;
    return c->failed || c->at > p->end ? PACKET_FAULT_SHORT : PACKET_OK;
}

static inline bool packet_is_extension(uint8_t protocol)
{
    return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
           protocol == PROTOCOL_FRAGMENT || protocol == PROTOCOL_AUTHENTICATION ||
           protocol == PROTOCOL_DESTINATION_OPTIONS;
}

static inline enum packet_fault packet_parse_v6(struct packet *p, struct cursor c)
{
    const uint8_t *ip = cursor_take(&c, IPV6_HEADER);
    uint32_t first;

    if (ip == NULL)
        return PACKET_FAULT_SHORT;
    first = load_u32(ip);
    p->version = 6;
    p->flags |= PACKET_V6;
    p->traffic_class = (uint8_t)(first >> 20);
    p->flow_label = first & 0xfffff;
    p->length = IPV6_HEADER + (uint32_t)load_u16(ip + 4);
    p->protocol = ip[6];
    p->hop_limit = ip[7];
    p->source = address_v6(ip + 8);
    p->destination = address_v6(ip + 24);
    packet_set_end(p, c.end);
    /* ::ffff:a.b.c.d is for inside a host (RFC 4942, 2.2); here it would pass for IPv4 */
    if (address_is_v4(&p->source) || address_is_v4(&p->destination))
        return PACKET_FAULT_HEADER;

    for (unsigned i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
        enum packet_fault fault;

        if (!packet_is_extension(p->protocol) || (p->flags & PACKET_FRAGMENT_LATER))
            break;
        if (p->protocol == PROTOCOL_HOP_BY_HOP && i > 0)
            return PACKET_FAULT_HEADER;
        fault = packet_extension(p, &c);
        if (fault != PACKET_OK)
            return fault;
    }
    if (PACKET_WALKS_ALL && packet_is_extension(p->protocol) && !(p->flags & PACKET_FRAGMENT_LATER))
        return PACKET_FAULT_HEADER;
    p->payload = c.at;
    return PACKET_OK;
}

/*
 * Parses what `c` stands before as one IP packet; the octets up to its end were received. On
 * PACKET_OK all of *out is set; on a fault its contents mean nothing. A packet that declares more
 * than was received is not a fault (captures are cut short on purpose) but PACKET_TRUNCATED.
 */
static inline enum packet_fault packet_parse_at(struct cursor c, struct packet *out)
{
    struct cursor first = c;
    const uint8_t version = cursor_u8(&first) >> 4;

    if (first.failed)
        return PACKET_FAULT_SHORT;
    out->ip = c.at;
    out->flags = 0;
    out->id = 0;
    out->flow_label = 0;
    switch (version) {
    case 4:
        return packet_parse_v4(out, c);
    case 6:
        return packet_parse_v6(out, c);
    default:
        return PACKET_FAULT_VERSION;
    }
}

/* The same for the `received` octets at `octets`. */
static inline enum packet_fault packet_parse(const uint8_t *octets, size_t received,
                                             struct packet *out)
{
    return packet_parse_at(cursor_over(octets, received), out);
}

/* A walk over the extension headers of a parsed packet; all offsets from the start of the packet. */
struct packet_headers {
    const struct packet *packet;
    uint32_t at;     /* where the header begins */
    uint32_t length; /* its octets */
    uint32_t named;  /* where the field stands that names it */
    uint8_t header;  /* its protocol number */
};

static inline struct packet_headers packet_headers(const struct packet *p)
{
    return (struct packet_headers){.packet = p};
}

/* Goes on to the first, then to the next; false behind the last, and for IPv4 always. */
static inline bool packet_headers_next(struct packet_headers *w)
{
    const uint8_t *ip = w->packet->ip;
    const bool first = w->at == 0;

    if (w->packet->version != 6)
        return false;
    w->named = first ? 6 : w->at;
    w->at = first ? IPV6_HEADER : w->at + w->length;
    w->header = ip[w->named];
    if (ip + w->at >= w->packet->payload)
        return false;
    if (w->header == PROTOCOL_FRAGMENT)
        w->length = 8;
    else if (w->header == PROTOCOL_AUTHENTICATION)
        w->length = ((uint32_t)ip[w->at + 1] + 2) * 4; /* RFC 4302, 2.2 */
    else
        w->length = ((uint32_t)ip[w->at + 1] + 1) * 8;
    return true;
}

/*
 * Where the field stands that names the protocol of the payload: what a parameter problem about
 * that protocol points to (RFC 4443, 3.4).
 */
static inline uint32_t packet_protocol_offset(const struct packet *p)
{
    struct packet_headers walk = packet_headers(p);

    while (packet_headers_next(&walk))
        ;
    return p->version == 6 ? walk.named : 9;
}

#endif
