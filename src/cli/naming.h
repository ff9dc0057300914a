/*
 * Naming: the DNS servers, and the names of the tales that they answer from.
 */
#ifndef HOPTELL_CLI_NAMING_H
#define HOPTELL_CLI_NAMING_H

#include "base/settings.h"
#include "edge/dns.h"
#include "names/records.h"

struct naming;

/* 0 and *out for naming_close, or a negative errno with a sentence in `error`. */
int naming_open(uv_loop_t *loop, const struct tales *tales, const struct settings *settings,
                struct naming **out, char *error, size_t error_size);

/* From the next question on: other names. 0 or -ENOMEM, and the old ones stay. */
int naming_replace(struct naming *naming, const struct tales *tales,
                   const struct settings *settings);

struct dns_counts naming_counts(const struct naming *naming);
void naming_close(struct naming *naming); /* NULL is fine; the loop must run once more */

#endif
