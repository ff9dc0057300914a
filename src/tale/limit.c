/*
 * The limiter of user space; see limit.h, and limit_set.h for its table.
 */
#include "tale/limit.h"

#include "tale/limit_set.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The lines that a set fills belong to no other. */
struct lined_set {
    _Alignas(64) struct limit_set set;
};

struct limiter {
    atomic_flag lock; /* over all but the hash key and the mask; held for a few instructions */
    struct bucket_rate source_rate;
    struct bucket_rate total_rate;
    struct bucket total;
    uint64_t hash_key[2];
    size_t mask; /* sets less one */
    struct lined_set *sets;
};

int limiter_new(const struct limit_settings *settings, struct limiter **out)
{
    const size_t sets = limit_sets_for(settings->sources);
    struct limiter *l = calloc(1, sizeof *l);

    if (!l)
        return -ENOMEM;
    l->sets = aligned_alloc(_Alignof(struct lined_set), sets * sizeof *l->sets);
    if (!l->sets) {
        free(l);
        return -ENOMEM;
    }
    memset(l->sets, 0, sets * sizeof *l->sets);
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

static enum limit_result take_both(struct limiter *l, struct limit_set *set, uint64_t source,
                                   uint64_t now_ns)
{
    struct bucket *bucket = NULL;

    if (l->source_rate.token_ns != 0) {
        bucket = limit_set_bucket(set, source, &l->source_rate, now_ns);
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
    const uint64_t hash = limit_hash_source(limiter->hash_key, source);
    struct limit_set *set = &limiter->sets[hash & limiter->mask].set;
    enum limit_result result;

    __builtin_prefetch(set); /* while the lock is waited for */
    limiter_lock(limiter);
    result = take_both(limiter, set, hash, now_ns);
    limiter_unlock(limiter);
    return result;
}
