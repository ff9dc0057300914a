/*
 * Tales for their authors, as JSON; see trace_json.h.
 */
#include "serve/trace_json.h"

#include "base/units.h"

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *labels_of(const struct hop *hop)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < hop->label_count; i++)
        json_array_append_new(list, json_pack("{s:i, s:i, s:i}", "label", (int)hop->label[i].label,
                                              "tc", hop->label[i].tc, "ttl", hop->label[i].ttl));
    return list;
}

static void set_hop(json_t *object, const struct trace_line *line)
{
    const struct sight *sight = line->sight;
    char value[TRAIT_TEXT_MAX];

    json_object_set_new(object, "say", json_string(sight->hop->say));
    json_object_set_new(object, "line", json_integer(sight->hop->line));
    if (line->mark[0] != '\0')
        json_object_set_new(object, "mark", json_string(line->mark));
    if (sight->hop->label_count > 0)
        json_object_set_new(object, "mpls", labels_of(sight->hop));
    if (sight->step->by == FORK_VISITOR)
        json_object_set_new(
            object, "visitor",
            json_pack("{s:s}", trait_name((enum trait)sight->step->trait),
                      trait_text((enum trait)sight->step->trait, sight->branch, value)));
    else if (sight->step->by != FORK_NONE)
        json_object_set_new(object, "fork",
                            json_pack("{s:s, s:i, s:i}", "by", trace_fork_words(sight->step->by),
                                      "branch", sight->branch + 1, "of",
                                      (int)sight->step->branch_count));
}

/* The lines of one trace, while they are gathered. */
struct gathering {
    const struct trace *trace;
    json_t *lines;
};

static void gather(const struct trace_line *line, void *context)
{
    const struct gathering *gathering = context;
    const struct tale *tale = gathering->trace->tale;
    const bool is_stars = address_is_unspecified(&line->address);
    char address[ADDRESS_TEXT_MAX] = "";
    json_t *object;

    if (!is_stars)
        units_address(&line->address, address);
    object = json_pack("{s:i, s:o, s:o}", "hop", (int)line->position, "address",
                       text_or_null(address), "name", text_or_null(is_stars ? "" : line->name));
    if (line->sight->hop != NULL)
        set_hop(object, line);
    else if (!line->is_past)
        json_object_set_new(object, "end",
                            json_string(trace_end_words(tale->end[gathering->trace->probe])));
    json_array_append_new(gathering->lines, object);
}

json_t *trace_json(const struct trace *trace)
{
    const struct gathering gathering = {.trace = trace, .lines = json_array()};
    char address[ADDRESS_TEXT_MAX];

    trace_lines(trace, gather, (void *)&gathering);
    return json_pack("{s:s, s:s, s:o, s:o}", "family", trace->family == FAMILY_V4 ? "ipv4" : "ipv6",
                     "target", units_address(&trace->target, address), "name",
                     text_or_null(trace->tale->zone), "lines", gathering.lines);
}

json_t *report_json(const struct report *report)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < report->count; i++) {
        const struct report_entry *entry = &report->entry[i];

        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s}", "kind",
                                              entry->is_error ? "error" : "warning", "line",
                                              (int)entry->line, "column", (int)entry->column,
                                              "text", entry->text));
    }
    return list;
}
