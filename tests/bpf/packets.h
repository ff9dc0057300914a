/*
 * Frames made by chance, most of them good probes, some of them broken; a seed makes them the same
 * every time.
 */
#ifndef HOPTELL_TESTS_PACKETS_H
#define HOPTELL_TESTS_PACKETS_H

#include "tale/random.h"
#include "wire/frame.h"
#include "wire/reply.h"

#include <string.h>

enum { PACKET_FRAME_MAX = 2100 };

static inline unsigned chance(struct random *r, unsigned below)
{
    return (unsigned)((random_next(r) >> 32) * below >> 32);
}

/* Mostly what probes have, sometimes anything. */
static inline uint8_t packet_protocol(struct random *r, uint8_t version)
{
    static const uint8_t usual[] = {PROTOCOL_UDP, PROTOCOL_TCP, PROTOCOL_ICMP};
    static const uint8_t rare[] = {PROTOCOL_SCTP, PROTOCOL_DCCP,    PROTOCOL_UDPLITE,
                                   PROTOCOL_IGMP, PROTOCOL_NO_NEXT, 47,
                                   253,           PROTOCOL_ICMPV6};
    const unsigned which = chance(r, 12);

    if (which < 3 || which > 4)
        return usual[which % 3] == PROTOCOL_ICMP && version == 6 ? PROTOCOL_ICMPV6
                                                                 : usual[which % 3];
    return rare[chance(r, sizeof rare)];
}

static inline void packet_ends(struct random *r, uint8_t version, struct address *source,
                               struct address *target)
{
    uint8_t v4[2][4] = {{192, 0, 2, (uint8_t)(1 + chance(r, 200))},
                        {203, 0, 113, chance(r, 4) ? 9 : (uint8_t)chance(r, 256)}};
    uint8_t v6[2][16] = {{0x20, 0x01, 0x0d, 0xb8, 0, 0x99, [15] = (uint8_t)chance(r, 256)},
                         {0x20, 0x01, 0x0d, 0xb8, 0, 0x42, [15] = (uint8_t)chance(r, 256)}};

    if (chance(r, 40) == 0) { /* from nobody who may be answered */
        v4[0][0] = (uint8_t)chance(r, 256);
        memset(v6[0], 0, 12);
    }
    if (chance(r, 40) == 0)
        memcpy(v6[0], v6[1], 16);
    *source = version == 6 ? address_v6(v6[0]) : address_v4(v4[0]);
    *target = version == 6 ? address_v6(v6[1]) : address_v4(v4[1]);
}

/* What the protocol's checksum covers is right, but for what a card would have done. */
static inline void packet_set_checksum(struct random *r, const struct ip_header *ip,
                                       uint8_t *payload, size_t length)
{
    const size_t at = ip->protocol == PROTOCOL_TCP ? 16 : ip->protocol == PROTOCOL_UDP ? 6 : 2;
    const bool is_icmp = ip->protocol == PROTOCOL_ICMP || ip->protocol == PROTOCOL_ICMPV6;
    const bool left_to_card = !is_icmp && chance(r, 10) == 0;
    uint64_t sum = checksum_pseudo(ip->source, ip->destination, ip->protocol, (uint32_t)length);

    if ((!is_icmp && ip->protocol != PROTOCOL_TCP && ip->protocol != PROTOCOL_UDP) ||
        at + 2 > length)
        return;
    store_u16(payload + at, 0);
    if (ip->protocol == PROTOCOL_ICMP)
        sum = 0;
    store_u16(payload + at, left_to_card ? (uint16_t)~checksum_fold(sum)
                                         : checksum_fold(checksum_add(sum, payload, length)));
}

static inline void packet_fill(struct random *r, const struct ip_header *ip, uint8_t *payload,
                               size_t length)
{
    for (size_t i = 0; i < length; i++)
        payload[i] = (uint8_t)random_next(r);
    if (length >= 8 && (ip->protocol == PROTOCOL_ICMP || ip->protocol == PROTOCOL_ICMPV6)) {
        if (chance(r, 8) != 0)
            payload[0] = ip->version == 6 ? ICMP6_ECHO_REQUEST : ICMP4_ECHO_REQUEST;
        payload[1] = 0;
    }
    if (length >= 8 && ip->protocol == PROTOCOL_UDP)
        store_u16(payload + 4, (uint16_t)(chance(r, 20) ? length : chance(r, 1500)));
    if (length >= 20 && ip->protocol == PROTOCOL_TCP) {
        payload[12] = (uint8_t)(chance(r, 8) ? 5 << 4 : chance(r, 16) << 4);
        payload[13] = (uint8_t)(chance(r, 3) ? TCP_SYN : chance(r, 256));
    }
    packet_set_checksum(r, ip, payload, length);
    if (ip->protocol == PROTOCOL_UDP && length >= 8 && chance(r, 12) == 0)
        store_u16(payload + 6, 0);
}

static inline size_t packet_payload_size(struct random *r)
{
    switch (chance(r, 8)) {
    case 0:
        return chance(r, 8);
    case 1:
        return 500 + chance(r, 60);
    case 2:
        return 1200 + chance(r, 300);
    case 3:
        return chance(r, 1900);
    default:
        return 8 + chance(r, 60);
    }
}

static inline size_t packet_link(struct random *r, uint8_t version, uint8_t *out)
{
    const unsigned tags = chance(r, 4) == 0 ? 1 + chance(r, 3) : 0;
    size_t at = 12;

    for (size_t i = 0; i < 12; i++)
        out[i] = (uint8_t)random_next(r);
    for (unsigned i = 0; i < tags; i++, at += 4) {
        store_u16(out + at, i + 1 < tags ? ETHERTYPE_QINQ : ETHERTYPE_VLAN);
        store_u16(out + at + 2, (uint16_t)random_next(r));
    }
    store_u16(out + at, version == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
    return at + 2;
}

/* Fragments, other IP lengths: what is rare, and must be treated alike too. */
static inline void packet_disturb(struct random *r, uint8_t *frame, size_t link, size_t length)
{
    uint8_t *ip = frame + link;
    const bool v4 = ip[0] >> 4 == 4;

    switch (chance(r, 14)) {
    case 0: /* anything, anywhere */
        for (unsigned i = 1 + chance(r, 3); i > 0; i--)
            frame[chance(r, (unsigned)length)] = (uint8_t)random_next(r);
        break;
    case 1: /* in the IP header, with its checksum right again */
        ip[chance(r, v4 ? 20 : 40)] = (uint8_t)random_next(r);
        break;
    case 2:
        if (v4)
            store_u16(ip + 6, (uint16_t)(chance(r, 2) ? 0x2000 : chance(r, 0x2000)));
        break;
    case 3:
        if (v4)
            store_u16(ip + 6, 0x4000);
        break;
    default:
        return;
    }
    if (v4 && (ip[0] & 0x0f) == 5 && chance(r, 8) != 0) {
        store_u16(ip + 10, 0);
        store_u16(ip + 10, checksum_fold(checksum_add(0, ip, 20)));
    }
}

/* One frame to `out`, of PACKET_FRAME_MAX octets; returns its length. */
static inline size_t packet_make(struct random *r, uint8_t *out)
{
    const uint8_t version = chance(r, 2) ? 4 : 6;
    struct address source, target;
    struct ip_header ip = {.source = &source,
                           .destination = &target,
                           .version = version,
                           .traffic_class = (uint8_t)(chance(r, 3) ? 0 : random_next(r)),
                           .hop_limit = (uint8_t)(chance(r, 12) ? chance(r, 14) : random_next(r)),
                           .id = (uint16_t)random_next(r)};
    const size_t link = packet_link(r, version, out);
    const size_t header = ip_header_length(version);
    const size_t payload = packet_payload_size(r);
    size_t length = link + header + payload;

    ip.protocol = packet_protocol(r, version);
    packet_ends(r, version, &source, &target);
    ip_header_write(&ip, payload, out + link);
    packet_fill(r, &ip, out + link + header, payload);
    packet_disturb(r, out, link, length);
    if (chance(r, 10) == 0) /* padding */
        for (size_t i = chance(r, 40); i > 0; i--)
            out[length++] = (uint8_t)random_next(r);
    else if (chance(r, 20) == 0) /* cut */
        length -= chance(r, (unsigned)(length - 14));
    return length;
}

#endif
