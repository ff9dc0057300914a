/*
 * Rounding. round and lround are calls, for what they do with numbers that no int holds.
 */
#ifndef HOPTELL_BASE_ROUNDED_H
#define HOPTELL_BASE_ROUNDED_H

/* The nearest whole number, halves away from zero; of what an int holds alone. */
static inline int rounded(double value)
{
    return (int)(value + (value < 0 ? -0.5 : 0.5));
}

#endif
