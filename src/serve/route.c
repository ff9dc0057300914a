/*
 * The routes and their handlers; see route.h. What a handler has to say is made elsewhere: here
 * stands only which.
 */
#include "serve/route.h"

#include "serve/accept.h"
#include "serve/answer.h"
#include "serve/metric.h"
#include "serve/page.h"
#include "serve/texts.h"

#include <string.h>

enum { FOR_VISITORS = 1u << SERVE_VISITORS, FOR_OPERATORS = 1u << SERVE_OPERATORS };

struct route {
    const char *method;
    const char *path;
    const char *query; /* as the index shows it */
    unsigned audience; /* FOR_... */
    enum MHD_Result (*answer)(struct request *request);
    const char *summary;
};

static enum MHD_Result visitor_page(struct request *request)
{
    const enum medium medium =
        accept_medium(request_header(request, "Accept"), request_header(request, "User-Agent"));
    const enum language language = texts_language(request_header(request, "Accept-Language"));
    struct buffer body = {0};
    char policy[PAGE_POLICY_MAX];
    const struct answer_header headers[] = {
        {"Vary", "Accept, Accept-Language, User-Agent"},
        {"Content-Language", texts_code(language)},
        {"Content-Security-Policy", page_policy(policy)},
    };

    visitor_refresh(request->visitor, request->sources);
    if (medium == MEDIUM_TEXT)
        page_text(request->visitor, language, &body);
    else
        page_html(request->visitor, language, &body);
    return answer_send(request, MHD_HTTP_OK,
                       medium == MEDIUM_TEXT ? "text/plain; charset=utf-8"
                                             : "text/html; charset=utf-8",
                       &body, headers, sizeof headers / sizeof headers[0]);
}

static enum MHD_Result visitor_judgement(struct request *request)
{
    struct visitor *visitor = request->visitor;

    visitor_refresh(visitor, request->sources);
    if (!visitor->judged)
        return answer_problem(request, MHD_HTTP_NOT_FOUND,
                              "expected the opening packet of this connection, found none: the "
                              "kernel kept none and no capture has seen it");
    return answer_judgement(request, &visitor->judgement);
}

static enum MHD_Result healthy(struct request *request)
{
    return answer_line(request, "ok");
}

static enum MHD_Result ready(struct request *request)
{
    const char *reason = "not ready";

    if (request->sources->ready == NULL ||
        request->sources->ready(&reason, request->sources->context))
        return answer_line(request, "ok");
    return answer_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE, reason);
}

struct parameters { /* of a query, as they came */
    struct query_parameter parameter[QUERY_PARAMETERS_MAX];
    size_t count;
};

static enum MHD_Result collect_parameter(void *to, enum MHD_ValueKind kind, const char *name,
                                         size_t name_length, const char *value, size_t value_length)
{
    struct parameters *parameters = to;

    (void)kind;
    if (parameters->count == QUERY_PARAMETERS_MAX)
        return MHD_NO;
    parameters->parameter[parameters->count++] = (struct query_parameter){
        .name = name,
        .name_length = name_length,
        .value = value,
        .value_length = value_length,
    };
    return MHD_YES;
}

static struct parameters query_parameters(struct request *request)
{
    struct parameters given = {.count = 0};

    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, collect_parameter,
                                &given);
    return given;
}

static void add_parameter(struct parameters *parameters, const char *name, const char *value)
{
    collect_parameter(parameters, MHD_HEADER_KIND, name, strlen(name), value, strlen(value));
}

enum find { FIND_FOUND, FIND_NOTHING, FIND_ANSWERED };

static enum find refuse(enum MHD_Result answered, enum MHD_Result *out_result)
{
    *out_result = answered;
    return FIND_ANSWERED;
}

static enum find wait_for(struct request *request, const struct query *query,
                          enum MHD_Result *out_result)
{
    static const struct answer_header later = {"Retry-After", "1"};
    struct wait *wait = &request->wait;

    wait->address = query->address;
    wait->port = query->port;
    wait->deadline_ms = request->now_ms + query->wait_ms;
    if (waiting_add(request->waiting, wait) < 0)
        return refuse(answer_problem_with(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                                          "too many requests are waiting already", &later, 1),
                      out_result);
    MHD_suspend_connection(request->connection);
    return refuse(MHD_YES, out_result);
}

/*
 * The judgement of the connection that `given` names. FIND_ANSWERED with *out_result when it is
 * wrong, or when the request waits now and this will be called again.
 */
static enum find find_judgement(struct request *request, const struct parameters *given,
                                struct judgement *out, enum MHD_Result *out_result)
{
    const struct wait *wait = &request->wait;
    struct query query;
    char error[QUERY_ERROR_MAX];

    if (wait->state == WAIT_FOUND) {
        *out = wait->judgement;
        return FIND_FOUND;
    }
    if (query_parse(given->parameter, given->count, &query, error) < 0)
        return refuse(answer_problem(request, MHD_HTTP_BAD_REQUEST, error), out_result);
    if (watch_lookup(request->sources->watch, &query.address, query.port, out))
        return FIND_FOUND;
    if (query.wait_ms == 0 || wait->state == WAIT_EXPIRED)
        return FIND_NOTHING;
    return wait_for(request, &query, out_result);
}

static enum MHD_Result lookup(struct request *request)
{
    struct parameters given = query_parameters(request);
    struct judgement judgement;
    enum MHD_Result result;

    switch (find_judgement(request, &given, &judgement, &result)) {
    case FIND_FOUND:
        return answer_judgement(request, &judgement);
    case FIND_NOTHING:
        return answer_problem(request, MHD_HTTP_NOT_FOUND,
                              "expected an opening packet from this address and port, found none");
    case FIND_ANSWERED:
    default:
        return result;
    }
}

/*
 * For auth_request and its like: always 204, so that a connection nobody has seen is let through
 * as unknown. The client is named by the query or by the headers that nginx writes.
 */
static enum MHD_Result auth(struct request *request)
{
    struct parameters given = query_parameters(request);
    struct judgement judgement;
    enum MHD_Result result;

    if (given.count == 0) {
        add_parameter(&given, "address", request_header(request, "X-Real-IP"));
        add_parameter(&given, "port", request_header(request, "X-Real-Port"));
    }
    switch (find_judgement(request, &given, &judgement, &result)) {
    case FIND_FOUND:
        return answer_headers(request, &judgement);
    case FIND_NOTHING:
        return answer_headers(request, NULL);
    case FIND_ANSWERED:
    default:
        return result;
    }
}

static enum MHD_Result metrics(struct request *request)
{
    struct buffer body = {0};
    struct metric_page page = {.buffer = &body};

    if (request->sources->metrics != NULL)
        request->sources->metrics(metric_text, &page, request->sources->context);
    return answer_send(request, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &body,
                       NULL, 0);
}

static enum MHD_Result operator_index(struct request *request);

static const struct route routes[] = {
    {"GET", "/", "", FOR_VISITORS, visitor_page, "the page about the visitor's own connection"},
    {"GET", "/", "", FOR_OPERATORS, operator_index, "this list"},
    {"GET", "/v1/me", "", FOR_VISITORS, visitor_judgement, "the same as JSON"},
    {"GET", "/v1/lookup", "?address=&port=[&wait=MS]", FOR_OPERATORS, lookup,
     "the verdict for a connection; waits for an opening packet that is on its way"},
    {"GET", "/v1/auth", "?address=&port=", FOR_OPERATORS, auth,
     "204 with X-Hoptell-* headers, for nginx auth_request and its like"},
    {"GET", "/metrics", "", FOR_OPERATORS, metrics, "counters for Prometheus"},
    {"GET", "/healthz", "", FOR_VISITORS | FOR_OPERATORS, healthy, "is the program alive"},
    {"GET", "/readyz", "", FOR_OPERATORS, ready, "is all of it up"},
};

enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

static enum MHD_Result operator_index(struct request *request)
{
    struct buffer body = {0};

    buffer_put(&body, "hoptell " HOPTELL_VERSION "\n\n");
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (routes[i].audience & FOR_OPERATORS)
            buffer_format(&body, "%s %s%s\n    %s\n", routes[i].method, routes[i].path,
                          routes[i].query, routes[i].summary);
    return answer_send(request, MHD_HTTP_OK, "text/plain; charset=utf-8", &body, NULL, 0);
}

static bool method_is(const char *given, const char *wanted)
{
    return strcmp(given, wanted) == 0 || (strcmp(given, "HEAD") == 0 && strcmp(wanted, "GET") == 0);
}

enum MHD_Result route_answer(struct request *request, const char *method, const char *path)
{
    const unsigned audience = 1u << request->audience;
    const struct route *other = NULL;
    struct answer_header allow;

    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!(routes[i].audience & audience) || strcmp(routes[i].path, path) != 0)
            continue;
        if (method_is(method, routes[i].method))
            return routes[i].answer(request);
        other = &routes[i];
    }
    if (other == NULL)
        return answer_problem(request, MHD_HTTP_NOT_FOUND, "there is nothing under this path");
    allow = (struct answer_header){"Allow", "GET, HEAD"};
    return answer_problem_with(request, MHD_HTTP_METHOD_NOT_ALLOWED,
                               "this path answers GET and HEAD alone", &allow, 1);
}
