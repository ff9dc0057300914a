/*
 * Verdicts over time; see tally.h. A span is a ring: a time has one place in it, and what stands
 * there from the round before is overwritten.
 */
#include "watch/tally.h"

static const struct {
    uint64_t step_s;
    unsigned cells;
} spans[TALLY_SPANS] = {
    [TALLY_HOUR] = {30, 120},
    [TALLY_DAY] = {600, 144},
};

static struct tally_cell *cell_at(struct tally *tally, unsigned span, uint64_t time_s)
{
    return &tally->cell[span][time_s / spans[span].step_s % spans[span].cells];
}

void tally_add(struct tally *tally, uint64_t time_ns, enum verdict verdict)
{
    const uint64_t time_s = time_ns / 1000000000u;

    for (unsigned span = 0; span < TALLY_SPANS; span++) {
        const uint64_t begin_s = time_s - time_s % spans[span].step_s;
        struct tally_cell *cell = cell_at(tally, span, time_s);

        if (cell->begin_s > begin_s)
            continue;
        if (cell->begin_s < begin_s)
            *cell = (struct tally_cell){.begin_s = begin_s};
        cell->verdict[verdict]++;
    }
}

uint64_t tally_step_s(enum tally_span span)
{
    return spans[span].step_s;
}

unsigned tally_read(const struct tally *tally, enum tally_span span, uint64_t now_s,
                    struct tally_cell out[TALLY_CELLS_MAX])
{
    const uint64_t step_s = spans[span].step_s;
    const uint64_t length_s = step_s * spans[span].cells;
    const uint64_t end_s = now_s - now_s % step_s + step_s;
    unsigned count = 0;

    for (uint64_t time_s = end_s > length_s ? end_s - length_s : 0; time_s < end_s;
         time_s += step_s) {
        const struct tally_cell *cell = &tally->cell[span][time_s / step_s % spans[span].cells];

        if (cell->begin_s == time_s && time_s > 0)
            out[count++] = *cell;
    }
    return count;
}
