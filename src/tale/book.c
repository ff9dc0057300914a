/*
 * Tales as tables; see book.h.
 */
#include "tale/book.h"

#include "tale/answer.h"
#include "tale/bucket.h"
#include "tale/targets.h"
#include "wire/icmp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ranges: the places where one begins or ends are collected, sorted, and then given their tale. */

static int compare_places(const void *left, const void *right)
{
    const struct book_range *a = left;
    const struct book_range *b = right;

    if (a->first[0] != b->first[0])
        return a->first[0] < b->first[0] ? -1 : 1;
    if (a->first[1] != b->first[1])
        return a->first[1] < b->first[1] ? -1 : 1;
    return 0;
}

static bool add_place(struct book *book, uint64_t high, uint64_t low)
{
    if (book->range_count == BOOK_RANGES)
        return false;
    book->range[book->range_count++] = (struct book_range){.first = {high, low}};
    return true;
}

/* Where the prefix begins, and where what comes behind it does. */
static bool add_prefix(struct book *book, const struct prefix *p)
{
    const uint64_t all = ~(uint64_t)0;
    const uint64_t high_hosts = p->length >= 64 ? 0 : all >> p->length;
    const uint64_t low_hosts = p->length >= 128 ? 0
                               : p->length > 64 ? all >> (p->length - 64)
                                                : all;
    const uint64_t high = address_half(&p->address, 0);
    const uint64_t low = address_half(&p->address, 1);
    const bool carries = (low | low_hosts) == all;

    if (!add_place(book, high, low))
        return false;
    if (carries && (high | high_hosts) == all)
        return true;
    return add_place(book, (high | high_hosts) + carries, (low | low_hosts) + 1);
}

static struct address address_of_halves(uint64_t high, uint64_t low)
{
    struct address a = {0};

    store_u32(a.octets, (uint32_t)(high >> 32));
    store_u32(a.octets + 4, (uint32_t)high);
    store_u32(a.octets + 8, (uint32_t)(low >> 32));
    store_u32(a.octets + 12, (uint32_t)low);
    return a;
}

static uint16_t tale_index(const struct tales *tales, const struct tale *tale)
{
    uint16_t i = 0;

    while (tales->tale[i] != tale)
        i++;
    return i;
}

/* Its subnet's broadcast address is no target; RFC 3021: not of a /31. See tale/probe.c. */
static uint64_t host_mask(const struct prefix *target)
{
    if (!address_is_v4(&target->address) || target->length < 96 || target->length > 126)
        return 0;
    return ~(uint64_t)0 >> (target->length - 64);
}

static bool is_among(const struct address *a, const struct address *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (address_equal(a, &list[i]))
            return true;
    return false;
}

/*
 * By which protocols everything that comes to the range is a probe (enum probe_protocol, a bit each),
 * as far as that can be told beforehand: none where some of its addresses are no host's, and on an
 * address of this machine no sockets have to be asked for by ICMP alone.
 */
static uint8_t usual_protocols(const struct book_range *range)
{
    const bool is_v6 = range->family == FAMILY_V6;
    const unsigned half = is_v6 ? 0 : 1, shift = is_v6 ? 56 : 24;
    const uint8_t first = (uint8_t)(range->first[half] >> shift);
    const uint8_t last = (uint8_t)(range->last[half] >> shift);

    if (is_v6 ? last == 0xff : first == 0 || last > 223 || (first <= 127 && last >= 127))
        return 0;
    return range->own ? 1u << PROBE_ICMP : 1u << PROBE_ICMP | 1u << PROBE_UDP | 1u << PROBE_TCP;
}

/* The tale of the range that begins with `range->first`; false where there is none. */
static bool fill_range(const struct tales *tales, const struct address *own, size_t own_count,
                       struct book_range *range)
{
    const struct address a = address_of_halves(range->first[0], range->first[1]);
    const struct target target = tales_find(tales, address_family(&a), &a);

    if (target.tale == NULL)
        return false;
    range->tale = tale_index(tales, target.tale);
    range->family = (uint8_t)address_family(&a);
    range->host_mask = host_mask(target.prefix);
    range->own = is_among(&a, own, own_count);
    range->usual = usual_protocols(range);
    return true;
}

static void set_last(struct book_range *range, const struct book_range *next)
{
    range->last[0] = next ? next->first[0] - (next->first[1] == 0) : ~(uint64_t)0;
    range->last[1] = next ? next->first[1] - 1 : ~(uint64_t)0;
}

/* The ranges are sorted, so the first of a family begins its span and the last ends it. */
static void write_spans(struct book *book)
{
    uint32_t ranges[FAMILY_COUNT] = {0};

    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        book->span[family] = (struct book_span){.first = {~(uint64_t)0, ~(uint64_t)0}};
    for (uint32_t i = 0; i < book->range_count; i++) {
        const struct book_range *range = &book->range[i];
        struct book_span *span = &book->span[range->family];

        if (span->last[0] == 0 && span->last[1] == 0)
            memcpy(span->first, range->first, sizeof span->first);
        memcpy(span->last, range->last, sizeof span->last);
        span->only = ranges[range->family]++ == 0 ? i + 1 : 0;
    }
}

static uint32_t search_step(uint32_t count)
{
    uint32_t step = 0;

    for (uint32_t next = 1; next < count; next *= 2)
        step = next;
    return step;
}

static bool write_ranges(const struct tales *tales, const struct address *own, size_t own_count,
                         struct book *book)
{
    uint32_t kept = 0;

    book->range_count = 0;
    for (size_t i = 0; i < tales->count; i++)
        for (uint16_t j = 0; j < tales->tale[i]->target_count; j++)
            if (!add_prefix(book, &tales->tale[i]->target[j]))
                return false;
    for (size_t i = 0; i < own_count; i++)
        if (tales_find(tales, address_family(&own[i]), &own[i]).tale != NULL &&
            !add_prefix(book, &(struct prefix){.address = own[i], .length = 128}))
            return false;
    qsort(book->range, book->range_count, sizeof book->range[0], compare_places);
    for (uint32_t i = 0; i < book->range_count; i++) {
        const bool is_last = i + 1 == book->range_count;
        struct book_range range = book->range[i];

        if (!is_last && compare_places(&range, &book->range[i + 1]) == 0)
            continue;
        set_last(&range, is_last ? NULL : &book->range[i + 1]);
        if (fill_range(tales, own, own_count, &range))
            book->range[kept++] = range;
    }
    book->range_count = kept;
    book->search_step = search_step(kept);
    write_spans(book);
    return true;
}

/* How far the tables are filled. */
struct writing {
    struct book *book;
    uint32_t steps;
    uint32_t hops;
    uint32_t extensions;
};

static void write_extension(struct writing *w, const struct hop *hop, enum family family,
                            struct book_hop *out)
{
    const uint8_t *octets = hop->prepared.extension[family].octets;
    const size_t length = hop->prepared.extension[family].length;

    if (octets == NULL || !icmp_is_extensible(family == FAMILY_V6 ? 6 : 4, out->type[family]))
        return;
    if (length > BOOK_EXTENSION_MAX || w->extensions + length > BOOK_EXTENSIONS) {
        out->user_space = true;
        return;
    }
    memcpy(w->book->extensions + w->extensions, octets, length);
    out->extension[family] = w->extensions;
    out->extension_length[family] = (uint16_t)length;
    store_u32(out->icmp[family] + 4, icmp_extended_length(family == FAMILY_V6 ? 6 : 4));
    w->extensions += (uint32_t)(length + 7) / 8 * 8;
}

/* Type, code and the rest as for any probe without extension headers. */
static void write_error_of(const struct hop *hop, enum family family, struct book_hop *out)
{
    static const uint8_t header[IPV6_HEADER];
    const struct probe probe = {.packet = {.ip = header,
                                           .payload = header + sizeof header,
                                           .version = family == FAMILY_V6 ? 6 : 4}};
    const struct stop stop = {.hop = hop,
                              .cause = hop->refuse == REFUSE_NONE ? STOP_HOP_LIMIT : STOP_REFUSED};
    const struct plan plan = answer_plan_hop(&probe, &stop);

    out->type[family] = plan.type;
    out->code[family] = plan.code;
    out->icmp[family][0] = plan.type;
    out->icmp[family][1] = plan.code;
    store_u32(out->icmp[family] + 4, plan.rest);
}

static uint32_t sum_words(const uint8_t *octets, size_t length)
{
    uint32_t sum = 0;
    uint16_t word;

    for (size_t i = 0; i + sizeof word <= length; i += sizeof word) {
        memcpy(&word, octets + i, sizeof word);
        sum += word;
    }
    return sum;
}

/* What is ready of its answers, for probes that need no more; see struct book_hop. */
static void write_usual(const struct hop *hop, enum family family, struct book_hop *out)
{
    const struct address *address = &hop->address[family];
    const uint8_t header[] = {0x45, ICMP_ERROR_TRAFFIC_CLASS, out->hop_limit, PROTOCOL_ICMP};
    const uint8_t pseudo[] = {0, PROTOCOL_ICMPV6};

    out->sum[family] =
        sum_words(address_wire(address), address_wire_length(address)) +
        (family == FAMILY_V6 ? sum_words(pseudo, sizeof pseudo) : sum_words(header, sizeof header));
    if (!out->user_space && !address_is_unspecified(address))
        out->usual[family] = (uint8_t)~hop->silent;
}

static void write_hop(struct writing *w, const struct tale *tale, const struct hop *hop,
                      unsigned position)
{
    struct book_hop *out = &w->book->hop[w->hops++];

    *out = (struct book_hop){
        .silent = hop->silent,
        .hop_limit = answer_hop_limit(tale, position),
        .user_space = !hop->prepared.steady,
        .refuses = hop->refuse != REFUSE_NONE,
    };
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        memcpy(out->address[family], hop->address[family].octets, 16);
        write_error_of(hop, (enum family)family, out);
        write_extension(w, hop, (enum family)family, out);
    }
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        write_usual(hop, (enum family)family, out);
}

/* A hop that is handed to user space whatever it is. */
static void write_unknown_hop(struct writing *w)
{
    struct book_hop *out = &w->book->hop[w->hops++];

    *out = (struct book_hop){.user_space = true};
    memset(out->address, 0xff, sizeof out->address);
}

/* Whether packets may stop at it that have hops left to go: then the branches have to agree. */
static bool stops_early(const struct hop *hop)
{
    return hop->refuse != REFUSE_NONE || hop->mtu != 0;
}

static bool branches_stop_early(const struct tale *tale, const struct step *step, unsigned at)
{
    for (unsigned i = 0; i < step->branch_count; i++)
        if (stops_early(&tale->hop[step->branch[i].first + at]))
            return true;
    return false;
}

/* What the kernel's program does not know: the time, and who visits. */
static bool is_chosen_late(const struct step *step)
{
    return step->by == FORK_VISITOR || (step->by == FORK_TIME && step->branch_count > 1);
}

static unsigned shortest_branch(const struct step *step, bool *out_equal)
{
    unsigned shortest = step->branch[0].count;

    *out_equal = true;
    for (unsigned i = 1; i < step->branch_count; i++) {
        if (step->branch[i].count != shortest)
            *out_equal = false;
        if (step->branch[i].count < shortest)
            shortest = step->branch[i].count;
    }
    return shortest;
}

static void lower_mtu(uint16_t mtu[FAMILY_COUNT], const struct hop *hop)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        const uint16_t its = path_mtu(hop, (enum family)family);

        if (its != 0 && (mtu[family] == 0 || its < mtu[family]))
            mtu[family] = its;
    }
}

/* Larger ones are stopped before; see struct book_step. */
static uint16_t usual_length(const struct book_tale *tale, enum family family)
{
    return tale->mtu[family] != 0 ? tale->mtu[family] : UINT16_MAX;
}

/* One position of a step: the hops of its branches side by side. False: it is for user space. */
static bool write_position(struct writing *w, const struct tale *tale, unsigned index, unsigned at,
                           struct book_tale *out)
{
    const struct step *step = &tale->step[index];
    const bool late = is_chosen_late(step);
    const unsigned branches = late ? 1 : step->branch_count;

    if (w->steps == BOOK_STEPS || w->hops + branches > BOOK_HOPS)
        return false;
    if ((late || branches > 1) && branches_stop_early(tale, step, at))
        return false;
    w->book->step[w->steps++] = (struct book_step){
        .first_hop = w->hops,
        .mtu = {out->mtu[0], out->mtu[1]},
        .salt = (uint16_t)index,
        .fork = branches > 1 ? (uint8_t)step->by : FORK_NONE,
        .branches = (uint8_t)branches,
    };
    for (unsigned family = 0; branches == 1 && family < FAMILY_COUNT; family++)
        w->book->step[w->steps - 1].usual[family] = usual_length(out, (enum family)family);
    out->steps++;
    if (late) {
        write_unknown_hop(w);
        return true;
    }
    for (unsigned i = 0; i < branches; i++)
        write_hop(w, tale, &tale->hop[step->branch[i].first + at], out->steps);
    if (branches == 1)
        lower_mtu(out->mtu, &tale->hop[step->branch[0].first + at]);
    return true;
}

/* What comes past the last step that is written. */
static enum book_rest write_steps(struct writing *w, const struct tale *tale, struct book_tale *out)
{
    for (unsigned i = 0; i < tale->step_count; i++) {
        const struct step *step = &tale->step[i];
        bool equal;
        const unsigned shortest = shortest_branch(step, &equal);

        for (unsigned at = 0; at < shortest; at++) {
            if (!write_position(w, tale, i, at, out))
                return BOOK_REST_USER_SPACE;
            if (tale->hop[step->branch[0].first + at].refuse != REFUSE_NONE)
                return BOOK_REST_REFUSED;
        }
        if (!equal)
            return BOOK_REST_USER_SPACE;
    }
    return BOOK_REST_END;
}

static void write_tale(struct writing *w, const struct tale *tale, struct book_tale *out)
{
    *out = (struct book_tale){.first_step = w->steps, .longest = (uint16_t)tale_longest(tale)};
    for (int i = 0; i < PROBE_PROTOCOL_COUNT; i++)
        out->end[i] = (uint8_t)tale->end[i];
    out->rest = (uint8_t)write_steps(w, tale, out);
    out->end_hop_limit = answer_hop_limit(tale, out->steps + 1u);
}

/*
 * Processors share the bucket of the total, and do so the more cheaply the less often they touch it:
 * all of them together keep back a quarter of a burst at most.
 */
static uint64_t total_batch(uint32_t burst)
{
    const uint32_t share = burst / 4 / XDP_PROCESSORS;

    return share > BOOK_BATCH_MAX ? BOOK_BATCH_MAX : share > 0 ? share : 1;
}

static void write_limits(const struct limit_settings *limits, struct book_limits *out)
{
    const struct bucket_rate source = bucket_rate(limits->source_rate, limits->source_burst);
    const struct bucket_rate total = bucket_rate(limits->total_rate, limits->total_burst);

    *out = (struct book_limits){.source_token_ns = source.token_ns,
                                .source_missing_ns = source.missing_ns,
                                .total_token_ns = total.token_ns,
                                .total_missing_ns = total.missing_ns,
                                .total_batch = total_batch(limits->total_burst)};
}

int book_write(const struct tales *tales, const struct address *own, size_t own_count,
               const struct limit_settings *limits, struct book *out, char *error,
               size_t error_size)
{
    struct writing w = {.book = out};

    if (tales->count > BOOK_TALES) {
        snprintf(error, error_size, "expected at most %d tales with 'datapath: xdp', found %zu",
                 BOOK_TALES, tales->count);
        return -E2BIG;
    }
    if (!write_ranges(tales, own, own_count, out)) {
        snprintf(error, error_size, "expected at most %d targets with 'datapath: xdp', found more",
                 BOOK_RANGES / 2);
        return -E2BIG;
    }
    write_limits(limits, &out->limits);
    for (size_t i = 0; i < tales->count; i++)
        write_tale(&w, tales->tale[i], &out->tale[i]);
    return 0;
}
