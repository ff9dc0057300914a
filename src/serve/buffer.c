/*
 * Text that grows while it is written; see buffer.h.
 */
#include "serve/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_FIRST = 1024 };

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->text);
    *buffer = (struct buffer){0};
}

/* Makes room for `more` octets and the terminating NUL. */
static bool buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : BUFFER_FIRST;
    char *larger;

    if (buffer->failed)
        return false;
    while (capacity - buffer->length <= more)
        capacity *= 2;
    if (capacity == buffer->capacity)
        return true;
    larger = realloc(buffer->text, capacity);
    if (larger == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->text = larger;
    buffer->capacity = capacity;
    return true;
}

void buffer_put_octets(struct buffer *buffer, const char *text, size_t length)
{
    if (!buffer_reserve(buffer, length))
        return;
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    buffer->text[buffer->length] = '\0';
}

void buffer_put(struct buffer *buffer, const char *text)
{
    buffer_put_octets(buffer, text, strlen(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !buffer_reserve(buffer, (size_t)length)) {
        buffer->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(buffer->text + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
}

static const char *html_reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void buffer_put_html(struct buffer *buffer, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *reference = html_reference(*text);

        if (reference != NULL)
            buffer_put(buffer, reference);
        else
            buffer_put_octets(buffer, text, 1);
    }
}
