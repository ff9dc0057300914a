/*
 * The targets of all tales, for finding one in a few steps however many there are. What lies outside
 * the prefix around all of them is none. Within it they are places: from one to the next all
 * addresses have the same target, the longest of the prefixes that they lie in, or none:
 *
 *      around     [                                                    ]
 *      targets        [    /24     [ /28 ]        ]          [ /32 ]
 *      places     0   1            2      3       4          5      6
 *                none  /24          /28    /24     none       /32    none
 */
#ifndef HOPTELL_TALE_TARGETS_H
#define HOPTELL_TALE_TARGETS_H

#include "tale/tale.h"

/* The 128 bits of an address as a number. */
typedef unsigned __int128 place;

static inline place place_of(const struct address *a)
{
    return (place)address_half(a, 0) << 64 | address_half(a, 1);
}

/* Each family has its own, as prefixes do: ::/0 holds no IPv4 address. */
struct target_places {
    uint64_t around[2]; /* words of the prefix around all, and of its mask, as octets stand */
    uint64_t mask[2];
    size_t half;           /* of the places, of which there are a power of two */
    place *first;          /* where each begins, in their order; the last one fills the rest */
    struct target *target; /* of each place */
};

struct targets {
    struct target_places family[FAMILY_COUNT];
};

/*
 * The targets of `tales`, in *out for targets_free; 0 or -ENOMEM. Leads into the tales, which must
 * not change meanwhile.
 */
int targets_new(const struct tales *tales, struct targets **out);
void targets_free(struct targets *targets); /* NULL is fine */

static inline bool targets_are_around(const struct target_places *places, const struct address *a)
{
    const uint64_t high = address_word(a->octets), low = address_word(a->octets + 8);

    return (((high ^ places->around[0]) & places->mask[0]) |
            ((low ^ places->around[1]) & places->mask[1])) == 0;
}

/*
 * The target that `address`, which is of `family`, belongs to, the one with the longest prefix; its
 * tale is NULL for none.
 */
static inline struct target targets_find(const struct targets *targets, enum family family,
                                         const struct address *address)
{
    const struct target_places *places = &targets->family[family];
    const place *found = places->first;

    if (!targets_are_around(places, address))
        return (struct target){.tale = NULL};
    if (places->half != 0) {
        const place wanted = place_of(address);

        for (size_t step = places->half; step != 0; step /= 2)
            found += found[step] <= wanted ? step : 0;
    }
    return places->target[found - places->first];
}

static inline struct target tales_find(const struct tales *tales, enum family family,
                                       const struct address *address)
{
    return tales->targets ? targets_find(tales->targets, family, address)
                          : tales_search(tales, address);
}

#endif
