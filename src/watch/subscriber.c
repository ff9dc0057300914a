/*
 * What one subscriber usually does, and how an observation stands to it.
 */
#include "watch/subscriber.h"

#include "watch/stack.h"

#include <errno.h>
#include <string.h>

enum {
    HALF_LIFE_S = 24 * 3600,
    COUNT_MOST = 60000,
    FAMILY_MOST = 200,
    SHARED_CLOCKS = 5,     /* a household's hotspot has fewer clocks at work on one server */
    SHARED_SIGNATURES = 6, /* and fewer makes of device */
    USUAL_COUNT_LEAST = 4,
    USUAL_PERCENT_LEAST = 50,
    ALWAYS_PERCENT = 80,
    KEEP_ONE_CLOCK_OF = 5,
    FAMILY_COUNT_LEAST = 2,
    SAVED_VERSION = 2,
    NO_ARRIVAL = 0xff, /* among the recent ones */
    STEADY_CLOCKS = 2, /* of a handset and a guest that has been told already */
};

struct prefix subscriber_prefix(uint64_t key)
{
    const bool is_v4 = key >> 32 == 0xffff; /* no /64 of ::/16 is anybody's (RFC 4291, 2.4) */
    struct prefix prefix = {.length = is_v4 ? 128 : 64};
    uint8_t *at = prefix.address.octets + (is_v4 ? 8 : 0);

    store_u32(at, (uint32_t)(key >> 32));
    store_u32(at + 4, (uint32_t)key);
    return prefix;
}

static uint8_t hops_of(uint8_t hop_limit)
{
    return (uint8_t)(observation_initial(hop_limit) - hop_limit);
}

static unsigned total_count(const struct subscriber *subscriber)
{
    unsigned total = 0;

    for (unsigned i = 0; i < SUBSCRIBER_CELLS; i++)
        total += subscriber->count[i];
    return total;
}

static unsigned count_at_hops(const struct subscriber *subscriber, int hops, uint8_t *out_hop_limit)
{
    unsigned total = 0;
    unsigned most = 0;

    for (unsigned i = 0; i < SUBSCRIBER_CELLS; i++) {
        if (subscriber->count[i] == 0 || hops_of(subscriber->hop_limit[i]) != hops)
            continue;
        total += subscriber->count[i];
        if (subscriber->count[i] > most) {
            most = subscriber->count[i];
            *out_hop_limit = subscriber->hop_limit[i];
        }
    }
    return total;
}

/* How often the last arrivals, this one included, went between `hops` and one fewer. */
static uint8_t turns_at(const struct subscriber *subscriber, uint8_t hops)
{
    uint8_t turns = 0;
    uint8_t next = hops;

    for (unsigned i = 0; i < SUBSCRIBER_RECENT && i < subscriber->seen; i++) {
        const uint8_t this_one = subscriber->recent[i] & (uint8_t)~SUBSCRIBER_OF_COMPUTER;

        if (this_one != hops && this_one + 1 != hops)
            break;
        turns = (uint8_t)(turns + (this_one != next));
        next = this_one;
    }
    return turns;
}

uint8_t subscriber_stack_turns(const struct subscriber *subscriber)
{
    uint8_t turns = 0;
    bool next = true;

    for (unsigned i = 0; i < SUBSCRIBER_RECENT && i < subscriber->seen; i++) {
        const bool this_one = subscriber->recent[i] & SUBSCRIBER_OF_COMPUTER;

        if (subscriber->recent[i] == NO_ARRIVAL)
            break;
        turns = (uint8_t)(turns + (this_one != next));
        next = this_one;
    }
    return turns;
}

static int bits_set(uint32_t bits)
{
    int count = 0;

    for (; bits != 0; bits &= bits - 1)
        count++;
    return count;
}

static uint8_t devices_of(const struct subscriber *subscriber)
{
    const int clocks = bits_set(subscriber->clocks);
    const int signatures = bits_set(subscriber->signatures);

    return (uint8_t)(clocks > signatures ? clocks : signatures);
}

/* Most subscribers have one hop limit. */
static uint8_t percent_of(unsigned part, unsigned total)
{
    if (part == 0 || part == total)
        return part == 0 ? 0 : 100;
    return (uint8_t)(part * 100 / total);
}

void subscriber_read(const struct subscriber *subscriber, uint8_t hops, uint32_t fresh_since_s,
                     struct subscriber_reading *out)
{
    unsigned families = 0;
    unsigned total;
    unsigned usual;
    unsigned own;
    uint8_t ignored;

    *out = (struct subscriber_reading){0};
    if (!subscriber || subscriber->seen == 0)
        return;
    out->subscriber = subscriber;
    out->devices = devices_of(subscriber);
    out->shared = bits_set(subscriber->clocks) >= SHARED_CLOCKS ||
                  bits_set(subscriber->signatures) >= SHARED_SIGNATURES;
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        families |= (unsigned)(subscriber->family[i] >= FAMILY_COUNT_LEAST) << i;
    out->families = (uint8_t)families;
    total = total_count(subscriber);
    if (total == 0 || subscriber->updated_s < fresh_since_s)
        return;
    usual = count_at_hops(subscriber, hops - 1, &out->usual);
    out->usual_share = percent_of(usual, total);
    own = count_at_hops(subscriber, hops, &ignored);
    out->own_share = percent_of(own, total);
    out->as_usual = usual == 0 && own >= USUAL_COUNT_LEAST && out->own_share >= ALWAYS_PERCENT;
    out->below = usual >= USUAL_COUNT_LEAST && out->usual_share >= USUAL_PERCENT_LEAST;
    out->turns = turns_at(subscriber, hops);
}

uint16_t subscriber_count(const struct subscriber *subscriber, uint8_t hop_limit)
{
    for (unsigned i = 0; i < SUBSCRIBER_CELLS; i++)
        if (subscriber->count[i] > 0 && subscriber->hop_limit[i] == hop_limit)
            return subscriber->count[i];
    return 0;
}

static void halve(struct subscriber *subscriber, uint32_t times)
{
    for (unsigned i = 0; i < SUBSCRIBER_CELLS; i++)
        subscriber->count[i] = times < 16 ? subscriber->count[i] >> times : 0;
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        subscriber->family[i] = times < 8 ? subscriber->family[i] >> times : 0;
}

static void decay(struct subscriber *subscriber, uint32_t now_s)
{
    uint32_t lives;

    if (subscriber->seen == 0)
        subscriber->decayed_s = now_s;
    if (now_s <= subscriber->decayed_s)
        return;
    lives = (now_s - subscriber->decayed_s) / HALF_LIFE_S;
    if (lives == 0)
        return;
    halve(subscriber, lives);
    subscriber->clocks = 0;
    subscriber->signatures = 0;
    subscriber->nearest = 0;
    subscriber->decayed_s += lives * HALF_LIFE_S;
}

/* Its hop limits are of a path that is no more; the rest stays. */
static void forget_path(struct subscriber *subscriber)
{
    memset(subscriber->count, 0, sizeof subscriber->count);
    memset(subscriber->recent, NO_ARRIVAL, sizeof subscriber->recent);
    subscriber->nearest = 0;
}

/* The cell of a hop limit, or the one that goes for it: a free one, or the rarest. */
static unsigned cell_for(const struct subscriber *subscriber, uint8_t hop_limit)
{
    unsigned at = 0;

    for (unsigned i = 0; i < SUBSCRIBER_CELLS; i++) {
        if (subscriber->count[i] > 0 && subscriber->hop_limit[i] == hop_limit)
            return i;
        if (subscriber->count[i] < subscriber->count[at])
            at = i;
    }
    return at;
}

static void learn_hop_limit(struct subscriber *subscriber, uint8_t hop_limit)
{
    const unsigned at = cell_for(subscriber, hop_limit);

    if (subscriber->hop_limit[at] != hop_limit)
        subscriber->count[at] = 0;
    subscriber->hop_limit[at] = hop_limit;
    if (++subscriber->count[at] >= COUNT_MOST)
        halve(subscriber, 1);
}

static uint32_t clock_bit(uint32_t clock)
{
    return 1u << (clock * 0x9e3779b1u >> 27);
}

/* Never 0, and of other bits than clock_bit. */
static uint16_t clock_mark(uint32_t clock, uint8_t server)
{
    return (uint16_t)((clock * 0x9e3779b1u >> 11 ^ server * 0x101u) | 1u);
}

static bool clock_is_new(const struct subscriber *subscriber, uint16_t mark)
{
    for (unsigned i = 0; i < SUBSCRIBER_NEW_CLOCKS; i++)
        if (subscriber->new_clock[i] == mark)
            return false;
    return true;
}

bool subscriber_knows_clock(const struct subscriber *subscriber, uint32_t clock,
                            uint8_t clock_server)
{
    if (subscriber->clock_server == clock_server && subscriber->clocks & clock_bit(clock))
        return true;
    return !clock_is_new(subscriber, clock_mark(clock, clock_server));
}

bool subscriber_clock_is_steady(const struct subscriber *subscriber, uint8_t clock_server)
{
    return subscriber->clocks != 0 && subscriber->clock_server == clock_server &&
           bits_set(subscriber->clocks) <= STEADY_CLOCKS &&
           subscriber->new_clock[SUBSCRIBER_NEW_CLOCKS - 1] == 0;
}

bool subscriber_clock(const struct observation *observation, const struct stack *stack,
                      uint32_t *out)
{
    const struct observation *o = observation;
    const uint32_t now_ms = (uint32_t)(o->time_ns / 1000000u);

    /* Cells of 16 seconds leave room for clocks that are not quite right. */
    *out = (o->timestamp_value - now_ms) >> 14;
    return o->flags & OBSERVATION_HAS_TIMESTAMPS && o->timestamp_value != 0 &&
           stack->probability[STACK_ANDROID] + stack->probability[STACK_LINUX] > 0.5;
}

uint8_t subscriber_clock_server(const struct observation *observation)
{
    return observation->server.octets[15];
}

/* What tells one device; `clock` is a mark, or 0 for a clock that is not known. 0 where nothing does. */
static uint16_t device_mark(uint32_t signature, uint16_t identifier, uint16_t clock)
{
    const uint32_t own = (uint32_t)identifier << 16 | clock;

    return own != 0 ? (uint16_t)((own * 0x9e3779b1u ^ signature) * 0x85ebca6bu >> 16 | 1u) : 0;
}

static uint16_t known_clock(const struct subscriber *subscriber, uint32_t clock, uint8_t server)
{
    return subscriber_knows_clock(subscriber, clock, server) ? clock_mark(clock, server) : 0;
}

bool subscriber_was_nearer(const struct subscriber *subscriber,
                           const struct observation *observation, const struct stack *stack,
                           uint8_t hops)
{
    const uint8_t server = subscriber_clock_server(observation);
    uint32_t clock;
    const bool has_clock = subscriber_clock(observation, stack, &clock);

    return subscriber->nearest != 0 && subscriber->nearest_hops + 1 == hops &&
           subscriber->nearest ==
               device_mark(stack_signature(observation),
                           subscriber_identifier(&observation->client),
                           has_clock ? known_clock(subscriber, clock, server) : 0);
}

/*
 * Before the clock of this arrival is learnt, as it is read. Among several that are as near the newest is
 * kept: an address may have gone to another line.
 */
static void learn_nearest(struct subscriber *subscriber, const struct subscriber_lesson *lesson)
{
    const uint16_t clock =
        lesson->has_clock ? known_clock(subscriber, lesson->clock, lesson->clock_server) : 0;
    const uint16_t device = device_mark(lesson->signature, lesson->identifier, clock);

    if (device == 0 || (subscriber->nearest != 0 && lesson->hops > subscriber->nearest_hops))
        return;
    subscriber->nearest = device;
    subscriber->nearest_hops = lesson->hops;
}

uint16_t subscriber_identifier(const struct address *client)
{
    const uint8_t *at = client->octets + 8;
    const uint64_t lower = (uint64_t)load_u32(at) << 32 | load_u32(at + 4);

    return address_is_v4(client) ? 0 : (uint16_t)(lower * 0x9e3779b97f4a7c15u >> 48 | 1);
}

bool subscriber_turns_to(const struct subscriber *subscriber, uint16_t identifier)
{
    return identifier != 0 && subscriber->identifier[1] == identifier;
}

/*
 * The newest always has the first place, for the next connection of a burst; now and then it goes on
 * to the others, which so hold clocks of a while ago, for devices that visit in turns.
 */
static void keep_new_clock(struct subscriber *subscriber, uint16_t mark)
{
    uint16_t *kept = subscriber->new_clock;

    if (((uint32_t)subscriber->seen * 0x9e3779b1u >> 16) % KEEP_ONE_CLOCK_OF == 0)
        memmove(kept + 1, kept, (SUBSCRIBER_NEW_CLOCKS - 1) * sizeof *kept);
    kept[0] = mark;
}

static void learn_clock(struct subscriber *subscriber, uint32_t clock, uint8_t server)
{
    if (!subscriber_knows_clock(subscriber, clock, server)) {
        keep_new_clock(subscriber, clock_mark(clock, server));
        return;
    }
    /* A system's clock differs from server to server, so that those of one alone are counted. */
    if (subscriber->clocks == 0)
        subscriber->clock_server = server;
    if (subscriber->clock_server == server)
        subscriber->clocks |= clock_bit(clock);
}

static void learn_devices(struct subscriber *subscriber, const struct subscriber_lesson *lesson)
{
    subscriber->signatures |= 1u << (lesson->signature * 0x9e3779b1u >> 27);
    if (lesson->has_clock)
        learn_clock(subscriber, lesson->clock, lesson->clock_server);
}

static void learn_arrival(struct subscriber *subscriber, uint8_t hop_limit, uint8_t kind,
                          uint32_t fresh_since_s, uint64_t time_ns)
{
    const uint32_t now_s = (uint32_t)(time_ns / 1000000000u);
    uint8_t recent[SUBSCRIBER_RECENT];

    decay(subscriber, now_s);
    if (subscriber->seen > 0 && subscriber->updated_s < fresh_since_s)
        forget_path(subscriber);
    learn_hop_limit(subscriber, hop_limit);
    memcpy(recent, subscriber->recent, sizeof recent);
    memcpy(subscriber->recent + 1, recent, sizeof recent - 1);
    subscriber->recent[0] = hops_of(hop_limit) | kind;
    subscriber->updated_s = now_s;
}

/* Of an arrival that does not show its system: the newest with as many hops is taken for it. */
static uint8_t kind_of_newest_at(const struct subscriber *subscriber, uint8_t hops)
{
    for (unsigned i = 0; i < SUBSCRIBER_RECENT; i++)
        if ((subscriber->recent[i] & ~SUBSCRIBER_OF_COMPUTER) == hops)
            return subscriber->recent[i] & SUBSCRIBER_OF_COMPUTER;
    return subscriber->recent[0] == NO_ARRIVAL ? 0 : subscriber->recent[0] & SUBSCRIBER_OF_COMPUTER;
}

void subscriber_learn_hop_limit(struct subscriber *subscriber, uint8_t hop_limit,
                                uint32_t fresh_since_s, uint64_t time_ns)
{
    learn_arrival(subscriber, hop_limit, kind_of_newest_at(subscriber, hops_of(hop_limit)),
                  fresh_since_s, time_ns);
}

void subscriber_learn(struct subscriber *subscriber, const struct subscriber_lesson *lesson)
{
    learn_arrival(subscriber, lesson->hop_limit, lesson->is_computer ? SUBSCRIBER_OF_COMPUTER : 0,
                  lesson->fresh_since_s, lesson->time_ns);
    learn_nearest(subscriber, lesson);
    learn_devices(subscriber, lesson);
    if (subscriber->identifier[0] != lesson->identifier) {
        subscriber->identifier[1] = subscriber->identifier[0];
        subscriber->identifier[0] = lesson->identifier;
    }
    if (lesson->family < STACK_FAMILY_COUNT && subscriber->family[lesson->family] < FAMILY_MOST)
        subscriber->family[lesson->family]++;
    if (subscriber->seen < UINT16_MAX)
        subscriber->seen++;
}

/* Of two that want one cell, the more frequent stays. */
void subscriber_add_count(struct subscriber *subscriber, uint8_t hop_limit, unsigned count)
{
    const unsigned at = cell_for(subscriber, hop_limit);

    if (subscriber->count[at] > 0 && subscriber->hop_limit[at] != hop_limit) {
        if (subscriber->count[at] >= count)
            return;
        subscriber->count[at] = 0;
    }
    subscriber->hop_limit[at] = hop_limit;
    count += subscriber->count[at];
    subscriber->count[at] = (uint16_t)(count < COUNT_MOST ? count : COUNT_MOST - 1);
}

void subscriber_merge(struct subscriber *subscriber, const struct subscriber *other)
{
    struct subscriber later = *other;
    const uint32_t now_s =
        subscriber->updated_s > other->updated_s ? subscriber->updated_s : other->updated_s;
    const unsigned seen = (unsigned)subscriber->seen + other->seen;

    if (subscriber->seen == 0) {
        *subscriber = later;
        return;
    }
    decay(subscriber, now_s);
    decay(&later, now_s);
    for (unsigned i = 0; i < SUBSCRIBER_CELLS; i++)
        if (later.count[i] > 0)
            subscriber_add_count(subscriber, later.hop_limit[i], later.count[i]);
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++) {
        const unsigned count = (unsigned)subscriber->family[i] + later.family[i];

        subscriber->family[i] = (uint8_t)(count < FAMILY_MOST ? count : FAMILY_MOST);
    }
    subscriber->signatures |= later.signatures;
    if (subscriber->clock_server == later.clock_server)
        subscriber->clocks |= later.clocks;
    subscriber->seen = (uint16_t)(seen < UINT16_MAX ? seen : UINT16_MAX);
    if (other->updated_s > subscriber->updated_s)
        memcpy(subscriber->recent, other->recent, sizeof subscriber->recent);
    subscriber->updated_s = now_s;
}

/*
 *     version 2, clock server 1, seen 4, decayed 4, clocks 4, signatures 4,
 *     counts 2 each, hop limits 1 each, families 1 each, recent 1 each
 *
 * There are five of counts and of hop limits, those that are not used 0. New clocks, identifiers and the
 * nearest device are left out: they are seen again within seconds, or hardly ever.
 */
void subscriber_save(const struct subscriber *subscriber, struct baseline *out)
{
    uint8_t *at = out->octets;

    out->subscriber = true;
    out->prefix = subscriber_prefix(subscriber->key);
    out->updated_ns = (uint64_t)subscriber->updated_s * 1000000000u;
    *at++ = SAVED_VERSION;
    *at++ = subscriber->clock_server;
    store_u32(at, subscriber->seen);
    store_u32(at + 4, subscriber->decayed_s);
    store_u32(at + 8, subscriber->clocks);
    store_u32(at + 12, subscriber->signatures);
    at += 16;
    for (unsigned i = 0; i < SUBSCRIBER_SAVED_CELLS; i++, at += 2)
        store_u16(at, i < SUBSCRIBER_CELLS ? subscriber->count[i] : 0);
    for (unsigned i = 0; i < SUBSCRIBER_SAVED_CELLS; i++)
        *at++ = i < SUBSCRIBER_CELLS ? subscriber->hop_limit[i] : 0;
    memcpy(at, subscriber->family, STACK_FAMILY_COUNT);
    at += STACK_FAMILY_COUNT;
    memcpy(at, subscriber->recent, SUBSCRIBER_RECENT);
    at += SUBSCRIBER_RECENT;
    out->length = (uint16_t)(at - out->octets);
}

static void read_octets(struct cursor *c, uint8_t *out, size_t count)
{
    const uint8_t *at = cursor_take(c, count);

    if (at)
        memcpy(out, at, count);
}

/* False where a hop limit is there twice. */
static bool read_counts(struct cursor *c, struct subscriber *out)
{
    uint16_t count[SUBSCRIBER_SAVED_CELLS];
    uint8_t hop_limit[SUBSCRIBER_SAVED_CELLS] = {0};

    for (unsigned i = 0; i < SUBSCRIBER_SAVED_CELLS; i++)
        count[i] = cursor_u16(c);
    read_octets(c, hop_limit, sizeof hop_limit);
    for (unsigned i = 0; i < SUBSCRIBER_SAVED_CELLS; i++) {
        if (count[i] == 0)
            continue;
        if (subscriber_count(out, hop_limit[i]) > 0)
            return false;
        subscriber_add_count(out, hop_limit[i], count[i]);
    }
    return true;
}

int subscriber_restore(const struct baseline *baseline, struct subscriber *out)
{
    struct cursor c = cursor_over(baseline->octets, baseline->length);
    const uint64_t key = subscriber_key(&baseline->prefix.address);
    const struct prefix prefix = subscriber_prefix(key);
    uint32_t seen;
    bool counts_are_right;

    *out = (struct subscriber){.key = key};
    if (baseline->length > BASELINE_OCTETS_MAX || prefix.length != baseline->prefix.length ||
        !address_equal(&prefix.address, &baseline->prefix.address) ||
        cursor_u8(&c) != SAVED_VERSION)
        return -EINVAL;
    out->clock_server = cursor_u8(&c);
    seen = cursor_u32(&c);
    if (seen > UINT16_MAX)
        return -EINVAL;
    out->seen = (uint16_t)seen;
    out->decayed_s = cursor_u32(&c);
    out->clocks = cursor_u32(&c);
    out->signatures = cursor_u32(&c);
    out->updated_s = (uint32_t)(baseline->updated_ns / 1000000000u);
    counts_are_right = read_counts(&c, out);
    read_octets(&c, out->family, STACK_FAMILY_COUNT);
    read_octets(&c, out->recent, SUBSCRIBER_RECENT);
    if (c.failed || cursor_left(&c) != 0 || !counts_are_right || out->seen == 0)
        return -EINVAL;
    return 0;
}
