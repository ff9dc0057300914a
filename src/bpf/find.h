/*
 * Finding a tale by an address, a hop by a position, in the tables that user space wrote.
 */
#ifndef HOPTELL_BPF_FIND_H
#define HOPTELL_BPF_FIND_H

#include "bpf/maps.h"
#include "tale/flow.h"
#include "tale/tale.h"

/* Whether the range begins at the address or before it. */
static inline bool range_begins_by(const struct book_range *range, uint64_t high, uint64_t low)
{
    return range->first[0] < high || (range->first[0] == high && range->first[1] <= low);
}

static inline bool range_reaches(const struct book_range *range, uint64_t high, uint64_t low)
{
    return range->last[0] > high || (range->last[0] == high && range->last[1] >= low);
}

/* The index of the address's range, or -1. */
VERIFIED_ALONE int find_range(uint32_t generation, uint64_t high, uint64_t low)
{
    const struct book *book = book_of(generation);
    /* a number that the verifier does not know is one state for it, not one for each way here */
    uint64_t at = book->nothing;

    uint64_t step = book->search_step;

    for (uint32_t ways = BOOK_RANGES; ways > 1 && step > 0; ways /= 2, step /= 2) {
        const uint64_t next = bounded(at + step, BOOK_RANGES);

        if (next < book->range_count && range_begins_by(&book->range[next], high, low))
            at = next;
    }
    at = bounded(at, BOOK_RANGES);
    if (book->range_count == 0 || !range_begins_by(&book->range[at], high, low) ||
        !range_reaches(&book->range[at], high, low))
        return -1;
    return (int)at;
}

/* Most addresses that are in no range lie outside of all, and are not searched for. */
static inline bool find_is_outside(const struct book_span *span, enum family family, uint64_t high,
                                   uint64_t low)
{
    if (family == FAMILY_V4) /* whose first halves are the same */
        return low < span->first[1] || low > span->last[1];
    return high < span->first[0] || high > span->last[0] ||
           (high == span->first[0] && low < span->first[1]) ||
           (high == span->last[0] && low > span->last[1]);
}

/* Of an address of `family`, in two halves; `book` is that of `generation`. */
static inline const struct book_range *find_target_by(const struct book *book, uint32_t generation,
                                                      enum family family, uint64_t high,
                                                      uint64_t low)
{
    const struct book_span *span = &book->span[family];
    const struct book_range *range;
    int at;

    if (find_is_outside(span, family, high, low))
        return NULL;
    if (span->only != 0)
        return &book->range[bounded(span->only - 1, BOOK_RANGES)];
    at = find_range(generation, high, low);
    if (at < 0)
        return NULL;
    range = &book->range[bounded((uint64_t)at, BOOK_RANGES)];
    return range->family == family ? range : NULL;
}

static inline const struct book_range *find_target(const struct book *book, uint32_t generation,
                                                   const struct address *a)
{
    return find_target_by(book, generation, address_family(a), address_half(a, 0),
                          address_half(a, 1));
}

static inline uint32_t find_branch(const struct head *h, bool is_echo, const struct book_step *step)
{
    const struct flow flow = {
        .source = &h->source,
        .destination = &h->destination,
        .label = h->flow_label,
        .protocol = h->protocol,
        .is_echo = is_echo,
        .has_start = !(h->flags & PACKET_FRAGMENT_FIRST) && h->started >= 4,
        .start = h->start,
    };

    switch (step->fork) {
    case FORK_FLOW:
        return flow_spread(flow_hash(&flow, step->salt), step->branches);
    case FORK_PACKET:
        return (uint32_t)((uint64_t)bpf_get_prandom_u32() * step->branches >> 32);
    case FORK_DESTINATION:
        return flow_spread(flow_mix_address(step->salt, &h->destination), step->branches);
    default:
        return 0;
    }
}

#endif
