/*
 * Looking through the tunnels of a tap: from a frame to the innermost IP packet.
 *
 *     frame [ VLAN | MPLS | PPPoE ]... IP [ GRE | UDP VXLAN | UDP GTP-U ] [ frame ]... IP ...
 *
 * MPLS (RFC 3032; with the control word of RFC 4385 an Ethernet frame), PPPoE (RFC 2516), IP in IP
 * (RFC 2003), IPv6 in IPv4 (RFC 4213), GRE (RFC 2784, RFC 2890), VXLAN (RFC 7348) and GTP-U (3GPP
 * TS 29.281); and the mirrored frames of ERSPAN, which come in GRE. What cannot be looked through (a fragment of an outer packet, something else inside
 * than IP, too deep) is left as it is: the packet that it is found in is then the innermost.
 */
#ifndef HOPTELL_WIRE_TUNNEL_H
#define HOPTELL_WIRE_TUNNEL_H

#include "wire/frame.h"
#include "wire/packet.h"

enum {
    TUNNEL_DEPTH_MAX = 4,  /* IP packets around the innermost */
    TUNNEL_LAYERS_MAX = 6, /* VLAN tags, MPLS stacks and such before one IP packet */
    TUNNEL_LABELS_MAX = 8, /* of one MPLS stack */
};

enum { /* IEEE 802 numbers, beside those of frame.h */
       ETHERTYPE_ERSPAN_3 = 0x22eb,
       ETHERTYPE_BRIDGED = 0x6558,
       ETHERTYPE_MPLS = 0x8847,
       ETHERTYPE_MPLS_MULTICAST = 0x8848,
       ETHERTYPE_PPPOE_SESSION = 0x8864,
       ETHERTYPE_ERSPAN = 0x88be,
       ETHERTYPE_QINQ_BEFORE = 0x9100, /* of switches from before 802.1ad */
};

enum { /* IANA */
       PROTOCOL_IPV4 = 4,
       PROTOCOL_IPV6 = 41,
       PROTOCOL_GRE = 47,
       PORT_VXLAN = 4789,
       PORT_GTP_U = 2152,
};

/* The type of an IP packet by its first octet; 0 when it is none. */
static inline uint16_t tunnel_ip_type(const struct cursor *c)
{
    const uint8_t version = cursor_left(c) > 0 ? c->at[0] >> 4 : 0;

    if (version == 4)
        return ETHERTYPE_IPV4;
    return version == 6 ? ETHERTYPE_IPV6 : 0;
}

/* Over an MPLS label stack; the type of what follows is told by its first octet (RFC 4928). */
static inline uint16_t tunnel_over_mpls(struct cursor *c)
{
    enum { BOTTOM = 0x100 };

    for (unsigned i = 0; i < TUNNEL_LABELS_MAX; i++) {
        if (!(cursor_u32(c) & BOTTOM))
            continue;
        if (cursor_left(c) == 0 || c->at[0] >> 4 != 0)
            return tunnel_ip_type(c);
        cursor_skip(c, 4);
        return ETHERTYPE_BRIDGED;
    }
    return 0;
}

/* One octet where it is compressed, which ends as the second of two does (RFC 1661, 6.5). */
static inline uint16_t tunnel_ppp_protocol(struct cursor *c)
{
    const uint16_t first = cursor_u8(c);

    return first & 1 ? first : (uint16_t)(first << 8 | cursor_u8(c));
}

static inline uint16_t tunnel_over_pppoe(struct cursor *c)
{
    enum { SESSION = 0x1100, PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057 };
    const uint16_t kind = cursor_u16(c);
    uint16_t protocol;

    cursor_skip(c, 4); /* session, length */
    protocol = tunnel_ppp_protocol(c);
    if (c->failed || kind != SESSION)
        return 0;
    if (protocol == PPP_IPV4)
        return ETHERTYPE_IPV4;
    return protocol == PPP_IPV6 ? ETHERTYPE_IPV6 : 0;
}

/* From a payload of this type to the IP packet in it; false when there is none. */
static inline bool tunnel_type_to_ip(uint16_t type, struct cursor *c)
{
    for (unsigned i = 0; i <= TUNNEL_LAYERS_MAX && !c->failed; i++) {
        if (frame_is_ip(type))
            return true;
        if (frame_is_vlan(type) || type == ETHERTYPE_QINQ_BEFORE) {
            cursor_skip(c, 2);
            type = cursor_u16(c);
        } else if (type == ETHERTYPE_MPLS || type == ETHERTYPE_MPLS_MULTICAST) {
            type = tunnel_over_mpls(c);
        } else if (type == ETHERTYPE_PPPOE_SESSION) {
            type = tunnel_over_pppoe(c);
        } else if (type == ETHERTYPE_BRIDGED) {
            type = frame_ethertype(LINK_ETHERNET, c);
        } else {
            return false;
        }
    }
    return false;
}

/*
 * What a switch mirrors: version I has no header, II has one of eight octets and a sequence number in
 * that of GRE, III has one of twelve and, as its last bit says, eight more.
 */
static inline uint16_t tunnel_over_erspan(uint16_t type, bool has_sequence, struct cursor *c)
{
    enum { HAS_MORE = 0x01 };

    if (type == ETHERTYPE_ERSPAN) {
        cursor_skip(c, has_sequence ? 8 : 0);
        return ETHERTYPE_BRIDGED;
    }
    cursor_skip(c, 11);
    cursor_skip(c, cursor_u8(c) & HAS_MORE ? 8 : 0);
    return ETHERTYPE_BRIDGED;
}

static inline uint16_t tunnel_over_gre(struct cursor *c)
{
    enum { CHECKSUM = 0x8000, KEY = 0x2000, SEQUENCE = 0x1000, REST = 0x4fff };
    const uint16_t flags = cursor_u16(c);
    const uint16_t type = cursor_u16(c);

    if (flags & REST) /* source routes, another version */
        return 0;
    cursor_skip(c, (flags & CHECKSUM ? 4u : 0u) + (flags & KEY ? 4u : 0u) +
                       (flags & SEQUENCE ? 4u : 0u));
    if (type == ETHERTYPE_ERSPAN || type == ETHERTYPE_ERSPAN_3)
        return tunnel_over_erspan(type, flags & SEQUENCE, c);
    return type;
}

static inline uint16_t tunnel_over_vxlan(struct cursor *c)
{
    enum { HAS_NETWORK = 0x08 };
    const uint8_t flags = cursor_u8(c);

    cursor_skip(c, 7);
    return flags & HAS_NETWORK ? ETHERTYPE_BRIDGED : 0;
}

/*
 *     flags 1, type 1, length 2, tunnel endpoint 4 [, sequence 2, N-PDU 1, next 1 [, extensions]]
 */
static inline uint16_t tunnel_over_gtp(struct cursor *c)
{
    enum { VERSION_1 = 0x30, VERSION = 0xf0, HAS_MORE = 0x07, HAS_NEXT = 0x04, USER_DATA = 0xff };
    enum { EXTENSIONS_MAX = 4 };
    const uint8_t flags = cursor_u8(c);
    const uint8_t type = cursor_u8(c);
    uint8_t next = 0;

    cursor_skip(c, 6);
    if ((flags & VERSION) != VERSION_1 || type != USER_DATA)
        return 0;
    if (flags & HAS_MORE) {
        cursor_skip(c, 3);
        next = cursor_u8(c);
    }
    if (!(flags & HAS_NEXT))
        next = 0;
    for (unsigned i = 0; i < EXTENSIONS_MAX && next != 0; i++) {
        const size_t octets = (size_t)cursor_u8(c) * 4;

        if (octets == 0)
            return 0;
        cursor_skip(c, octets - 2);
        next = cursor_u8(c);
    }
    return next == 0 && !c->failed ? tunnel_ip_type(c) : 0;
}

static inline uint16_t tunnel_over_udp(struct cursor *c)
{
    uint16_t port;

    cursor_skip(c, 2);
    port = cursor_u16(c);
    cursor_skip(c, 4); /* length, checksum */
    if (port == PORT_VXLAN)
        return tunnel_over_vxlan(c);
    return port == PORT_GTP_U ? tunnel_over_gtp(c) : 0;
}

/* A look before the packet is parsed: most are TCP, and no tunnel. */
static inline bool tunnel_is_likely(const struct cursor *c)
{
    bool is_v4;
    uint8_t protocol;

    if (cursor_left(c) < IPV4_HEADER_MIN)
        return false;
    is_v4 = c->at[0] >> 4 == 4;
    protocol = c->at[is_v4 ? 9 : 6];
    if (protocol == PROTOCOL_TCP)
        return false;
    return protocol == PROTOCOL_IPV4 || protocol == PROTOCOL_IPV6 || protocol == PROTOCOL_GRE ||
           protocol == PROTOCOL_UDP || (!is_v4 && packet_is_extension(protocol));
}

/* From an IP packet to the one in it; false, and `c` as it was, when there is none. */
static inline bool tunnel_enter(struct cursor *c)
{
    struct cursor inner;
    struct packet p;
    uint16_t type = 0;

    if (!tunnel_is_likely(c) || packet_parse_at(*c, &p) != PACKET_OK ||
        p.flags & (PACKET_FRAGMENT_FIRST | PACKET_FRAGMENT_LATER | PACKET_BAD_CHECKSUM))
        return false;
    inner = cursor_over(p.payload, packet_payload_length(&p));
    if (p.protocol == PROTOCOL_IPV4)
        type = ETHERTYPE_IPV4;
    else if (p.protocol == PROTOCOL_IPV6)
        type = ETHERTYPE_IPV6;
    else if (p.protocol == PROTOCOL_GRE)
        type = tunnel_over_gre(&inner);
    else if (p.protocol == PROTOCOL_UDP)
        type = tunnel_over_udp(&inner);
    if (!tunnel_type_to_ip(type, &inner) || tunnel_ip_type(&inner) == 0)
        return false;
    *c = inner;
    return true;
}

/*
 * Moves `c` from the start of a frame to its innermost IP packet, and its end to where that ends at
 * the latest. False when the frame holds no IP packet or is too short to tell.
 */
static inline bool tunnel_to_ip(enum link link, struct cursor *c)
{
    if (!tunnel_type_to_ip(frame_ethertype(link, c), c))
        return false;
    for (unsigned i = 0; i < TUNNEL_DEPTH_MAX && tunnel_enter(c); i++)
        ;
    return true;
}

/*
 * The subscriber that a GTP-U tunnel is of: 0x0000, 16 bits of the endpoint, which are neither 0 nor
 * 0xffff, and the tunnel endpoint identifier, which is that endpoint's own (3GPP TS 29.281, 5.1). As the
 * first half of an IPv6 address it is in ::/16.
 */
static inline uint64_t tunnel_line(const struct address *endpoint, uint32_t identifier)
{
    uint32_t mixed = 0;

    for (unsigned i = 0; i < 16; i++)
        mixed = mixed * 31 + endpoint->octets[i];
    return (uint64_t)(1 + mixed % 0xfffe) << 32 | identifier;
}

/* Whether a subscriber's 64 bits are those of a tunnel; no client has them, of whatever family. */
static inline bool tunnel_is_line(uint64_t subscriber)
{
    return subscriber >> 48 == 0 && subscriber >> 32 != 0 && subscriber >> 32 != 0xffff;
}

/*
 * The subscriber that the outermost GTP-U tunnel of a frame is of, with the endpoint that it leads to;
 * 0 for none, and then *out_endpoint stays as it is.
 */
static inline uint64_t tunnel_subscriber(enum link link, struct cursor c,
                                         struct address *out_endpoint)
{
    if (!tunnel_type_to_ip(frame_ethertype(link, &c), &c))
        return 0;
    for (unsigned i = 0; i < TUNNEL_DEPTH_MAX; i++) {
        const struct cursor outer = c;
        struct cursor inner;
        struct packet p;

        if (!tunnel_enter(&c) || packet_parse_at(outer, &p) != PACKET_OK)
            return 0;
        inner = cursor_over(p.payload, packet_payload_length(&p));
        cursor_skip(&inner, 2);
        if (p.protocol != PROTOCOL_UDP || cursor_u16(&inner) != PORT_GTP_U)
            continue;
        cursor_skip(&inner, 8); /* length and checksum; flags, type and length */
        *out_endpoint = p.destination;
        return tunnel_line(&p.destination, cursor_u32(&inner));
    }
    return 0;
}

#endif
