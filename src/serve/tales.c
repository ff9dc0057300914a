/*
 * Tales as JSON; see tales.h.
 */
#include "serve/tales.h"

#include "base/units.h"
#include "serve/answer.h"
#include "serve/parameters.h"

static json_t *targets_of(const struct tale *tale)
{
    json_t *list = json_array();
    char text[PREFIX_TEXT_MAX];

    for (unsigned i = 0; i < tale->target_count; i++)
        json_array_append_new(list, json_string(units_prefix(&tale->target[i], text)));
    return list;
}

static json_t *tale_object(const struct tale *tale)
{
    return json_pack("{s:s, s:o, s:s, s:i, s:i}", "name", tale->name, "targets", targets_of(tale),
                     "zone", tale->zone, "hops", (int)tale_longest(tale), "base_hop_limit",
                     (int)tale->base_hop_limit);
}

enum MHD_Result tales_list(struct request *request)
{
    const struct serve_sources *sources = request->sources;
    const struct tales *tales = sources->tales != NULL ? sources->tales(sources->context) : NULL;
    json_t *list = json_array();
    struct query query;
    enum MHD_Result result;

    if (!parameters_query(request, 0, &query, &result)) {
        json_decref(list);
        return result;
    }
    for (size_t i = 0; tales != NULL && i < tales->count; i++)
        json_array_append_new(list, tale_object(tales->tale[i]));
    return answer_json(request, json_pack("{s:o}", "tales", list));
}
