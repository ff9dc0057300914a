/*
 * SipHash-1-3 (Aumasson and Bernstein, 2012) over whole 64-bit words: a keyed hash, so that
 * strangers cannot choose addresses that fall into one bucket. Nobody is ever shown a hash, which is
 * where the fewer rounds are enough.
 */
#ifndef HOPTELL_WIRE_HASH_H
#define HOPTELL_WIRE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t hash_rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void hash_round(struct hash_state *s)
{
    s->v0 += s->v1;
    s->v1 = hash_rotate(s->v1, 13) ^ s->v0;
    s->v0 = hash_rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = hash_rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = hash_rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = hash_rotate(s->v1, 17) ^ s->v2;
    s->v2 = hash_rotate(s->v2, 32);
}

static inline void hash_word(struct hash_state *s, uint64_t word)
{
    s->v3 ^= word;
    hash_round(s);
    s->v0 ^= word;
}

/*
 * A keyed permutation of the words, for the few nanoseconds that the kernel has for a packet: two
 * different words never have the same hash. Which ones meet in some of its bits depends on the key
 * (multiplication by a secret odd number; Dietzfelbinger and others, 1997), but whoever sees hashes
 * finds the key.
 */
static inline uint64_t hash_permute(const uint64_t key[2], uint64_t word)
{
    word = (word ^ key[0]) * (key[1] | 1);
    word = (word ^ word >> 32) * 0x9e3779b97f4a7c15u;
    return word ^ word >> 29;
}

/* The hash of `count` words; the same as SipHash-1-3 over their octets, least significant first. */
static inline uint64_t hash_words(const uint64_t key[2], const uint64_t *words, size_t count)
{
    struct hash_state s = {
        .v0 = key[0] ^ 0x736f6d6570736575u,
        .v1 = key[1] ^ 0x646f72616e646f6du,
        .v2 = key[0] ^ 0x6c7967656e657261u,
        .v3 = key[1] ^ 0x7465646279746573u,
    };

    for (size_t i = 0; i < count; i++)
        hash_word(&s, words[i]);
    hash_word(&s, (uint64_t)(count * 8) << 56);
    s.v2 ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        hash_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif
