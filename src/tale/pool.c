/*
 * The addresses of hops; see pool.h.
 */
#include "tale/pool.h"

#include "base/units.h"

#include <stdlib.h>
#include <string.h>

enum { SILENT_ALL = (1u << PROBE_PROTOCOL_COUNT) - 1 };

typedef unsigned __int128 number; /* an address as a number, to count with */

/* Where the handing out of one family stands. */
struct pool {
    const struct draft *draft;
    enum family family;
    unsigned next_prefix; /* of the tale's, to go on with when this one is used up */
    bool has_range;
    number at;
    number last;
    const struct address *taken; /* sorted */
    size_t taken_count;
};

static number to_number(const struct address *address)
{
    number n = 0;

    for (unsigned i = 0; i < sizeof address->octets; i++)
        n = n << 8 | address->octets[i];
    return n;
}

static struct address to_address(number n)
{
    struct address address;

    for (unsigned i = sizeof address.octets; i-- > 0; n >>= 8)
        address.octets[i] = (uint8_t)n;
    return address;
}

static number last_of(const struct prefix *prefix)
{
    const number ones = ~(number)0;

    return to_number(&prefix->address) | (prefix->length == 0     ? ones
                                          : prefix->length == 128 ? 0
                                                                  : ones >> prefix->length);
}

/* One address, or the two of a link (RFC 3021, RFC 6164): all of them are for hosts. */
static bool is_single_or_link(const struct prefix *prefix)
{
    return prefix->length >= 127;
}

struct address pool_first(const struct prefix *prefix)
{
    return to_address(to_number(&prefix->address) + (is_single_or_link(prefix) ? 0 : 1));
}

static void enter_prefix(struct pool *pool, const struct prefix *prefix)
{
    const struct address first = pool_first(prefix);

    pool->has_range = true;
    pool->at = to_number(&first);
    pool->last = last_of(prefix);
    if (pool->family == FAMILY_V4 && !is_single_or_link(prefix))
        pool->last--;
}

static int compare_addresses(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct address));
}

static bool is_taken(const struct pool *pool, const struct address *address)
{
    return bsearch(address, pool->taken, pool->taken_count, sizeof *address, compare_addresses) !=
           NULL;
}

static const struct prefix *target_with(const struct tale *tale, const struct address *address)
{
    for (unsigned i = 0; i < tale->target_count; i++)
        if (prefix_contains(&tale->target[i], address))
            return &tale->target[i];
    return NULL;
}

/* The next address of the range; false at its end. */
static bool next_in_range(struct pool *pool, struct address *out)
{
    while (pool->has_range) {
        const struct address address = to_address(pool->at);
        const struct prefix *target = target_with(pool->draft->tale, &address);
        const number end = target != NULL ? last_of(target) : pool->at;

        if (end >= pool->last)
            pool->has_range = false;
        pool->at = end + 1;
        if (target == NULL && !is_taken(pool, &address)) {
            *out = address;
            return true;
        }
    }
    return false;
}

static bool next_address(struct pool *pool, struct address *out)
{
    const struct tale *tale = pool->draft->tale;

    while (!next_in_range(pool, out)) {
        const struct prefix *prefix;

        if (pool->next_prefix == tale->pool_count)
            return false;
        prefix = &tale->pool[pool->next_prefix++];
        if (address_family(&prefix->address) == pool->family)
            enter_prefix(pool, prefix);
    }
    return true;
}

static bool has_target(const struct tale *tale, enum family family)
{
    for (unsigned i = 0; i < tale->target_count; i++)
        if (address_family(&tale->target[i].address) == family)
            return true;
    return false;
}

/* Is it for the pool to give this hop an address? */
static bool wants_address(const struct draft *draft, unsigned index, enum family family)
{
    const struct hop *hop = &draft->tale->hop[index];

    return draft->origin[index] == index && hop->silent != SILENT_ALL &&
           address_is_unspecified(&hop->address[family]);
}

static void run_out(struct draft *draft, enum family family, unsigned wanted, unsigned given,
                    const struct hop *hop)
{
    report_error(draft->report, hop->line, 1,
                 "expected %u %s addresses in `addresses`, found %u: none is left for this hop",
                 wanted, family == FAMILY_V4 ? "IPv4" : "IPv6", given);
}

static void assign_family(struct draft *draft, enum family family, const struct address *taken,
                          size_t taken_count)
{
    struct pool pool = {
        .draft = draft, .family = family, .taken = taken, .taken_count = taken_count};
    struct tale *tale = draft->tale;
    const struct hop *first_without = NULL;
    unsigned wanted = 0;
    unsigned given = 0;

    for (unsigned i = 0; i < tale->hop_count; i++) {
        struct hop *hop = &tale->hop[i];

        if (wants_address(draft, i, family)) {
            wanted++;
            if (next_address(&pool, &hop->address[family]))
                given++;
            else if (first_without == NULL)
                first_without = hop;
        } else if (draft->origin[i] != i) {
            hop->address[family] = tale->hop[draft->origin[i]].address[family];
        }
    }
    if (first_without != NULL)
        run_out(draft, family, wanted, given, first_without);
}

/* A hop and one of its addresses. */
struct place {
    const struct address *address;
    const struct hop *hop;
};

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;
    const int order = compare_addresses(a->address, b->address);

    return order != 0 ? order : (a->hop > b->hop) - (a->hop < b->hop);
}

static size_t list_places(const struct tale *tale, struct place *out)
{
    size_t count = 0;

    for (unsigned i = 0; i < tale->hop_count; i++)
        for (unsigned f = 0; f < FAMILY_COUNT; f++)
            if (!address_is_unspecified(&tale->hop[i].address[f]))
                out[count++] = (struct place){&tale->hop[i].address[f], &tale->hop[i]};
    qsort(out, count, sizeof *out, compare_places);
    return count;
}

static void check_two_names(struct draft *draft, const struct place *place, size_t count)
{
    char text[ADDRESS_TEXT_MAX];

    for (size_t i = 1; i < count; i++)
        if (address_equal(place[i - 1].address, place[i].address) &&
            strcasecmp(place[i - 1].hop->name, place[i].hop->name) != 0)
            report_warning(draft->report, place[i].hop->line, 1,
                           "the hop of line %u has %s as well, with another text: clients show "
                           "either",
                           place[i - 1].hop->line, units_address(place[i].address, text));
}

static void check_targets(struct draft *draft, const struct place *place, size_t count)
{
    char text[ADDRESS_TEXT_MAX];
    char target_text[PREFIX_TEXT_MAX];

    for (size_t i = 0; i < count; i++) {
        const struct prefix *target = target_with(draft->tale, place[i].address);

        if (target != NULL)
            report_error(draft->report, place[i].hop->line, 1,
                         "expected an address that is no target, found %s, which the target %s has",
                         units_address(place[i].address, text), units_prefix(target, target_text));
    }
}

void pool_assign(struct draft *draft)
{
    const struct tale *tale = draft->tale;
    const size_t most = (size_t)tale->hop_count * FAMILY_COUNT + 1;
    struct place *place = calloc(most, sizeof *place);
    struct address *taken = calloc(most, sizeof *taken);
    size_t count;

    if (place == NULL || taken == NULL) {
        report_error(draft->report, 0, 0, "not enough memory for the tale");
        goto out;
    }
    count = list_places(tale, place);
    check_targets(draft, place, count);
    for (size_t i = 0; i < count; i++)
        taken[i] = *place[i].address;
    for (unsigned f = 0; f < FAMILY_COUNT; f++)
        if (has_target(tale, (enum family)f))
            assign_family(draft, (enum family)f, taken, count);
    check_two_names(draft, place, list_places(tale, place));
out:
    free(place);
    free(taken);
}
