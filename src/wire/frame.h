/*
 * What stands before the IP packet in a frame, by link type: Ethernet with VLAN tags (IEEE 802.1Q
 * and 802.1ad), Linux cooked capture v1 and v2, BSD loopback and raw IP.
 */
#ifndef HOPTELL_WIRE_FRAME_H
#define HOPTELL_WIRE_FRAME_H

#include "wire/cursor.h"

enum link { LINK_ETHERNET, LINK_COOKED, LINK_COOKED2, LINK_LOOPBACK, LINK_RAW };

enum ethertype { /* IEEE 802 numbers */
                 ETHERTYPE_IPV4 = 0x0800,
                 ETHERTYPE_VLAN = 0x8100,
                 ETHERTYPE_IPV6 = 0x86dd,
                 ETHERTYPE_QINQ = 0x88a8,
};

enum {
    FRAME_VLAN_MAX = 2,
    FRAME_HEADER_MAX = 20 + 4 * FRAME_VLAN_MAX, /* that frame_to_ip looks through */
};

static inline bool frame_is_ip(uint16_t ethertype)
{
    return ethertype == ETHERTYPE_IPV4 || ethertype == ETHERTYPE_IPV6;
}

static inline bool frame_is_vlan(uint16_t ethertype)
{
    return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ;
}

/*
 * BSD loopback: an address family, below 256, in the byte order of whoever wrote the capture. IPv4
 * is 2 everywhere, IPv6 differs by system.
 */
static inline uint16_t frame_of_family(const uint8_t family[4])
{
    const uint32_t value = load_u32(family);

    switch ((value & 0xffffff) == 0 ? value >> 24 : value) {
    case 2:
        return ETHERTYPE_IPV4;
    case 10: /* Linux */
    case 24: /* NetBSD, OpenBSD */
    case 28: /* FreeBSD */
    case 30: /* Darwin */
        return ETHERTYPE_IPV6;
    default:
        return 0;
    }
}

/* Reads a link header up to its type of payload; for link types without one, IPv4's. */
static inline uint16_t frame_ethertype(enum link link, struct cursor *c)
{
    const uint8_t *header;
    uint16_t type;

    switch (link) {
    case LINK_ETHERNET: /* addresses 12, type 2 */
        header = cursor_take(c, 14);
        return header ? load_u16(header + 12) : 0;
    case LINK_COOKED: /* type 2, device 2, address length 2, address 8, protocol 2 */
        cursor_skip(c, 14);
        return cursor_u16(c);
    case LINK_COOKED2: /* protocol 2, reserved 2, index 4, device 2, type 1, length 1, address 8 */
        type = cursor_u16(c);
        cursor_skip(c, 18);
        return type;
    case LINK_LOOPBACK:
        header = cursor_take(c, 4);
        return header ? frame_of_family(header) : 0;
    case LINK_RAW:
    default:
        return ETHERTYPE_IPV4;
    }
}

/*
 * Moves `c` from the start of a frame to its IP packet; at most FRAME_VLAN_MAX tags are looked
 * through. Returns false when the frame holds no IP packet or is too short to tell. Whether the
 * packet is IPv4 or IPv6 its own first octet says.
 */
static inline bool frame_to_ip(enum link link, struct cursor *c)
{
    uint16_t type = frame_ethertype(link, c);

    for (unsigned i = 0; i < FRAME_VLAN_MAX && frame_is_vlan(type); i++) {
        cursor_skip(c, 2);
        type = cursor_u16(c);
    }
    return !c->failed && frame_is_ip(type);
}

/*
 * Makes of a frame's header, as frame_to_ip went through it, that of a frame which goes back: the
 * two Ethernet addresses change places, and a cooked header says that the frame was sent from
 * here, from no known address. VLAN tags and types stay.
 */
static inline void frame_turn_around(enum link link, uint8_t *header)
{
    enum { COOKED_OUTGOING = 4 };
    uint8_t address[6];

    switch (link) {
    case LINK_ETHERNET:
        __builtin_memcpy(address, header, 6);
        __builtin_memcpy(header, header + 6, 6);
        __builtin_memcpy(header + 6, address, 6);
        break;
    case LINK_COOKED:
        store_u16(header, COOKED_OUTGOING);
        store_u16(header + 4, 0);
        __builtin_memset(header + 6, 0, 8);
        break;
    case LINK_COOKED2:
        header[10] = COOKED_OUTGOING;
        header[11] = 0;
        __builtin_memset(header + 12, 0, 8);
        break;
    case LINK_LOOPBACK:
    case LINK_RAW:
    default:
        break;
    }
}

#endif
