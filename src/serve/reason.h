/*
 * A piece of evidence as a sentence in the reader's language. The English sentence is watch's own,
 * the one that JSON holds; for other languages the table of texts has a row for each signal.
 */
#ifndef HOPTELL_SERVE_REASON_H
#define HOPTELL_SERVE_REASON_H

#include "serve/texts.h"

/* Appends the sentence, not escaped. */
void reason_put(struct buffer *out, const struct evidence *evidence, enum language language);

#endif
