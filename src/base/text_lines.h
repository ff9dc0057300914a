/*
 * The lines of a text, one after the other, as tables and lists that people write have them.
 */
#ifndef HOPTELL_BASE_TEXT_LINES_H
#define HOPTELL_BASE_TEXT_LINES_H

#include "base/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as {.rest = text, .left = its octets}; the text stays the caller's. */
struct text_lines {
    const char *rest; /* what comes after the newest line */
    size_t left;
    const char *line; /* the newest, `length` octets without its LF or CR LF */
    size_t length;
    uint32_t number; /* of the newest, from 1; 0 before the first */
};

/* Goes on to the next line; false when there is none, as in a text without octets. */
bool text_lines_next(struct text_lines *lines);

/*
 * The newest line as a string in `out`, of `size` octets. False, with an error in the report, when
 * it does not fit or has a NUL in it.
 */
bool text_lines_string(const struct text_lines *lines, struct report *report, char *out,
                       size_t size);

#endif
