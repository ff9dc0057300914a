/*
 * What a tale can say of who walks it: the traits that watch reads off opening packets. A text with
 * "{hop_limit}" in it, or one with a text for each verdict, is a hop for each value of that trait.
 */
#ifndef HOPTELL_TALE_TRAITS_H
#define HOPTELL_TALE_TRAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trait {
    TRAIT_VERDICT,
    TRAIT_STACK,
    TRAIT_INITIAL,
    TRAIT_HOPS,
    TRAIT_HOP_LIMIT,
    TRAIT_COUNT,
};

enum { TRAIT_VALUES_MAX = 256, TRAIT_TEXT_MAX = 12 };

/* Of each trait its value, from 0, which is "unknown"; all zero: nothing is known. */
struct traits {
    uint8_t value[TRAIT_COUNT];
};

/*
 * Of one whose newest opening packet arrived with `hop_limit` and started from `initial`; `verdict`
 * and `stack` are values of their traits already.
 */
struct traits traits_of(uint8_t verdict, uint8_t stack, uint8_t initial, uint8_t hop_limit);

/* The hop limit that a value of TRAIT_INITIAL stands for; 0 for "unknown". */
uint8_t trait_initial(unsigned value);

/*
 * Reads "verdict=tethered,hop_limit=51" into *out; what is not named stays as it was. False when
 * there is no such trait or value; *out_at is then where.
 */
bool traits_parse(const char *text, struct traits *out, const char **out_at);

const char *trait_name(enum trait trait); /* "hop_limit" */
unsigned trait_values(enum trait trait);  /* how many there are, with "unknown" */

/* "tethered", "51", "unknown"; returns out. */
const char *trait_text(enum trait trait, unsigned value, char out[TRAIT_TEXT_MAX]);

/* The trait of that name, and the value of that text, of `length` octets; false when there is none. */
bool trait_find(const char *name, size_t length, enum trait *out);
bool trait_find_value(enum trait trait, const char *text, size_t length, unsigned *out_value);

#endif
