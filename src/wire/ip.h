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

/*
 * The checksum is taken of the numbers rather than of the octets just written, which a processor
 * would have to wait for.
 */
static inline void ip_header_write_v4(const struct ip_header *h, size_t payload, uint8_t *out)
{
    const uint32_t source = load_u32(h->source->octets + 12);
    const uint32_t destination = load_u32(h->destination->octets + 12);
    const uint32_t first =
        0x45u << 24 | (uint32_t)h->traffic_class << 16 | (uint16_t)(IPV4_HEADER_MIN + payload);
    const uint32_t second = (uint32_t)h->id << 16 | (h->dont_fragment ? 0x4000 : 0);
    const uint32_t third = (uint32_t)h->hop_limit << 24 | (uint32_t)h->protocol << 16;
    const uint64_t sum = (uint64_t)first + second + third + source + destination;

    store_u32(out, first);
    store_u32(out + 4, second);
    store_u32(out + 8, third | checksum_fold(sum));
    store_u32(out + 12, source);
    store_u32(out + 16, destination);
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
