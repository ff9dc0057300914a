/*
 * The distance between two words; see typo.h. The optimal string alignment distance, by rows: each
 * needs only the two before it.
 */
#include "base/typo.h"

#include <string.h>

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned typo_distance(const char *a, const char *b)
{
    const size_t length_a = strlen(a);
    const size_t length_b = strlen(b);
    unsigned row[3][TYPO_LENGTH_MAX + 1];

    if (length_a > TYPO_LENGTH_MAX || length_b > TYPO_LENGTH_MAX)
        return TYPO_FAR;
    for (unsigned j = 0; j <= length_b; j++)
        row[0][j] = j;
    for (unsigned i = 1; i <= length_a; i++) {
        unsigned *now = row[i % 3];
        const unsigned *before = row[(i + 2) % 3];
        const unsigned *earlier = row[(i + 1) % 3];

        now[0] = i;
        for (unsigned j = 1; j <= length_b; j++) {
            now[j] = smaller(before[j], now[j - 1]) + 1;
            now[j] = smaller(now[j], before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = smaller(now[j], earlier[j - 2] + 1);
        }
    }
    return row[length_a % 3][length_b];
}
