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

/* Both halves of a one's complement sum added, the carry where it comes round. */
static inline uint32_t checksum_halve(uint64_t sum)
{
    return (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
}

/* All of it as one word; not zero unless all octets were. */
static inline uint64_t checksum_words_sum(const struct checksum_words *words)
{
    const uint64_t sum = words->sum + words->carries;

    return sum + (sum < words->carries);
}

/* The same in host order, so short that others can be added. */
static inline uint32_t checksum_words_turned(const struct checksum_words *words)
{
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const uint64_t sum = checksum_words_sum(words);

    return checksum_halve(little ? __builtin_bswap64(sum) : sum);
}

/* The last `rest` octets before `end`, 1 to 7, as a word of which the others are zero. */
static inline uint64_t checksum_last(const uint8_t *end, size_t rest)
{
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const uint64_t word = checksum_load(end - 8);

    return little ? word >> (64 - 8 * rest) : word << (64 - 8 * rest);
}

/* As many octets as that alone, fewer than eight. */
static inline uint64_t checksum_few(const uint8_t *octets, size_t length)
{
    uint8_t word[8] = {0};

    for (size_t i = 0; i < length; i++)
        word[i] = octets[i];
    return checksum_load(word);
}

/*
 * Long runs, 64 octets at a time, where the processor multiplies and adds pairs of eight words at
 * once. It takes words as signed: with the first bit turned over each is 32768 too small.
 */
enum { CHECKSUM_BLOCK = 64, CHECKSUM_LONG = 2 * CHECKSUM_BLOCK };

#ifdef __SSE2__
typedef short checksum_eight __attribute__((vector_size(16)));
typedef int checksum_four __attribute__((vector_size(16)));

static inline checksum_four checksum_eight_words(const uint8_t *octets, uint8_t *out)
{
    const checksum_eight ones = {1, 1, 1, 1, 1, 1, 1, 1};
    checksum_eight eight;

    __builtin_memcpy(&eight, octets, 16);
    if (out)
        __builtin_memcpy(out, &eight, 16);
    return (checksum_four)__builtin_ia32_pmaddwd128(eight ^ (ones << 15), ones);
}

/* Adds whole blocks of `length` octets, less than 64 KiB, copies them to `out` unless it is NULL. */
static inline size_t checksum_words_add_blocks(struct checksum_words *words, const uint8_t *octets,
                                               size_t length, uint8_t *out)
{
    checksum_four even = {0}, odd = {0};
    size_t i = 0;

    for (; i + CHECKSUM_BLOCK <= length; i += CHECKSUM_BLOCK) {
        even += checksum_eight_words(octets + i, out ? out + i : NULL);
        odd += checksum_eight_words(octets + i + 16, out ? out + i + 16 : NULL);
        even += checksum_eight_words(octets + i + 32, out ? out + i + 32 : NULL);
        odd += checksum_eight_words(octets + i + 48, out ? out + i + 48 : NULL);
    }
    even += odd;
    checksum_words_add(
        words, (uint64_t)((int64_t)even[0] + even[1] + even[2] + even[3] + (int64_t)i / 2 * 32768));
    return i;
}
#else
static inline size_t checksum_words_add_blocks(struct checksum_words *words, const uint8_t *octets,
                                               size_t length, uint8_t *out)
{
    (void)words;
    (void)octets;
    (void)length;
    (void)out;
    return 0;
}
#endif

/* The words of `length` octets; an odd last octet is padded with zero (RFC 1071, 1). */
static inline struct checksum_words checksum_words_of(const uint8_t *octets, size_t length)
{
    struct checksum_words words = {0};
    size_t i = 0;

    if (length < 8) {
        checksum_words_add(&words, checksum_few(octets, length));
        return words;
    }
    if (length >= CHECKSUM_LONG)
        i = checksum_words_add_blocks(&words, octets, length, NULL);
    for (; i + 16 <= length; i += 16) {
        checksum_words_add(&words, checksum_load(octets + i));
        checksum_words_add(&words, checksum_load(octets + i + 8));
    }
    if (length & 8)
        checksum_words_add(&words, checksum_load(octets + i));
    if (length & 7)
        checksum_words_add(&words, checksum_last(octets + length, length & 7));
    return words;
}

/* Adds `length` octets to `sum`. */
static inline uint64_t checksum_add(uint64_t sum, const uint8_t *octets, size_t length)
{
    const struct checksum_words words = checksum_words_of(octets, length);

    return sum + checksum_words_turned(&words);
}

/* The same of at least eight octets, and copies them to `out` on the way. */
static inline uint64_t checksum_copy(uint64_t sum, const uint8_t *octets, size_t length,
                                     uint8_t *out)
{
    struct checksum_words words = {0};
    size_t i = 0;

    if (length >= CHECKSUM_LONG)
        i = checksum_words_add_blocks(&words, octets, length, out);
    for (; i + 16 <= length; i += 16) {
        checksum_words_add(&words, checksum_load(octets + i));
        checksum_words_add(&words, checksum_load(octets + i + 8));
        __builtin_memcpy(out + i, octets + i, 16);
    }
    if (length & 8) {
        checksum_words_add(&words, checksum_load(octets + i));
        __builtin_memcpy(out + i, octets + i, 8);
    }
    if (length & 7) {
        checksum_words_add(&words, checksum_last(octets + length, length & 7));
        __builtin_memcpy(out + length - 8, octets + length - 8, 8);
    }
    return sum + checksum_words_turned(&words);
}

/* The complement of the folded sum: what belongs into a checksum field, in host order. */
static inline uint16_t checksum_fold(uint64_t sum)
{
    const uint32_t half = checksum_halve(sum);

    return (uint16_t) ~((half + (half << 16 | half >> 16)) >> 16);
}

/*
 * Whether `length` octets that hold their own checksum sum up to what they should, which is the same
 * in either byte order.
 */
static inline bool checksum_is_good(const uint8_t *octets, size_t length)
{
    const struct checksum_words words = checksum_words_of(octets, length);

    return checksum_fold(checksum_words_sum(&words)) == 0;
}

/* The pseudo-header of RFC 793 (IPv4) or RFC 8200, 8.1 (IPv6); both addresses of one family. */
static inline uint64_t checksum_pseudo(const struct address *source,
                                       const struct address *destination, uint8_t protocol,
                                       uint32_t length)
{
    struct checksum_words words = {0};

    if (address_is_v4(source))
        return (uint64_t)load_u32(source->octets + 12) + load_u32(destination->octets + 12) +
               protocol + length;
    for (unsigned i = 0; i < 16; i += 8) {
        checksum_words_add(&words, checksum_load(source->octets + i));
        checksum_words_add(&words, checksum_load(destination->octets + i));
    }
    return (uint64_t)checksum_words_turned(&words) + protocol + length;
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
