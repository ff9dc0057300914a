/*
 * A zone as a master file (RFC 1035, 5); see records.h.
 */
#include "names/table.h"

#include <stdio.h>
#include <stdlib.h>

void names_write_zone(const struct names *names, size_t index,
                      void (*put)(const char *text, void *context), void *context)
{
    const struct zone *zone = &names->zone[index];
    char ttl[24];

    snprintf(ttl, sizeof ttl, "\n$TTL %u\n", names->ttl);
    put("; The zone ", context);
    put(zone->name, context);
    put(", written by hoptell from a tale.\n$ORIGIN ", context);
    put(zone->name, context);
    put(".", context);
    put(ttl, context);
    for (size_t i = names_lower_bound(names, &zone->key); i < names->record_count; i++) {
        const struct record *record = &names->record[i];
        struct name_key key;
        char *text;

        if (!name_key_is_under(record->key, record->key_length, zone->key.octets, zone->key.length))
            break;
        name_key_of_wire(ldns_rdf_data(ldns_rr_owner(record->rr)), &key);
        if (names_zone_of(names, &key) != zone)
            continue;
        text = ldns_rr2str(record->rr);
        put(text != NULL ? text : "; not enough memory for this record\n", context);
        free(text);
    }
}
