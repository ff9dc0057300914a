/*
 * From a tale's text (YAML, or plain text with a line a hop) to struct tale.
 */
#ifndef HOPTELL_TALE_COMPILE_H
#define HOPTELL_TALE_COMPILE_H

#include "base/report.h"
#include "tale/tale.h"

/*
 * Compiles `length` octets of `text`; `file` is its name for messages. Errors and warnings go to
 * `report`, each with its line and column; all of them, not the first alone. Returns the tale, for
 * tale_free, or NULL when there was an error.
 *
 * A plain text file has no targets and addresses of its own: it takes the documentation prefixes
 * (RFC 5737, RFC 3849), and says so as a warning.
 */
struct tale *tale_compile(const char *text, size_t length, const char *file, struct report *report);
void tale_free(struct tale *tale); /* NULL is fine */

#endif
