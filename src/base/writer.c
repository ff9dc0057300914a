/*
 * Writes a text piece by piece; see writer.h.
 */
#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>

void writer_put(struct writer *w, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(w->out + w->used, w->size - w->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        w->used += (size_t)length;
    if (w->used >= w->size)
        w->used = w->size - 1;
}
