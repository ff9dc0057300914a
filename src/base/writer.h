/*
 * Writes a text piece by piece into the caller's octets; what does not fit is cut off.
 */
#ifndef HOPTELL_BASE_WRITER_H
#define HOPTELL_BASE_WRITER_H

#include <stddef.h>

/* Begins as {.out = octets, .size = how many, at least 1}. */
struct writer {
    char *out;
    size_t size;
    size_t used; /* without the NUL, which stands behind what has been written */
};

void writer_put(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
