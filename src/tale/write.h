/*
 * A tale as YAML: what tale_compile reads, the other way round.
 */
#ifndef HOPTELL_TALE_WRITE_H
#define HOPTELL_TALE_WRITE_H

#include "tale/tale.h"

/*
 * Writes `tale` by `put`, piece by piece; each piece is a string. `title`, one line or "", goes to
 * its head as a remark. Of hops it writes what imports give them: address, silence and delay.
 */
void write_tale(const struct tale *tale, const char *title,
                void (*put)(const char *text, void *context), void *context);

#endif
