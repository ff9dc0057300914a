/*
 * Text that grows while it is written. When memory runs out the rest is dropped and `failed` is
 * set; the writer goes on and whoever sends the text looks once.
 */
#ifndef HOPTELL_SERVE_BUFFER_H
#define HOPTELL_SERVE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer { /* all zero is an empty one */
    char *text; /* NUL-terminated once anything was put */
    size_t length;
    size_t capacity;
    bool failed;
};

void buffer_deinit(struct buffer *buffer);

void buffer_put(struct buffer *buffer, const char *text);
void buffer_put_octets(struct buffer *buffer, const char *text, size_t length);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* With & < > " ' as character references, fit for HTML text and quoted attributes. */
void buffer_put_html(struct buffer *buffer, const char *text);

#endif
