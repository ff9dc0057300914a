/*
 * Tales while they are written; see workshop.h.
 */
#include "serve/workshop.h"

#include "names/records.h"
#include "serve/answer.h"
#include "serve/parameters.h"
#include "serve/trace_json.h"
#include "tale/compile.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { ZONE_TTL_S = 60 };

/* A page of another origin can send text or a form without asking, but not YAML. */
static bool is_yaml(const struct request *request)
{
    static const char yaml[] = "application/yaml";
    const char *type = request_header(request, "Content-Type");

    return strncasecmp(type, yaml, sizeof yaml - 1) == 0 &&
           (type[sizeof yaml - 1] == '\0' || type[sizeof yaml - 1] == ';');
}

static void put_line(const struct trace_line *line, void *context)
{
    struct buffer *buffer = context;
    char text[TRACE_TEXT_MAX];

    buffer_put(buffer, trace_line_text(line, text));
    buffer_put(buffer, "\n");
}

/* What `tale show` prints; NULL for want of memory. */
static json_t *text_of(const struct trace *trace)
{
    struct buffer buffer = {0};
    char head[TRACE_TEXT_MAX];
    json_t *text = NULL;

    buffer_put(&buffer, trace_head_text(trace, head));
    buffer_put(&buffer, "\n");
    trace_lines(trace, put_line, &buffer);
    if (!buffer.failed)
        text = json_stringn(buffer.text, buffer.length);
    buffer_deinit(&buffer);
    return text;
}

static json_t *traces_of(const struct tale *tale)
{
    json_t *list = json_array();
    struct trace trace;

    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (trace_to(tale, (enum family)family, PROBE_UDP, TRACE_HOPS, &trace)) {
            json_t *object = trace_json(&trace);

            json_object_set_new(object, "text", text_of(&trace));
            json_array_append_new(list, object);
        }
    return list;
}

static void put_piece(const char *text, void *context)
{
    buffer_put(context, text);
}

static json_t *zone_of(const struct names *names, size_t index)
{
    struct buffer buffer = {0};
    json_t *zone = NULL;

    names_write_zone(names, index, put_piece, &buffer);
    if (!buffer.failed && buffer.length > 0)
        zone = json_pack("{s:s, s:s%}", "name", names_zone(names, index), "text", buffer.text,
                         buffer.length);
    buffer_deinit(&buffer);
    return zone;
}

static json_t *zones_of(struct tale *tale)
{
    struct tale *const list[] = {tale};
    const struct tales tales = {.count = 1, .tale = list};
    const struct names_settings settings = {.ttl = ZONE_TTL_S, .serial = (uint32_t)time(NULL)};
    json_t *zones = json_array();
    struct names *names;

    if (names_new(&tales, &settings, &names) != 0)
        return zones;
    for (size_t i = 0; i < names_zone_count(names); i++)
        json_array_append_new(zones, zone_of(names, i));
    names_free(names);
    return zones;
}

int workshop_check(struct request *request)
{
    const struct buffer *body = &request->body;
    struct report report;
    struct tale *tale;
    struct query query;
    int result;
    json_t *object;

    if (!parameters_query(request, 0, &query, &result))
        return result;
    if (!is_yaml(request))
        return answer_problem(request, STATUS_UNSUPPORTED_MEDIA_TYPE,
                              "expected a body of type application/yaml");
    if (body->failed)
        return -ENOMEM;
    report_init(&report, "tale");
    tale = tale_compile(body->text != NULL ? body->text : "", body->length, "tale", &report);
    object = json_pack("{s:b, s:i, s:i, s:o}", "good", tale != NULL, "errors", (int)report.errors,
                       "warnings", (int)report.warnings, "messages", report_json(&report));
    if (object != NULL && tale != NULL) {
        json_object_set_new(object, "name", json_string(tale->name));
        json_object_set_new(object, "hops", json_integer(tale_longest(tale)));
        json_object_set_new(object, "traces", traces_of(tale));
        json_object_set_new(object, "zones", zones_of(tale));
    }
    tale_free(tale);
    return answer_json(request, object);
}
