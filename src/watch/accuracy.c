/*
 * Counts of right and wrong.
 */
#include "watch/accuracy.h"

#include <math.h>

void accuracy_add(struct accuracy *accuracy, const struct judgement *judgement, bool is_tethered)
{
    const unsigned tenth = (unsigned)(judgement->probability * ACCURACY_BINS);
    struct accuracy_bin *bin = &accuracy->bin[tenth < ACCURACY_BINS ? tenth : ACCURACY_BINS - 1];

    accuracy->judged[is_tethered][judgement->verdict]++;
    bin->count++;
    bin->tethered += is_tethered;
    bin->said += judgement->probability;
}

uint64_t accuracy_count(const struct accuracy *accuracy, bool is_tethered)
{
    const uint64_t *judged = accuracy->judged[is_tethered];

    return judged[VERDICT_UNKNOWN] + judged[VERDICT_DIRECT] + judged[VERDICT_TETHERED];
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

double accuracy_precision(const struct accuracy *accuracy)
{
    const uint64_t right = accuracy->judged[1][VERDICT_TETHERED];

    return share(right, right + accuracy->judged[0][VERDICT_TETHERED]);
}

double accuracy_recall(const struct accuracy *accuracy)
{
    return share(accuracy->judged[1][VERDICT_TETHERED], accuracy_count(accuracy, true));
}

double accuracy_unknown(const struct accuracy *accuracy)
{
    return share(accuracy->judged[0][VERDICT_UNKNOWN] + accuracy->judged[1][VERDICT_UNKNOWN],
                 accuracy_count(accuracy, false) + accuracy_count(accuracy, true));
}

double accuracy_calibration_error(const struct accuracy *accuracy)
{
    const uint64_t all = accuracy_count(accuracy, false) + accuracy_count(accuracy, true);
    double off = 0;

    for (unsigned i = 0; i < ACCURACY_BINS; i++)
        off += fabs(accuracy->bin[i].said - (double)accuracy->bin[i].tethered);
    return all > 0 ? off / (double)all : 0;
}
