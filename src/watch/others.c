/*
 * What other sites know; see others.h.
 */
#include "watch/others.h"

#include <errno.h>

int others_init(struct others *others, uint32_t networks, uint32_t subscribers,
                const uint64_t hash_key[2])
{
    const struct table_shape of_networks = {
        .entries = networks,
        .entry_size = sizeof(struct network),
        .key_size = sizeof(struct prefix),
        .fade_ns = 137u * 1000000000ull,
        .keeps_proven = true,
    };
    const struct table_shape of_subscribers = {
        .entries = subscribers,
        .entry_size = sizeof(struct subscriber),
        .key_size = sizeof(uint64_t),
        .fade_ns = 137u * 1000000000ull,
        .keeps_proven = true,
    };
    const int rc = table_init(&others->networks, &of_networks, hash_key);

    return rc < 0 ? rc : table_init(&others->subscribers, &of_subscribers, hash_key);
}

void others_deinit(struct others *others)
{
    table_deinit(&others->networks);
    table_deinit(&others->subscribers);
}

static void *find(const struct table *table, const void *key)
{
    struct table_spot spot;

    table_spot(table, table_hash(table, key), &spot);
    return table_find(table, &spot, key);
}

/* No room is no error. */
static void *find_or_add(struct table *table, const void *key, uint64_t now_ns,
                         struct table_spot *out_spot)
{
    void *found;

    table_spot(table, table_hash(table, key), out_spot);
    found = table_find(table, out_spot, key);
    return found ? found : table_add(table, out_spot, key, now_ns);
}

static int add_network(struct table *table, const struct baseline *baseline)
{
    struct network network;
    struct table_spot spot;
    struct network *sum;

    if (network_restore(baseline, &network) != 0)
        return -1;
    network.recent_count = 0; /* devices of another site's clock and keys */
    sum = find_or_add(table, &network.prefix, baseline->updated_ns, &spot);
    if (!sum)
        return 0;
    network_merge(sum, &network);
    table_rate(table, &spot, table_worth_of_count(sum->seen), baseline->updated_ns);
    return 0;
}

static int add_subscriber(struct table *table, const struct baseline *baseline)
{
    struct subscriber subscriber;
    struct table_spot spot;
    struct subscriber *sum;

    if (subscriber_restore(baseline, &subscriber) != 0)
        return -1;
    sum = find_or_add(table, &subscriber.key, baseline->updated_ns, &spot);
    if (!sum)
        return 0;
    subscriber_merge(sum, &subscriber);
    table_rate(table, &spot, table_worth_of_count(sum->seen), baseline->updated_ns);
    return 0;
}

int others_add(struct others *others, const struct baseline *baseline)
{
    const int rc = baseline->subscriber ? add_subscriber(&others->subscribers, baseline)
                                        : add_network(&others->networks, baseline);

    return rc == 0 ? 0 : -EINVAL;
}

static void forget(void *entry, void *context)
{
    table_forget(context, entry);
}

void others_clear(struct others *others)
{
    table_each(&others->networks, forget, &others->networks);
    table_each(&others->subscribers, forget, &others->subscribers);
}

void others_forget(struct others *others, uint64_t subscriber_key)
{
    void *found = find(&others->subscribers, &subscriber_key);

    if (found)
        table_forget(&others->subscribers, found);
}

const struct network *others_network(const struct others *others, const struct prefix *prefix)
{
    return find(&others->networks, prefix);
}

void others_each_network(const struct others *others,
                         void (*each)(const struct network *network, void *context), void *context)
{
    network_each(&others->networks, each, context);
}

void others_sum(const struct others *others, const struct prefix *prefix,
                struct network *const *own, unsigned levels, uint64_t subscriber_key,
                const struct subscriber *subscriber, struct others_sum *out)
{
    const struct subscriber *other = find(&others->subscribers, &subscriber_key);

    for (unsigned i = 0; i < levels; i++) {
        const struct network *network = others_network(others, &prefix[i]);

        out->level[i] = own[i];
        if (!network)
            continue;
        out->network[i] = own[i] ? *own[i] : *network;
        out->level[i] = &out->network[i];
        if (own[i])
            network_merge(&out->network[i], network);
    }
    out->subscriber = subscriber;
    if (!other)
        return;
    out->subscriber_sum = subscriber ? *subscriber : *other;
    out->subscriber = &out->subscriber_sum;
    if (subscriber)
        subscriber_merge(&out->subscriber_sum, other);
}
