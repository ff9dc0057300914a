/*
 * Packets of connections that go on; see flows.h.
 */
#include "watch/flows.h"

#include "watch/subscriber.h"

enum { ASK_ONE_OF = 64 }; /* of packets that are noted */

/* Who chooses addresses that have the same numbers makes hoptell look more often, and no more. */
static uint64_t word_of(const struct observation *packet)
{
    return subscriber_of(packet) * 0x9e3779b97f4a7c15u;
}

static uint64_t *note_of(struct flows *flows, uint64_t word)
{
    return &flows->note[(word >> 40) % FLOWS_NOTES];
}

void flows_prefetch(const struct flows *flows, const struct observation *opening)
{
    const uint64_t word = word_of(opening);
    const uint64_t note = word + opening->hop_limit;

    __builtin_prefetch(&flows->opened[(uint32_t)(word >> 32) % FLOWS_BITS / 64], 1);
    __builtin_prefetch(&flows->note[(note >> 40) % FLOWS_NOTES], 1);
}

void flows_open(struct flows *flows, const struct observation *opening)
{
    const uint64_t word = word_of(opening);
    const uint32_t bit = (uint32_t)(word >> 32) % FLOWS_BITS;

    flows->any_opened = true;
    flows->opened[bit / 64] |= (uint64_t)1 << bit % 64;
    *note_of(flows, word + opening->hop_limit) = word + opening->hop_limit;
}

bool flows_is_news(struct flows *flows, const struct observation *packet)
{
    const uint64_t word = word_of(packet);
    const uint32_t bit = (uint32_t)(word >> 32) % FLOWS_BITS;
    uint64_t *note = note_of(flows, word + packet->hop_limit);

    if (!flows->any_opened || !(flows->opened[bit / 64] >> bit % 64 & 1))
        return false;
    if (*note == word + packet->hop_limit && ++flows->packets % ASK_ONE_OF != 0)
        return false;
    *note = word + packet->hop_limit;
    return true;
}

bool flows_learn(struct watch *watch, const struct observation *packet)
{
    const struct address own = subscriber_prefix(subscriber_of(packet)).address;
    const struct subscriber *subscriber = watch_subscriber(watch, &own);
    struct judgement opened;

    return subscriber && subscriber_count(subscriber, packet->hop_limit) == 0 &&
           watch_lookup(watch, &packet->client, packet->client_port, &opened) &&
           watch_hop_limit(watch, &own, packet->hop_limit, packet->time_ns);
}
