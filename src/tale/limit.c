/*
 * The limits' table: sets of a few entries, chosen by a keyed hash of the source. Within a set the
 * entry that is full again, or will be first, makes room for a new source.
 */
#include "tale/limit.h"

#include "tale/bucket.h"
#include "tale/siphash.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { WAYS = 7 }; /* a set then fills two lines of 64 octets */

struct set {
    uint64_t source[WAYS]; /* the source's hash */
    struct bucket bucket[WAYS];
    uint64_t pushed_until_ns; /* by then every source that was pushed out would be full again */
};

struct limiter {
    atomic_flag lock; /* over all but the hash key and the mask; held for a few instructions */
    struct bucket_rate source_rate;
    struct bucket_rate total_rate;
    struct bucket total;
    uint64_t hash_key[2];
    size_t mask; /* sets less one */
    struct set *sets;
};

static size_t sets_for(uint32_t sources)
{
    size_t sets = 1;

    while (sets * WAYS < sources)
        sets *= 2;
    return sets;
}

int limiter_new(const struct limit_settings *settings, struct limiter **out)
{
    const size_t sets = sets_for(settings->sources);
    struct limiter *l = calloc(1, sizeof *l);

    if (!l)
        return -ENOMEM;
    l->sets = calloc(sets, sizeof *l->sets);
    if (!l->sets) {
        free(l);
        return -ENOMEM;
    }
    atomic_flag_clear(&l->lock);
    l->mask = sets - 1;
    l->hash_key[0] = settings->hash_key[0];
    l->hash_key[1] = settings->hash_key[1];
    limiter_reconfigure(l, settings);
    *out = l;
    return 0;
}

void limiter_free(struct limiter *limiter)
{
    if (!limiter)
        return;
    free(limiter->sets);
    free(limiter);
}

static void limiter_lock(struct limiter *l)
{
    while (atomic_flag_test_and_set_explicit(&l->lock, memory_order_acquire))
        ;
}

static void limiter_unlock(struct limiter *l)
{
    atomic_flag_clear_explicit(&l->lock, memory_order_release);
}

void limiter_reconfigure(struct limiter *limiter, const struct limit_settings *settings)
{
    limiter_lock(limiter);
    limiter->source_rate = bucket_rate(settings->source_rate, settings->source_burst);
    limiter->total_rate = bucket_rate(settings->total_rate, settings->total_burst);
    limiter_unlock(limiter);
}

/* The address of IPv4, the /64 of IPv6. */
static uint64_t hash_source(const struct limiter *l, const struct address *source)
{
    const uint64_t low = address_is_v4(source) ? address_half(source, 1) : 0;

    return siphash(l->hash_key, address_half(source, 0), low);
}

/*
 * A source that is new to the set takes the place of the one that is soonest full. While there are
 * sources that were pushed out before they were full, it may be one of them, and gets one token.
 */
static struct bucket *set_replace(struct set *set, uint64_t source, const struct bucket_rate *rate,
                                  uint64_t now_ns)
{
    unsigned oldest = 0;

    for (unsigned i = 1; i < WAYS; i++)
        if (set->bucket[i].full_ns < set->bucket[oldest].full_ns)
            oldest = i;
    if (set->bucket[oldest].full_ns > now_ns && set->bucket[oldest].full_ns > set->pushed_until_ns)
        set->pushed_until_ns = set->bucket[oldest].full_ns;
    set->source[oldest] = source;
    set->bucket[oldest] =
        set->pushed_until_ns > now_ns ? bucket_with_one(rate, now_ns) : (struct bucket){0};
    return &set->bucket[oldest];
}

static struct bucket *source_bucket(struct limiter *l, uint64_t hash, uint64_t now_ns)
{
    struct set *set = &l->sets[hash & l->mask];

    for (unsigned i = 0; i < WAYS; i++)
        if (set->source[i] == hash)
            return &set->bucket[i];
    return set_replace(set, hash, &l->source_rate, now_ns);
}

static enum limit_result take_both(struct limiter *l, uint64_t source, uint64_t now_ns)
{
    struct bucket *bucket = NULL;

    if (l->source_rate.token_ns != 0) {
        bucket = source_bucket(l, source, now_ns);
        if (!bucket_has(bucket, &l->source_rate, now_ns))
            return LIMIT_SOURCE;
    }
    if (!bucket_has(&l->total, &l->total_rate, now_ns))
        return LIMIT_TOTAL;
    if (bucket)
        bucket_take(bucket, &l->source_rate, now_ns);
    bucket_take(&l->total, &l->total_rate, now_ns);
    return LIMIT_ALLOWED;
}

enum limit_result limiter_take(struct limiter *limiter, const struct address *source,
                               uint64_t now_ns)
{
    const uint64_t hash = hash_source(limiter, source);
    enum limit_result result;

    limiter_lock(limiter);
    result = take_both(limiter, hash, now_ns);
    limiter_unlock(limiter);
    return result;
}
