/*
 * The hub of watch: an observation comes in, is judged by what was known before it, and is learnt.
 * Everything a stranger can make it remember lives in tables of a fixed size.
 */
#ifndef HOPTELL_WATCH_WATCH_H
#define HOPTELL_WATCH_WATCH_H

#include "watch/judgement.h"

#include <stddef.h>

struct stack_table; /* stack.h */

enum watch_rule { RULE_EVIDENCE, RULE_FIRST_DROP };

struct named_networks; /* named_networks.h */

struct watch_settings {
    enum watch_rule rule;
    double prior;      /* the share of tethered connections before anything is seen, 0 to 1 */
    double threshold;  /* tethered at or above it, direct at or below 1 minus it */
    uint32_t networks; /* entries of each table */
    uint32_t subscribers;
    uint32_t connections;
    const struct named_networks *named; /* the caller's, while it is in use; NULL: none */
    const struct stack_table *stacks;   /* copied; NULL: the one that ships with hoptell */
    uint64_t hash_key[2]; /* random at start, so that nobody can choose colliding addresses */
    /* Told of every large piece of memory before it is used, for advice to the system; may be NULL. */
    void (*taken)(void *memory, size_t octets);
};

struct watch;

/* Sensible values for all but the hash key. */
struct watch_settings watch_settings_default(void);
bool watch_settings_are_good(const struct watch_settings *settings); /* within their bounds */

/*
 * Allocates all memory that watch will ever use. Returns 0, or -ENOMEM, or -EINVAL for settings
 * out of range. The caller frees *out with watch_free.
 */
int watch_new(const struct watch_settings *settings, struct watch **out);
void watch_free(struct watch *watch); /* NULL is fine */

/* All but the sizes of the tables may change while it runs; without `stacks` those stay as they are. */
void watch_reconfigure(struct watch *watch, const struct watch_settings *settings);

/*
 * Judges `observation` by what is known, then learns from it. False when it is the same opening
 * packet again (a retransmission, or seen on a second interface): it is judged, but nothing is learnt
 * from it twice, and the caller stores it but once.
 */
bool watch_observe(struct watch *watch, const struct observation *observation,
                   struct judgement *out);

/*
 * watch_observe for each of `count` observations in their order, at most WATCH_OBSERVATIONS_MAX; the
 * judgements are the same, but come faster, since what is known of one is fetched from memory while
 * another is judged. `judged` is called with each before the next is judged; `is_new` is what
 * watch_observe returns.
 */
enum { WATCH_OBSERVATIONS_MAX = 80 };
void watch_observe_all(struct watch *watch, const struct observation *observations, size_t count,
                       void (*judged)(const struct judgement *judgement, bool is_new,
                                      void *context),
                       void *context);

/* From this probability on the verdict is tethered. */
double watch_threshold(const struct watch *watch);

/*
 * A hop limit that was seen in connections of the client which go on, for the first time since its
 * subscriber is remembered there: it is learnt as one more of the subscriber's own, and judged with
 * its next connection. False, and nothing is learnt, where the subscriber is not known.
 */
bool watch_hop_limit(struct watch *watch, const struct address *client, uint8_t hop_limit,
                     uint64_t time_ns);

/*
 * The newest connection from (client, port): true and *out when it is still remembered. The
 * judgement is the one given when its SYN came.
 */
bool watch_lookup(const struct watch *watch, const struct address *client, uint16_t port,
                  struct judgement *out);

/*
 * Baselines out and in, for the store: `each` is called once for every network and subscriber
 * with its state as opaque octets under a key; watch_restore takes them back. Keys and octets are
 * the same on every machine (network byte order, a version in the first octet).
 */
enum { BASELINE_OCTETS_MAX = 256 };

struct baseline {
    bool subscriber; /* of one subscriber, or else of a network */
    struct prefix prefix;
    uint64_t updated_ns;
    uint16_t length; /* of octets[] */
    uint8_t octets[BASELINE_OCTETS_MAX];
};

/* How often what it is of was seen; 0 for octets that do not say. */
uint64_t baseline_seen(const struct baseline *baseline);

/*
 * Gives baselines from *position on, which is 0 for the first, until `each` returns false: then a later
 * call goes on there, with that one and perhaps some of its neighbours once more. True after the last,
 * with *position 0. Between two calls a subscriber's may move to where it is given twice, or not at all:
 * watch_moved says how many ever did.
 */
bool watch_each_baseline(const struct watch *watch, uint64_t *position,
                         bool (*each)(const struct baseline *baseline, void *context),
                         void *context);

uint64_t watch_moved(const struct watch *watch);

/* 0, or -EINVAL for octets that no watch_each_baseline would have given; nothing is changed then. */
int watch_restore(struct watch *watch, const struct baseline *baseline);

/* What other sites have learnt, to be changed as is needed. */
struct others; /* others.h */
struct others *watch_others(struct watch *watch);

/*
 * What is known, for those who show it. What they point to stays as it is until the next
 * observation.
 */
struct network;    /* network.h */
struct subscriber; /* subscriber.h */
struct named_network;

/* The prefixes by which an address is known, NETWORK_LEVELS_MAX at most, finest first; how many. */
unsigned watch_prefixes_of(const struct watch *watch, const struct address *address,
                           struct prefix *out);

/* What was learnt here of this very prefix; NULL for nothing. Of other sites: watch/others.h. */
const struct network *watch_network(const struct watch *watch, const struct prefix *prefix);
void watch_each_network(const struct watch *watch,
                        void (*each)(const struct network *network, void *context), void *context);

/* What the user calls this very prefix, with its kind; NULL for nothing. */
const struct named_network *watch_named_network(const struct watch *watch,
                                                const struct prefix *prefix);

/* The subscriber that an address belongs to; NULL when nothing is known of it. */
const struct subscriber *watch_subscriber(const struct watch *watch, const struct address *address);

/*
 * Forgets the subscriber that an address belongs to: its baseline and its connections. Looks at
 * every connection that is remembered, which takes some tens of milliseconds for a million. Returns
 * how many connections that were.
 */
size_t watch_forget(struct watch *watch, const struct address *address);

/*
 * Forgets one connection, of which a journal has the judgement; false when it is not remembered, or a
 * later one from the same address and port is.
 */
bool watch_forget_connection(struct watch *watch, const struct judgement *judgement);

#endif
