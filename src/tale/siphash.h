/*
 * SipHash-2-4 of two words (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a
 * hash whose collisions nobody can prepare who does not know the key.
 */
#ifndef HOPTELL_TALE_SIPHASH_H
#define HOPTELL_TALE_SIPHASH_H

#include <stdint.h>

struct siphash {
    uint64_t v[4];
};

static inline uint64_t siphash_rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void siphash_rounds(struct siphash *s, unsigned count)
{
    uint64_t *v = s->v;

    while (count-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = siphash_rotate(v[1], 13) ^ v[0];
        v[3] = siphash_rotate(v[3], 16) ^ v[2];
        v[0] = siphash_rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = siphash_rotate(v[1], 17) ^ v[2];
        v[3] = siphash_rotate(v[3], 21) ^ v[0];
        v[2] = siphash_rotate(v[2], 32);
    }
}

static inline void siphash_word(struct siphash *s, uint64_t word)
{
    s->v[3] ^= word;
    siphash_rounds(s, 2);
    s->v[0] ^= word;
}

/* The words are the message's 16 octets in little-endian order. */
static inline uint64_t siphash(const uint64_t key[2], uint64_t first, uint64_t second)
{
    struct siphash s = {.v = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
                              key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u}};

    siphash_word(&s, first);
    siphash_word(&s, second);
    siphash_word(&s, (uint64_t)16 << 56);
    s.v[2] ^= 0xff;
    siphash_rounds(&s, 4);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

#endif
