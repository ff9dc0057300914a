/*
 * Labels; see labels.h.
 */
#include "serve/labels.h"

#include "base/units.h"
#include "serve/answer.h"
#include "serve/parameters.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct told {
    struct address address;
    uint16_t port; /* 0: every one */
    bool is_tethered;
};

static bool take_address(const json_t *value, struct told *out)
{
    return json_is_string(value) && units_parse_address(json_string_value(value), &out->address);
}

static bool take_port(const json_t *value, struct told *out)
{
    const json_int_t port = json_integer_value(value);

    out->port = (uint16_t)port;
    return json_is_integer(value) && port >= 1 && port <= UINT16_MAX;
}

static bool take_label(const json_t *value, struct told *out)
{
    const char *label = json_is_string(value) ? json_string_value(value) : "";

    out->is_tethered = strcmp(label, "tethered") == 0;
    return out->is_tethered || strcmp(label, "direct") == 0;
}

static const struct member {
    const char *name;
    const char *expected;
    bool is_required;
    bool (*take)(const json_t *value, struct told *out);
} members[] = {
    {"address", "an IPv4 or IPv6 address as a string", true, take_address},
    {"port", "a number from 1 to 65535", false, take_port},
    {"label", "direct or tethered as a string", true, take_label},
};

enum { MEMBER_COUNT = sizeof members / sizeof members[0], ERROR_MAX = 160 };

static bool read_told(const json_t *object, struct told *out, char error[ERROR_MAX])
{
    size_t known = 0;

    *out = (struct told){.port = 0};
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const json_t *value = json_object_get(object, members[i].name);

        known += value != NULL;
        if (value != NULL ? members[i].take(value, out) : !members[i].is_required)
            continue;
        snprintf(error, ERROR_MAX, "expected %s as %s, found %s", members[i].expected,
                 members[i].name, value != NULL ? "something else" : "none");
        return false;
    }
    snprintf(error, ERROR_MAX, "expected address, port and label alone, found something else");
    return known == json_object_size(object);
}

/* A page of another origin can send text or a form without asking, but not JSON. */
static bool is_json(const struct request *request)
{
    static const char json[] = "application/json";
    const char *type = request_header(request, "Content-Type");

    return strncasecmp(type, json, sizeof json - 1) == 0 &&
           (type[sizeof json - 1] == '\0' || type[sizeof json - 1] == ';');
}

static int keep(struct request *request, const struct told *told)
{
    static const struct answer_header later = {"Retry-After", "10"};
    const struct serve_sources *sources = request->sources;

    switch (sources->label != NULL
                ? sources->label(&told->address, told->port, told->is_tethered, sources->context)
                : -ENOTSUP) {
    case 0:
        return answer_send(request, STATUS_NO_CONTENT, NULL, NULL, NULL, 0);
    case -ENOBUFS:
        return answer_problem_with(request, STATUS_SERVICE_UNAVAILABLE,
                                   "the queue to the store is full", &later, 1);
    case -EAGAIN:
        return answer_problem_with(request, STATUS_SERVICE_UNAVAILABLE,
                                   "the store has not confirmed the label yet; it is queued",
                                   &later, 1);
    default:
        return answer_problem(request, STATUS_CONFLICT,
                              "expected a store to keep labels in, found 'store: none'");
    }
}

int labels_add(struct request *request)
{
    char error[ERROR_MAX];
    struct told told;
    struct query query;
    int result;
    json_t *object;
    bool fine;

    if (!parameters_query(request, 0, &query, &result))
        return result;
    if (!is_json(request))
        return answer_problem(request, STATUS_UNSUPPORTED_MEDIA_TYPE,
                              "expected a body of type application/json");
    if (request->body.failed)
        return -ENOMEM;
    object = json_loadb(request->body.text != NULL ? request->body.text : "", request->body.length,
                        JSON_REJECT_DUPLICATES, NULL);
    fine = json_is_object(object) && read_told(object, &told, error);
    if (!json_is_object(object))
        snprintf(error, sizeof error, "expected a JSON object, found something else");
    json_decref(object);
    return fine ? keep(request, &told) : answer_problem(request, STATUS_BAD_REQUEST, error);
}
