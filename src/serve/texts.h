/*
 * What the pages say to people, in every language that there is: one table. A new language is a
 * new column and a row in the table of languages.
 */
#ifndef HOPTELL_SERVE_TEXTS_H
#define HOPTELL_SERVE_TEXTS_H

#include "serve/buffer.h"

#include "watch/judgement.h"

enum language { LANGUAGE_EN, LANGUAGE_DE, LANGUAGE_COUNT };

/* The best for an Accept-Language header; English when it asks for none of ours. */
enum language texts_language(const char *header);
const char *texts_code(enum language language); /* "en", "de" */

/* The text of that name; NULL when there is none in that language. */
const char *texts_find(const char *name, enum language language);

/*
 * Puts the text of that name with {0} to {9} replaced by `values`, as it is or escaped for HTML.
 * A text in which a value is missing keeps its placeholder.
 */
void texts_put(struct buffer *buffer, const char *name, enum language language,
               const char *const *values, size_t count);
void texts_put_html(struct buffer *buffer, const char *name, enum language language,
                    const char *const *values, size_t count);

/* A probability: "98.1 %", "98,1 %"; never 0 % or 100 %, which nobody can know: "< 0.1 %", "> 99.9 %". */
enum { TEXTS_PERCENT_MAX = 24 };
const char *texts_percent(double share, enum language language, char out[TEXTS_PERCENT_MAX]);

#endif
