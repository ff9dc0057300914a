/* What the listeners answer, on real connections. */
#include "unit.h"

#include "site.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <sys/socket.h>
#include <unistd.h>

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
         "GET /v1/lookup?address=[&port=][&server_port=][&wait=MS]\n"},
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
        {SERVE_VISITORS, "DELETE", "/", 405, "application/problem+json",
         "methods GET, HEAD for this path"},
        {SERVE_OPERATORS, "GET", "/v1/lookup", 400, "application/problem+json",
         "expected an IPv4 or IPv6 address, or teid:IDENTIFIER@ENDPOINT of a GTP-U tunnel, as "
         "address, found none"},
        {SERVE_OPERATORS, "GET", "/v1/lookup?address=203.0.113.7&port=x", 400,
         "application/problem+json", "expected a port from 1 to 65535 as port, found 'x'"},
        {SERVE_OPERATORS, "GET", "/v1/lookup?address=203.0.113.7&port=1&wait=-1", 400,
         "application/problem+json", "found '-1'"},
        {SERVE_OPERATORS, "GET", "/v1/lookup?address=203.0.113.7&port=1", 404,
         "application/problem+json", "expected an opening packet from this address and port"},
        {SERVE_OPERATORS, "GET", "/v1/lookup?address=203.0.113.7", 404, "application/problem+json",
         "expected a connection from this address among the newest, found none"},
        {SERVE_OPERATORS, "GET", "/v1/auth?address=203.0.113.7", 400, "application/problem+json",
         "expected a port from 1 to 65535 as port, found none"},
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
    journal_add(site->journal, out);
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

static void a_lookup_without_a_port_finds_the_newest_of_the_address(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();
    struct judgement judgement;
    json_t *found;

    observe_stranger(site, &judgement);
    fetch_run(site, fetch, "127.0.0.1", site->operators, "/v1/lookup?address=203.0.113.7");
    assert_int_equal(fetch->status, 200);
    found = json_of(fetch);
    assert_int_equal(number_of(found, "port"), 40001);
    json_decref(found);
    fetch_free(fetch);
}

static void auth_takes_the_client_from_headers_as_well(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();
    struct judgement judgement;
    static const char *const paths[] = {"/v1/auth", "/v1/auth?wait=1000"};

    observe_stranger(site, &judgement);
    fetch_header(fetch, "X-Real-IP: 203.0.113.7");
    fetch_header(fetch, "X-Real-Port: 40001");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        fetch_run(site, fetch, "127.0.0.1", site->operators, paths[i]);
        assert_int_equal(fetch->status, 204);
        assert_non_null(strstr(fetch->header, "X-Hoptell-Initial: 64\r\n"));
    }
    fetch_run(site, fetch, "127.0.0.1", site->operators, "/v1/auth?port=40001");
    assert_int_equal(fetch->status, 400); /* half of a connection here, half there */
    fetch_run(site, fetch, "127.0.0.1", site->operators, "/v1/auth?server_port=443");
    assert_int_equal(fetch->status, 400);
    fetch_free(fetch);
}

/* The port of a NAT may be lent to two clients that go to different ports. */
static void a_connection_to_another_server_port_is_another_clients(void **state)
{
    static const struct {
        const char *target;
        int status;
    } rows[] = {
        {"/v1/lookup?address=203.0.113.7&port=40001&server_port=443", 200},
        {"/v1/lookup?address=203.0.113.7&port=40001&server_port=80", 404},
        {"/v1/lookup?address=203.0.113.7&server_port=443", 200},
        {"/v1/lookup?address=203.0.113.7&server_port=80", 404},
        {"/v1/lookup?address=203.0.113.7&port=40001&server_port=80&wait=50", 404},
    };
    struct site *site = *state;
    struct judgement judgement;

    observe_stranger(site, &judgement);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch = fetch_new();

        fetch_run(site, fetch, "127.0.0.1", site->operators, rows[i].target);
        assert_int_equal(fetch->status, rows[i].status);
        fetch_free(fetch);
    }
}

static void auth_takes_the_server_port_from_a_header_too(void **state)
{
    static const struct {
        const char *header;
        int status;
        const char *verdict; /* or NULL */
    } rows[] = {
        {"X-Server-Port: 443", 204, "X-Hoptell-Hops: 13\r\n"},
        {"X-Server-Port: 80", 204, "X-Hoptell-Verdict: unknown\r\n"},
        {"X-Server-Port: https", 400, NULL},
    };
    struct site *site = *state;
    struct judgement judgement;

    observe_stranger(site, &judgement);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch = fetch_new();

        fetch_header(fetch, "X-Real-IP: 203.0.113.7");
        fetch_header(fetch, "X-Real-Port: 40001");
        fetch_header(fetch, rows[i].header);
        fetch_run(site, fetch, "127.0.0.1", site->operators, "/v1/auth");
        assert_int_equal(fetch->status, rows[i].status);
        if (rows[i].verdict != NULL)
            assert_non_null(strstr(fetch->header, rows[i].verdict));
        assert_true((strstr(fetch->header, "X-Hoptell-Hops") != NULL) == (i == 0));
        fetch_free(fetch);
    }
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
    fetch_finish(site, fetch); /* and does not wait to the end */
    assert_true(uv_hrtime() - begun < 9000 * MILLISECOND_NS);
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
    assert_true(uv_hrtime() - begun >= 40 * MILLISECOND_NS); /* the loop has a clock of its own */
    assert_true(uv_hrtime() - begun < 9000 * MILLISECOND_NS);
    fetch_free(fetch);
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
        cmocka_unit_test_setup_teardown(a_lookup_without_a_port_finds_the_newest_of_the_address,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(auth_takes_the_client_from_headers_as_well, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_connection_to_another_server_port_is_another_clients,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(auth_takes_the_server_port_from_a_header_too, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_lookup_waits_for_a_packet_that_is_on_its_way, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_wait_ends_with_the_answer_no, site_open, site_close),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
