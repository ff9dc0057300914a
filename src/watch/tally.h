/*
 * Verdicts counted over time: the last hour in cells of half a minute, the last day in cells of ten
 * minutes. Of a fixed size, whatever comes.
 */
#ifndef HOPTELL_WATCH_TALLY_H
#define HOPTELL_WATCH_TALLY_H

#include "watch/judgement.h"

enum tally_span { TALLY_HOUR, TALLY_DAY, TALLY_SPANS };

enum { TALLY_CELLS_MAX = 144 };

struct tally_cell {
    uint64_t begin_s; /* since 1970; 0: nothing came */
    uint32_t verdict[VERDICT_COUNT];
};

struct tally { /* all zero is an empty one */
    struct tally_cell cell[TALLY_SPANS][TALLY_CELLS_MAX];
};

/* A verdict about a connection that opened at `time_ns` since 1970; what is too old is left out. */
void tally_add(struct tally *tally, uint64_t time_ns, enum verdict verdict);

uint64_t tally_step_s(enum tally_span span); /* how long a cell is */

/* The cells of the span that ends now in which something came, the oldest first; how many. */
unsigned tally_read(const struct tally *tally, enum tally_span span, uint64_t now_s,
                    struct tally_cell out[TALLY_CELLS_MAX]);

#endif
