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
};

struct prefix {
    struct address address; /* bits past `length` are zero */
    uint8_t length;         /* 0 to 128; IPv4: 96 to 128 */
};

static inline struct address address_v4(const uint8_t octets[4])
{
    struct address a = {.octets = {[10] = 0xff, [11] = 0xff}};

    __builtin_memcpy(a.octets + 12, octets, 4);
    return a;
}

static inline struct address address_v6(const uint8_t octets[16])
{
    struct address a;

    __builtin_memcpy(a.octets, octets, 16);
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

static inline bool address_is_v4(const struct address *a)
{
    return address_word(a->octets) == 0 && a->octets[8] == 0 && a->octets[9] == 0 &&
           a->octets[10] == 0xff && a->octets[11] == 0xff;
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
    const unsigned start = address_is_v4(a) ? 12 : 0;

    for (unsigned i = start; i < 16; i++)
        if (a->octets[i] != 0)
            return false;
    return true;
}

/* 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291, 2.7) */
static inline bool address_is_multicast(const struct address *a)
{
    return address_is_v4(a) ? (a->octets[12] & 0xf0) == 0xe0 : a->octets[0] == 0xff;
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

/* The first `length` of the 128 bits, the others zero. */
static inline struct prefix prefix_of(const struct address *a, uint8_t length)
{
    struct prefix p = {.address = *a, .length = length};

    for (unsigned i = 0; i < 16; i++) {
        const unsigned bits = length > i * 8 ? length - i * 8 : 0;

        if (bits < 8)
            p.address.octets[i] &= (uint8_t)(0xff00u >> bits);
    }
    return p;
}

/* The first (0) or the second (1) half of the 128 bits, as a number. */
static inline uint64_t address_half(const struct address *a, unsigned half)
{
    uint64_t value;

    __builtin_memcpy(&value, a->octets + (size_t)half * 8, 8);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
}

/* Each family its own: ::/0 holds no IPv4 address, although IPv4 is mapped below it. */
static inline bool prefix_contains(const struct prefix *p, const struct address *a)
{
    const uint64_t high = address_half(&p->address, 0) ^ address_half(a, 0);
    const uint64_t low = address_half(&p->address, 1) ^ address_half(a, 1);

    if (address_is_v4(&p->address) != address_is_v4(a))
        return false;
    if (p->length <= 64)
        return p->length == 0 || high >> (64 - p->length) == 0;
    return high == 0 && low >> (128 - p->length) == 0;
}

/* The length as people write it: 24 for an IPv4 prefix held as 120. */
static inline uint8_t prefix_written_length(const struct prefix *p)
{
    return address_is_v4(&p->address) && p->length >= 96 ? (uint8_t)(p->length - 96) : p->length;
}

#endif
