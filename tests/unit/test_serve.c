/*
 * The listeners with real requests over loopback: libcurl in libuv's threads, the server in its
 * loop. The server's own source is included, so that its time limits need not be waited for.
 */
#include "unit.h"

#include "serve/serve.c"

#include "base/units.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t MILLISECOND_NS = 1000000;

struct site {
    uv_loop_t loop;
    struct watch *watch;
    struct serve *visitors;
    struct serve *operators;
    unsigned observed; /* opening packets that came from our own sockets */
    bool ready;
};

static void site_observed(const struct observation *observation, struct judgement *out,
                          void *context)
{
    struct site *site = context;

    site->observed++;
    watch_observe(site->watch, observation, out);
    serve_judged(site->operators, out);
}

static void site_metrics(metric_put *put, void *to, void *context)
{
    struct site *site = context;
    struct serve *const listeners[] = {site->visitors, site->operators};

    serve_metrics(listeners, 2, put, to);
}

static bool site_ready(const char **out_reason, void *context)
{
    struct site *site = context;

    *out_reason = "expected the store to be open, found it opening";
    return site->ready;
}

static struct serve *site_listen(struct site *site, const char *text, enum serve_audience audience)
{
    const struct serve_sources sources = {
        .watch = site->watch,
        .observed = site_observed,
        .metrics = site_metrics,
        .ready = site_ready,
        .context = site,
    };
    struct address address;
    struct serve *serve = NULL;
    char error[256] = "";

    assert_true(units_parse_address(text, &address));
    if (serve_open(&site->loop, &address, 0, audience, &sources, &serve, error, sizeof error) < 0)
        fail_msg("%s", error);
    return serve;
}

static int site_open(void **state)
{
    struct site *site = calloc(1, sizeof *site);
    struct watch_settings settings = watch_settings_default();

    settings.networks = settings.subscribers = settings.connections = 1024;
    assert_int_equal(watch_new(&settings, &site->watch), 0);
    assert_int_equal(uv_loop_init(&site->loop), 0);
    site->ready = true;
    site->visitors = site_listen(site, "::", SERVE_VISITORS);
    site->operators = site_listen(site, "127.0.0.1", SERVE_OPERATORS);
    *state = site;
    return 0;
}

static int site_close(void **state)
{
    struct site *site = *state;

    serve_close(site->visitors);
    serve_close(site->operators);
    uv_run(&site->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&site->loop), 0);
    watch_free(site->watch);
    free(site);
    return 0;
}

/* A request while it is under way, and what came back. */
struct fetch {
    uv_work_t work;
    CURL *curl;
    struct curl_slist *headers;
    bool done;
    CURLcode result;
    long status;
    char type[64];
    char header[4096]; /* all of them */
    char body[65536];
    size_t header_length;
    size_t body_length;
};

static size_t append(char *to, size_t capacity, size_t *length, const char *from, size_t more)
{
    if (*length + more >= capacity)
        return 0;
    memcpy(to + *length, from, more);
    *length += more;
    to[*length] = '\0';
    return more;
}

static size_t on_body(char *data, size_t size, size_t count, void *to)
{
    struct fetch *fetch = to;

    return append(fetch->body, sizeof fetch->body, &fetch->body_length, data, size * count);
}

static size_t on_header(char *data, size_t size, size_t count, void *to)
{
    struct fetch *fetch = to;

    return append(fetch->header, sizeof fetch->header, &fetch->header_length, data, size * count);
}

static void fetch_work(uv_work_t *work)
{
    struct fetch *fetch = work->data;
    const char *type = NULL;

    fetch->result = curl_easy_perform(fetch->curl);
    curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &fetch->status);
    curl_easy_getinfo(fetch->curl, CURLINFO_CONTENT_TYPE, &type);
    snprintf(fetch->type, sizeof fetch->type, "%s", type != NULL ? type : "");
}

static void fetch_done(uv_work_t *work, int status)
{
    struct fetch *fetch = work->data;

    (void)status;
    fetch->done = true;
}

static struct fetch *fetch_new(void)
{
    struct fetch *fetch = calloc(1, sizeof *fetch);

    assert_non_null(fetch);
    fetch->curl = curl_easy_init();
    assert_non_null(fetch->curl);
    return fetch;
}

static void fetch_free(struct fetch *fetch)
{
    curl_slist_free_all(fetch->headers);
    curl_easy_cleanup(fetch->curl);
    free(fetch);
}

static void fetch_header(struct fetch *fetch, const char *line)
{
    fetch->headers = curl_slist_append(fetch->headers, line);
}

/* Sets off a request; http://HOST:PORT is put before `path`. */
static void fetch_start(struct site *site, struct fetch *fetch, const char *host,
                        const struct serve *serve, const char *method, const char *path)
{
    char url[512];

    snprintf(url, sizeof url, "http://%s:%u%s", host, serve_port(serve), path);
    curl_easy_setopt(fetch->curl, CURLOPT_URL, url);
    curl_easy_setopt(fetch->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(fetch->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(fetch->curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(fetch->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(fetch->curl, CURLOPT_NOBODY, strcmp(method, "HEAD") == 0 ? 1L : 0L);
    curl_easy_setopt(fetch->curl, CURLOPT_HTTPHEADER, fetch->headers);
    curl_easy_setopt(fetch->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(fetch->curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(fetch->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(fetch->curl, CURLOPT_HEADERDATA, fetch);
    fetch->work.data = fetch;
    fetch->done = false;
    fetch->body_length = fetch->header_length = 0;
    assert_int_equal(uv_queue_work(&site->loop, &fetch->work, fetch_work, fetch_done), 0);
}

static void fetch_finish(struct site *site, struct fetch *fetch)
{
    while (!fetch->done)
        uv_run(&site->loop, UV_RUN_ONCE);
}

static void fetch_run(struct site *site, struct fetch *fetch, const char *host,
                      const struct serve *serve, const char *path)
{
    fetch_start(site, fetch, host, serve, "GET", path);
    fetch_finish(site, fetch);
    assert_int_equal(fetch->result, CURLE_OK);
}

/* Turns the loop until `count` requests wait on the operators' listener. */
static void wait_for_waiting(struct site *site, uint64_t count)
{
    while (serve_counts(site->operators).waiting < count)
        uv_run(&site->loop, UV_RUN_ONCE);
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *string_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static json_t *json_of(const struct fetch *fetch)
{
    json_t *object = json_loads(fetch->body, 0, NULL);

    assert_non_null(object);
    return object;
}

static bool machine_has(int family, const char *loopback)
{
    struct sockaddr_storage to = {.ss_family = (sa_family_t)family};
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has;

    if (family == AF_INET6)
        inet_pton(family, loopback, &((struct sockaddr_in6 *)&to)->sin6_addr);
    else
        inet_pton(family, loopback, &((struct sockaddr_in *)&to)->sin_addr);
    has = fd >= 0 &&
          bind(fd, (struct sockaddr *)&to,
               family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static void a_visitor_is_told_the_hop_limit_of_the_own_opening_packet(void **state)
{
    static const struct {
        int family;
        const char *host;
        const char *address;
    } rows[] = {{AF_INET, "127.0.0.1", "127.0.0.1"}, {AF_INET6, "[::1]", "::1"}};
    struct site *site = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch;
        json_t *me;

        if (!machine_has(rows[i].family, rows[i].address)) {
            print_message("expected %s on this machine, found none: not tried\n", rows[i].address);
            continue;
        }
        fetch = fetch_new();
        fetch_run(site, fetch, rows[i].host, site->visitors, "/v1/me");
        assert_int_equal(fetch->status, 200);
        assert_string_equal(fetch->type, "application/json");
        me = json_of(fetch);
        assert_string_equal(string_of(me, "address"), rows[i].address);
        assert_int_equal(number_of(me, "hop_limit"), 64);
        assert_int_equal(number_of(me, "initial"), 64);
        assert_int_equal(number_of(me, "hops"), 0);
        assert_string_equal(string_of(me, "verdict"), "unknown");
        assert_int_equal(number_of(json_object_get(me, "server"), "port"),
                         serve_port(site->visitors));
        json_decref(me);
        fetch_free(fetch);
    }
}

static void a_connection_is_judged_once_however_many_requests_it_carries(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();

    fetch_run(site, fetch, "127.0.0.1", site->visitors, "/v1/me");
    fetch_run(site, fetch, "127.0.0.1", site->visitors, "/v1/me");
    assert_int_equal(fetch->status, 200);
    fetch_run(site, fetch, "127.0.0.1", site->visitors, "/");
    assert_int_equal(fetch->status, 200);
    assert_int_equal(site->observed, 1);
    assert_int_equal(serve_counts(site->visitors).connections, 1);
    fetch_free(fetch);
}

static void operators_connections_are_not_observed(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();

    fetch_run(site, fetch, "127.0.0.1", site->operators, "/healthz");
    assert_int_equal(fetch->status, 200);
    assert_int_equal(site->observed, 0);
    fetch_free(fetch);
}

static void the_page_comes_as_the_visitor_would_like_to_read_it(void **state)
{
    static const struct {
        const char *accept;
        const char *language;
        const char *agent;
        const char *type;
        const char *needle;
    } rows[] = {
        {"Accept: text/html", "Accept-Language: en", "User-Agent: Mozilla/5.0",
         "text/html; charset=utf-8", "<html lang=\"en\">"},
        {"Accept: text/html", "Accept-Language: de-DE,en;q=0.5", "User-Agent: Mozilla/5.0",
         "text/html; charset=utf-8", "<h1>Noch unbekannt"},
        {"Accept: */*", "Accept-Language: en", "User-Agent: curl/7.88.1",
         "text/plain; charset=utf-8", "64 hop limit on arrival\n"},
        {"Accept: text/plain", "Accept-Language: de", "User-Agent: Mozilla/5.0",
         "text/plain; charset=utf-8", "64 Hop-Limit bei Ankunft\n"},
    };
    struct site *site = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch = fetch_new();

        fetch_header(fetch, rows[i].accept);
        fetch_header(fetch, rows[i].language);
        fetch_header(fetch, rows[i].agent);
        fetch_run(site, fetch, "127.0.0.1", site->visitors, "/");
        assert_int_equal(fetch->status, 200);
        assert_string_equal(fetch->type, rows[i].type);
        assert_non_null(strstr(fetch->body, rows[i].needle));
        assert_non_null(strstr(fetch->header, "Content-Security-Policy: default-src 'none'"));
        assert_null(strstr(fetch->body, "{{"));
        fetch_free(fetch);
    }
}

static void every_path_answers_its_own_audience_alone(void **state)
{
    static const struct {
        enum serve_audience audience;
        const char *method;
        const char *path;
        long status;
        const char *type;
        const char *needle;
    } rows[] = {
        {SERVE_VISITORS, "GET", "/healthz", 200, "text/plain; charset=utf-8", "ok"},
        {SERVE_OPERATORS, "GET", "/healthz", 200, "text/plain; charset=utf-8", "ok"},
        {SERVE_OPERATORS, "GET", "/readyz", 200, "text/plain; charset=utf-8", "ok"},
        {SERVE_OPERATORS, "GET", "/", 200, "text/plain; charset=utf-8",
         "GET /v1/lookup?address=&port=[&wait=MS]\n"},
        {SERVE_OPERATORS, "GET", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8",
         "# TYPE hoptell_http_answers_total counter\n"},
        {SERVE_OPERATORS, "HEAD", "/healthz", 200, "text/plain; charset=utf-8", ""},
        {SERVE_VISITORS, "GET", "/readyz", 404, "application/problem+json", "\"status\": 404"},
        {SERVE_VISITORS, "GET", "/metrics", 404, "application/problem+json", ""},
        {SERVE_VISITORS, "GET", "/v1/lookup?address=::1&port=1", 404, "application/problem+json",
         "nothing under this path"},
        {SERVE_OPERATORS, "GET", "/v1/me", 404, "application/problem+json",
         "\"title\": \"Not Found\""},
        {SERVE_VISITORS, "GET", "/v1/me/", 404, "application/problem+json", ""},
        {SERVE_VISITORS, "POST", "/v1/me", 405, "application/problem+json", "\"status\": 405"},
        {SERVE_VISITORS, "DELETE", "/", 405, "application/problem+json", "GET and HEAD alone"},
        {SERVE_OPERATORS, "GET", "/v1/lookup", 400, "application/problem+json",
         "expected an IPv4 or IPv6 address as address, found none"},
        {SERVE_OPERATORS, "GET", "/v1/lookup?address=203.0.113.7&port=x", 400,
         "application/problem+json", "expected a port from 1 to 65535 as port, found 'x'"},
        {SERVE_OPERATORS, "GET", "/v1/lookup?address=203.0.113.7&port=1&wait=-1", 400,
         "application/problem+json", "found '-1'"},
        {SERVE_OPERATORS, "GET", "/v1/lookup?address=203.0.113.7&port=1", 404,
         "application/problem+json", "expected an opening packet from this address and port"},
        {SERVE_OPERATORS, "GET", "/v1/auth?address=203.0.113.7&port=1", 204, "", ""},
        {SERVE_OPERATORS, "GET", "/v1/auth", 400, "application/problem+json", "found ''"},
    };
    struct site *site = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch = fetch_new();

        fetch_start(site, fetch, "127.0.0.1",
                    rows[i].audience == SERVE_VISITORS ? site->visitors : site->operators,
                    rows[i].method, rows[i].path);
        fetch_finish(site, fetch);
        assert_int_equal(fetch->result, CURLE_OK);
        assert_int_equal(fetch->status, rows[i].status);
        assert_string_equal(fetch->type, rows[i].type);
        assert_non_null(strstr(fetch->body, rows[i].needle));
        assert_non_null(strstr(fetch->header, "X-Content-Type-Options: nosniff"));
        if (rows[i].status == 405)
            assert_non_null(strstr(fetch->header, "Allow: GET, HEAD"));
        fetch_free(fetch);
    }
}

static void not_ready_is_said_with_its_reason(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();

    site->ready = false;
    fetch_run(site, fetch, "127.0.0.1", site->operators, "/readyz");
    assert_int_equal(fetch->status, 503);
    assert_non_null(strstr(fetch->body, "expected the store to be open, found it opening"));
    fetch_free(fetch);
}

/* An opening packet from 203.0.113.7 port 40001, as capture would give it. */
static void observe_stranger(struct site *site, struct judgement *out)
{
    struct observation seen = {
        .time_ns = 1700000000000000000u,
        .version = 4,
        .hop_limit = 51,
        .tcp_bits = TCP_SYN,
        .client_port = 40001,
        .server_port = 443,
    };

    assert_true(units_parse_address("203.0.113.7", &seen.client));
    assert_true(units_parse_address("198.51.100.1", &seen.server));
    watch_observe(site->watch, &seen, out);
}

static void a_lookup_finds_what_was_observed(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();
    struct judgement judgement;
    json_t *found;

    observe_stranger(site, &judgement);
    fetch_run(site, fetch, "127.0.0.1", site->operators,
              "/v1/lookup?address=203.0.113.7&port=40001");
    assert_int_equal(fetch->status, 200);
    found = json_of(fetch);
    assert_int_equal(number_of(found, "hop_limit"), 51);
    assert_int_equal(number_of(found, "hops"), 13);
    json_decref(found);
    fetch_run(site, fetch, "127.0.0.1", site->operators, "/v1/auth?address=203.0.113.7&port=40001");
    assert_int_equal(fetch->status, 204);
    assert_non_null(strstr(fetch->header, "X-Hoptell-Hop-Limit: 51\r\n"));
    assert_non_null(strstr(fetch->header, "X-Hoptell-Hops: 13\r\n"));
    assert_non_null(strstr(fetch->header, "X-Hoptell-Verdict: unknown\r\n"));
    fetch_free(fetch);
}

static void auth_takes_the_client_from_headers_as_well(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();
    struct judgement judgement;

    observe_stranger(site, &judgement);
    fetch_header(fetch, "X-Real-IP: 203.0.113.7");
    fetch_header(fetch, "X-Real-Port: 40001");
    fetch_run(site, fetch, "127.0.0.1", site->operators, "/v1/auth");
    assert_int_equal(fetch->status, 204);
    assert_non_null(strstr(fetch->header, "X-Hoptell-Initial: 64\r\n"));
    fetch_free(fetch);
}

static void a_lookup_waits_for_a_packet_that_is_on_its_way(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();
    struct judgement judgement;
    uint64_t begun;

    fetch_start(site, fetch, "127.0.0.1", site->operators, "GET",
                "/v1/lookup?address=203.0.113.7&port=40001&wait=10000");
    wait_for_waiting(site, 1);
    assert_false(fetch->done);
    observe_stranger(site, &judgement);
    serve_judged(site->operators, &judgement);
    begun = uv_hrtime();
    fetch_finish(site, fetch);
    assert_true(uv_hrtime() - begun < 5000 * MILLISECOND_NS);
    assert_int_equal(fetch->result, CURLE_OK);
    assert_int_equal(fetch->status, 200);
    assert_non_null(strstr(fetch->body, "203.0.113.7"));
    assert_int_equal(serve_counts(site->operators).waiting, 0);
    fetch_free(fetch);
}

static void a_wait_ends_with_the_answer_no(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();
    const uint64_t begun = uv_hrtime();

    fetch_run(site, fetch, "127.0.0.1", site->operators,
              "/v1/lookup?address=203.0.113.7&port=40001&wait=50");
    assert_int_equal(fetch->status, 404);
    assert_true(uv_hrtime() - begun >= 50 * MILLISECOND_NS);
    assert_true(uv_hrtime() - begun < 5000 * MILLISECOND_NS);
    fetch_free(fetch);
}

static void closing_ends_requests_that_wait(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();
    struct serve *operators = site->operators;

    fetch_start(site, fetch, "127.0.0.1", operators, "GET",
                "/v1/lookup?address=203.0.113.7&port=40001&wait=10000");
    wait_for_waiting(site, 1);
    serve_close(operators);
    site->operators = NULL;
    fetch_finish(site, fetch);
    assert_int_not_equal(fetch->result, CURLE_OK);
    fetch_free(fetch);
}

/* A connection of its own to a listener, from 127.0.0.`from`. */
static int connect_from(uint8_t from, const struct serve *serve)
{
    const struct sockaddr_in own = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + from),
    };
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(serve_port(serve)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void a_client_that_leaves_while_it_waits_leaves_nothing_behind(void **state)
{
    static const char request[] =
        "GET /v1/lookup?address=203.0.113.7&port=40001&wait=100 HTTP/1.1\r\nHost: x\r\n\r\n";
    struct site *site = *state;
    const int fd = connect_from(1, site->operators);

    assert_int_equal(write(fd, request, sizeof request - 1), (long)sizeof request - 1);
    wait_for_waiting(site, 1);
    close(fd);
    while (serve_counts(site->operators).open > 0)
        uv_run(&site->loop, UV_RUN_ONCE);
    assert_int_equal(serve_counts(site->operators).waiting, 0);
}

static bool is_closed(int fd)
{
    char octet;
    const ssize_t got = recv(fd, &octet, 1, MSG_DONTWAIT);

    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

static void one_visitor_holds_but_so_many_connections(void **state)
{
    enum { TRIED = CROWD_OF_ONE_MAX + 16 };
    struct site *site = *state;
    unsigned closed = 0;
    int other;
    int fd[TRIED];

    for (unsigned i = 0; i < TRIED; i++) {
        fd[i] = connect_from(1, site->visitors);
        for (unsigned turn = 0; turn < 3; turn++)
            uv_run(&site->loop, UV_RUN_NOWAIT);
    }
    other = connect_from(2, site->visitors);
    while (serve_counts(site->visitors).connections <= CROWD_OF_ONE_MAX)
        uv_run(&site->loop, UV_RUN_ONCE);
    assert_false(is_closed(other));
    close(other);
    for (unsigned i = 0; i < TRIED; i++) {
        closed += is_closed(fd[i]);
        close(fd[i]);
    }
    assert_int_equal(closed, TRIED - CROWD_OF_ONE_MAX);
    while (serve_counts(site->visitors).open > 0)
        uv_run(&site->loop, UV_RUN_ONCE);
    for (unsigned i = 0; i < CROWD_MAX; i++)
        assert_false(site->visitors->crowd.guest[i].here);
}

static void programs_of_this_machine_are_not_held_to_that(void **state)
{
    enum { TRIED = CROWD_OF_ONE_MAX + 16 };
    struct site *site = *state;
    int fd[TRIED];

    for (unsigned i = 0; i < TRIED; i++)
        fd[i] = connect_from(1, site->operators);
    while (serve_counts(site->operators).open < TRIED)
        uv_run(&site->loop, UV_RUN_ONCE);
    for (unsigned i = 0; i < TRIED; i++)
        close(fd[i]);
}

static void a_request_that_never_ends_is_ended(void **state)
{
    struct site *site = *state;
    struct crowd *crowd = &site->visitors->crowd;
    const int fd = connect_from(1, site->visitors);
    uint64_t begun;

    assert_int_equal(write(fd, "GET / HTTP", 10), 10);
    while (serve_counts(site->visitors).open == 0)
        uv_run(&site->loop, UV_RUN_ONCE);
    for (unsigned i = 0; i < CROWD_MAX; i++)
        if (crowd->guest[i].here)
            crowd->guest[i].since_ms -= CROWD_REQUEST_MAX_MS + 1;
    crowd->looked_ms = 0;
    begun = uv_hrtime();
    assert_int_equal(write(fd, "/", 1), 1);
    while (serve_counts(site->visitors).open > 0)
        uv_run(&site->loop, UV_RUN_ONCE);
    assert_true(uv_hrtime() - begun < 5000 * MILLISECOND_NS); /* not by the idle limit */
    assert_true(is_closed(fd));
    close(fd);
}

static void headers_without_end_are_refused_and_others_are_served(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();
    struct fetch *after = fetch_new();
    char line[32 * 1024] = "X-Long: ";

    memset(line + 8, 'a', sizeof line - 9);
    line[sizeof line - 1] = '\0';
    fetch_header(fetch, line);
    fetch_start(site, fetch, "127.0.0.1", site->visitors, "GET", "/");
    fetch_finish(site, fetch);
    assert_true(fetch->result != CURLE_OK || fetch->status >= 400);
    fetch_run(site, after, "127.0.0.1", site->visitors, "/healthz");
    assert_int_equal(after->status, 200);
    fetch_free(fetch);
    fetch_free(after);
}

static void a_body_that_nobody_asked_for_is_not_taken(void **state)
{
    static char body[256 * 1024];
    struct site *site = *state;
    struct fetch *fetch = fetch_new();

    memset(body, 'a', sizeof body - 1);
    curl_easy_setopt(fetch->curl, CURLOPT_POSTFIELDS, body);
    fetch_start(site, fetch, "127.0.0.1", site->visitors, "GET", "/v1/me");
    fetch_finish(site, fetch);
    assert_int_not_equal(fetch->status, 200);
    fetch_free(fetch);
}

static void a_port_in_use_is_said_in_a_sentence(void **state)
{
    struct site *site = *state;
    const struct serve_sources sources = {.watch = site->watch};
    struct serve *serve = NULL;
    struct address address;
    char error[256];
    char expected[256];

    assert_true(units_parse_address("127.0.0.1", &address));
    assert_int_equal(serve_open(&site->loop, &address, serve_port(site->operators), SERVE_OPERATORS,
                                &sources, &serve, error, sizeof error),
                     -EADDRINUSE);
    snprintf(expected, sizeof expected,
             "expected 127.0.0.1:%u to be free, found it in use by another program",
             serve_port(site->operators));
    assert_string_equal(error, expected);
    assert_null(serve);
}

static void operators_are_served_on_loopback_alone(void **state)
{
    struct site *site = *state;
    const struct serve_sources sources = {.watch = site->watch};
    struct serve *serve = NULL;
    struct address address;
    char error[256];

    assert_true(units_parse_address("::", &address));
    assert_int_equal(serve_open(&site->loop, &address, 8081, SERVE_OPERATORS, &sources, &serve,
                                error, sizeof error),
                     -EACCES);
    assert_string_equal(
        error, "expected a loopback address (127.0.0.1 or [::1]) for operators, found [::]:8081");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_visitor_is_told_the_hop_limit_of_the_own_opening_packet,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(
            a_connection_is_judged_once_however_many_requests_it_carries, site_open, site_close),
        cmocka_unit_test_setup_teardown(operators_connections_are_not_observed, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(the_page_comes_as_the_visitor_would_like_to_read_it,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(every_path_answers_its_own_audience_alone, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(not_ready_is_said_with_its_reason, site_open, site_close),
        cmocka_unit_test_setup_teardown(a_lookup_finds_what_was_observed, site_open, site_close),
        cmocka_unit_test_setup_teardown(auth_takes_the_client_from_headers_as_well, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_lookup_waits_for_a_packet_that_is_on_its_way, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_wait_ends_with_the_answer_no, site_open, site_close),
        cmocka_unit_test_setup_teardown(closing_ends_requests_that_wait, site_open, site_close),
        cmocka_unit_test_setup_teardown(a_client_that_leaves_while_it_waits_leaves_nothing_behind,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(one_visitor_holds_but_so_many_connections, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(programs_of_this_machine_are_not_held_to_that, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_request_that_never_ends_is_ended, site_open, site_close),
        cmocka_unit_test_setup_teardown(headers_without_end_are_refused_and_others_are_served,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(a_body_that_nobody_asked_for_is_not_taken, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_port_in_use_is_said_in_a_sentence, site_open, site_close),
        cmocka_unit_test_setup_teardown(operators_are_served_on_loopback_alone, site_open,
                                        site_close),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
