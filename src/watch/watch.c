/*
 * The hub: where an observation goes, and what is kept of it.
 */
#include "watch/watch.h"

#include "watch/connection.h"
#include "watch/judge.h"
#include "watch/named_networks.h"
#include "watch/network.h"
#include "watch/others.h"
#include "watch/stack.h"
#include "watch/subscriber.h"
#include "watch/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct network) == 192 && sizeof(struct subscriber) == 64 &&
                   sizeof(struct connection) == 96,
               "a million subscribers and connections fit in 200 MiB");

struct watch {
    struct watch_settings settings;
    struct stack_table stacks;
    struct stack_cache guesses;
    struct table networks;
    struct table subscribers;
    struct table connections;
    struct others others;
};

/* What watch knows of an observation's client, and where it looked. */
struct known {
    enum network_kind kind;
    struct prefix prefix[NETWORK_LEVELS_MAX];
    uint64_t prefix_hash[NETWORK_LEVELS_MAX];
    struct network *network[NETWORK_LEVELS_MAX]; /* NULL: not known; the same below */
    unsigned levels;
    uint64_t subscriber_key;
    uint64_t subscriber_hash;
    struct subscriber *subscriber;
    struct connection_key connection_key;
    uint64_t connection_hash;
    struct connection *connection;
    bool is_repeated;
    uint32_t signature;
    uint32_t clock;
    bool has_clock;
    bool clock_is_new; /* to its subscriber */
    uint16_t device;
};

static struct report *report_new(const char *file)
{
    struct report *report = malloc(sizeof *report);

    if (report)
        report_init(report, file);
    return report;
}

static int parse_stacks(struct stack_table *out)
{
    struct report *report = report_new("stacks.txt");
    int rc;

    if (!report)
        return -ENOMEM;
    rc = stack_table_parse(watch_stacks_txt, strlen(watch_stacks_txt), report, out);
    free(report);
    return rc;
}

/* What was guessed by another table is forgotten. */
static void take_stacks(struct watch *watch, const struct stack_table *stacks)
{
    watch->stacks = *stacks;
    memset(&watch->guesses, 0, sizeof watch->guesses);
}

static int init_tables(struct watch *watch)
{
    const struct watch_settings *settings = &watch->settings;
    const struct {
        struct table *table;
        struct table_shape shape;
    } rows[] = {
        {&watch->networks,
         {.entries = settings->networks,
          .entry_size = sizeof(struct network),
          .key_size = sizeof(struct prefix),
          .fade_ns = 137u * 1000000000ull,
          .keeps_proven = true}},
        {&watch->subscribers,
         {.entries = settings->subscribers,
          .entry_size = sizeof(struct subscriber),
          .key_size = sizeof(uint64_t),
          .fade_ns = 137u * 1000000000ull,
          .keeps_proven = true}},
        {&watch->connections,
         {.entries = settings->connections,
          .entry_size = sizeof(struct connection),
          .key_size = sizeof(struct connection_key),
          .fade_ns = 8u * 1000000000ull}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const int rc = table_init(rows[i].table, &rows[i].shape, settings->hash_key);

        if (rc < 0)
            return rc;
    }
    return others_init(&watch->others, settings->networks, settings->subscribers,
                       settings->hash_key);
}

int watch_new(const struct watch_settings *settings, struct watch **out)
{
    struct watch *watch;
    int rc = -EINVAL;

    if (!watch_settings_are_good(settings))
        return -EINVAL;
    watch = calloc(1, sizeof *watch);
    if (!watch)
        return -ENOMEM;
    watch->settings = *settings;
    watch->settings.stacks = NULL;
    if (settings->stacks)
        take_stacks(watch, settings->stacks);
    rc = settings->stacks ? 0 : parse_stacks(&watch->stacks);
    if (rc == 0)
        rc = init_tables(watch);
    if (rc < 0) {
        watch_free(watch);
        return rc;
    }
    *out = watch;
    return 0;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    table_deinit(&watch->networks);
    table_deinit(&watch->subscribers);
    table_deinit(&watch->connections);
    others_deinit(&watch->others);
    free(watch);
}

void watch_reconfigure(struct watch *watch, const struct watch_settings *settings)
{
    if (!watch_settings_are_good(settings))
        return;
    watch->settings.rule = settings->rule;
    watch->settings.prior = settings->prior;
    watch->settings.threshold = settings->threshold;
    watch->settings.named = settings->named;
    if (settings->stacks)
        take_stacks(watch, settings->stacks);
}

/* IPv4 and short prefixes of IPv6 fit in a word, which is faster to hash than their octets. */
static uint64_t prefix_hash(const struct watch *watch, const struct prefix *prefix)
{
    const uint8_t *octets = prefix->address.octets;
    const uint64_t first = (uint64_t)load_u32(octets) << 32 | load_u32(octets + 4);
    uint64_t word = first | prefix->length;

    if (address_is_v4(&prefix->address))
        word = (uint64_t)load_u32(octets + 12) << 8 | prefix->length;
    else if (prefix->length > 56)
        return table_hash(&watch->networks, prefix);
    return table_hash_words(&watch->networks, &word, 1);
}

static uint64_t connection_hash(const struct watch *watch, const struct connection_key *key)
{
    uint64_t word;

    if (!address_is_v4(&key->client))
        return table_hash(&watch->connections, key);
    word = (uint64_t)load_u32(key->client.octets + 12) << 16 | load_u16(key->port);
    return table_hash_words(&watch->connections, &word, 1);
}

static void find_hashes(const struct watch *watch, const struct observation *o, struct known *out)
{
    out->levels = named_networks_levels(watch->settings.named, &o->client, out->prefix, &out->kind);
    out->subscriber_key = o->line != 0 ? o->line : subscriber_key(&o->client);
    connection_key(&o->client, o->client_port, &out->connection_key);
    out->connection_hash = connection_hash(watch, &out->connection_key);
    table_prefetch_marks(&watch->connections, out->connection_hash);
    out->subscriber_hash = table_hash(&watch->subscribers, &out->subscriber_key);
    table_prefetch_marks(&watch->subscribers, out->subscriber_hash);
    for (unsigned i = 0; i < out->levels; i++) {
        out->prefix_hash[i] = prefix_hash(watch, &out->prefix[i]);
        table_prefetch_marks(&watch->networks, out->prefix_hash[i]);
    }
}

static void prefetch_entries(const struct watch *watch, const struct known *known)
{
    table_prefetch_entry(&watch->connections, known->connection_hash);
    table_prefetch_entry(&watch->subscribers, known->subscriber_hash);
    for (unsigned i = 0; i < known->levels; i++)
        table_prefetch_entry(&watch->networks, known->prefix_hash[i]);
}

/* With find_hashes done. */
static void find_known(const struct watch *watch, const struct observation *o, struct known *out)
{
    out->connection = table_find(&watch->connections, out->connection_hash, &out->connection_key);
    out->subscriber = table_find(&watch->subscribers, out->subscriber_hash, &out->subscriber_key);
    for (unsigned i = 0; i < out->levels; i++)
        out->network[i] = table_find(&watch->networks, out->prefix_hash[i], &out->prefix[i]);
    out->is_repeated = out->connection && connection_is_repeated(out->connection, o);
}

/* A hash of the server, since a system may keep another clock for each. */
static uint8_t clock_server(const struct observation *o)
{
    return o->server.octets[15];
}

/*
 * Tells devices behind one address apart by how they make their packets, and by their TCP clock
 * where the stack keeps one (Linux and Android: milliseconds from a start of its own for each
 * device; cells of 16 seconds leave room for clocks that are not quite right). A clock that was not
 * seen before may be one that its system made up for this connection, so it tells nothing yet.
 */
static void find_device(const struct observation *o, const struct stack *stack, struct known *out)
{
    const uint32_t now_ms = (uint32_t)(o->time_ns / 1000000u);
    bool clock_tells;

    out->has_clock = o->flags & OBSERVATION_HAS_TIMESTAMPS && o->timestamp_value != 0 &&
                     stack->probability[STACK_ANDROID] + stack->probability[STACK_LINUX] > 0.5;
    out->clock = (o->timestamp_value - now_ms) >> 14;
    clock_tells = out->has_clock && out->subscriber &&
                  subscriber_knows_clock(out->subscriber, out->clock, clock_server(o));
    out->clock_is_new = out->has_clock && !clock_tells;
    out->device = (uint16_t)((out->signature ^ (clock_tells ? out->clock * 0x9e3779b1u : 0) ^
                              (uint32_t)(out->subscriber_hash >> 16)) *
                                 0x85ebca6bu >>
                             16);
}

static void begin(const struct observation *o, struct judgement *out)
{
    *out = (struct judgement){
        .observation = *o,
        .initial = observation_initial(o->hop_limit),
        .hops = (uint8_t)(observation_initial(o->hop_limit) - o->hop_limit),
    };
}

/* What the user says of a network counts more than what it looks like. */
static bool is_of_handsets(const struct network_reading *reading, enum network_kind kind)
{
    return kind == NETWORK_OF_ANY_KIND ? reading->handsets
                                       : kind == NETWORK_OF_HANDSETS && reading->enough;
}

/* What tells two devices of one subscriber that are at work at once. */
static void read_turns(const struct known *known, struct facts *out)
{
    const struct observation *o = out->observation;

    if (!known->subscriber)
        return;
    out->clock_break =
        known->clock_is_new && subscriber_clock_is_steady(known->subscriber, clock_server(o));
    out->other_identifier =
        subscriber_turns_to(known->subscriber, subscriber_identifier(&o->client));
}

/* With what other sites know, in *sum, which `out` then refers to. */
static void gather(const struct watch *watch, const struct known *known,
                   const struct judgement *judgement, struct others_sum *sum, struct facts *out)
{
    const bool any = others_any(&watch->others);
    struct network *const *level = any ? sum->level : known->network;

    if (any)
        others_sum(&watch->others, known->prefix, known->network, known->levels,
                   known->subscriber_key, known->subscriber, sum);
    *out = (struct facts){
        .observation = &judgement->observation,
        .stack = &judgement->stack,
        .finest = level[0],
        .prior = watch->settings.prior,
        .initial = judgement->initial,
        .hops = judgement->hops,
        .rewritten = judgement->rewritten,
        .kind = known->kind,
    };
    network_read(level, known->levels, out->hops, known->device, &out->network);
    out->network.handsets = is_of_handsets(&out->network, known->kind);
    out->mss = network_compare_mss(&out->network, judgement->observation.mss, &out->mss_share);
    read_turns(known, out);
    subscriber_read(any ? sum->subscriber : known->subscriber, out->hops,
                    out->network.network ? out->network.network->moved_s : 0, &out->subscriber);
}

/* By rule first-drop the finest prefix is what it goes by. */
static void show_network(const struct watch *watch, const struct facts *facts,
                         struct judgement *out)
{
    const struct network *shown =
        watch->settings.rule == RULE_FIRST_DROP ? facts->finest : facts->network.network;

    network_view(shown, facts->observation->hop_limit, &out->network);
}

/* The many connections of one subscriber count for less, so that no one makes a network's usual. */
static uint16_t lesson_weight(const struct facts *facts)
{
    const struct subscriber_reading *s = &facts->subscriber;
    unsigned before;

    if (!s->subscriber || s->shared)
        return NETWORK_WEIGHT_ONE;
    before = subscriber_count(s->subscriber, facts->observation->hop_limit);
    return (uint16_t)(NETWORK_WEIGHT_ONE * NETWORK_WEIGHT_ONE / (NETWORK_WEIGHT_ONE + before));
}

/* Of a handset that arrives as its network usually does; 0 of others. */
static uint16_t handset_mss(const struct facts *facts)
{
    const bool usual = facts->network.enough && facts->network.relation == NETWORK_USUAL;
    const double *p = facts->stack->probability;

    return usual && p[STACK_ANDROID] + p[STACK_IOS] > 0.5 ? facts->observation->mss : 0;
}

static void teach_network(struct watch *watch, struct network *network,
                          const struct network_lesson *lesson)
{
    if (!network)
        return;
    network_learn(network, lesson);
    table_rate(&watch->networks, network, table_worth_of_count(network->seen), lesson->time_ns);
}

static void learn_networks(struct watch *watch, const struct known *known,
                           const struct facts *facts)
{
    const struct network_lesson lesson = {
        .hop_limit = facts->observation->hop_limit,
        .device = known->device,
        .weight = lesson_weight(facts),
        .computers = stack_computer_share(facts->stack),
        .handset_mss = handset_mss(facts),
        .time_ns = facts->observation->time_ns,
    };

    /* Those that are there first: a new one may take the place of another. */
    for (unsigned i = 0; i < known->levels; i++)
        if (known->network[i])
            teach_network(watch, known->network[i], &lesson);
    for (unsigned i = 0; i < known->levels; i++)
        if (!known->network[i])
            teach_network(watch,
                          table_add(&watch->networks, known->prefix_hash[i], &known->prefix[i],
                                    lesson.time_ns),
                          &lesson);
}

static void learn_subscriber(struct watch *watch, const struct known *known,
                             const struct facts *facts)
{
    const struct observation *o = facts->observation;
    const struct subscriber_lesson lesson = {
        .hop_limit = o->hop_limit,
        .hops = facts->hops,
        .family = facts->stack->family,
        .signature = known->signature,
        .has_clock = known->has_clock,
        .clock = known->clock,
        .clock_server = clock_server(o),
        .identifier = subscriber_identifier(&o->client),
        .fresh_since_s = facts->network.network ? facts->network.network->moved_s : 0,
        .time_ns = o->time_ns,
    };
    struct subscriber *subscriber = known->subscriber;

    if (!subscriber)
        subscriber = table_add(&watch->subscribers, known->subscriber_hash, &known->subscriber_key,
                               o->time_ns);
    if (!subscriber)
        return;
    subscriber_learn(subscriber, &lesson);
    table_rate(&watch->subscribers, subscriber, table_worth_of_count(subscriber->seen), o->time_ns);
}

static void keep_connection(struct watch *watch, const struct known *known,
                            const struct facts *facts, const struct judgement *judgement)
{
    const uint64_t now_ns = judgement->observation.time_ns;
    const struct subscriber *subscriber = facts->subscriber.subscriber;
    struct connection *connection = known->connection;

    if (!connection)
        connection =
            table_add(&watch->connections, known->connection_hash, &known->connection_key, now_ns);
    connection_keep(connection, judgement);
    table_rate(&watch->connections, connection,
               subscriber ? table_worth_of_count(subscriber->seen) : 0, now_ns);
}

/* The judgement of the first copy holds for the next; only the packet is this one. */
static void repeat(const struct known *known, const struct observation *o, struct judgement *out)
{
    struct stack stack = out->stack;

    connection_recall(known->connection, out);
    out->observation = *o;
    out->stack = stack;
}

/* With find_hashes done and its entries on their way into the cache. */
static bool observe(struct watch *watch, struct known *known, const struct observation *observation,
                    struct judgement *out)
{
    struct others_sum sum;
    struct facts facts;

    find_known(watch, observation, known);
    begin(observation, out);
    known->signature = stack_recall(&watch->stacks, &watch->guesses, observation, &out->stack);
    if (known->is_repeated) {
        repeat(known, observation, out);
        return false;
    }
    out->rewritten = stack_contradicts(&out->stack, out->initial);
    find_device(observation, &out->stack, known);
    gather(watch, known, out, &sum, &facts);
    show_network(watch, &facts, out);
    judge(&watch->settings, &facts, out);
    keep_connection(watch, known, &facts, out);
    learn_networks(watch, known, &facts);
    learn_subscriber(watch, known, &facts);
    return true;
}

/* When the path to a client became another one; 0: it never did, as far as is known. */
static uint32_t path_since(const struct watch *watch, const struct address *client, uint8_t hops)
{
    struct network *network[NETWORK_LEVELS_MAX];
    struct prefix prefix[NETWORK_LEVELS_MAX];
    struct network_reading reading;
    enum network_kind kind;
    const unsigned levels = named_networks_levels(watch->settings.named, client, prefix, &kind);

    for (unsigned i = 0; i < levels; i++)
        network[i] = table_find(&watch->networks, prefix_hash(watch, &prefix[i]), &prefix[i]);
    network_read(network, levels, hops, 0, &reading);
    return reading.network ? reading.network->moved_s : 0;
}

bool watch_hop_limit(struct watch *watch, const struct address *client, uint8_t hop_limit,
                     uint64_t time_ns)
{
    const uint8_t hops = (uint8_t)(observation_initial(hop_limit) - hop_limit);
    const uint64_t key = subscriber_key(client);
    struct subscriber *subscriber =
        table_find(&watch->subscribers, table_hash(&watch->subscribers, &key), &key);

    if (!subscriber)
        return false;
    subscriber_learn_hop_limit(subscriber, hop_limit, path_since(watch, client, hops), time_ns);
    return true;
}

bool watch_observe(struct watch *watch, const struct observation *observation,
                   struct judgement *out)
{
    struct known known = {0};

    find_hashes(watch, observation, &known);
    prefetch_entries(watch, &known);
    return observe(watch, &known, observation, out);
}

void watch_observe_all(struct watch *watch, const struct observation *observations, size_t count,
                       void (*judged)(const struct judgement *judgement, bool is_new,
                                      void *context),
                       void *context)
{
    struct known known[WATCH_OBSERVATIONS_MAX];
    struct judgement judgement;

    for (size_t i = 0; i < count; i++)
        find_hashes(watch, &observations[i], &known[i]);
    for (size_t i = 0; i < count; i++)
        prefetch_entries(watch, &known[i]);
    for (size_t i = 0; i < count; i++) {
        const bool is_new = observe(watch, &known[i], &observations[i], &judgement);

        judged(&judgement, is_new, context);
    }
}

bool watch_lookup(const struct watch *watch, const struct address *client, uint16_t port,
                  struct judgement *out)
{
    struct connection_key key;
    const struct connection *connection;

    connection_key(client, port, &key);
    connection = table_find(&watch->connections, connection_hash(watch, &key), &key);
    if (!connection)
        return false;
    connection_recall(connection, out);
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

bool watch_each_baseline(const struct watch *watch, uint64_t *position,
                         bool (*each)(const struct baseline *baseline, void *context),
                         void *context)
{
    const uint64_t networks = watch->networks.buckets;
    struct saving saving = {each, context};
    uint64_t subscriber = *position > networks ? *position - networks : 0;

    /* Buckets of networks, and then those of subscribers. */
    if (*position < networks && !table_each_from(&watch->networks, position, save_network, &saving))
        return false;
    if (!table_each_from(&watch->subscribers, &subscriber, save_subscriber, &saving)) {
        *position = networks + subscriber;
        return false;
    }
    *position = 0;
    return true;
}

/* Puts an entry, key first, into its table; no room is no error. */
static void put_entry(struct table *table, uint64_t hash, const void *entry, uint64_t seen,
                      uint64_t updated_ns)
{
    void *place = table_find(table, hash, entry);

    if (!place)
        place = table_add(table, hash, entry, updated_ns);
    if (!place)
        return;
    memcpy(place, entry, table->shape.entry_size);
    table_rate(table, place, table_worth_of_count(seen), updated_ns);
}

int watch_restore(struct watch *watch, const struct baseline *baseline)
{
    struct network network;
    struct subscriber subscriber;
    int rc;

    if (baseline->subscriber) {
        rc = subscriber_restore(baseline, &subscriber);
        if (rc == 0)
            put_entry(&watch->subscribers, table_hash(&watch->subscribers, &subscriber),
                      &subscriber, subscriber.seen, baseline->updated_ns);
    } else {
        rc = network_restore(baseline, &network);
        if (rc == 0)
            put_entry(&watch->networks, prefix_hash(watch, &network.prefix), &network, network.seen,
                      baseline->updated_ns);
    }
    return rc;
}

struct others *watch_others(struct watch *watch)
{
    return &watch->others;
}

double watch_threshold(const struct watch *watch)
{
    return watch->settings.threshold;
}

unsigned watch_prefixes_of(const struct watch *watch, const struct address *address,
                           struct prefix *out)
{
    enum network_kind kind;

    return named_networks_levels(watch->settings.named, address, out, &kind);
}

const struct network *watch_network(const struct watch *watch, const struct prefix *prefix)
{
    return table_find(&watch->networks, prefix_hash(watch, prefix), prefix);
}

struct showing {
    void (*each)(const struct network *network, void *context);
    void *context;
};

static void show_one(void *entry, void *context)
{
    const struct showing *showing = context;

    showing->each(entry, showing->context);
}

void watch_each_network(const struct watch *watch,
                        void (*each)(const struct network *network, void *context), void *context)
{
    struct showing showing = {each, context};

    table_each(&watch->networks, show_one, &showing);
}

const struct named_network *watch_named_network(const struct watch *watch,
                                                const struct prefix *prefix)
{
    return named_networks_at(watch->settings.named, prefix);
}

const struct subscriber *watch_subscriber(const struct watch *watch, const struct address *address)
{
    const uint64_t key = subscriber_key(address);

    return table_find(&watch->subscribers, table_hash(&watch->subscribers, &key), &key);
}

struct forgetting {
    struct table *connections;
    uint64_t key;
    size_t count;
};

static void forget_connection(void *entry, void *context)
{
    struct forgetting *forgetting = context;
    const struct connection *connection = entry;

    if (subscriber_key(&connection->key.client) != forgetting->key)
        return;
    table_forget(forgetting->connections, entry);
    forgetting->count++;
}

size_t watch_forget(struct watch *watch, const struct address *address)
{
    struct forgetting forgetting = {.connections = &watch->connections,
                                    .key = subscriber_key(address)};
    void *subscriber = table_find(
        &watch->subscribers, table_hash(&watch->subscribers, &forgetting.key), &forgetting.key);

    if (subscriber)
        table_forget(&watch->subscribers, subscriber);
    others_forget(&watch->others, forgetting.key);
    table_each(&watch->connections, forget_connection, &forgetting);
    return forgetting.count;
}
