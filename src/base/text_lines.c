/*
 * Goes through the lines of a text; see text_lines.h.
 */
#include "base/text_lines.h"

#include <string.h>

bool text_lines_next(struct text_lines *lines)
{
    const char *newline;

    if (lines->left == 0)
        return false;
    newline = memchr(lines->rest, '\n', lines->left);
    lines->line = lines->rest;
    lines->length = newline != NULL ? (size_t)(newline - lines->rest) : lines->left;
    lines->rest += lines->length + (newline != NULL);
    lines->left -= lines->length + (newline != NULL);
    lines->number++;
    if (lines->length > 0 && lines->line[lines->length - 1] == '\r')
        lines->length--;
    return true;
}

bool text_lines_string(const struct text_lines *lines, struct report *report, char *out,
                       size_t size)
{
    if (lines->length >= size || memchr(lines->line, '\0', lines->length) != NULL) {
        report_error(report, lines->number, 1, "expected a line of text of at most %zu octets",
                     size - 1);
        return false;
    }
    memcpy(out, lines->line, lines->length);
    out[lines->length] = '\0';
    return true;
}
