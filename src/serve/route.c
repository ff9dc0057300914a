/*
 * The routes and their handlers; see route.h. What a handler has to say is made elsewhere: here
 * stands only which.
 */
#include "serve/route.h"

#include "serve/accept.h"
#include "serve/answer.h"
#include "serve/assets.h"
#include "serve/browser.h"
#include "serve/labels.h"
#include "serve/lookup.h"
#include "serve/metric.h"
#include "serve/networks.h"
#include "serve/page.h"
#include "serve/subscribers.h"
#include "serve/tales.h"
#include "serve/texts.h"
#include "serve/verdicts.h"
#include "serve/web.h"
#include "serve/workshop.h"

#include <stdio.h>
#include <string.h>

enum {
    FOR_VISITORS = 1u << SERVE_VISITORS,
    FOR_OPERATORS = 1u << SERVE_OPERATORS,
    OPEN = 1u << 7, /* no token is asked for: it holds nothing that is anybody's */
};

struct route {
    const char *method;
    const char *path;  /* one that ends with / wants more behind it, but for / itself */
    const char *query; /* as the index shows it, after the path */
    unsigned audience; /* FOR_..., and OPEN */
    int (*answer)(struct request *request);
    const char *summary;
};

/* What is known of the visitor with what this request says: another one on the connection may not. */
static void hear_visitor(struct request *request, struct visitor *out)
{
    visitor_refresh(request->visitor, request->sources);
    *out = *request->visitor;
    if (out->judged)
        browser_hear(request, &out->judgement);
}

static int visitor_page(struct request *request)
{
    const enum medium medium =
        accept_medium(request_header(request, "Accept"), request_header(request, "User-Agent"));
    const enum language language = texts_language(request_header(request, "Accept-Language"));
    struct visitor visitor;
    struct buffer body = {0};
    char policy[PAGE_POLICY_MAX];
    const struct answer_header headers[] = {
        {"Vary", "Accept, Accept-Language, User-Agent"},
        {"Content-Language", texts_code(language)},
        {"Content-Security-Policy", page_policy(policy)},
    };

    hear_visitor(request, &visitor);
    if (medium == MEDIUM_TEXT)
        page_text(&visitor, language, &body);
    else
        page_html(&visitor, language, &body);
    return answer_send(request, STATUS_OK,
                       medium == MEDIUM_TEXT ? "text/plain; charset=utf-8"
                                             : "text/html; charset=utf-8",
                       &body, headers, sizeof headers / sizeof headers[0]);
}

static int visitor_judgement(struct request *request)
{
    struct visitor visitor;

    hear_visitor(request, &visitor);
    if (!visitor.judged)
        return answer_problem(request, STATUS_NOT_FOUND,
                              "expected the opening packet of this connection, found none: the "
                              "kernel kept none and no capture has seen it");
    return answer_judgement(request, &visitor.judgement);
}

static int healthy(struct request *request)
{
    return answer_line(request, "ok");
}

static int ready(struct request *request)
{
    const char *reason = "not ready";

    if (request->sources->ready == NULL ||
        request->sources->ready(&reason, request->sources->context))
        return answer_line(request, "ok");
    return answer_problem(request, STATUS_SERVICE_UNAVAILABLE, reason);
}

static int metrics(struct request *request)
{
    struct buffer body = {0};
    struct metric_page page = {.buffer = &body};

    if (request->sources->metrics != NULL)
        request->sources->metrics(metric_text, &page, request->sources->context);
    return answer_send(request, STATUS_OK, "text/plain; version=0.0.4; charset=utf-8", &body, NULL,
                       0);
}

static int description(struct request *request)
{
    struct buffer body = {0};

    buffer_put(&body, web_openapi_yaml);
    return answer_send(request, STATUS_OK, "application/yaml", &body, NULL, 0);
}

static int operator_front(struct request *request);

static const struct route routes[] = {
    {"GET", "/", "", FOR_VISITORS, visitor_page, "the page about the visitor's own connection"},
    {"GET", "/", "", FOR_OPERATORS | OPEN, operator_front,
     "the dashboard for a browser; for others this list"},
    {"GET", "/workshop", "", FOR_OPERATORS | OPEN, assets_workshop, "a page to write tales in"},
    {"GET", "/web/", "FILE", FOR_OPERATORS | OPEN, assets_file, "what the pages are made of"},
    {"GET", "/v1/me", "", FOR_VISITORS, visitor_judgement, "the same as JSON"},
    {"GET", "/v1/lookup", "?address=[&port=][&server_port=][&wait=MS]", FOR_OPERATORS,
     lookup_verdict,
     "the verdict for a connection, without a port for the newest of the address; waits for an "
     "opening packet that is on its way"},
    {"GET", "/v1/auth", "?address=&port=[&server_port=][&wait=MS]", FOR_OPERATORS, lookup_headers,
     "204 with X-Hoptell-* headers, for nginx auth_request and its like"},
    {"GET", "/v1/networks", "[?address=|?prefix=][&limit=][&after=]", FOR_OPERATORS, networks_list,
     "how the clients of networks arrive, the most seen first; with after, those behind a prefix "
     "in order"},
    {"GET", "/v1/subscribers", "[?limit=]", FOR_OPERATORS, subscribers_list,
     "the subscribers seen last"},
    {"GET", "/v1/subscribers/", "ADDRESS[?limit=]", FOR_OPERATORS, subscribers_show,
     "the baseline of one, and what it did last"},
    {"DELETE", "/v1/subscribers/", "ADDRESS", FOR_OPERATORS, subscribers_forget,
     "forget one: its baseline, its verdicts, and what is stored of it"},
    {"GET", "/v1/verdicts", "[?limit=]", FOR_OPERATORS, verdicts_list, "the newest verdicts"},
    {"GET", "/v1/shares", "", FOR_OPERATORS, verdicts_shares,
     "how many of each verdict, over the last hour and the last day"},
    {"GET", "/v1/tales", "", FOR_OPERATORS, tales_list, "the tales that run, and who walks them"},
    {"POST", "/v1/tales/check", "", FOR_OPERATORS, workshop_check,
     "is this tale good, what will traceroute print of it, and its zones"},
    {"POST", "/v1/labels", "", FOR_OPERATORS, labels_add,
     "tell the truth about an address: {\"address\": , [\"port\": ,] \"label\": "
     "\"direct\" or \"tethered\"}"},
    {"GET", "/v1/events", "", FOR_OPERATORS, events_stream, "server-sent events, one verdict each"},
    {"GET", "/metrics", "", FOR_OPERATORS, metrics, "counters for Prometheus"},
    {"GET", "/openapi.yaml", "", FOR_OPERATORS, description,
     "all of this by the book (OpenAPI 3.1)"},
    {"GET", "/healthz", "", FOR_VISITORS | FOR_OPERATORS, healthy, "is the program alive"},
    {"GET", "/readyz", "", FOR_OPERATORS, ready, "is all of it up"},
};

enum { ROUTE_COUNT = sizeof routes / sizeof routes[0], LABEL_BODY_MAX = 8192 };

/* Octets that a body may have, for each route that takes one. */
static const struct {
    int (*answer)(struct request *request);
    size_t max;
} bodies[] = {
    {labels_add, LABEL_BODY_MAX},
    {workshop_check, WORKSHOP_TEXT_MAX},
};

static int operator_index(struct request *request)
{
    struct buffer body = {0};

    buffer_put(&body, "hoptell " HOPTELL_VERSION "\n\n");
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (routes[i].audience & FOR_OPERATORS)
            buffer_format(&body, "%s %s%s\n    %s\n", routes[i].method, routes[i].path,
                          routes[i].query, routes[i].summary);
    return answer_send(request, STATUS_OK, "text/plain; charset=utf-8", &body, NULL, 0);
}

/* Whoever does not ask for HTML above all is a program, whatever it is called. */
static int operator_front(struct request *request)
{
    static const char program[] = "curl/";

    if (accept_medium(request_header(request, "Accept"), program) == MEDIUM_TEXT)
        return operator_index(request);
    return assets_dashboard(request);
}

static bool method_is(const char *given, const char *wanted)
{
    return strcmp(given, wanted) == 0 || (strcmp(given, "HEAD") == 0 && strcmp(wanted, "GET") == 0);
}

/* What follows the route's own part of the path; NULL when it is another path. */
static const char *rest_of_path(const struct route *route, const char *path)
{
    const size_t length = strlen(route->path);
    const bool takes_more = length > 1 && route->path[length - 1] == '/';

    if (strncmp(route->path, path, length) != 0 || (path[length] != '\0') != takes_more)
        return NULL;
    return path + length;
}

/* The route for a method and a path; NULL for none, with the methods that the path has in *out_allow. */
static const struct route *find_route(const struct request *request, const char *method,
                                      const char *path, struct buffer *out_allow)
{
    const unsigned audience = 1u << request->audience;

    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!(routes[i].audience & audience) || rest_of_path(&routes[i], path) == NULL)
            continue;
        if (method_is(method, routes[i].method))
            return &routes[i];
        buffer_format(out_allow, "%s%s%s", out_allow->length > 0 ? ", " : "", routes[i].method,
                      strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
    }
    return NULL;
}

struct route_terms route_terms(const struct request *request, const char *method, const char *path)
{
    struct route_terms terms = {0};
    struct buffer allow = {0};
    const struct route *route = find_route(request, method, path, &allow);

    buffer_deinit(&allow);
    if (route == NULL)
        return terms;
    terms.is_open = (route->audience & OPEN) != 0;
    terms.any_host = route->answer == lookup_headers;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        if (bodies[i].answer == route->answer)
            terms.body_max = bodies[i].max;
    return terms;
}

static int refuse_method(struct request *request, const char *methods)
{
    const struct answer_header allow = {"Allow", methods};
    char detail[96];

    snprintf(detail, sizeof detail, "expected one of the methods %s for this path", methods);
    return answer_problem_with(request, STATUS_METHOD_NOT_ALLOWED, detail, &allow, 1);
}

int route_answer(struct request *request, const char *method, const char *path)
{
    struct buffer allow = {0};
    const struct route *route = find_route(request, method, path, &allow);
    int result;

    if (route != NULL) {
        request->rest = rest_of_path(route, path);
        result = route->answer(request);
    } else if (allow.length > 0) {
        result = refuse_method(request, allow.text);
    } else {
        result = answer_problem(request, STATUS_NOT_FOUND, "there is nothing under this path");
    }
    buffer_deinit(&allow);
    return result;
}
