/*
 * The limits of answers, as tale/limit.c has them in user space: for each source, and for all.
 */
#ifndef HOPTELL_BPF_LIMIT_H
#define HOPTELL_BPF_LIMIT_H

#include "bpf/maps.h"
#include "tale/limit.h"

enum { LIMIT_TRIES = 8 }; /* of processors that want a token of the whole at the same moment */

/* The bucket of all sources belongs to all processors, so it changes by compare and exchange. */
static inline enum limit_result limit_take_total(const struct bucket_rate *rate, uint64_t now_ns)
{
    for (int i = 0; i < LIMIT_TRIES; i++) {
        const uint64_t before = *(volatile uint64_t *)&total_full_ns;
        struct bucket bucket = {.full_ns = before};

        if (!bucket_has(&bucket, rate, now_ns))
            return LIMIT_TOTAL;
        bucket_take(&bucket, rate, now_ns);
        if (__sync_val_compare_and_swap(&total_full_ns, before, bucket.full_ns) == before)
            return LIMIT_ALLOWED;
    }
    return LIMIT_TOTAL;
}

/* A token of both, or of neither. */
VERIFIED_ALONE int limit_take(uint32_t generation, const struct address *source)
{
    const struct book_limits *l = &book_of(generation)->limits;
    const struct bucket_rate source_rate = {l->source_token_ns, l->source_missing_ns};
    const struct bucket_rate total_rate = {l->total_token_ns, l->total_missing_ns};
    const uint64_t key[2] = {limit_key[0], limit_key[1]};
    const uint64_t now_ns = bpf_ktime_get_ns();
    enum limit_result result = LIMIT_SOURCE;
    struct guarded_set *guarded;
    uint64_t hash;
    uint32_t index;

    if (!source)
        return LIMIT_TOTAL;
    hash = limit_hash_source(key, source);
    index = (uint32_t)hash & limit_mask;
    guarded = bpf_map_lookup_elem(&limit_sets, &index);
    if (!guarded)
        return LIMIT_TOTAL;
    bpf_spin_lock(&guarded->lock);
    if (source_rate.token_ns == 0) {
        result = limit_take_total(&total_rate, now_ns);
    } else {
        struct bucket *bucket = limit_set_bucket(&guarded->set, hash, &source_rate, now_ns);

        if (bucket_has(bucket, &source_rate, now_ns)) {
            result = limit_take_total(&total_rate, now_ns);
            if (result == LIMIT_ALLOWED)
                bucket_take(bucket, &source_rate, now_ns);
        }
    }
    bpf_spin_unlock(&guarded->lock);
    return (int)result;
}

#endif
