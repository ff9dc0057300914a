/*
 * The probes that are measured: UDP, ICMP echo or a TCP SYN, each with its checksums.
 */
#ifndef HOPTELL_BENCH_PROBE_H
#define HOPTELL_BENCH_PROBE_H

#include "wire/icmp.h"
#include "wire/reply.h"

#include <string.h>

struct probe_order {
    const struct address *source; /* of the family of `version`, as is the destination */
    const struct address *destination;
    uint8_t version;
    uint8_t protocol;
    uint8_t hop_limit;
    uint16_t flow; /* its source port, or the sequence number of an echo */
    size_t length; /* octets behind the IP header, its protocol's own counted */
};

/* The protocol's header, without checksum; returns where in it the checksum belongs. */
static inline size_t probe_write_header(const struct probe_order *o, uint8_t *payload)
{
    if (o->protocol == PROTOCOL_ICMP || o->protocol == PROTOCOL_ICMPV6) {
        payload[0] = o->version == 6 ? ICMP6_ECHO_REQUEST : ICMP4_ECHO_REQUEST;
        payload[1] = 0;
        store_u16(payload + 6, o->flow);
        return 2;
    }
    store_u16(payload, o->flow);
    store_u16(payload + 2, o->protocol == PROTOCOL_TCP ? 80 : 33434);
    if (o->protocol == PROTOCOL_UDP) {
        store_u16(payload + 4, (uint16_t)o->length);
        return 6;
    }
    store_u32(payload + 8, 0);
    payload[12] = TCP_HEADER_MIN / 4 << 4;
    payload[13] = TCP_SYN;
    store_u16(payload + 18, 0);
    return 16;
}

/* Writes the probe as an IP packet and returns its octets. */
static inline size_t probe_write(const struct probe_order *o, uint8_t *packet)
{
    const struct ip_header ip = {.source = o->source,
                                 .destination = o->destination,
                                 .version = o->version,
                                 .hop_limit = o->hop_limit,
                                 .protocol = o->protocol};
    uint8_t *payload = packet + ip_header_length(o->version);
    /* as Linux's traceroute fills what carries nothing: UDP's data begins with it, echo's later */
    const unsigned fill = o->protocol == PROTOCOL_UDP ? 0x40 - 8 : 0x40;
    size_t checksum;

    for (size_t i = 0; i < o->length; i++)
        payload[i] = (uint8_t)(fill + i);
    checksum = probe_write_header(o, payload);
    store_u16(payload + checksum, 0);
    store_u16(payload + checksum, o->protocol == PROTOCOL_ICMP
                                      ? checksum_fold(checksum_add(0, payload, o->length))
                                      : ip_payload_checksum(&ip, payload, o->length));
    ip_header_write(&ip, o->length, packet);
    return ip_header_length(o->version) + o->length;
}

#endif
