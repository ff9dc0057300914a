/*
 * The limits' table: sets of a few entries, chosen by a keyed hash of the source. Within a set the
 * entry that is full again, or will be first, makes room for a new source. Compiled for user space
 * and for the kernel; whoever uses a set keeps others off it meanwhile.
 */
#ifndef HOPTELL_TALE_LIMIT_SET_H
#define HOPTELL_TALE_LIMIT_SET_H

#include "tale/bucket.h"
#include "wire/address.h"
#include "wire/hash.h"

enum { LIMIT_WAYS = 7 }; /* a set then fills two lines of 64 octets */

struct limit_set {
    uint64_t source[LIMIT_WAYS]; /* the source's hash */
    struct bucket bucket[LIMIT_WAYS];
    uint64_t pushed_until_ns; /* by then every source that was pushed out would be full again */
};

/* How many sets hold `sources` of them: a power of two. */
static inline uint32_t limit_sets_for(uint32_t sources)
{
    uint32_t sets = 1;

    while ((uint64_t)sets * LIMIT_WAYS < sources)
        sets *= 2;
    return sets;
}

/*
 * Of the address of IPv4, the /64 of IPv6. The two cannot meet: what an IPv4 address is held as begins
 * like no /64 that is routed.
 */
static inline uint64_t limit_hash_source(const uint64_t key[2], const struct address *source)
{
    return hash_permute(key, address_word(source->octets + (address_is_v4(source) ? 8 : 0)));
}

/*
 * A source that is new to the set takes the place of the one that is soonest full. While there are
 * sources that were pushed out before they were full, it may be one of them, and gets one token.
 */
static inline struct bucket *limit_set_replace(struct limit_set *set, uint64_t source,
                                               const struct bucket_rate *rate, uint64_t now_ns)
{
    struct bucket *oldest = &set->bucket[0];
    uint64_t *its_source = &set->source[0];

    for (unsigned i = 1; i < LIMIT_WAYS; i++) {
        if (set->bucket[i].full_ns < oldest->full_ns) {
            oldest = &set->bucket[i];
            its_source = &set->source[i];
        }
    }
    if (oldest->full_ns > now_ns && oldest->full_ns > set->pushed_until_ns)
        set->pushed_until_ns = oldest->full_ns;
    *its_source = source;
    *oldest = set->pushed_until_ns > now_ns ? bucket_with_one(rate, now_ns) : (struct bucket){0};
    return oldest;
}

/* The source's bucket in its set, there from now on. */
static inline struct bucket *limit_set_bucket(struct limit_set *set, uint64_t source,
                                              const struct bucket_rate *rate, uint64_t now_ns)
{
    for (unsigned i = 0; i < LIMIT_WAYS; i++)
        if (set->source[i] == source)
            return &set->bucket[i];
    return limit_set_replace(set, source, rate, now_ns);
}

#endif
