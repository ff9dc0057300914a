/*
 * The one JSON form of a judgement: `read`, `lookup`, the HTTP interface and the stores use it.
 */
#ifndef HOPTELL_SERVE_JSON_H
#define HOPTELL_SERVE_JSON_H

#include "watch/judgement.h"

#include <jansson.h>

/* A new reference, or NULL when memory is out. */
json_t *json_judgement(const struct judgement *judgement);
/* A share, 0 to 1, with as many decimals as those of a judgement; a new reference. */
json_t *json_share(double share);
json_t *json_probability(double probability); /* the same for that of a verdict */

json_t *json_evidence(const struct judgement *judgement); /* its "evidence" alone */

/*
 * The same object as one line of text without a newline in `out`, as dense as design 4.1 shows it.
 * Returns its length, 0 when it did not fit; JSON_LINE_MAX is always enough.
 */
enum { JSON_LINE_MAX = 8192 };
size_t json_judgement_line(const struct judgement *judgement, char *out, size_t capacity);
size_t json_evidence_line(const struct judgement *judgement, char *out, size_t capacity);

#endif
