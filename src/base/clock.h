/*
 * What time it is, for those who own a clock: core is told.
 */
#ifndef HOPTELL_BASE_CLOCK_H
#define HOPTELL_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds that only go on, whatever is done to the time of day. */
uint64_t clock_monotonic_ns(void);

/* Nanoseconds since 1970, UTC; somebody may set them. */
uint64_t clock_real_ns(void);

#endif
