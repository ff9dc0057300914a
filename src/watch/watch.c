/*
 * The hub: where an observation goes, and what is kept of it.
 */
#include "watch/watch.h"

#include "watch/judge.h"
#include "watch/memory.h"
#include "watch/named_networks.h"
#include "watch/others.h"
#include "watch/stack.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * How many observations each of the three stages of watch_observe_all is ahead of the next: as many as
 * memory brings at a time; and for how many there is room, a power of two for the sake of the division.
 */
enum { STAGE_APART = 8, STAGES_ROOM = 32 };

_Static_assert(3 * STAGE_APART <= STAGES_ROOM, "none is written over before its last stage");

struct watch {
    struct watch_settings settings;
    double prior_logit; /* of settings.prior */
    struct stack_table stacks;
    struct stack_cache guesses;
    struct memory memory;
    struct others others;
};

/* What watch knows of an observation's client, and where it looked. */
struct known {
    enum network_kind kind;
    struct prefix prefix[NETWORK_LEVELS_MAX];
    struct table_spot network_spot[NETWORK_LEVELS_MAX];
    struct network *network[NETWORK_LEVELS_MAX]; /* NULL: not known; the same below */
    unsigned levels;
    uint64_t subscriber_key;
    uint64_t subscriber_hash;
    struct table_spot subscriber_spot;
    struct subscriber *subscriber;
    struct connection_key connection_key;
    struct table_spot connection_spot;
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

/* Its logarithm is in every judgement. */
static void take_prior(struct watch *watch, double prior)
{
    watch->settings.prior = prior;
    watch->prior_logit = log(prior / (1 - prior));
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
    take_prior(watch, settings->prior);
    if (settings->stacks)
        take_stacks(watch, settings->stacks);
    rc = settings->stacks ? 0 : parse_stacks(&watch->stacks);
    if (rc == 0)
        rc = memory_init(&watch->memory, settings);
    if (rc == 0)
        rc = others_init(&watch->others, settings->networks, settings->subscribers,
                         settings->hash_key);
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
    memory_deinit(&watch->memory);
    others_deinit(&watch->others);
    free(watch);
}

void watch_reconfigure(struct watch *watch, const struct watch_settings *settings)
{
    if (!watch_settings_are_good(settings))
        return;
    watch->settings.rule = settings->rule;
    take_prior(watch, settings->prior);
    watch->settings.threshold = settings->threshold;
    watch->settings.named = settings->named;
    if (settings->stacks)
        take_stacks(watch, settings->stacks);
}

/* Finds out where to look, and asks for what is to be seen there first. */
static void find_spots(const struct watch *watch, const struct observation *o, struct known *out)
{
    const struct memory *memory = &watch->memory;
    const unsigned levels =
        named_networks_levels(watch->settings.named, &o->client, out->prefix, &out->kind);

    out->levels = levels;
    out->connection_key = (struct connection_key){o->client, o->client_port};
    memory_connection_spot(memory, &out->connection_key, &out->connection_spot);
    table_prefetch_marks(&memory->connections, &out->connection_spot);
    out->subscriber_key = o->line != 0 ? o->line : subscriber_key(&o->client);
    out->subscriber_hash = table_hash_word(&memory->subscribers, out->subscriber_key);
    table_spot(&memory->subscribers, out->subscriber_hash, &out->subscriber_spot);
    table_prefetch_marks(&memory->subscribers, &out->subscriber_spot);
    for (unsigned i = 0; i < levels; i++) {
        memory_network_spot(memory, &out->prefix[i], &out->network_spot[i]);
        table_prefetch_marks(&memory->networks, &out->network_spot[i]);
    }
}

/* With find_spots done. */
static void prefetch_entries(const struct watch *watch, const struct observation *o,
                             struct known *known)
{
    const struct memory *memory = &watch->memory;
    const unsigned levels = known->levels;
    const uint64_t time_ns = o->time_ns;

    table_prefetch_entry(&memory->connections, &known->connection_spot, time_ns);
    table_prefetch_entry(&memory->subscribers, &known->subscriber_spot, time_ns);
    for (unsigned i = 0; i < levels; i++)
        table_prefetch_entry(&memory->networks, &known->network_spot[i], time_ns);
}

static void find_known(const struct watch *watch, const struct observation *o, struct known *out)
{
    const struct memory *memory = &watch->memory;
    const unsigned levels = out->levels;

    out->connection = table_find(&memory->connections, &out->connection_spot, &out->connection_key);
    out->subscriber = table_find(&memory->subscribers, &out->subscriber_spot, &out->subscriber_key);
    for (unsigned i = 0; i < levels; i++)
        out->network[i] = table_find(&memory->networks, &out->network_spot[i], &out->prefix[i]);
    out->is_repeated =
        out->connection &&
        connection_is_repeated(out->connection,
                               table_side(&memory->connections, &out->connection_spot), o);
}

/*
 * Tells devices behind one address apart by how they make their packets, and by their TCP clock where
 * the stack keeps one. A clock that was not seen before may be one that its system made up for this
 * connection, so it tells nothing yet.
 */
static void find_device(const struct observation *o, const struct stack *stack, struct known *out)
{
    bool clock_tells;

    out->has_clock = subscriber_clock(o, stack, &out->clock);
    clock_tells = out->has_clock && out->subscriber &&
                  subscriber_knows_clock(out->subscriber, out->clock, subscriber_clock_server(o));
    out->clock_is_new = out->has_clock && !clock_tells;
    out->device = (uint16_t)((out->signature ^ (clock_tells ? out->clock * 0x9e3779b1u : 0) ^
                              (uint32_t)(out->subscriber_hash >> 16)) *
                                 0x85ebca6bu >>
                             16);
}

/* All the rest is set as it is found out; to clear it before would take longer than many a step. */
static void begin(const struct observation *o, struct judgement *out)
{
    out->observation = *o;
    out->initial = observation_initial(o->hop_limit);
    out->hops = (uint8_t)(out->initial - o->hop_limit);
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

    out->clock_break = out->other_identifier = false;
    if (!known->subscriber)
        return;
    out->clock_break = known->clock_is_new &&
                       subscriber_clock_is_steady(known->subscriber, subscriber_clock_server(o));
    out->other_identifier =
        subscriber_turns_to(known->subscriber, subscriber_identifier(&o->client));
}

/* With what other sites know, in *sum, which `out` then refers to. Sets all of *out. */
static void gather(const struct watch *watch, const struct known *known,
                   const struct judgement *judgement, struct others_sum *sum, struct facts *out)
{
    const bool any = others_any(&watch->others);
    struct network *const *level = any ? sum->level : known->network;

    if (any)
        others_sum(&watch->others, known->prefix, known->network, known->levels,
                   known->subscriber_key, known->subscriber, sum);
    out->observation = &judgement->observation;
    out->stack = &judgement->stack;
    out->finest = level[0];
    out->prior = watch->settings.prior;
    out->prior_logit = watch->prior_logit;
    out->initial = judgement->initial;
    out->hops = judgement->hops;
    out->rewritten = judgement->rewritten;
    out->kind = known->kind;
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
                          const struct table_spot *spot, const struct network_lesson *lesson)
{
    if (!network)
        return;
    network_learn(network, lesson);
    table_rate(&watch->memory.networks, spot, table_worth_of_count(network->seen), lesson->time_ns);
}

static void learn_networks(struct watch *watch, struct known *known, const struct facts *facts)
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
            teach_network(watch, known->network[i], &known->network_spot[i], &lesson);
    for (unsigned i = 0; i < known->levels; i++)
        if (!known->network[i])
            teach_network(watch,
                          table_add(&watch->memory.networks, &known->network_spot[i],
                                    &known->prefix[i], lesson.time_ns),
                          &known->network_spot[i], &lesson);
}

static void learn_subscriber(struct watch *watch, struct known *known, const struct facts *facts)
{
    const struct observation *o = facts->observation;
    const struct subscriber_lesson lesson = {
        .hop_limit = o->hop_limit,
        .hops = facts->hops,
        .family = facts->stack->family,
        .is_computer = stack_computer_share(facts->stack) > 0.5,
        .signature = known->signature,
        .has_clock = known->has_clock,
        .clock = known->clock,
        .clock_server = subscriber_clock_server(o),
        .identifier = subscriber_identifier(&o->client),
        .fresh_since_s = facts->network.network ? facts->network.network->moved_s : 0,
        .time_ns = o->time_ns,
    };
    struct subscriber *subscriber = known->subscriber;

    if (!subscriber)
        subscriber = table_add(&watch->memory.subscribers, &known->subscriber_spot,
                               &known->subscriber_key, o->time_ns);
    if (!subscriber)
        return;
    subscriber_learn(subscriber, &lesson);
    table_rate(&watch->memory.subscribers, &known->subscriber_spot,
               table_worth_of_count(subscriber->seen), o->time_ns);
}

static void keep_connection(struct watch *watch, struct known *known, const struct facts *facts,
                            const struct judgement *judgement)
{
    const uint64_t now_ns = judgement->observation.time_ns;
    const struct subscriber *subscriber = facts->subscriber.subscriber;
    struct connection *connection = known->connection;

    if (!connection)
        connection = table_add(&watch->memory.connections, &known->connection_spot,
                               &known->connection_key, now_ns);
    connection_keep(judgement, connection,
                    table_side(&watch->memory.connections, &known->connection_spot));
    table_rate(&watch->memory.connections, &known->connection_spot,
               subscriber ? table_worth_of_count(subscriber->seen) : 0, now_ns);
}

/* The judgement of the first copy holds for the next; only the packet is this one. */
static void repeat(const struct watch *watch, const struct known *known,
                   const struct observation *o, struct judgement *out)
{
    struct stack stack = out->stack;

    connection_recall(known->connection,
                      table_side(&watch->memory.connections, &known->connection_spot), out);
    out->observation = *o;
    out->stack = stack;
}

/* With find_spots done and its entries on their way into the cache. */
static bool observe(struct watch *watch, struct known *known, const struct observation *observation,
                    struct judgement *out)
{
    struct others_sum sum;
    struct facts facts;

    find_known(watch, observation, known);
    begin(observation, out);
    known->signature = stack_recall(&watch->stacks, &watch->guesses, observation, &out->stack);
    if (known->is_repeated) {
        repeat(watch, known, observation, out);
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
        network[i] = memory_network(&watch->memory, &prefix[i]);
    network_read(network, levels, hops, 0, &reading);
    return reading.network ? reading.network->moved_s : 0;
}

bool watch_hop_limit(struct watch *watch, const struct address *client, uint8_t hop_limit,
                     uint64_t time_ns)
{
    const uint8_t hops = (uint8_t)(observation_initial(hop_limit) - hop_limit);
    struct subscriber *subscriber = memory_subscriber(&watch->memory, subscriber_key(client));

    if (!subscriber)
        return false;
    subscriber_learn_hop_limit(subscriber, hop_limit, path_since(watch, client, hops), time_ns);
    return true;
}

bool watch_observe(struct watch *watch, const struct observation *observation,
                   struct judgement *out)
{
    struct known known = {0};

    find_spots(watch, observation, &known);
    prefetch_entries(watch, observation, &known);
    return observe(watch, &known, observation, out);
}

/*
 * Each goes through three stages, and between them others do, so that what one waits for from memory
 * comes while those before it are judged.
 */
void watch_observe_all(struct watch *watch, const struct observation *observations, size_t count,
                       void (*judged)(const struct judgement *judgement, bool is_new,
                                      void *context),
                       void *context)
{
    const size_t apart = STAGE_APART;
    struct known known[STAGES_ROOM];
    struct judgement judgement;

    for (size_t i = 0; i < count + 2 * apart; i++) {
        const size_t second = i - apart;
        const size_t third = second - apart;

        if (i < count)
            find_spots(watch, &observations[i], &known[i % STAGES_ROOM]);
        if (second < count)
            prefetch_entries(watch, &observations[second], &known[second % STAGES_ROOM]);
        if (third < count) {
            const bool is_new =
                observe(watch, &known[third % STAGES_ROOM], &observations[third], &judgement);

            judged(&judgement, is_new, context);
        }
    }
}

bool watch_lookup(const struct watch *watch, const struct address *client, uint16_t port,
                  struct judgement *out)
{
    const struct connection_key key = {*client, port};

    return memory_connection(&watch->memory, &key, out);
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
    return memory_network(&watch->memory, prefix);
}

const struct named_network *watch_named_network(const struct watch *watch,
                                                const struct prefix *prefix)
{
    return named_networks_at(watch->settings.named, prefix);
}

const struct subscriber *watch_subscriber(const struct watch *watch, const struct address *address)
{
    return memory_subscriber(&watch->memory, subscriber_key(address));
}

bool watch_each_baseline(const struct watch *watch, uint64_t *position,
                         bool (*each)(const struct baseline *baseline, void *context),
                         void *context)
{
    return memory_each_baseline(&watch->memory, position, each, context);
}

uint64_t watch_moved(const struct watch *watch)
{
    return watch->memory.subscribers.moved;
}

int watch_restore(struct watch *watch, const struct baseline *baseline)
{
    return memory_restore(&watch->memory, baseline);
}

void watch_each_network(const struct watch *watch,
                        void (*each)(const struct network *network, void *context), void *context)
{
    memory_each_network(&watch->memory, each, context);
}

size_t watch_forget(struct watch *watch, const struct address *address)
{
    const uint64_t key = subscriber_key(address);

    others_forget(&watch->others, key);
    return memory_forget(&watch->memory, key);
}

bool watch_forget_connection(struct watch *watch, const struct judgement *judgement)
{
    return memory_forget_connection(&watch->memory, &judgement->observation);
}
