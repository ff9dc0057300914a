/*
 * A plain text file as a tale: a line a hop.
 */
#ifndef HOPTELL_TALE_TEXT_H
#define HOPTELL_TALE_TEXT_H

#include "tale/draft.h"

#include <stddef.h>

/*
 * Reads `length` octets into the draft. Blank lines are passed over, and lines that begin with '#'
 * are comments. A line of nothing but '*' and blanks is a silent hop. Targets and addresses are
 * the documentation prefixes (RFC 5737, RFC 3849), which a warning says.
 */
void text_read(struct draft *draft, const char *text, size_t length);

#endif
