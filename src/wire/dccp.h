/*
 * DCCP as far as an end speaks it that has no connections: the generic header, and the Reset that
 * answers it (RFC 4340, 5.1, 5.6 and 8.3.1).
 */
#ifndef HOPTELL_WIRE_DCCP_H
#define HOPTELL_WIRE_DCCP_H

#include "wire/cursor.h"

enum {
    DCCP_HEADER_SHORT = 12, /* with sequence numbers of 24 bits */
    DCCP_HEADER_LONG = 16,  /* of 48 bits */
    DCCP_RESET = 28,        /* a Reset without options */
    DCCP_NO_CONNECTION = 3, /* Reset code (RFC 4340, 5.6) */
};

enum dccp_type { /* RFC 4340, 5.1 */
                 DCCP_TYPE_REQUEST = 0,
                 DCCP_TYPE_DATA = 2,
                 DCCP_TYPE_RESET = 7,
};

struct dccp {
    uint64_t sequence;       /* the upper 24 of 48 bits are zero in the short form */
    uint64_t acknowledgment; /* 0 where the type has none */
    uint8_t type;
    bool has_acknowledgment;
    size_t covered; /* octets that the checksum covers */
};

static inline uint64_t dccp_number(const uint8_t *at, bool is_long)
{
    if (is_long)
        return (uint64_t)load_u16(at) << 32 | load_u32(at + 2);
    return (uint64_t)at[0] << 16 | load_u16(at + 1);
}

/* False when the header does not fit into the `length` octets, or its lengths into each other. */
static inline bool dccp_parse(const uint8_t *octets, size_t length, struct dccp *out)
{
    size_t header, fixed;
    unsigned coverage;
    bool is_long;

    *out = (struct dccp){0};
    if (length < DCCP_HEADER_SHORT)
        return false;
    header = (size_t)octets[4] * 4;
    coverage = octets[5] & 0x0f;
    is_long = (octets[8] & 1) != 0;
    out->type = octets[8] >> 1 & 0x0f;
    out->has_acknowledgment = out->type != DCCP_TYPE_REQUEST && out->type != DCCP_TYPE_DATA;
    fixed = is_long ? DCCP_HEADER_LONG : DCCP_HEADER_SHORT;
    if (header > length || header < fixed + (out->has_acknowledgment ? (is_long ? 8 : 4) : 0))
        return false;
    out->sequence = dccp_number(octets + (is_long ? 10 : 9), is_long);
    if (out->has_acknowledgment)
        out->acknowledgment = dccp_number(octets + fixed + (is_long ? 2 : 1), is_long);
    out->covered = coverage == 0 ? length : header + (size_t)(coverage - 1) * 4;
    return out->covered <= length;
}

/* Writes a Reset, ports swapped, its checksum zero: DCCP_RESET octets. */
static inline void dccp_write_reset(const uint8_t *octets, const struct dccp *d, uint8_t *out)
{
    const uint64_t sequence = d->has_acknowledgment ? d->acknowledgment + 1 : 0;

    __builtin_memcpy(out, octets + 2, 2);
    __builtin_memcpy(out + 2, octets, 2);
    store_u32(out + 4, (uint32_t)(DCCP_RESET / 4) << 24);
    store_u16(out + 8, (uint16_t)((DCCP_TYPE_RESET << 1 | 1) << 8));
    store_u16(out + 10, (uint16_t)(sequence >> 32));
    store_u32(out + 12, (uint32_t)sequence);
    store_u16(out + 16, 0);
    store_u16(out + 18, (uint16_t)(d->sequence >> 32));
    store_u32(out + 20, (uint32_t)d->sequence);
    store_u32(out + 24, (uint32_t)DCCP_NO_CONNECTION << 24);
}

#endif
