/*
 * What an opening packet looked like, as rows of a name and a value for people.
 */
#ifndef HOPTELL_SERVE_PACKET_ROWS_H
#define HOPTELL_SERVE_PACKET_ROWS_H

#include "serve/texts.h"

enum { PACKET_ROW_COUNT = 9 };

const char *packet_row_name(unsigned row); /* of a text */

/* Appends the value of that row, not escaped; at least an empty text. */
void packet_row_value(unsigned row, const struct judgement *judgement, enum language language,
                      struct buffer *out);

#endif
