/*
 * Visitors; see visitors.h. An entry is one word, so that whoever reads it reads it whole:
 *
 *   bits 32 to 63  of the subscriber's hash, never 0     16 to 31  when, in units of four seconds
 *         8 to 15  hop limit                              5 to 7   initial
 *          2 to 4  stack                                  0 to 1   verdict
 */
#include "tale/visitors.h"

#include "wire/hash.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { WAYS = 8, SETS = VISITORS_MAX / WAYS, STAMP_SHIFT = 2 };

struct visitors {
    uint64_t hash_key[2];
    _Atomic uint64_t place[SETS][WAYS];
};

int visitors_new(const uint64_t hash_key[2], struct visitors **out)
{
    struct visitors *v = calloc(1, sizeof *v);

    if (v == NULL)
        return -ENOMEM;
    v->hash_key[0] = hash_key[0];
    v->hash_key[1] = hash_key[1];
    *out = v;
    return 0;
}

void visitors_free(struct visitors *visitors)
{
    free(visitors);
}

static uint64_t subscriber_hash(const struct visitors *v, const struct address *source)
{
    const bool is_v4 = address_family(source) == FAMILY_V4;
    const uint64_t words[] = {address_word(source->octets + (is_v4 ? 8 : 0)), is_v4};

    return hash_words(v->hash_key, words, sizeof words / sizeof words[0]);
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

static bool is_tagged(uint64_t entry, uint32_t tag)
{
    return entry >> 32 == tag;
}

static uint64_t pack(uint32_t tag, uint16_t stamp, const struct traits *visitor)
{
    const uint8_t *value = visitor->value;

    return (uint64_t)tag << 32 | (uint64_t)stamp << 16 | (uint64_t)value[TRAIT_HOP_LIMIT] << 8 |
           (uint64_t)value[TRAIT_INITIAL] << 5 | (uint64_t)value[TRAIT_STACK] << 2 |
           value[TRAIT_VERDICT];
}

static struct traits unpack(uint64_t entry)
{
    return traits_of(entry & 3, entry >> 2 & 7, trait_initial(entry >> 5 & 7),
                     (uint8_t)(entry >> 8 & 0xff));
}

/* The less it is worth the sooner it goes: one without a verdict, and of such the oldest. */
static uint32_t worth(uint64_t entry, uint16_t stamp)
{
    const uint16_t age = (uint16_t)(stamp - (uint16_t)(entry >> 16));

    return entry == 0 ? 0 : ((entry & 3) != 0 ? 1u << 17 : 1u) + UINT16_MAX - age;
}

/* Which of the set's places is this subscriber's; WAYS: none. */
static unsigned place_of(const _Atomic uint64_t set[WAYS], uint32_t tag)
{
    unsigned i = 0;

    while (i < WAYS && !is_tagged(atomic_load_explicit(&set[i], memory_order_relaxed), tag))
        i++;
    return i;
}

/* Where the newest of a subscriber without a place goes. */
static unsigned least_of(const _Atomic uint64_t set[WAYS], uint16_t stamp)
{
    unsigned least = 0;
    uint32_t its = UINT32_MAX;

    for (unsigned i = 0; i < WAYS; i++) {
        const uint32_t one = worth(atomic_load_explicit(&set[i], memory_order_relaxed), stamp);

        if (one < its) {
            its = one;
            least = i;
        }
    }
    return least;
}

void visitors_note(struct visitors *visitors, const struct address *source,
                   const struct traits *visitor, uint64_t now_s)
{
    const uint64_t hash = subscriber_hash(visitors, source);
    const uint32_t tag = tag_of(hash);
    const uint16_t stamp = (uint16_t)(now_s >> STAMP_SHIFT);
    _Atomic uint64_t *const set = visitors->place[hash % SETS];
    unsigned place = place_of(set, tag);

    if (place == WAYS)
        place = least_of(set, stamp);
    atomic_store_explicit(&set[place], pack(tag, stamp, visitor), memory_order_relaxed);
}

void visitors_forget(struct visitors *visitors, const struct address *source)
{
    const uint64_t hash = subscriber_hash(visitors, source);
    _Atomic uint64_t *const set = visitors->place[hash % SETS];
    const unsigned place = place_of(set, tag_of(hash));

    if (place < WAYS)
        atomic_store_explicit(&set[place], 0, memory_order_relaxed);
}

struct traits visitors_find(const struct visitors *visitors, const struct address *source)
{
    const uint64_t hash = subscriber_hash(visitors, source);
    const _Atomic uint64_t *const set = visitors->place[hash % SETS];
    const unsigned place = place_of(set, tag_of(hash));

    return place < WAYS ? unpack(atomic_load_explicit(&set[place], memory_order_relaxed))
                        : (struct traits){0};
}
