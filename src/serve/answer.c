/*
 * Answers; see answer.h.
 */
#include "serve/answer.h"

#include "base/printable.h"
#include "serve/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { DETAIL_MAX = 512 };

/* Every answer speaks of one connection at one moment, and none is for other origins. */
static const struct answer_header common_headers[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
};

static bool add_headers(struct MHD_Response *response, const struct answer_header *headers,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES)
            return false;
    return true;
}

enum MHD_Result answer_queue(struct request *request, unsigned status, const char *type,
                             struct MHD_Response *response, const struct answer_header *headers,
                             size_t count)
{
    const struct answer_header content = {"Content-Type", type};
    enum MHD_Result queued = MHD_NO;

    if (response == NULL)
        return MHD_NO;
    if (add_headers(response, common_headers, sizeof common_headers / sizeof common_headers[0]) &&
        (type == NULL || add_headers(response, &content, 1)) &&
        add_headers(response, headers, count))
        queued = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    if (queued == MHD_YES)
        request->counts->answers[status / 100]++;
    return queued;
}

enum MHD_Result answer_send(struct request *request, unsigned status, const char *type,
                            struct buffer *body, const struct answer_header *headers, size_t count)
{
    struct MHD_Response *response = NULL;

    if (body == NULL)
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    else if (!body->failed)
        response = MHD_create_response_from_buffer(body->length, body->text, MHD_RESPMEM_MUST_FREE);
    if (response != NULL && body != NULL)
        *body = (struct buffer){0}; /* the response has its text now */
    if (body != NULL)
        buffer_deinit(body);
    return answer_queue(request, status, type, response, headers, count);
}

enum MHD_Result answer_problem_with(struct request *request, unsigned status, const char *detail,
                                    const struct answer_header *headers, size_t count)
{
    struct buffer body = {0};
    char printable[DETAIL_MAX];
    json_t *problem;
    char *text;

    snprintf(printable, sizeof printable, "%s", detail);
    printable_make(printable, '?');
    problem =
        json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
                  MHD_get_reason_phrase_for(status), "status", (int)status, "detail", printable);
    text = problem != NULL ? json_dumps(problem, 0) : NULL;
    json_decref(problem);
    if (text == NULL)
        return MHD_NO;
    buffer_put(&body, text);
    buffer_put(&body, "\n");
    free(text);
    return answer_send(request, status, "application/problem+json", &body, headers, count);
}

enum MHD_Result answer_problem(struct request *request, unsigned status, const char *detail)
{
    return answer_problem_with(request, status, detail, NULL, 0);
}

enum MHD_Result answer_line(struct request *request, const char *line)
{
    struct buffer body = {0};

    buffer_put(&body, line);
    buffer_put(&body, "\n");
    return answer_send(request, MHD_HTTP_OK, "text/plain; charset=utf-8", &body, NULL, 0);
}

enum MHD_Result answer_judgement(struct request *request, const struct judgement *judgement)
{
    struct buffer body = {0};
    char line[JSON_LINE_MAX];
    const size_t length = json_judgement_line(judgement, line, sizeof line);

    if (length == 0)
        return answer_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR,
                              "the judgement did not fit into a line");
    buffer_put_octets(&body, line, length);
    buffer_put(&body, "\n");
    return answer_send(request, MHD_HTTP_OK, "application/json", &body, NULL, 0);
}

/* The object as text; its numbers read as they were written, which takes 15 digits. */
static void put_object(struct buffer *body, json_t *object)
{
    char *text = object != NULL ? json_dumps(object, JSON_REAL_PRECISION(15)) : NULL;

    json_decref(object);
    if (text == NULL)
        body->failed = true;
    else
        buffer_put(body, text);
    free(text);
}

enum MHD_Result answer_json(struct request *request, json_t *object)
{
    struct buffer body = {0};

    put_object(&body, object);
    buffer_put(&body, "\n");
    return answer_send(request, MHD_HTTP_OK, "application/json", &body, NULL, 0);
}

enum MHD_Result answer_json_with(struct request *request, json_t *object, const char *member,
                                 bool (*next)(struct judgement *out, void *context), void *context)
{
    struct buffer body = {0};
    struct judgement judgement;
    char line[JSON_LINE_MAX];
    bool is_first = true;

    put_object(&body, object);
    if (body.length > 0)
        body.length--; /* the brace that ends it */
    buffer_format(&body, "%s\"%s\": [", body.length > 1 ? ", " : "", member);
    while (next(&judgement, context)) {
        const size_t length = json_judgement_line(&judgement, line, sizeof line);

        buffer_put(&body, is_first ? "" : ", ");
        buffer_put_octets(&body, line, length);
        is_first = false;
    }
    buffer_put(&body, "]}\n");
    return answer_send(request, MHD_HTTP_OK, "application/json", &body, NULL, 0);
}

enum MHD_Result answer_headers(struct request *request, const struct judgement *judgement)
{
    char probability[16];
    char hop_limit[4];
    char initial[4];
    char hops[4];
    const struct answer_header headers[] = {
        {"X-Hoptell-Verdict", verdict_name(judgement ? judgement->verdict : VERDICT_UNKNOWN)},
        {"X-Hoptell-Probability", probability},
        {"X-Hoptell-Hop-Limit", hop_limit},
        {"X-Hoptell-Initial", initial},
        {"X-Hoptell-Hops", hops},
        {"X-Hoptell-Rewritten", judgement && judgement->rewritten ? "true" : "false"},
        {"X-Hoptell-Stack", judgement ? stack_family_name(judgement->stack.family) : ""},
    };

    if (judgement == NULL)
        return answer_send(request, MHD_HTTP_NO_CONTENT, NULL, NULL, headers, 1);
    snprintf(probability, sizeof probability, "%.3f", judgement->probability);
    snprintf(hop_limit, sizeof hop_limit, "%u", judgement->observation.hop_limit);
    snprintf(initial, sizeof initial, "%u", judgement->initial);
    snprintf(hops, sizeof hops, "%u", judgement->hops);
    return answer_send(request, MHD_HTTP_NO_CONTENT, NULL, NULL, headers,
                       sizeof headers / sizeof headers[0]);
}
