/*
 * The DNS records of tales: PTR for every hop's address, A and AAAA for the targets' forward name,
 * SOA and NS for each zone they live in. One list, from which zone files are written and questions
 * are answered, so that the two never disagree.
 */
#ifndef HOPTELL_NAMES_RECORDS_H
#define HOPTELL_NAMES_RECORDS_H

#include "tale/tale.h"

struct names_settings {
    /*
     * The NS and SOA mname: a name of letters, digits, hyphens and dots, without the last dot.
     * NULL: "ns." and the tale's zone; "localhost" for a tale that has none.
     */
    const char *server;
    uint32_t ttl;    /* seconds */
    uint32_t serial; /* of every SOA */
};

struct names; /* the records of a set of tales, indexed by name */

/*
 * Copies all it needs of `tales`. 0, -ENOMEM, or -EINVAL for a server that is no name. The caller
 * frees *out with names_free.
 */
int names_new(const struct tales *tales, const struct names_settings *settings, struct names **out);
void names_free(struct names *names); /* NULL is fine */

/* The zones, by name (dotted, no last dot), in a stable order. */
size_t names_zone_count(const struct names *names);
const char *names_zone(const struct names *names, size_t index);

/*
 * Writes one zone as a master file (RFC 1035, 5) by `put`, piece by piece; each piece is a string.
 */
void names_write_zone(const struct names *names, size_t index,
                      void (*put)(const char *text, void *context), void *context);

#endif
