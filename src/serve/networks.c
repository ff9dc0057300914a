/*
 * Networks as JSON; see networks.h.
 */
#include "serve/networks.h"

#include "base/units.h"
#include "serve/answer.h"
#include "serve/json.h"
#include "serve/parameters.h"
#include "watch/named_networks.h"
#include "watch/network.h"
#include "watch/others.h"

#include <string.h>

/* What is known of a network: at least one of these. */
struct source {
    const struct network *own;
    const struct network *others; /* of other sites */
};

/* The networks of an answer: the best of all that were offered, in a heap with the worst of them on
 * top. The best are those seen most; or, to walk through all of them in pages, the first in order of
 * their prefixes of those that come after one. */
struct choice {
    struct watch *watch;
    const struct prefix *within; /* NULL: all */
    const struct prefix *after;  /* NULL: those seen most */
    size_t limit;
    size_t count;
    uint64_t total; /* that could have been chosen */
    struct source source[QUERY_LIMIT_MAX];
};

static const struct prefix *prefix_of_source(const struct source *source)
{
    return source->own != NULL ? &source->own->prefix : &source->others->prefix;
}

static uint64_t seen_by(const struct source *source)
{
    return (source->own != NULL ? source->own->seen : 0) +
           (source->others != NULL ? source->others->seen : 0);
}

/* Below, at or above zero: in the order of addresses, IPv4 where IPv6 has it mapped; wide ones first. */
static int compare(const struct prefix *a, const struct prefix *b)
{
    const int order = memcmp(a->address.octets, b->address.octets, sizeof a->address.octets);

    return order != 0 ? order : (int)a->length - (int)b->length;
}

static bool is_worse(const struct choice *choice, const struct source *a, const struct source *b)
{
    return choice->after != NULL ? compare(prefix_of_source(a), prefix_of_source(b)) > 0
                                 : seen_by(a) < seen_by(b);
}

static void swap(struct choice *choice, size_t a, size_t b)
{
    const struct source was = choice->source[a];

    choice->source[a] = choice->source[b];
    choice->source[b] = was;
}

static bool is_worse_at(const struct choice *choice, size_t a, size_t b)
{
    return is_worse(choice, &choice->source[a], &choice->source[b]);
}

static void sift_down(struct choice *choice, size_t count)
{
    size_t at = 0;

    for (;;) {
        size_t worst = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (is_worse_at(choice, child, worst))
                worst = child;
        if (worst == at)
            return;
        swap(choice, at, worst);
        at = worst;
    }
}

static void sift_up(struct choice *choice, size_t at)
{
    for (; at > 0 && is_worse_at(choice, at, (at - 1) / 2); at = (at - 1) / 2)
        swap(choice, at, (at - 1) / 2);
}

static bool is_within(const struct prefix *outer, const struct prefix *inner)
{
    return inner->length >= outer->length && prefix_contains(outer, &inner->address);
}

static void offer(struct choice *choice, const struct source *source)
{
    const struct prefix *prefix = prefix_of_source(source);

    if (choice->within != NULL && !is_within(choice->within, prefix))
        return;
    if (choice->after != NULL && compare(prefix, choice->after) <= 0)
        return;
    choice->total++;
    if (choice->count < choice->limit) {
        choice->source[choice->count] = *source;
        sift_up(choice, choice->count++);
    } else if (is_worse(choice, &choice->source[0], source)) {
        choice->source[0] = *source;
        sift_down(choice, choice->count);
    }
}

static void offer_own(const struct network *network, void *context)
{
    struct choice *choice = context;
    const struct source source = {
        .own = network,
        .others = others_network(watch_others(choice->watch), &network->prefix),
    };

    offer(choice, &source);
}

/* Those that other sites alone know. */
static void offer_other(const struct network *network, void *context)
{
    struct choice *choice = context;
    const struct source source = {.others = network};

    if (watch_network(choice->watch, &network->prefix) == NULL)
        offer(choice, &source);
}

static void take_those_of(const struct address *address, struct choice *choice)
{
    struct prefix prefix[NETWORK_LEVELS_MAX];
    const unsigned levels = watch_prefixes_of(choice->watch, address, prefix);

    for (unsigned i = 0; i < levels; i++) {
        const struct source source = {
            .own = watch_network(choice->watch, &prefix[i]),
            .others = others_network(watch_others(choice->watch), &prefix[i]),
        };

        if (source.own != NULL || source.others != NULL)
            choice->source[choice->count++] = source;
    }
    choice->total = choice->count;
}

/* The worst goes to the end, again and again, so that the best comes first. */
static void sort(struct choice *choice)
{
    for (size_t left = choice->count; left > 1; left--) {
        swap(choice, 0, left - 1);
        sift_down(choice, left - 1);
    }
}

static json_t *modes_of(const struct network_summary *summary)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < summary->mode_count; i++) {
        const struct network_mode *mode = &summary->mode[i];

        json_array_append_new(list, json_pack("{s:i, s:i, s:o, s:o}", "hops", (int)mode->hops,
                                              "hop_limit", (int)mode->hop_limit, "share",
                                              json_share(mode->share), "direct",
                                              json_share(mode->direct)));
    }
    return list;
}

static json_t *histogram_of(const struct network *network)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < network->cell_count; i++)
        json_array_append_new(list,
                              json_pack("{s:i, s:i}", "hop_limit", (int)network->cell[i].hop_limit,
                                        "count", (int)network->cell[i].count));
    return list;
}

static json_t *move_of(const struct network *network)
{
    if (network->moved_s == 0)
        return json_null();
    return json_pack("{s:I, s:i, s:i}", "time", (json_int_t)network->moved_s, "from",
                     (int)network->moved_from, "to", (int)network->moved_to);
}

/* A member that a network without a name has as null. */
static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

/* As connections are compared with it: with what other sites know. */
static json_t *network_object(const struct watch *watch, const struct source *source)
{
    const struct network *const first = source->own != NULL ? source->own : source->others;
    struct network sum = *first;
    const struct network *network = &sum;
    const struct named_network *named = watch_named_network(watch, &sum.prefix);
    struct network_summary summary;
    char prefix[PREFIX_TEXT_MAX];

    if (source->others != NULL && source->others != first)
        network_merge(&sum, source->others);
    network_summarize(network, &summary);
    return json_pack(
        "{s:s, s:o, s:o, s:I, s:I, s:I, s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "prefix",
        units_prefix(&network->prefix, prefix), "name", text_or_null(named ? named->name : NULL),
        "kind", text_or_null(named ? network_kind_name(named->kind) : NULL), "seen",
        (json_int_t)network->seen, "imported",
        (json_int_t)(source->others != NULL ? source->others->seen : 0), "updated",
        (json_int_t)network->updated_s, "enough", summary.enough, "handsets", summary.handsets,
        "computers", json_share(summary.computers), "tethered", json_share(summary.tethered),
        "moved", move_of(network), "modes", modes_of(&summary), "histogram", histogram_of(network));
}

/* Where the next page begins, for `after`; null where this is the last. */
static json_t *next_of(const struct choice *choice)
{
    char text[PREFIX_TEXT_MAX];

    if (choice->count == choice->total)
        return json_null();
    return json_string(units_prefix(prefix_of_source(&choice->source[choice->count - 1]), text));
}

static json_t *choice_object(const struct choice *choice)
{
    json_t *list = json_array();
    json_t *object;

    for (size_t i = 0; i < choice->count; i++)
        json_array_append_new(list, network_object(choice->watch, &choice->source[i]));
    object = json_pack("{s:I, s:o}", "total", (json_int_t)choice->total, "networks", list);
    if (choice->after != NULL)
        json_object_set_new(object, "next", next_of(choice));
    return object;
}

int networks_list(struct request *request)
{
    struct choice choice = {.watch = request->sources->watch};
    struct query query;
    int result;

    if (!parameters_query(request, QUERY_ADDRESS | QUERY_PREFIX | QUERY_LIMIT | QUERY_AFTER, &query,
                          &result))
        return result;
    if ((query.given & QUERY_ADDRESS) && query.given != QUERY_ADDRESS)
        return answer_problem(request, STATUS_BAD_REQUEST,
                              "expected address alone, or prefix, limit and after, found both");
    choice.limit = query.limit;
    if (query.given & QUERY_PREFIX)
        choice.within = &query.prefix;
    if (query.given & QUERY_AFTER)
        choice.after = &query.after;
    if (query.given & QUERY_ADDRESS) {
        take_those_of(&query.address, &choice);
    } else {
        watch_each_network(choice.watch, offer_own, &choice);
        others_each_network(watch_others(choice.watch), offer_other, &choice);
        sort(&choice);
    }
    return answer_json(request, choice_object(&choice));
}
