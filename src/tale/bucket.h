/*
 * A token bucket in one number: the time at which it is full again. A token takes it one token's
 * time further off, and it is empty when that is a whole burst away. (This is the generic cell
 * rate algorithm, ITU-T I.371, in its virtual scheduling form.)
 *
 *      now                 full_ns
 *      |  tokens missing    |
 *      v                    v
 *   ---[====|====|====|.....]------> time     each ==== is one token's time
 */
#ifndef HOPTELL_TALE_BUCKET_H
#define HOPTELL_TALE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    uint64_t full_ns; /* 0, a bucket never used: full */
};

struct bucket_rate {
    uint64_t token_ns;   /* the time in which one token comes; 0: no limit */
    uint64_t missing_ns; /* with more than this missing there is no token left */
};

/* `rate` tokens a second, 0 for no limit; a burst of 0 counts as 1. */
static inline struct bucket_rate bucket_rate(uint32_t rate, uint32_t burst)
{
    const uint64_t token_ns = rate == 0 ? 0 : 1000000000u / rate;

    return (struct bucket_rate){.token_ns = rate != 0 && token_ns == 0 ? 1 : token_ns,
                                .missing_ns = token_ns * (burst == 0 ? 0 : burst - 1)};
}

static inline bool bucket_has(const struct bucket *b, const struct bucket_rate *rate,
                              uint64_t now_ns)
{
    return b->full_ns <= now_ns || b->full_ns - now_ns <= rate->missing_ns;
}

/* Only after bucket_has. */
static inline void bucket_take(struct bucket *b, const struct bucket_rate *rate, uint64_t now_ns)
{
    if (rate->token_ns != 0)
        b->full_ns = (b->full_ns > now_ns ? b->full_ns : now_ns) + rate->token_ns;
}

/* One token left. */
static inline struct bucket bucket_with_one(const struct bucket_rate *rate, uint64_t now_ns)
{
    return (struct bucket){.full_ns = now_ns + rate->missing_ns};
}

#endif
