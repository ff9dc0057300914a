/*
 * What strangers wrote, fit for a terminal, a log and JSON: UTF-8 without control characters.
 */
#ifndef HOPTELL_BASE_PRINTABLE_H
#define HOPTELL_BASE_PRINTABLE_H

#include <stdbool.h>

/* Whether all of `text` is. */
bool printable_is(const char *text);

/* Puts `instead` for every octet that is not, in place; also for those of a letter that was cut. */
void printable_make(char *text, char instead);

#endif
