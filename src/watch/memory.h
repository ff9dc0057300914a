/*
 * What watch keeps: a table each of networks, subscribers and connections, and what is done to whole
 * tables. Of watch.c alone.
 */
#ifndef HOPTELL_WATCH_MEMORY_H
#define HOPTELL_WATCH_MEMORY_H

#include "watch/connection.h"
#include "watch/network.h"
#include "watch/subscriber.h"
#include "watch/table.h"

struct memory {
    struct table networks;
    struct table subscribers;
    struct table connections;
};

/* Of the sizes that the settings say. 0, -EINVAL or -ENOMEM; the caller calls memory_deinit. */
int memory_init(struct memory *memory, const struct watch_settings *settings);
void memory_deinit(struct memory *memory); /* of a zeroed one is fine */

/* Where each would be in its table. */
void memory_network_spot(const struct memory *memory, const struct prefix *prefix,
                         struct table_spot *out);
void memory_connection_spot(const struct memory *memory, const struct connection_key *key,
                            struct table_spot *out);

/* NULL where there is none. */
struct network *memory_network(const struct memory *memory, const struct prefix *prefix);
struct subscriber *memory_subscriber(const struct memory *memory, uint64_t key);

/* What was kept of a connection; false where there is none. */
bool memory_connection(const struct memory *memory, const struct connection_key *key,
                       struct judgement *out);

/* See watch_each_baseline, watch_restore and watch_each_network. */
bool memory_each_baseline(const struct memory *memory, uint64_t *position,
                          bool (*each)(const struct baseline *baseline, void *context),
                          void *context);
int memory_restore(struct memory *memory, const struct baseline *baseline);
void memory_each_network(const struct memory *memory,
                         void (*each)(const struct network *network, void *context), void *context);

/* Forgets a subscriber and its connections; how many these were. */
size_t memory_forget(struct memory *memory, uint64_t subscriber_key);

/* See watch_forget_connection. */
bool memory_forget_connection(struct memory *memory, const struct observation *opening);

#endif
