/*
 * Samples of a hop's delay. A sample is a multiple of the jitter in units of 1/65536.
 */
#include "tale/delay.h"

enum { UNIT = 65536 };

/* The sum of twelve uniform numbers has a variance of 1 and is close to normal (Irwin-Hall). */
static int64_t sample_normal(struct random *random)
{
    int64_t sum = -6 * (int64_t)UNIT;

    for (unsigned i = 0; i < 3; i++) {
        const uint64_t bits = random_next(random);

        for (unsigned shift = 0; shift < 64; shift += 16)
            sum += (int64_t)(bits >> shift & 0xffff);
    }
    return sum;
}

static int64_t sample_uniform(struct random *random)
{
    return (int64_t)(random_next(random) >> 47) - UNIT;
}

static uint64_t square_root(uint64_t n)
{
    uint64_t root = 0;

    for (uint64_t bit = (uint64_t)1 << 31; bit != 0; bit >>= 1)
        if ((root | bit) * (root | bit) <= n)
            root |= bit;
    return root;
}

/* 1/sqrt(u) - 1 for a uniform u in (0, 1), which is n / 2^32. */
static int64_t sample_pareto(struct random *random)
{
    const uint64_t n = random_next(random) >> 32 | 1;
    const int64_t sample = (int64_t)(((uint64_t)UNIT << 32) / square_root(n << 32)) - UNIT;

    return sample < (int64_t)DELAY_PARETO_MAX * UNIT ? sample : (int64_t)DELAY_PARETO_MAX * UNIT;
}

uint64_t delay_sample_us(const struct hop *hop, struct random *random)
{
    static int64_t (*const samples[])(struct random *) = {
        [DELAY_NORMAL] = sample_normal,
        [DELAY_UNIFORM] = sample_uniform,
        [DELAY_PARETO] = sample_pareto,
    };
    int64_t delay;

    if (hop->jitter_us == 0)
        return hop->delay_us;
    delay = hop->delay_us + samples[hop->distribution](random) * hop->jitter_us / UNIT;
    return delay > 0 ? (uint64_t)delay : 0;
}
