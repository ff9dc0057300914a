/*
 * CRC-32C (Castagnoli), reflected: of SCTP (RFC 9260, appendix A), and of the spool's records.
 */
#ifndef HOPTELL_WIRE_CRC32C_H
#define HOPTELL_WIRE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Goes on from `crc`, four bits at a time. It begins with UINT32_MAX, and what comes of the last
 * octets is inverted.
 */
static inline uint32_t crc32c_add(uint32_t crc, const uint8_t *octets, size_t length)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };

    for (size_t i = 0; i < length; i++) {
        crc ^= octets[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#endif
