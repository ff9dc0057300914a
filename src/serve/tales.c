/*
 * Tales as JSON; see tales.h.
 */
#include "serve/tales.h"

#include "base/units.h"
#include "serve/answer.h"
#include "serve/parameters.h"
#include "tale/targets.h"

static json_t *targets_of(const struct tale *tale)
{
    json_t *list = json_array();
    char text[PREFIX_TEXT_MAX];

    for (unsigned i = 0; i < tale->target_count; i++)
        json_array_append_new(list, json_string(units_prefix(&tale->target[i], text)));
    return list;
}

static const char *const probe_names[PROBE_PROTOCOL_COUNT] = {
    [PROBE_ICMP] = "icmp",
    [PROBE_UDP] = "udp",
    [PROBE_TCP] = "tcp",
    [PROBE_OTHER] = "other",
};

/* Seconds, to the millisecond: more would not fit a double's digits. */
static json_t *seconds(uint64_t ns)
{
    const uint64_t ms = ns / 1000000;

    return json_real((double)ms / 1000);
}

static json_t *walker_object(const struct walker *walker)
{
    char source[ADDRESS_TEXT_MAX];
    char target[ADDRESS_TEXT_MAX];

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:i, s:i, s:b}", "address",
        units_address(&walker->source, source), "target", units_address(&walker->target, target),
        "client", client_name((enum probe_client)walker->client), "probe",
        probe_names[walker->protocol], "first", seconds(walker->first_ns), "last",
        seconds(walker->last_ns), "probes", (json_int_t)walker->probes, "hop",
        (int)walker->position, "furthest", (int)walker->furthest, "end", walker->at_end);
}

/* Those who walked one, and who walked any. */
struct walks {
    const struct tales *tales;
    size_t count;
    struct walker walker[WALKERS_MAX];
};

static json_t *walkers_of(const struct walks *walks, const struct tale *tale)
{
    json_t *list = json_array();

    for (size_t i = 0; i < walks->count; i++) {
        const struct address *target = &walks->walker[i].target;

        if (tales_find(walks->tales, address_family(target), target).tale == tale)
            json_array_append_new(list, walker_object(&walks->walker[i]));
    }
    return list;
}

static json_t *tale_object(const struct tale *tale, const struct walks *walks)
{
    return json_pack("{s:s, s:o, s:s, s:i, s:i, s:o}", "name", tale->name, "targets",
                     targets_of(tale), "zone", tale->zone, "hops", (int)tale_longest(tale),
                     "base_hop_limit", (int)tale->base_hop_limit, "walkers",
                     walkers_of(walks, tale));
}

int tales_list(struct request *request)
{
    const struct serve_sources *sources = request->sources;
    const struct tales *tales = sources->tales != NULL ? sources->tales(sources->context) : NULL;
    struct walks walks = {.tales = tales};
    struct query query;
    int result;
    json_t *list;

    if (!parameters_query(request, 0, &query, &result))
        return result;
    if (sources->walkers != NULL)
        walks.count = sources->walkers(walks.walker, sources->context);
    list = json_array();
    for (size_t i = 0; tales != NULL && i < tales->count; i++)
        json_array_append_new(list, tale_object(tales->tale[i], &walks));
    return answer_json(request, json_pack("{s:o}", "tales", list));
}
