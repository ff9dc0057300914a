/*
 * The page about a visitor's own connection, made from the template web/visitor.html, and its short
 * form for the terminal. Everything that did not come from us is escaped.
 */
#ifndef HOPTELL_SERVE_PAGE_H
#define HOPTELL_SERVE_PAGE_H

#include "serve/texts.h"
#include "serve/visitor.h"

void page_html(const struct visitor *visitor, enum language language, struct buffer *out);
void page_text(const struct visitor *visitor, enum language language, struct buffer *out);

/* The Content-Security-Policy of the HTML page; returns out. */
enum { PAGE_POLICY_MAX = 256 };
const char *page_policy(char out[PAGE_POLICY_MAX]);

#endif
