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

/*
 * Sums are taken in the machine's own byte order, eight octets at a time with their carries counted
 * beside, and turned round once at the end: the sum of swapped words is the swapped sum (RFC 1071,
 * 2 (B)).
 */
struct checksum_words {
    uint64_t sum;
    uint64_t carries;
};

static inline uint64_t checksum_load(const uint8_t *octets)
{
    uint64_t word;

    __builtin_memcpy(&word, octets, 8);
    return word;
}

static inline void checksum_words_add(struct checksum_words *words, uint64_t word)
{
#ifdef __bpf__ /* which has no carry but by a branch */
    words->sum += (word & 0xffffffffu) + (word >> 32);
#else
    words->sum += word;
    words->carries += words->sum < word;
#endif
}

/* The sum in host order; not zero unless all octets were. */
static inline uint64_t checksum_words_sum(const struct checksum_words *words)
{
    uint64_t sum = (words->sum & 0xffffffffu) + (words->sum >> 32) + words->carries;

    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16((uint16_t)sum) : sum;
}

/*
 * The last octets, fewer than eight, in pieces of 4, 2 and 1. It does not matter where in a word a
 * piece is added, as long as it begins at an even octet.
 */
static inline void checksum_words_add_tail(struct checksum_words *words, const uint8_t *octets,
                                           size_t length)
{
    if (length & 4) {
        uint32_t piece;

        __builtin_memcpy(&piece, octets, 4);
        checksum_words_add(words, piece);
        octets += 4;
    }
    if (length & 2) {
        uint16_t piece;

        __builtin_memcpy(&piece, octets, 2);
        checksum_words_add(words, piece);
        octets += 2;
    }
    if (length & 1)
        checksum_words_add(words, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                                      ? octets[0]
                                      : (uint64_t)octets[0] << 8);
}

/* Adds `length` octets to `sum`; an odd last octet is padded with zero (RFC 1071, 1). */
static inline uint64_t checksum_add(uint64_t sum, const uint8_t *octets, size_t length)
{
    struct checksum_words words = {0};
    size_t i = 0;

#pragma GCC unroll 4
    for (; i + 8 <= length; i += 8)
        checksum_words_add(&words, checksum_load(octets + i));
    checksum_words_add_tail(&words, octets + i, length & 7);
    return sum + checksum_words_sum(&words);
}

/* The same, and copies the octets to `out` on the way. */
static inline uint64_t checksum_copy(uint64_t sum, const uint8_t *octets, size_t length,
                                     uint8_t *out)
{
    struct checksum_words words = {0};
    size_t i = 0;

#pragma GCC unroll 4
    for (; i + 8 <= length; i += 8) {
        const uint64_t word = checksum_load(octets + i);

        __builtin_memcpy(out + i, &word, 8);
        checksum_words_add(&words, word);
    }
    checksum_words_add_tail(&words, octets + i, length & 7);
    for (; i < length; i++)
        out[i] = octets[i];
    return sum + checksum_words_sum(&words);
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
