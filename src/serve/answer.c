/*
 * Answers; see answer.h.
 */
#include "serve/answer.h"

#include "base/printable.h"
#include "serve/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DETAIL_MAX = 512 };

/* Every answer speaks of one connection at one moment, and none is for other origins. */
static const struct answer_header common_headers[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
};

static void add_headers(struct reply *reply, const struct answer_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        reply_field(reply, headers[i].name, headers[i].value);
}

/* Takes over what the reply has. */
static int send_reply(struct request *request, struct reply *reply, const char *type,
                      const struct answer_header *headers, size_t count)
{
    const bool failed = reply->owned.failed;

    add_headers(reply, common_headers, sizeof common_headers / sizeof common_headers[0]);
    if (type != NULL)
        reply_field(reply, "Content-Type", type);
    add_headers(reply, headers, count);
    request->counts->answers[reply->status / 100]++;
    connection_reply(request->connection, reply);
    return failed ? -ENOMEM : 0;
}

int answer_send(struct request *request, unsigned status, const char *type, struct buffer *body,
                const struct answer_header *headers, size_t count)
{
    struct reply reply = {.status = status};

    if (body != NULL) {
        reply.owned = *body;
        *body = (struct buffer){0};
    }
    reply.text = reply.owned.text;
    reply.text_length = reply.owned.length;
    return send_reply(request, &reply, type, headers, count);
}

int answer_constant(struct request *request, const char *type, const char *text,
                    const struct answer_header *headers, size_t count)
{
    struct reply reply = {.status = STATUS_OK, .text = text, .text_length = strlen(text)};

    return send_reply(request, &reply, type, headers, count);
}

int answer_stream(struct request *request, const char *type, const struct reply_stream *stream)
{
    struct reply reply = {.status = STATUS_OK, .stream = *stream};

    return send_reply(request, &reply, type, NULL, 0);
}

int answer_problem_with(struct request *request, unsigned status, const char *detail,
                        const struct answer_header *headers, size_t count)
{
    struct buffer body = {0};
    char printable[DETAIL_MAX];
    json_t *problem;
    char *text;

    snprintf(printable, sizeof printable, "%s", detail);
    printable_make(printable, '?');
    problem = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
                        status_phrase(status), "status", (int)status, "detail", printable);
    text = problem != NULL ? json_dumps(problem, 0) : NULL;
    json_decref(problem);
    if (text == NULL)
        return -ENOMEM;
    buffer_put(&body, text);
    buffer_put(&body, "\n");
    free(text);
    return answer_send(request, status, "application/problem+json", &body, headers, count);
}

int answer_problem(struct request *request, unsigned status, const char *detail)
{
    return answer_problem_with(request, status, detail, NULL, 0);
}

int answer_line(struct request *request, const char *line)
{
    struct buffer body = {0};

    buffer_put(&body, line);
    buffer_put(&body, "\n");
    return answer_send(request, STATUS_OK, "text/plain; charset=utf-8", &body, NULL, 0);
}

int answer_judgement(struct request *request, const struct judgement *judgement)
{
    struct buffer body = {0};
    char line[JSON_LINE_MAX];
    const size_t length = json_judgement_line(judgement, line, sizeof line);

    if (length == 0)
        return answer_problem(request, STATUS_INTERNAL_SERVER_ERROR,
                              "the judgement did not fit into a line");
    buffer_put_octets(&body, line, length);
    buffer_put(&body, "\n");
    return answer_send(request, STATUS_OK, "application/json", &body, NULL, 0);
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

int answer_json(struct request *request, json_t *object)
{
    struct buffer body = {0};

    put_object(&body, object);
    buffer_put(&body, "\n");
    return answer_send(request, STATUS_OK, "application/json", &body, NULL, 0);
}

int answer_json_with(struct request *request, json_t *object, const char *member,
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
    return answer_send(request, STATUS_OK, "application/json", &body, NULL, 0);
}

int answer_headers(struct request *request, const struct judgement *judgement)
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
        return answer_send(request, STATUS_NO_CONTENT, NULL, NULL, headers, 1);
    snprintf(probability, sizeof probability, "%.3f", judgement->probability);
    snprintf(hop_limit, sizeof hop_limit, "%u", judgement->observation.hop_limit);
    snprintf(initial, sizeof initial, "%u", judgement->initial);
    snprintf(hops, sizeof hops, "%u", judgement->hops);
    return answer_send(request, STATUS_NO_CONTENT, NULL, NULL, headers,
                       sizeof headers / sizeof headers[0]);
}
