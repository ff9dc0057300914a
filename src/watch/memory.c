/*
 * The tables of networks, subscribers and connections; see memory.h.
 */
#include "watch/memory.h"

#include <string.h>

_Static_assert(sizeof(struct network) == 192 && sizeof(struct subscriber) == 64 &&
                   sizeof(struct connection) == 64 && sizeof(struct connection_side) == 24,
               "a million subscribers and connections fit in 200 MiB");

static uint64_t hash_subscriber(const struct table *table, uint64_t key)
{
    return table_hash_word(table, key);
}

/* IPv4 fits in a word, which is faster to hash than its octets. */
static uint64_t hash_connection(const struct table *table, const struct connection_key *key)
{
    const uint64_t v4 = (uint64_t)load_u32(key->client.octets + 12) << 16 | key->port;

    return address_is_v4(&key->client) ? table_hash_word(table, v4) : table_hash(table, key);
}

static uint64_t subscriber_hash(const struct table *table, const void *entry, const void *side)
{
    (void)side;
    return hash_subscriber(table, ((const struct subscriber *)entry)->key);
}

static uint64_t connection_hash(const struct table *table, const void *entry, const void *side)
{
    struct connection_key key;

    connection_key(entry, side, &key);
    return hash_connection(table, &key);
}

static bool is_of_connection(const void *entry, const void *side, const void *key)
{
    return connection_is_of(entry, side, key);
}

int memory_init(struct memory *memory, const struct watch_settings *settings)
{
    const struct {
        struct table *table;
        struct table_shape shape;
    } rows[] = {
        {&memory->networks,
         {.entries = settings->networks,
          .entry_size = sizeof(struct network),
          .key_size = sizeof(struct prefix),
          .fade_ns = 137u * 1000000000ull,
          .keeps_proven = true}},
        {&memory->subscribers,
         {.entries = settings->subscribers,
          .entry_size = sizeof(struct subscriber),
          .key_size = sizeof(uint64_t),
          .fade_ns = 137u * 1000000000ull,
          .keeps_proven = true,
          .hash = subscriber_hash}},
        {&memory->connections,
         {.entries = settings->connections,
          .entry_size = sizeof(struct connection),
          .key_size = sizeof(struct connection_key),
          .side_size = sizeof(struct connection_side),
          .fade_ns = 8u * 1000000000ull,
          .hash = connection_hash,
          .is_of = is_of_connection}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const int rc = table_init(rows[i].table, &rows[i].shape, settings->hash_key);

        if (rc < 0)
            return rc;
        if (settings->taken)
            table_each_memory(rows[i].table, settings->taken);
    }
    return 0;
}

void memory_deinit(struct memory *memory)
{
    table_deinit(&memory->networks);
    table_deinit(&memory->subscribers);
    table_deinit(&memory->connections);
}

/*
 * Of an IPv4 prefix the first half is all zeros, of an IPv6 one of up to 64 bits the second: what is left
 * fits in a word, which is faster to hash. Longer ones are only there where a user names them.
 */
void memory_network_spot(const struct memory *memory, const struct prefix *prefix,
                         struct table_spot *out)
{
    const struct table *table = &memory->networks;
    const uint64_t high = address_word(prefix->address.octets);
    const uint64_t low = address_word(prefix->address.octets + 8);

    table_spot(table,
               high == 0 || low == 0 ? table_hash_word(table, (high ^ low) + prefix->length)
                                     : table_hash(table, prefix),
               out);
}

void memory_connection_spot(const struct memory *memory, const struct connection_key *key,
                            struct table_spot *out)
{
    table_spot(&memory->connections, hash_connection(&memory->connections, key), out);
}

struct network *memory_network(const struct memory *memory, const struct prefix *prefix)
{
    struct table_spot spot;

    memory_network_spot(memory, prefix, &spot);
    return table_find(&memory->networks, &spot, prefix);
}

static void subscriber_spot(const struct memory *memory, uint64_t key, struct table_spot *out)
{
    table_spot(&memory->subscribers, hash_subscriber(&memory->subscribers, key), out);
}

struct subscriber *memory_subscriber(const struct memory *memory, uint64_t key)
{
    struct table_spot spot;

    subscriber_spot(memory, key, &spot);
    return table_find(&memory->subscribers, &spot, &key);
}

bool memory_connection(const struct memory *memory, const struct connection_key *key,
                       struct judgement *out)
{
    const struct connection *connection;
    struct table_spot spot;

    memory_connection_spot(memory, key, &spot);
    connection = table_find(&memory->connections, &spot, key);
    if (!connection)
        return false;
    connection_recall(connection, table_side(&memory->connections, &spot), out);
    return true;
}

struct saving {
    bool (*each)(const struct baseline *baseline, void *context);
    void *context;
};

static bool save_network(void *entry, void *context)
{
    const struct saving *saving = context;
    struct baseline baseline;

    network_save(entry, &baseline);
    return saving->each(&baseline, saving->context);
}

static bool save_subscriber(void *entry, void *context)
{
    const struct saving *saving = context;
    struct baseline baseline;

    subscriber_save(entry, &baseline);
    return saving->each(&baseline, saving->context);
}

bool memory_each_baseline(const struct memory *memory, uint64_t *position,
                          bool (*each)(const struct baseline *baseline, void *context),
                          void *context)
{
    const uint64_t networks = memory->networks.buckets;
    struct saving saving = {each, context};
    uint64_t subscriber = *position > networks ? *position - networks : 0;

    /* Buckets of networks, and then those of subscribers. */
    if (*position < networks &&
        !table_each_from(&memory->networks, position, save_network, &saving))
        return false;
    if (!table_each_from(&memory->subscribers, &subscriber, save_subscriber, &saving)) {
        *position = networks + subscriber;
        return false;
    }
    *position = 0;
    return true;
}

/* Puts an entry, key first, into its table; no room is no error. */
static void put_entry(struct table *table, struct table_spot *spot, const void *entry,
                      uint64_t seen, uint64_t updated_ns)
{
    void *place = table_find(table, spot, entry);

    if (!place)
        place = table_add(table, spot, entry, updated_ns);
    if (!place)
        return;
    memcpy(place, entry, table->shape.entry_size);
    table_rate(table, spot, table_worth_of_count(seen), updated_ns);
}

int memory_restore(struct memory *memory, const struct baseline *baseline)
{
    struct network network;
    struct subscriber subscriber;
    struct table_spot spot;
    int rc;

    if (baseline->subscriber) {
        rc = subscriber_restore(baseline, &subscriber);
        if (rc < 0)
            return rc;
        subscriber_spot(memory, subscriber.key, &spot);
        put_entry(&memory->subscribers, &spot, &subscriber, subscriber.seen, baseline->updated_ns);
        return 0;
    }
    rc = network_restore(baseline, &network);
    if (rc < 0)
        return rc;
    memory_network_spot(memory, &network.prefix, &spot);
    put_entry(&memory->networks, &spot, &network, network.seen, baseline->updated_ns);
    return 0;
}

void memory_each_network(const struct memory *memory,
                         void (*each)(const struct network *network, void *context), void *context)
{
    network_each(&memory->networks, each, context);
}

struct forgetting {
    struct table *connections;
    uint64_t key;
    size_t count;
};

static void forget_connection(void *entry, void *context)
{
    struct forgetting *forgetting = context;
    struct connection_key key;

    connection_key(entry, table_side_of(forgetting->connections, entry), &key);
    if (subscriber_key(&key.client) != forgetting->key)
        return;
    table_forget(forgetting->connections, entry);
    forgetting->count++;
}

size_t memory_forget(struct memory *memory, uint64_t subscriber_key)
{
    struct forgetting forgetting = {.connections = &memory->connections, .key = subscriber_key};
    void *subscriber = memory_subscriber(memory, subscriber_key);

    if (subscriber)
        table_forget(&memory->subscribers, subscriber);
    table_each(&memory->connections, forget_connection, &forgetting);
    return forgetting.count;
}

bool memory_forget_connection(struct memory *memory, const struct observation *opening)
{
    const struct connection_key key = {opening->client, opening->client_port};
    struct table_spot spot;
    struct connection *connection;

    memory_connection_spot(memory, &key, &spot);
    connection = table_find(&memory->connections, &spot, &key);
    if (!connection || connection_time_ns(connection) / 1000 != opening->time_ns / 1000)
        return false;
    table_forget(&memory->connections, connection);
    return true;
}
