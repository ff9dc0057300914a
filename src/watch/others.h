/*
 * What other sites have learnt and was imported: their baselines, those of one prefix added up. They
 * stand beside what this site has learnt itself, which alone is saved and exported, so that nothing
 * is counted twice; whoever judges gets both as one.
 */
#ifndef HOPTELL_WATCH_OTHERS_H
#define HOPTELL_WATCH_OTHERS_H

#include "watch/network.h"
#include "watch/subscriber.h"
#include "watch/table.h"

struct others {
    struct table networks;
    struct table subscribers;
};

/* Memory is taken by the system only as baselines come. 0, -EINVAL or -ENOMEM. */
int others_init(struct others *others, uint32_t networks, uint32_t subscribers,
                const uint64_t hash_key[2]);
void others_deinit(struct others *others); /* of zeroed ones is fine */

/* Adds what one site knows. 0, or -EINVAL for octets that are no baseline. */
int others_add(struct others *others, const struct baseline *baseline);
void others_clear(struct others *others);
void others_forget(struct others *others, uint64_t subscriber_key);

/* One's own and others' as one, where there is both: room for what is made of them. */
struct others_sum {
    struct network *level[NETWORK_LEVELS_MAX]; /* as network_read takes them */
    struct network network[NETWORK_LEVELS_MAX];
    const struct subscriber *subscriber;
    struct subscriber subscriber_sum;
};

/* Whether there is anything at all. */
static inline bool others_any(const struct others *others)
{
    return others->networks.count > 0 || others->subscribers.count > 0;
}

/* What other sites know of this very prefix, as one; NULL for nothing. */
const struct network *others_network(const struct others *others, const struct prefix *prefix);
void others_each_network(const struct others *others,
                         void (*each)(const struct network *network, void *context), void *context);

/*
 * What is known of the networks `prefix` and of a subscriber; `own` and `subscriber` are what this
 * site has learnt of them, NULL for nothing.
 */
void others_sum(const struct others *others, const struct prefix *prefix,
                struct network *const *own, unsigned levels, uint64_t subscriber_key,
                const struct subscriber *subscriber, struct others_sum *out);

#endif
