/*
 * The places of targets; see targets.h.
 */
#include "tale/targets.h"

#include <errno.h>
#include <stdlib.h>

/* ::1:0:0:0. An IPv6 prefix that has IPv4's addresses in it goes on here. */
static const place behind_ipv4 = (place)1 << 48;

static int compare_places(const void *left, const void *right)
{
    const place a = *(const place *)left, b = *(const place *)right;

    return a == b ? 0 : a < b ? -1 : 1;
}

static struct address address_of(place p)
{
    struct address a;

    for (unsigned i = 0; i < sizeof a.octets; i++)
        a.octets[i] = (uint8_t)(p >> (120 - 8 * i));
    return a;
}

static place first_of(const struct prefix *p)
{
    return place_of(&p->address);
}

static place last_of(const struct prefix *p)
{
    return first_of(p) | (p->length == 128 ? 0 : ~(place)0 >> p->length);
}

/* The longest prefix that both lie in. */
static struct prefix prefix_around(const struct prefix *a, const struct prefix *b)
{
    uint8_t length = a->length < b->length ? a->length : b->length;

    for (;; length--) {
        const struct prefix around = prefix_of(&a->address, length);
        const struct prefix other = prefix_of(&b->address, length);

        if (address_equal(&around.address, &other.address))
            return around;
    }
}

/* What is collected of one family. */
struct collection {
    enum family family;
    struct prefix around; /* all targets; its length is 0 while there are none */
    place *first;
    size_t count;
};

static void collect_target(struct collection *c, const struct prefix *target)
{
    if (address_family(&target->address) != c->family)
        return;
    c->around = c->count == 0 ? *target : prefix_around(&c->around, target);
    c->first[c->count++] = first_of(target);
    c->first[c->count++] = last_of(target) + 1;
}

static void collect_targets(struct collection *c, const struct tales *tales)
{
    for (size_t i = 0; i < tales->count; i++)
        for (unsigned j = 0; j < tales->tale[i]->target_count; j++)
            collect_target(c, &tales->tale[i]->target[j]);
}

/* In their order, each once, those within the prefix around all. */
static void sort_places(struct collection *c)
{
    const place first = first_of(&c->around), last = last_of(&c->around);
    size_t kept = 0;

    c->first[c->count++] = first;
    c->first[c->count++] = behind_ipv4;
    qsort(c->first, c->count, sizeof *c->first, compare_places);
    for (size_t i = 0; i < c->count; i++)
        if (c->first[i] >= first && c->first[i] <= last &&
            (kept == 0 || c->first[i] != c->first[kept - 1]))
            c->first[kept++] = c->first[i];
    c->count = kept;
}

static size_t power_of_two(size_t least)
{
    size_t power = 1;

    while (power < least)
        power *= 2;
    return power;
}

/* With room for all of them in its arrays. */
static void write_places(struct target_places *places, const struct tales *tales,
                         enum family family)
{
    struct collection c = {.family = family, .first = places->first};
    const struct prefix *around = &c.around;

    collect_targets(&c, tales);
    sort_places(&c);
    for (size_t i = 0; i < power_of_two(c.count); i++) {
        const size_t from = i < c.count ? i : c.count - 1;
        const struct address first = address_of(places->first[from]);

        places->first[i] = places->first[from];
        if (address_family(&first) == family)
            places->target[i] = tales_search(tales, &first);
    }
    places->half = power_of_two(c.count) / 2;
    places->mask[0] = prefix_mask(around->length);
    places->mask[1] = prefix_mask(around->length > 64 ? around->length - 64u : 0);
    places->around[0] = address_word(around->address.octets);
    places->around[1] = address_word(around->address.octets + 8);
}

int targets_new(const struct tales *tales, struct targets **out)
{
    struct targets *targets = calloc(1, sizeof *targets);
    size_t most = 2;

    if (targets == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < tales->count; i++)
        most += (size_t)2 * tales->tale[i]->target_count;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        struct target_places *places = &targets->family[f];

        places->first = calloc(power_of_two(most), sizeof *places->first);
        places->target = calloc(power_of_two(most), sizeof *places->target);
        if (places->first == NULL || places->target == NULL) {
            targets_free(targets);
            return -ENOMEM;
        }
        write_places(places, tales, (enum family)f);
    }
    *out = targets;
    return 0;
}

void targets_free(struct targets *targets)
{
    if (targets == NULL)
        return;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        free(targets->family[f].first);
        free(targets->family[f].target);
    }
    free(targets);
}
