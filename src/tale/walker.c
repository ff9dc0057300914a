/*
 * Walkers; see walker.h. The table is of sets, chosen by a keyed hash, each with a few places.
 */
#include "tale/walker.h"

#include "wire/hash.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, SETS = WALKERS_MAX / WAYS };

static const uint64_t REST_NS = (uint64_t)WALKER_REST_S * 1000000000u;

struct walkers {
    atomic_flag lock; /* held for a few instructions, and while the table is copied */
    uint64_t hash_key[2];
    struct walker place[SETS][WAYS];
};

int walkers_new(const uint64_t hash_key[2], struct walkers **out)
{
    struct walkers *w = calloc(1, sizeof *w);

    if (!w)
        return -ENOMEM;
    atomic_flag_clear(&w->lock);
    w->hash_key[0] = hash_key[0];
    w->hash_key[1] = hash_key[1];
    *out = w;
    return 0;
}

void walkers_free(struct walkers *walkers)
{
    free(walkers);
}

static void walkers_lock(struct walkers *w)
{
    while (atomic_flag_test_and_set_explicit(&w->lock, memory_order_acquire))
        ;
}

static void walkers_unlock(struct walkers *w)
{
    atomic_flag_clear_explicit(&w->lock, memory_order_release);
}

static bool is_same(const struct walker *a, const struct walker *b)
{
    return address_equal(&a->source, &b->source) && address_equal(&a->target, &b->target) &&
           a->client == b->client && a->protocol == b->protocol && a->probes > 0;
}

static bool rests(const struct walker *walker, uint64_t now_ns)
{
    return now_ns > walker->last_ns && now_ns - walker->last_ns > REST_NS;
}

/* What a place is worth: nothing when it is free or its walker rests. */
static uint32_t worth(const struct walker *walker, uint64_t now_ns)
{
    return rests(walker, now_ns) ? 0 : walker->probes;
}

/* Every probe comes by here, and nobody is shown a hash: see hash_permute for what that costs. */
static uint64_t set_of(const struct walkers *w, const struct walker *walker)
{
    uint64_t hash = (uint64_t)walker->client << 8 | walker->protocol;

    for (size_t half = 0; half < 2; half++) {
        hash = hash_permute(w->hash_key, hash ^ address_word(walker->source.octets + half * 8));
        hash = hash_permute(w->hash_key, hash ^ address_word(walker->target.octets + half * 8));
    }
    return hash % SETS;
}

/* The place of this walker, or else the one that is worth least, and of such the oldest. */
static struct walker *find_place(struct walker set[WAYS], const struct walker *wanted,
                                 uint64_t now_ns)
{
    struct walker *least = &set[0];

    for (unsigned i = 0; i < WAYS; i++)
        if (is_same(&set[i], wanted))
            return &set[i];
    for (unsigned i = 1; i < WAYS; i++) {
        const uint32_t one = worth(&set[i], now_ns);
        const uint32_t other = worth(least, now_ns);

        if (one < other || (one == other && set[i].last_ns < least->last_ns))
            least = &set[i];
    }
    return least;
}

/* One more probe of the walker in `place`, or the first of another. */
static void take_step(struct walker *place, const struct walker *step)
{
    if (!is_same(place, step) || rests(place, step->last_ns)) {
        *place = *step;
        return;
    }
    place->last_ns = step->last_ns;
    place->probes += place->probes < UINT32_MAX;
    place->position = step->position;
    if (step->position > place->furthest)
        place->furthest = step->position;
    place->at_end |= step->at_end;
}

void walkers_note(struct walkers *walkers, const struct probe *probe, uint8_t position, bool at_end,
                  uint64_t now_ns)
{
    const struct packet *packet = &probe->packet;
    const struct walker step = {
        .source = packet->source,
        .target = packet->destination,
        .first_ns = now_ns,
        .last_ns = now_ns,
        .probes = 1,
        .client = (uint8_t)client_of(packet),
        .protocol = (uint8_t)probe->protocol,
        .position = position,
        .furthest = position,
        .at_end = at_end,
    };
    struct walker *set = walkers->place[set_of(walkers, &step)];

    walkers_lock(walkers);
    take_step(find_place(set, &step, now_ns), &step);
    walkers_unlock(walkers);
}

static int by_time(const void *one, const void *other)
{
    const struct walker *a = one;
    const struct walker *b = other;

    return (a->last_ns < b->last_ns) - (a->last_ns > b->last_ns);
}

size_t walkers_list(struct walkers *walkers, uint64_t since_ns, struct walker out[WALKERS_MAX])
{
    size_t count = 0;

    walkers_lock(walkers);
    for (unsigned set = 0; set < SETS; set++)
        for (unsigned i = 0; i < WAYS; i++)
            if (walkers->place[set][i].probes > 0 && walkers->place[set][i].last_ns >= since_ns)
                out[count++] = walkers->place[set][i];
    walkers_unlock(walkers);
    qsort(out, count, sizeof out[0], by_time);
    return count;
}
