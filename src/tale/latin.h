/*
 * Latin letters with marks and their base letters: one table for all languages, so that the same
 * text gives the same name everywhere.
 */
#ifndef HOPTELL_TALE_LATIN_H
#define HOPTELL_TALE_LATIN_H

#include <stdbool.h>
#include <stdint.h>

enum { LATIN_FOLD_MAX = 2 };

/*
 * Folds the letter with this number of Unicode's to one or two letters of ASCII ("e" for U+00E9,
 * "ss" for U+00DF), NUL-terminated in `out`. False when the table has no such letter.
 */
bool latin_fold(uint32_t letter, char out[LATIN_FOLD_MAX + 1]);

#endif
