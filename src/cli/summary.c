/*
 * What a capture amounts to; see summary.h. Networks are counted in a hash table that grows up to
 * NETWORKS_MAX, and what comes after that is counted together.
 */
#include "cli/summary.h"

#include "base/units.h"
#include "edge/pages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    NETWORKS_FIRST = 1024,
    NETWORKS_MAX = 1 << 18,
    NETWORKS_SHOWN = 10,
};

/* Free rows, none of which lies across two cache lines, in few large pages. */
static struct summary_network *rows_new(size_t count)
{
    enum { CACHE_LINE = 64 };
    struct summary_network *rows = aligned_alloc(CACHE_LINE, count * sizeof *rows);

    if (rows == NULL)
        return NULL;
    pages_prefer_large(rows, count * sizeof *rows);
    memset(rows, 0, count * sizeof *rows);
    return rows;
}

_Static_assert(sizeof(struct summary_network) == 32, "two of them are a cache line");

int summary_init(struct summary *summary)
{
    *summary = (struct summary){.network_capacity = NETWORKS_FIRST};
    summary->networks = rows_new(NETWORKS_FIRST);
    return summary->networks != NULL ? 0 : -ENOMEM;
}

void summary_deinit(struct summary *summary)
{
    free(summary->networks);
    summary->networks = NULL;
}

/* Mixes all octets; nobody gains by colliding here, for a table that is full costs them a row. */
static size_t hash_prefix(const struct prefix *prefix)
{
    uint64_t halves[2];

    memcpy(halves, prefix->address.octets, sizeof halves);
    halves[0] = (halves[0] ^ prefix->length) * 0x9e3779b97f4a7c15u;
    halves[0] = (halves[0] ^ halves[0] >> 29 ^ halves[1]) * 0xbf58476d1ce4e5b9u;
    return (size_t)(halves[0] ^ halves[0] >> 32);
}

static uint64_t seen_of(const struct summary_network *network)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < SUMMARY_VERDICTS; i++)
        all += network->verdicts[i];
    return all;
}

/* The row of `prefix`, or the free one where it belongs. */
static struct summary_network *find_network(const struct summary *summary,
                                            const struct prefix *prefix, size_t hash)
{
    const size_t mask = summary->network_capacity - 1;
    size_t i = hash & mask;

    while (seen_of(&summary->networks[i]) > 0 &&
           (summary->networks[i].prefix.length != prefix->length ||
            !address_equal(&summary->networks[i].prefix.address, &prefix->address)))
        i = (i + 1) & mask;
    return &summary->networks[i];
}

/* Keeps the table at most half full; false when it may not or cannot grow. */
static bool make_room(struct summary *summary)
{
    struct summary_network *before = summary->networks;
    const size_t capacity = summary->network_capacity;
    struct summary_network *larger;

    if (summary->network_count < capacity / 2)
        return true;
    if (capacity >= NETWORKS_MAX)
        return false;
    larger = rows_new(capacity * 2);
    if (larger == NULL)
        return false;
    summary->networks = larger;
    summary->network_capacity = capacity * 2;
    for (size_t i = 0; i < capacity; i++)
        if (seen_of(&before[i]) > 0)
            *find_network(summary, &before[i].prefix, hash_prefix(&before[i].prefix)) = before[i];
    free(before);
    return true;
}

static void add_network(struct summary *summary, const struct summary_waiting *of)
{
    struct summary_network *network = find_network(summary, &of->prefix, of->hash);

    if (seen_of(network) == 0) {
        if (!make_room(summary)) {
            summary->elsewhere++;
            return;
        }
        network = find_network(summary, &of->prefix, of->hash);
        network->prefix = of->prefix;
        summary->network_count++;
    }
    if (network->verdicts[of->verdict] < UINT32_MAX)
        network->verdicts[of->verdict]++;
}

static void add_oldest(struct summary *summary)
{
    const size_t at = summary->waiting_from;

    summary->waiting_from = (at + 1) % SUMMARY_WAITING;
    summary->waiting_count--;
    add_network(summary, &summary->waiting[at]);
}

/* There are more networks than the cache holds: a row is asked for, and counted in some packets later. */
static void wait_for_network(struct summary *summary, const struct judgement *judgement)
{
    const struct prefix *prefix = &judgement->network.prefix;
    const struct summary_network *row;
    struct summary_waiting *newest;

    if (!judgement->network.known) {
        summary->new_networks++;
        return;
    }
    if (summary->waiting_count == SUMMARY_WAITING)
        add_oldest(summary);
    newest =
        &summary->waiting[(summary->waiting_from + summary->waiting_count++) % SUMMARY_WAITING];
    newest->prefix = *prefix;
    newest->hash = hash_prefix(prefix);
    newest->verdict = judgement->verdict;
    row = &summary->networks[newest->hash & (summary->network_capacity - 1)];
    __builtin_prefetch(row, 1);
}

void summary_add(struct summary *summary, const struct judgement *judgement)
{
    const uint64_t time_ns = judgement->observation.time_ns;

    if (summary->seen == 0 || time_ns < summary->first_ns)
        summary->first_ns = time_ns;
    if (summary->seen == 0 || time_ns > summary->last_ns)
        summary->last_ns = time_ns;
    summary->seen++;
    summary->verdicts[judgement->verdict]++;
    summary->families[judgement->stack.family][judgement->verdict]++;
    summary->rewritten[judgement->verdict] += judgement->rewritten;
    wait_for_network(summary, judgement);
}

static void print_time(FILE *to, const char *name, uint64_t time_ns)
{
    const time_t seconds = (time_t)(time_ns / 1000000000);
    struct tm parts;
    char words[32];

    gmtime_r(&seconds, &parts);
    strftime(words, sizeof words, "%F %T", &parts);
    fprintf(to, "%-22s %s.%06" PRIu64 " UTC\n", name, words, time_ns % 1000000000 / 1000);
}

static void print_count(FILE *to, const char *name, uint64_t count)
{
    fprintf(to, "%-22s %10" PRIu64 "\n", name, count);
}

static void print_packets(const struct summary *summary, const struct replay_counts *counts,
                          FILE *to)
{
    print_count(to, "packets", counts->packets);
    print_count(to, "  opening TCP packets", summary->seen);
    print_count(to, "    seen again", counts->again);
    print_count(to, "  not IP", counts->not_ip);
    for (unsigned i = OBSERVATION_TAKEN + 1; i < OBSERVATION_REFUSAL_COUNT; i++) {
        char name[32];

        snprintf(name, sizeof name, "  %s", observation_refusal_name((enum observation_refusal)i));
        print_count(to, name, counts->refused[i]);
    }
    if (summary->seen == 0)
        return;
    print_time(to, "from", summary->first_ns);
    print_time(to, "to", summary->last_ns);
}

static uint64_t sum(const uint64_t verdicts[SUMMARY_VERDICTS])
{
    uint64_t all = 0;

    for (unsigned i = 0; i < SUMMARY_VERDICTS; i++)
        all += verdicts[i];
    return all;
}

static void print_header(FILE *to, const char *name)
{
    fprintf(to, "\n%-22s %10s", name, "all");
    for (unsigned i = 0; i < SUMMARY_VERDICTS; i++)
        fprintf(to, " %10s", verdict_name((enum verdict)i));
    fputc('\n', to);
}

static void print_row(FILE *to, const char *name, const uint64_t verdicts[SUMMARY_VERDICTS])
{
    fprintf(to, "%-22s %10" PRIu64, name, sum(verdicts));
    for (unsigned i = 0; i < SUMMARY_VERDICTS; i++)
        fprintf(to, " %10" PRIu64, verdicts[i]);
    fputc('\n', to);
}

/* The most seen first; among equals by prefix, so that the order is the same each time. */
static bool comes_before(const struct summary_network *a, const struct summary_network *b)
{
    const uint64_t seen[2] = {seen_of(a), seen_of(b)};

    if (seen[0] != seen[1])
        return seen[0] > seen[1];
    return memcmp(&a->prefix, &b->prefix, sizeof a->prefix) < 0;
}

/* The first NETWORKS_SHOWN in that order; how many there are. */
static unsigned first_networks(const struct summary *summary,
                               const struct summary_network *out[NETWORKS_SHOWN])
{
    unsigned count = 0;

    for (size_t i = 0; i < summary->network_capacity; i++) {
        const struct summary_network *network = &summary->networks[i];
        unsigned at = count;

        if (seen_of(network) == 0)
            continue;
        while (at > 0 && comes_before(network, out[at - 1]))
            at--;
        if (at == NETWORKS_SHOWN)
            continue;
        if (count < NETWORKS_SHOWN)
            count++;
        memmove(out + at + 1, out + at, (count - at - 1) * sizeof *out);
        out[at] = network;
    }
    return count;
}

static void print_networks(const struct summary *summary, FILE *to)
{
    const struct summary_network *networks[NETWORKS_SHOWN];
    const unsigned count = first_networks(summary, networks);
    char name[PREFIX_TEXT_MAX];

    print_header(to, "network");
    for (unsigned i = 0; i < count; i++) {
        uint64_t verdicts[SUMMARY_VERDICTS];

        for (unsigned k = 0; k < SUMMARY_VERDICTS; k++)
            verdicts[k] = networks[i]->verdicts[k];
        print_row(to, units_prefix(&networks[i]->prefix, name), verdicts);
    }
    if (summary->network_count > NETWORKS_SHOWN)
        fprintf(to, "and %zu more\n", summary->network_count - NETWORKS_SHOWN);
    if (summary->elsewhere > 0)
        print_count(to, "in further networks", summary->elsewhere);
    if (summary->new_networks > 0)
        print_count(to, "not known before", summary->new_networks);
}

void summary_print(struct summary *summary, const struct replay_counts *counts, FILE *to)
{
    while (summary->waiting_count > 0)
        add_oldest(summary);
    print_packets(summary, counts, to);
    if (summary->seen == 0)
        return;
    print_header(to, "stack");
    for (unsigned i = 0; i < SUMMARY_FAMILIES; i++)
        if (sum(summary->families[i]) > 0)
            print_row(to, stack_family_name((enum stack_family)i), summary->families[i]);
    print_row(to, "all", summary->verdicts);
    if (sum(summary->rewritten) > 0)
        print_row(to, "hop limit rewritten", summary->rewritten);
    print_networks(summary, to);
}
