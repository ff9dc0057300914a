/*
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * A sum is kept unfolded in 64 bits, so that additions need no care for carries; checksum_fold
 * gives the 16-bit value in host order as it is to be stored with store_u16.
 */
#ifndef HOPTELL_WIRE_CHECKSUM_H
#define HOPTELL_WIRE_CHECKSUM_H

#include "wire/address.h"
#include "wire/cursor.h"

/* Adds `length` octets to `sum`; an odd last octet is padded with zero (RFC 1071, 1). */
static inline uint64_t checksum_add(uint64_t sum, const uint8_t *octets, size_t length)
{
    size_t i = 0;

    for (; i + 4 <= length; i += 4)
        sum += load_u32(octets + i);
    if (i + 2 <= length) {
        sum += load_u16(octets + i);
        i += 2;
    }
    if (i < length)
        sum += (uint64_t)octets[i] << 8;
    return sum;
}

/* The complement of the folded sum: what belongs into a checksum field, in host order. */
static inline uint16_t checksum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* The pseudo-header of RFC 793 (IPv4) or RFC 8200, 8.1 (IPv6); both addresses of one family. */
static inline uint64_t checksum_pseudo(const struct address *source,
                                       const struct address *destination, uint8_t protocol,
                                       uint32_t length)
{
    uint64_t sum = 0;

    sum = checksum_add(sum, address_wire(source), address_wire_length(source));
    sum = checksum_add(sum, address_wire(destination), address_wire_length(destination));
    return sum + protocol + length;
}

/* The checksum after the 16-bit word `before` became `after` (RFC 1624, equation 3). */
static inline uint16_t checksum_update(uint16_t checksum, uint16_t before, uint16_t after)
{
    uint32_t sum = (uint16_t)~checksum + (uint32_t)(uint16_t)~before + after;

    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

#endif
