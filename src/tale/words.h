/*
 * A hop's text as a DNS name: words joined by dots. The rules are in hoptell-tale(5) under NAMES.
 */
#ifndef HOPTELL_TALE_WORDS_H
#define HOPTELL_TALE_WORDS_H

#include "base/report.h"
#include "tale/tale.h"

/*
 * Writes the name of `text` (UTF-8) to out_name, dotted without the last dot, "" when nothing of
 * it can stand in a name. What cannot be shown goes to `report` with the line and column given: an
 * error for a text that is no UTF-8, a word over 63 octets (RFC 1035, 2.3.4) or a name over 253;
 * a warning for letters left out, for a text that gives no name at all, and for a name that reads
 * like an address. Returns false after an error.
 */
bool words_to_name(const char *text, struct report *report, uint32_t line, uint32_t column,
                   char out_name[TALE_NAME_MAX + 1]);

#endif
