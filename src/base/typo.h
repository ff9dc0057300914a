/*
 * How far one word is from another, to name the word that somebody meant.
 */
#ifndef HOPTELL_BASE_TYPO_H
#define HOPTELL_BASE_TYPO_H

enum { TYPO_LENGTH_MAX = 63, TYPO_FAR = 1000 };

/*
 * How many letters must be put in, taken out, changed, or swapped with their neighbour to turn `a`
 * into `b`. TYPO_FAR when one of them has more than TYPO_LENGTH_MAX octets.
 */
unsigned typo_distance(const char *a, const char *b);

#endif
