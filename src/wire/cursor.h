/*
 * A cursor over received octets, with a sticky error.
 *
 *      at                    end
 *      |  not yet read        |
 *      v                      v
 *   ...[ o c t e t s . . . . ]
 *
 * A read past the end returns zero, moves nothing and sets `failed`; the caller looks at `failed`
 * once, after the last read. Multi-octet numbers are read from network byte order and returned in
 * host order. Nothing is allocated or owned: the octets belong to the caller.
 *
 * Headers in src/wire/ are compiled for user space and for the kernel (clang -target bpf
 * -ffreestanding): they use no library and no system header beyond the compiler's own.
 */
#ifndef HOPTELL_WIRE_CURSOR_H
#define HOPTELL_WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static inline struct cursor cursor_over(const uint8_t *octets, size_t length)
{
    static const uint8_t nothing[1] = {0}; /* C defines no sum of NULL and a number */

    if (octets == NULL)
        return (struct cursor){.at = nothing, .end = nothing};
    return (struct cursor){.at = octets, .end = octets + length};
}

static inline size_t cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->at);
}

/*
 * To the kernel's compiler every octet that is not known to be aligned is a load of its own, although
 * the machines that it compiles for load words from anywhere. So it is told that all are.
 */
#ifdef __bpf__
#define OCTETS_AS_WORDS(octets) __builtin_assume_aligned((octets), 8)
#else
#define OCTETS_AS_WORDS(octets) (octets)
#endif

/*
 * Returns where the next `count` octets begin and moves past them; NULL when there are fewer.
 * Pointers are compared, not lengths: only that proves to the kernel's verifier what may be read.
 */
static inline const uint8_t *cursor_take(struct cursor *c, size_t count)
{
    const uint8_t *taken = c->at;

    if (c->failed || taken + count > c->end) {
        c->failed = true;
        return NULL;
    }
    c->at = taken + count;
    return OCTETS_AS_WORDS(taken);
}

static inline void cursor_skip(struct cursor *c, size_t count)
{
    (void)cursor_take(c, count);
}

/* Numbers in network byte order at a place that is known to hold them. */
#ifdef __bpf__
typedef uint16_t __attribute__((may_alias)) cursor_word16;
typedef uint32_t __attribute__((may_alias)) cursor_word32;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CURSOR_ORDER16(value) __builtin_bswap16(value)
#define CURSOR_ORDER32(value) __builtin_bswap32(value)
#else
#define CURSOR_ORDER16(value) (value)
#define CURSOR_ORDER32(value) (value)
#endif

static inline uint16_t load_u16(const uint8_t *at)
{
    return CURSOR_ORDER16(*(const cursor_word16 *)(const void *)at);
}

static inline uint32_t load_u32(const uint8_t *at)
{
    return CURSOR_ORDER32(*(const cursor_word32 *)(const void *)at);
}

static inline void store_u16(uint8_t *at, uint16_t value)
{
    *(cursor_word16 *)(void *)at = CURSOR_ORDER16(value);
}

static inline void store_u32(uint8_t *at, uint32_t value)
{
    *(cursor_word32 *)(void *)at = CURSOR_ORDER32(value);
}
#else
static inline uint16_t load_u16(const uint8_t *at)
{
    return (uint16_t)((uint16_t)(at[0] << 8) | at[1]);
}

static inline uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* In one store each: what was written is soon read again, and as a word. */
static inline void store_u16(uint8_t *at, uint16_t value)
{
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const uint16_t word = little ? __builtin_bswap16(value) : value;

    __builtin_memcpy(at, &word, 2);
}

static inline void store_u32(uint8_t *at, uint32_t value)
{
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const uint32_t word = little ? __builtin_bswap32(value) : value;

    __builtin_memcpy(at, &word, 4);
}
#endif

static inline uint8_t cursor_u8(struct cursor *c)
{
    const uint8_t *at = cursor_take(c, 1);

    return at ? at[0] : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
    const uint8_t *at = cursor_take(c, 2);

    return at ? load_u16(at) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
    const uint8_t *at = cursor_take(c, 4);

    return at ? load_u32(at) : 0;
}

#endif
