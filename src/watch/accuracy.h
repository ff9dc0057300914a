/*
 * How good verdicts are, measured against labels.
 */
#ifndef HOPTELL_WATCH_ACCURACY_H
#define HOPTELL_WATCH_ACCURACY_H

#include "watch/judgement.h"

enum { ACCURACY_BINS = 10 };

/* Judgements whose probability is in one tenth. */
struct accuracy_bin {
    uint64_t count;
    uint64_t tethered; /* of them, by their labels */
    double said;       /* the sum of their probabilities */
};

struct accuracy {
    uint64_t judged[2][VERDICT_TETHERED + 1]; /* by label (1: tethered), by verdict */
    struct accuracy_bin bin[ACCURACY_BINS];
};

void accuracy_add(struct accuracy *accuracy, const struct judgement *judgement, bool is_tethered);

uint64_t accuracy_count(const struct accuracy *accuracy, bool is_tethered); /* with this label */

/* Shares from 0 to 1; 0 where there is nothing to share. */
double accuracy_precision(const struct accuracy *accuracy); /* of verdicts "tethered", true ones */
double accuracy_recall(const struct accuracy *accuracy);    /* of tethered ones, found ones */
double accuracy_unknown(const struct accuracy *accuracy);   /* of all, without a verdict */

/* Expected calibration error: how far probabilities are from what came true, bin by bin. */
double accuracy_calibration_error(const struct accuracy *accuracy);

#endif
