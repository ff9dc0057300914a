/*
 * How long an answer takes, by what its hop says.
 */
#ifndef HOPTELL_TALE_DELAY_H
#define HOPTELL_TALE_DELAY_H

#include "tale/random.h"
#include "tale/tale.h"

enum {
    DELAY_REORDER_US = 50000, /* how long a reordered answer is held back */
    DELAY_PARETO_MAX = 100,   /* a Pareto sample is at most so many times its scale */
};

/*
 * One sample, never below 0. Around delay_us: normal, with jitter_us as standard deviation (within
 * six of them); uniform, as half the width. From delay_us upwards: Pareto with shape 2, jitter_us
 * as scale. Integers alone, so that a seed gives the same everywhere.
 */
uint64_t delay_sample_us(const struct hop *hop, struct random *random);

/* True with a probability of `share` / 2^32; the greatest share is always true. */
static inline bool delay_chance(uint32_t share, struct random *random)
{
    return share != 0 && (share == UINT32_MAX || (uint32_t)(random_next(random) >> 32) < share);
}

#endif
