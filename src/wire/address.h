/*
 * Addresses and prefixes of both families in one form.
 *
 * An IPv4 address is held as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one key, one table and
 * one comparison serve both. A prefix's length counts from the first of the 128 bits: an IPv4 /24
 * is held as 120.
 */
#ifndef HOPTELL_WIRE_ADDRESS_H
#define HOPTELL_WIRE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum family { FAMILY_V4, FAMILY_V6, FAMILY_COUNT };

struct address {
    uint8_t octets[16]; /* network byte order */
#ifdef __bpf__
} __attribute__((aligned(8))); /* so that it is compared and copied as words */
#else
};
#endif

struct prefix {
    struct address address; /* bits past `length` are zero */
    uint8_t length;         /* 0 to 128; IPv4: 96 to 128 */
};

/* The second half is made as one word, which is also how it is read again a moment later. */
static inline struct address address_v4(const uint8_t octets[4])
{
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    struct address a = {{0}};
    uint32_t last;
    uint64_t low;

    __builtin_memcpy(&last, octets, 4);
    low = little ? (uint64_t)last << 32 | 0xffff0000u : (uint64_t)0xffff << 32 | last;
    __builtin_memcpy(a.octets + 8, &low, 8);
    return a;
}

static inline struct address address_v6(const uint8_t octets[16])
{
    struct address a;

    __builtin_memcpy(a.octets, octets, 8);
    __builtin_memcpy(a.octets + 8, octets + 8, 8);
    return a;
}

/* Eight octets as one word, in whichever order: for comparing only. There is no memcmp in BPF. */
static inline uint64_t address_word(const uint8_t *octets)
{
    uint64_t word;

    __builtin_memcpy(&word, octets, 8);
    return word;
}

static inline bool address_equal(const struct address *a, const struct address *b)
{
    return address_word(a->octets) == address_word(b->octets) &&
           address_word(a->octets + 8) == address_word(b->octets + 8);
}

/* A word's value where its octets stand in network byte order. */
static inline uint64_t address_word_value(uint64_t word)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(word) : word;
}

/* The first (0) or the second (1) half of the 128 bits, as a number. */
static inline uint64_t address_half(const struct address *a, unsigned half)
{
    return address_word_value(address_word(a->octets + (size_t)half * 8));
}

static inline bool address_is_v4(const struct address *a)
{
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const uint64_t low = address_word(a->octets + 8);

    return address_word(a->octets) == 0 &&
           (little ? (uint32_t)low == 0xffff0000u : low >> 32 == 0xffff);
}

static inline enum family address_family(const struct address *a)
{
    return address_is_v4(a) ? FAMILY_V4 : FAMILY_V6;
}

/* Where the address begins on the wire, and how many octets it has there. */
static inline const uint8_t *address_wire(const struct address *a)
{
    return address_is_v4(a) ? a->octets + 12 : a->octets;
}

static inline unsigned address_wire_length(const struct address *a)
{
    return address_is_v4(a) ? 4 : 16;
}

/* 0.0.0.0 or :: */
static inline bool address_is_unspecified(const struct address *a)
{
    const uint8_t *last = a->octets + 12;

    if (address_is_v4(a))
        return (last[0] | last[1] | last[2] | last[3]) == 0;
    return (address_word(a->octets) | address_word(a->octets + 8)) == 0;
}

/* 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291, 2.7) */
static inline bool address_is_multicast(const struct address *a)
{
    return address_is_v4(a) ? (uint32_t)address_half(a, 1) >> 28 == 0xe
                            : address_half(a, 0) >> 56 == 0xff;
}

/* 127.0.0.0/8 (RFC 1122, 3.2.1.3) or ::1 */
static inline bool address_is_loopback(const struct address *a)
{
    static const struct address one = {.octets = {[15] = 1}};

    return address_is_v4(a) ? a->octets[12] == 127 : address_equal(a, &one);
}

/* 255.255.255.255; broadcast addresses of a subnet cannot be told from outside it. */
static inline bool address_is_limited_broadcast(const struct address *a)
{
    return address_is_v4(a) && a->octets[12] == 255 && a->octets[13] == 255 &&
           a->octets[14] == 255 && a->octets[15] == 255;
}

/* An address that a packet may neither be answered from nor to (RFC 1122, 3.2.2; RFC 4443, 2.4). */
static inline bool address_is_special(const struct address *a)
{
    return address_is_unspecified(a) || address_is_multicast(a) || address_is_loopback(a) ||
           address_is_limited_broadcast(a);
}

/* The first `bits` of 64 set, as a word that stands in network byte order. */
static inline uint64_t prefix_mask(unsigned bits)
{
    return address_word_value(bits == 0 ? 0 : bits >= 64 ? ~0ull : ~0ull << (64 - bits));
}

/* The first `length` of the 128 bits, the others zero. */
static inline struct prefix prefix_of(const struct address *a, uint8_t length)
{
    const uint64_t half[2] = {
        address_word(a->octets) & prefix_mask(length),
        address_word(a->octets + 8) & prefix_mask(length > 64 ? length - 64u : 0),
    };
    struct prefix p = {.length = length};

    __builtin_memcpy(p.address.octets, half, 16);
    return p;
}

/* Each family its own: ::/0 holds no IPv4 address, although IPv4 is mapped below it. */
static inline bool prefix_contains(const struct prefix *p, const struct address *a)
{
    const uint64_t high = address_word(p->address.octets) ^ address_word(a->octets);
    const uint64_t low = address_word(p->address.octets + 8) ^ address_word(a->octets + 8);

    if (p->length > 64) /* an IPv4 prefix is always, and shares the first 96 bits */
        return high == 0 && address_word_value(low) >> (128 - p->length) == 0 &&
               (p->length >= 96 || !address_is_v4(a));
    return (p->length == 0 || address_word_value(high) >> (64 - p->length) == 0) &&
           !address_is_v4(a);
}

/* The length as people write it: 24 for an IPv4 prefix held as 120. */
static inline uint8_t prefix_written_length(const struct prefix *p)
{
    return address_is_v4(&p->address) && p->length >= 96 ? (uint8_t)(p->length - 96) : p->length;
}

#endif
