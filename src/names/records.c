/*
 * The DNS records of tales; see records.h.
 *
 * First the zones are found: one for each forward name, and for the addresses as few as cover
 * them. Then the records are written, as text that ldns turns into data, and sorted.
 */
#include "names/records.h"

#include "base/units.h"
#include "names/reverse.h"
#include "names/table.h"
#include "tale/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_MAX_LENGTH = 1200, /* an owner, two names and numbers */
    SOA_REFRESH = 3600,     /* RFC 1912, 2.2, for a zone that nobody transfers */
    SOA_RETRY = 600,
    SOA_EXPIRE = 604800,
};

/* A zone to be: a forward name, or a prefix of addresses; and the tale that it is there for. */
struct wanted {
    struct prefix prefix; /* of a reverse zone */
    const struct tale *tale;
};

struct builder {
    struct names *names;
    const struct tales *tales;
    const struct names_settings *settings;
    size_t record_capacity;
    size_t wanted_count;
    struct wanted *wanted;       /* of reverse zones */
    const struct tale **of_zone; /* the tale of each of names->zone, while they are made */
    int error;
};

/* The prefix that a hop's address was taken from: a pool, or the address alone. */
static struct prefix pool_of(const struct tale *tale, const struct address *address)
{
    for (unsigned i = 0; i < tale->pool_count; i++)
        if (prefix_contains(&tale->pool[i], address))
            return tale->pool[i];
    return prefix_of(address, 128);
}

/*
 * Calls `each` for every address that has a name: `name` is it. Loops give an address twice.
 */
static void each_named_address(const struct tale *tale, struct builder *b,
                               void (*each)(struct builder *b, const struct tale *tale,
                                            const struct address *address,
                                            const struct prefix *within, const char *name))
{
    for (unsigned i = 0; i < tale->hop_count; i++)
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            const struct hop *hop = &tale->hop[i];
            const struct prefix within = pool_of(tale, &hop->address[f]);

            if (hop->name[0] != '\0' && !address_is_unspecified(&hop->address[f]))
                each(b, tale, &hop->address[f], &within, hop->name);
        }
    for (unsigned i = 0; i < tale->target_count && tale->zone[0] != '\0'; i++) {
        const struct address target = pool_first(&tale->target[i]);

        each(b, tale, &target, &tale->target[i], tale->zone);
    }
}

static size_t count_addresses(const struct tales *tales)
{
    size_t count = 0;

    for (size_t i = 0; i < tales->count; i++)
        count += (size_t)tales->tale[i]->hop_count * FAMILY_COUNT + tales->tale[i]->target_count;
    return count;
}

/* Zones. */

static void want_reverse(struct builder *b, const struct tale *tale, const struct address *address,
                         const struct prefix *within, const char *name)
{
    (void)name;
    b->wanted[b->wanted_count++] =
        (struct wanted){.prefix = reverse_zone(address, within), .tale = tale};
}

/* Prefixes before those that they contain. */
static int compare_wanted(const void *left, const void *right)
{
    const struct wanted *a = left;
    const struct wanted *b = right;
    const int order = memcmp(&a->prefix.address, &b->prefix.address, sizeof a->prefix.address);

    return order != 0 ? order : a->prefix.length - b->prefix.length;
}

/* Leaves one of each, and none that lies in another: zones without delegations between them. */
static void merge_wanted(struct builder *b)
{
    size_t kept = 0;

    qsort(b->wanted, b->wanted_count, sizeof *b->wanted, compare_wanted);
    for (size_t i = 0; i < b->wanted_count; i++)
        if (kept == 0 ||
            !prefix_contains(&b->wanted[kept - 1].prefix, &b->wanted[i].prefix.address))
            b->wanted[kept++] = b->wanted[i];
    b->wanted_count = kept;
}

static void add_zone(struct builder *b, const char *name, const struct tale *tale)
{
    struct zone *zone = &b->names->zone[b->names->zone_count];

    name_key_of_text(name, &zone->key);
    for (size_t i = 0; i < b->names->zone_count; i++)
        if (name_key_compare(zone->key.octets, zone->key.length, b->names->zone[i].key.octets,
                             b->names->zone[i].key.length) == 0)
            return;
    zone->name = strdup(name);
    if (zone->name == NULL) {
        b->error = -ENOMEM;
        return;
    }
    zone->apex_length = strlen(name) + 2;
    b->of_zone[b->names->zone_count++] = tale;
}

static int make_zones(struct builder *b)
{
    const size_t most = count_addresses(b->tales) + b->tales->count + 1;
    char name[REVERSE_NAME_MAX];

    b->wanted = calloc(most, sizeof *b->wanted);
    b->of_zone = calloc(most, sizeof *b->of_zone);
    if (b->wanted == NULL || b->of_zone == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < b->tales->count; i++)
        each_named_address(b->tales->tale[i], b, want_reverse);
    merge_wanted(b);
    b->names->zone = calloc(b->wanted_count + b->tales->count + 1, sizeof *b->names->zone);
    if (b->names->zone == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < b->tales->count; i++)
        if (b->tales->tale[i]->zone[0] != '\0')
            add_zone(b, b->tales->tale[i]->zone, b->tales->tale[i]);
    for (size_t i = 0; i < b->wanted_count; i++)
        add_zone(b, reverse_name(&b->wanted[i].prefix, name), b->wanted[i].tale);
    return b->error;
}

/* Records. */

static struct record *new_record(struct builder *b)
{
    struct names *names = b->names;

    if (names->record_count == b->record_capacity) {
        const size_t capacity = b->record_capacity * 2 + 64;
        struct record *larger = reallocarray(names->record, capacity, sizeof *larger);

        if (larger == NULL)
            return NULL;
        names->record = larger;
        b->record_capacity = capacity;
    }
    names->record[names->record_count] = (struct record){.rr = NULL};
    return &names->record[names->record_count++];
}

/* The data's parts one after the other, as ldns holds them: without compression. */
static int set_data(struct record *record)
{
    const ldns_rr *rr = record->rr;
    size_t length = 0;

    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
        length += ldns_rdf_size(ldns_rr_rdf(rr, i));
    record->data = malloc(length + 1);
    if (record->data == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
        const ldns_rdf *part = ldns_rr_rdf(rr, i);

        memcpy(record->data + record->data_length, ldns_rdf_data(part), ldns_rdf_size(part));
        record->data_length = (uint16_t)(record->data_length + ldns_rdf_size(part));
    }
    return 0;
}

static int set_key(struct record *record)
{
    struct name_key key;

    name_key_of_wire(ldns_rdf_data(ldns_rr_owner(record->rr)), &key);
    record->key = malloc(key.length + 1u);
    if (record->key == NULL)
        return -ENOMEM;
    memcpy(record->key, key.octets, key.length);
    record->key_length = key.length;
    return 0;
}

/* A record from its line in a master file, where `data` ends it. */
static void add_record(struct builder *b, const char *owner, const char *type, const char *data)
{
    char line[LINE_MAX_LENGTH];
    struct record *record = new_record(b);

    if (record == NULL) {
        b->error = -ENOMEM;
        return;
    }
    snprintf(line, sizeof line, "%s. %u IN %s %s", owner, b->settings->ttl, type, data);
    if (ldns_rr_new_frm_str(&record->rr, line, 0, NULL, NULL) != LDNS_STATUS_OK) {
        record->rr = NULL;
        b->error = -ENOMEM; /* what else can be wrong was looked at when the tale was read */
        return;
    }
    record->type = (uint16_t)ldns_rr_get_type(record->rr);
    if (set_data(record) != 0 || set_key(record) != 0)
        b->error = -ENOMEM;
}

static void add_address(struct builder *b, const char *owner, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];

    add_record(b, owner, address_is_v4(address) ? "A" : "AAAA", units_address(address, text));
}

static void add_pointer(struct builder *b, const struct tale *tale, const struct address *address,
                        const struct prefix *within, const char *name)
{
    const struct prefix whole = prefix_of(address, 128);
    char owner[REVERSE_NAME_MAX];
    char data[TALE_NAME_MAX + 2];

    (void)tale;
    (void)within;
    snprintf(data, sizeof data, "%s.", name);
    add_record(b, reverse_name(&whole, owner), "PTR", data);
}

/* The addresses of the targets of every tale whose forward name is `zone`, at `owner`. */
static void add_targets(struct builder *b, const char *zone, const char *owner)
{
    for (size_t i = 0; i < b->tales->count; i++) {
        const struct tale *tale = b->tales->tale[i];

        for (unsigned j = 0; j < tale->target_count && strcasecmp(tale->zone, zone) == 0; j++) {
            const struct address address = pool_first(&tale->target[j]);

            add_address(b, owner, &address);
        }
    }
}

static bool is_forward(const struct builder *b, const char *zone)
{
    for (size_t i = 0; i < b->tales->count; i++)
        if (strcasecmp(b->tales->tale[i]->zone, zone) == 0)
            return true;
    return false;
}

/* The name that serves a zone: as set; or below the tale's forward name; or this machine alone. */
static void server_of(const struct builder *b, const struct tale *tale, char out[TALE_NAME_MAX + 1])
{
    if (b->settings->server != NULL)
        snprintf(out, TALE_NAME_MAX + 1, "%s", b->settings->server);
    else if (tale->zone[0] != '\0')
        snprintf(out, TALE_NAME_MAX + 1, "ns.%.249s", tale->zone);
    else
        snprintf(out, TALE_NAME_MAX + 1, "localhost");
}

static void add_apex(struct builder *b, const struct zone *zone, const struct tale *tale)
{
    char server[TALE_NAME_MAX + 1];
    char data[LINE_MAX_LENGTH - TALE_NAME_MAX - 64];
    const char *domain;

    server_of(b, tale, server);
    domain = tale->zone[0] != '\0' ? tale->zone : server;
    snprintf(data, sizeof data, "%s. %s%s. %u %d %d %d %u", server,
             strlen(domain) > TALE_NAME_MAX - 11 ? "" : "hostmaster.", domain, b->settings->serial,
             SOA_REFRESH, SOA_RETRY, SOA_EXPIRE, b->settings->ttl);
    add_record(b, zone->name, "SOA", data);
    snprintf(data, sizeof data, "%s.", server);
    add_record(b, zone->name, "NS", data);
}

/*
 * A server whose name lies in a zone of ours must have an address there, or the zone cannot be
 * loaded. We know of none but the targets', which lead to this machine.
 */
static void add_server_addresses(struct builder *b, const struct tale *tale)
{
    char server[TALE_NAME_MAX + 1];
    struct name_key key;
    const struct zone *zone;

    server_of(b, tale, server);
    name_key_of_text(server, &key);
    zone = names_zone_of(b->names, &key);
    if (zone != NULL && zone->key.length < key.length && is_forward(b, zone->name))
        add_targets(b, zone->name, server);
}

static unsigned rank(uint16_t type)
{
    return type == LDNS_RR_TYPE_SOA ? 0 : type == LDNS_RR_TYPE_NS ? 1 : 2u + type;
}

static int compare_records(const void *left, const void *right)
{
    const struct record *a = left;
    const struct record *b = right;
    const int order = name_key_compare(a->key, a->key_length, b->key, b->key_length);

    if (order != 0)
        return order;
    if (a->type != b->type)
        return rank(a->type) < rank(b->type) ? -1 : 1;
    return name_key_compare(a->data, a->data_length, b->data, b->data_length);
}

static void free_record(struct record *record)
{
    ldns_rr_free(record->rr);
    free(record->key);
    free(record->data);
}

/* Sorts the records, and leaves one where two are the same. */
static void sort_records(struct names *names)
{
    size_t kept = 0;

    if (names->record_count > 0)
        qsort(names->record, names->record_count, sizeof *names->record, compare_records);
    for (size_t i = 0; i < names->record_count; i++) {
        if (kept > 0 && compare_records(&names->record[kept - 1], &names->record[i]) == 0)
            free_record(&names->record[i]);
        else
            names->record[kept++] = names->record[i];
    }
    names->record_count = kept;
}

static int compare_zones(const void *left, const void *right)
{
    const struct zone *a = left;
    const struct zone *b = right;

    return name_key_compare(a->key.octets, a->key.length, b->key.octets, b->key.length);
}

static void make_records(struct builder *b)
{
    for (size_t i = 0; i < b->names->zone_count && b->error == 0; i++) {
        const struct zone *zone = &b->names->zone[i];

        add_apex(b, zone, b->of_zone[i]);
        if (is_forward(b, zone->name))
            add_targets(b, zone->name, zone->name);
    }
    qsort(b->names->zone, b->names->zone_count, sizeof *b->names->zone, compare_zones);
    for (size_t i = 0; i < b->tales->count && b->error == 0; i++) {
        add_server_addresses(b, b->tales->tale[i]);
        each_named_address(b->tales->tale[i], b, add_pointer);
    }
}

static void link_zones(struct names *names)
{
    for (size_t i = 0; i < names->zone_count; i++)
        names->zone[i].soa = &names->record[names_lower_bound(names, &names->zone[i].key)];
}

int names_new(const struct tales *tales, const struct names_settings *settings, struct names **out)
{
    struct builder b = {.tales = tales, .settings = settings};
    int rc;

    if (settings->server != NULL && !units_is_host_name(settings->server))
        return -EINVAL;
    b.names = calloc(1, sizeof *b.names);
    if (b.names == NULL)
        return -ENOMEM;
    b.names->ttl = settings->ttl;
    rc = make_zones(&b);
    if (rc != 0)
        goto out;
    make_records(&b);
    rc = b.error;
    if (rc != 0)
        goto out;
    sort_records(b.names);
    link_zones(b.names);
    *out = b.names;
    b.names = NULL;
out:
    names_free(b.names);
    free(b.wanted);
    free(b.of_zone);
    return rc;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    for (size_t i = 0; i < names->record_count; i++)
        free_record(&names->record[i]);
    for (size_t i = 0; i < names->zone_count; i++)
        free(names->zone[i].name);
    free(names->record);
    free(names->zone);
    free(names);
}

size_t names_zone_count(const struct names *names)
{
    return names->zone_count;
}

const char *names_zone(const struct names *names, size_t index)
{
    return names->zone[index].name;
}

size_t names_lower_bound(const struct names *names, const struct name_key *key)
{
    size_t low = 0;
    size_t high = names->record_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct record *record = &names->record[middle];

        if (name_key_compare(record->key, record->key_length, key->octets, key->length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct zone *find_zone(const struct names *names, const uint8_t *key, size_t length)
{
    size_t low = 0;
    size_t high = names->zone_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct name_key *other = &names->zone[middle].key;
        const int order = name_key_compare(other->octets, other->length, key, length);

        if (order == 0)
            return &names->zone[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct zone *names_zone_of(const struct names *names, const struct name_key *key)
{
    for (size_t length = key->length; length > 0; length--) {
        const struct zone *zone;

        if (key->octets[length - 1] != 0) /* in the middle of a label */
            continue;
        zone = find_zone(names, key->octets, length);
        if (zone != NULL)
            return zone;
    }
    return NULL;
}
