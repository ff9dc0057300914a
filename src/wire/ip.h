/*
 * Writing an IP header without options or extension headers: IPv4 (RFC 791) or IPv6 (RFC 8200).
 */
#ifndef HOPTELL_WIRE_IP_H
#define HOPTELL_WIRE_IP_H

#include "wire/packet.h"

struct ip_header {
    const struct address *source; /* both of the family of `version` */
    const struct address *destination;
    uint8_t version; /* 4 or 6 */
    uint8_t traffic_class;
    uint8_t hop_limit;
    uint8_t protocol;
    uint16_t id; /* IPv4 alone */
    bool dont_fragment;
};

static inline size_t ip_header_length(uint8_t version)
{
    return version == 6 ? IPV6_HEADER : IPV4_HEADER_MIN;
}

static inline void ip_header_write_v4(const struct ip_header *h, size_t payload, uint8_t *out)
{
    out[0] = 0x45;
    out[1] = h->traffic_class;
    store_u16(out + 2, (uint16_t)(IPV4_HEADER_MIN + payload));
    store_u16(out + 4, h->id);
    store_u16(out + 6, h->dont_fragment ? 0x4000 : 0);
    out[8] = h->hop_limit;
    out[9] = h->protocol;
    store_u16(out + 10, 0);
    __builtin_memcpy(out + 12, h->source->octets + 12, 4);
    __builtin_memcpy(out + 16, h->destination->octets + 12, 4);
    store_u16(out + 10, checksum_fold(checksum_add(0, out, IPV4_HEADER_MIN)));
}

/* The flow label is 0, as RFC 6437, 3 lets a source that labels no flows do. */
static inline void ip_header_write_v6(const struct ip_header *h, size_t payload, uint8_t *out)
{
    store_u32(out, 6u << 28 | (uint32_t)h->traffic_class << 20);
    store_u16(out + 4, (uint16_t)payload);
    out[6] = h->protocol;
    out[7] = h->hop_limit;
    __builtin_memcpy(out + 8, h->source->octets, 16);
    __builtin_memcpy(out + 24, h->destination->octets, 16);
}

/* Writes ip_header_length octets to `out`; `payload` is how many octets follow them. */
static inline void ip_header_write(const struct ip_header *h, size_t payload, uint8_t *out)
{
    if (h->version == 6)
        ip_header_write_v6(h, payload, out);
    else
        ip_header_write_v4(h, payload, out);
}

/* The transport checksum of `length` octets under `h` (their checksum field zero), host order. */
static inline uint16_t ip_payload_checksum(const struct ip_header *h, const uint8_t *payload,
                                           size_t length)
{
    const uint64_t pseudo =
        checksum_pseudo(h->source, h->destination, h->protocol, (uint32_t)length);

    return checksum_fold(checksum_add(pseudo, payload, length));
}

#endif
