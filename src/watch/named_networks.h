/*
 * The networks that the user knows, from a CSV file with the header `prefix,name,kind`: where an
 * address lies in one of them, that is its network, whatever its size, and the finest counts.
 */
#ifndef HOPTELL_WATCH_NAMED_NETWORKS_H
#define HOPTELL_WATCH_NAMED_NETWORKS_H

#include "base/report.h"
#include "wire/address.h"

enum network_kind {
    NETWORK_OF_ANY_KIND, /* nobody said */
    NETWORK_OF_HANDSETS,
    NETWORK_OF_FIXED_LINES, /* where a router at home is normal */
    NETWORK_OF_HOSTING,
    NETWORK_KIND_COUNT,
};

enum { NETWORK_NAME_MAX = 64 };

struct named_network {
    struct prefix prefix;
    uint8_t kind;    /* enum network_kind */
    uint32_t parent; /* index of the next larger one that holds it, plus 1; 0 for none */
    char name[NETWORK_NAME_MAX];
};

struct named_networks {
    size_t count;
    struct named_network network[]; /* sorted by address, then by length */
};

/*
 * 0 and *out for named_networks_free; -EINVAL with every error in `report`, by line, or -ENOMEM, and
 * nothing in *out then.
 */
int named_networks_new(const char *text, size_t length, struct report *report,
                       struct named_networks **out);
void named_networks_free(struct named_networks *networks); /* NULL is fine */

/* The finest that holds `address`; NULL for none, and for NULL. */
const struct named_network *named_networks_find(const struct named_networks *networks,
                                                const struct address *address);

/* The one with exactly this prefix; NULL for none, and for NULL. */
const struct named_network *named_networks_at(const struct named_networks *networks,
                                              const struct prefix *prefix);

/*
 * The prefixes that an address is compared by, finest first, at most NETWORK_LEVELS_MAX, and how many:
 * those that hold it, or else, and for NULL, what is usual (network_levels).
 */
unsigned named_networks_levels(const struct named_networks *networks, const struct address *client,
                               struct prefix *out, enum network_kind *out_kind);

/* The next larger one that holds it; NULL for none. */
const struct named_network *named_networks_parent(const struct named_networks *networks,
                                                  const struct named_network *network);

/* "handset", "fixed", "hosting"; "" where nobody said. */
const char *network_kind_name(enum network_kind kind);

#endif
