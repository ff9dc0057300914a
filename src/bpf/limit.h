/*
 * The limits of answers, as tale/limit.c has them in user space: for each source, and for all.
 *
 * What processors do at the same moment is kept apart only where it matters. The bucket of all
 * changes by compare and exchange, some tokens at a time; that of a source by plain writes, so that
 * two processors which meet in it within nanoseconds may take one token for two; and a lock is taken
 * where a source is new to its set.
 *
 * Time is the kernel's coarse one, which is behind by a tick or two of some milliseconds and costs
 * little, as long as that is enough for a token: a bucket that was full gives as many more as come in
 * that time, once.
 */
#ifndef HOPTELL_BPF_LIMIT_H
#define HOPTELL_BPF_LIMIT_H

#include "bpf/maps.h"
#include "tale/limit.h"

/* Allowed, and perhaps somebody wants to hear who walks (bpf/walk.h). */
enum { LIMIT_ALLOWED_AND_ASKED = LIMIT_TOTAL + 1 };

enum { LIMIT_TRIES = 4 }; /* of processors that want a token of one bucket at the same moment */

/* The bucket's time when a token is taken from it; 0: there is none. */
static inline uint64_t limit_taken(uint64_t full_ns, const struct bucket_rate *rate,
                                   uint64_t now_ns)
{
    struct bucket bucket = {.full_ns = full_ns};

    if (!bucket_has(&bucket, rate, now_ns))
        now_ns = bpf_ktime_get_ns();
    if (!bucket_has(&bucket, rate, now_ns))
        return 0;
    bucket_take(&bucket, rate, now_ns);
    return bucket.full_ns;
}

/* A processor that has no token left takes a batch; the last of a burst may be more than there was. */
static inline bool limit_take_total(const struct book_limits *l, uint64_t now_ns)
{
    uint64_t *kept = &kept_tokens[bounded(bpf_get_smp_processor_id(), XDP_PROCESSORS)].tokens;
    const struct bucket_rate rate = {l->total_token_ns * l->total_batch, l->total_missing_ns};

    if (l->total_token_ns == 0)
        return true;
    for (int i = 0; *kept == 0 && i < LIMIT_TRIES; i++) {
        const uint64_t before = *(volatile uint64_t *)&total_full_ns;
        const uint64_t after = limit_taken(before, &rate, now_ns);

        if (after == 0)
            return false;
        if (__sync_val_compare_and_swap(&total_full_ns, before, after) == before)
            *kept = l->total_batch;
    }
    if (*kept == 0)
        return false;
    --*kept;
    return true;
}

static inline struct bucket *limit_find_bucket(struct guarded_set *guarded, uint64_t hash,
                                               const struct bucket_rate *rate)
{
    struct bucket *bucket;
    uint64_t now_ns;

    for (unsigned i = 0; i < LIMIT_WAYS; i++)
        if (guarded->set.source[i] == hash)
            return &guarded->set.bucket[i];
    now_ns = bpf_ktime_get_ns();
    bpf_spin_lock(&guarded->lock);
    bucket = limit_set_bucket(&guarded->set, hash, rate, now_ns);
    bpf_spin_unlock(&guarded->lock);
    return bucket;
}

/* A token of both, or of neither. */
VERIFIED_ALONE int limit_take_slowly(uint32_t generation, uint64_t hash, uint64_t now_ns)
{
    const struct book_limits *l = &book_of(generation)->limits;
    const struct bucket_rate rate = {l->source_token_ns, l->source_missing_ns};
    const uint32_t index = (uint32_t)hash & limit_mask;
    struct guarded_set *guarded = bpf_map_lookup_elem(&limit_sets, &index);
    struct bucket *bucket;
    uint64_t after;

    if (!guarded)
        return LIMIT_TOTAL;
    if (rate.token_ns == 0)
        return limit_take_total(l, now_ns) ? LIMIT_ALLOWED_AND_ASKED : LIMIT_TOTAL;
    bucket = limit_find_bucket(guarded, hash, &rate);
    after = limit_taken(bucket->full_ns, &rate, now_ns);
    if (after == 0)
        return LIMIT_SOURCE;
    if (!limit_take_total(l, now_ns))
        return LIMIT_TOTAL;
    bucket->full_ns = after;
    return LIMIT_ALLOWED_AND_ASKED;
}

/* The coarse clock moves with the kernel's ticks, so that one look is enough for all packets of one. */
static inline uint64_t limit_coarse_ns(struct xdp_kept_tokens *kept)
{
    const uint64_t tick = bpf_jiffies64();

    if (kept->tick != tick) {
        kept->tick_ns = bpf_ktime_get_coarse_ns();
        kept->tick = tick;
    }
    return kept->tick_ns;
}

/*
 * The same where nothing is in its way: the source is known and has a token, and the processor has one
 * of the total. `l` is of the book of `generation`, `hash` is the source's.
 */
static inline int limit_take(const struct book_limits *l, uint32_t generation, uint64_t nothing,
                             uint64_t hash)
{
    const uint32_t index = (uint32_t)hash & limit_mask;
    struct guarded_set *guarded = bpf_map_lookup_elem(&limit_sets, &index);
    struct xdp_kept_tokens *kept =
        &kept_tokens[bounded(bpf_get_smp_processor_id(), XDP_PROCESSORS)];
    const uint64_t now_ns = limit_coarse_ns(kept);
    uint64_t *full_ns;
    uint64_t way = 0;

    while (way < LIMIT_WAYS && guarded && guarded->set.source[way] != hash)
        way++;
    if (!guarded || way == LIMIT_WAYS || kept->tokens == 0)
        return limit_take_slowly(generation, hash, now_ns);
    /* one state for the verifier, not one for each of the ways */
    full_ns = &guarded->set.bucket[bounded(way + nothing, LIMIT_WAYS + 1)].full_ns;
    if (*full_ns > now_ns + l->source_missing_ns || l->source_token_ns == 0)
        return limit_take_slowly(generation, hash, now_ns);
    *full_ns = (*full_ns > now_ns ? *full_ns : now_ns) + l->source_token_ns;
    kept->tokens--;
    return kept->walks > 0 ? LIMIT_ALLOWED_AND_ASKED : LIMIT_ALLOWED;
}

#endif
