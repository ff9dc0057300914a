/*
 * The records of a set of tales as they are kept: sorted by name, each with its data ready to be
 * sent. Shared by records.c, which fills it, zone.c and dns.c.
 */
#ifndef HOPTELL_NAMES_TABLE_H
#define HOPTELL_NAMES_TABLE_H

#include "names/key.h"
#include "names/records.h"

#include <ldns/ldns.h>

struct record {
    ldns_rr *rr;
    uint8_t *key;  /* of the owner's name; struct name_key's octets */
    uint8_t *data; /* the record's data as it is sent, without compression */
    uint16_t key_length;
    uint16_t data_length;
    uint16_t type;
};

struct zone {
    char *name; /* dotted, without the last dot */
    struct name_key key;
    const struct record *soa;
    size_t apex_length; /* of its name in wire format */
};

struct names {
    uint32_t ttl;
    size_t zone_count;
    struct zone *zone; /* sorted by key */
    size_t record_count;
    struct record *record; /* sorted by key; at one name SOA, NS, and then by type */
};

/* The first record whose name is not before `key`; record_count where there is none. */
size_t names_lower_bound(const struct names *names, const struct name_key *key);

/* The longest zone that `key` is at or under; NULL for none. */
const struct zone *names_zone_of(const struct names *names, const struct name_key *key);

#endif
