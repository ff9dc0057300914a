/*
 * What strangers cannot make the listeners do. The server's own source is included, so that its
 * time limits need not be waited for.
 */
#include "unit.h"

#include "serve/serve.c"

#include "site.h"

#include <arpa/inet.h>

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

/* There is a 408 to read, as a problem, and then the end. */
static void assert_told_to_hurry(int fd)
{
    char text[2048] = "";
    size_t length = 0;
    ssize_t got;

    while ((got = recv(fd, text + length, sizeof text - 1 - length, 0)) > 0)
        length += (size_t)got;
    assert_int_equal(got, 0);
    assert_memory_equal(text, "HTTP/1.1 408 Request Timeout\r\n", 30);
    assert_non_null(strstr(text, "Content-Type: application/problem+json\r\n"));
    assert_non_null(strstr(text, "Connection: close\r\n"));
    close(fd);
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
    assert_true(uv_hrtime() - begun < 12000 * MILLISECOND_NS); /* not by the idle limit */
    assert_told_to_hurry(fd);
    assert_int_equal(serve_counts(site->visitors).refused[SERVE_REFUSED_SLOW], 1);
}

/* Turns the loop until the operators' only connection, on which nothing happens, is closed. */
static void let_time_go(struct site *site)
{
    while (serve_counts(site->operators).open > 0) {
        site->operators->connection[0]->active_ms = uv_now(&site->loop) - CONNECTION_IDLE_MS - 1;
        uv_run(&site->loop, UV_RUN_ONCE);
    }
}

static void who_stops_in_the_middle_is_told_so(void **state)
{
    static const char *const halves[] = {
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Half: ",
        "POST /v1/labels HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    };
    struct site *site = *state;

    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        const int fd = connect_from(1, site->operators);
        const long length = (long)strlen(halves[i]);

        assert_int_equal(write(fd, halves[i], (size_t)length), length);
        while (serve_counts(site->operators).open == 0 ||
               site->operators->connection[0]->received == 0)
            uv_run(&site->loop, UV_RUN_ONCE);
        let_time_go(site);
        assert_told_to_hurry(fd);
    }
}

static void a_connection_without_a_request_is_closed_without_a_word(void **state)
{
    struct site *site = *state;
    const int fd = connect_from(1, site->operators);
    char octet;

    while (serve_counts(site->operators).open == 0)
        uv_run(&site->loop, UV_RUN_ONCE);
    let_time_go(site);
    assert_int_equal(recv(fd, &octet, 1, 0), 0);
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

static void fetch_head_of(struct site *site, struct fetch *fetch, size_t octets)
{
    static char line[64 * 1024];

    snprintf(line, sizeof line, "X-Long: ");
    memset(line + 8, 'a', octets);
    line[8 + octets] = '\0';
    fetch_header(fetch, line);
    fetch_start(site, fetch, "127.0.0.1", site->visitors, "GET", "/healthz");
    fetch_finish(site, fetch);
}

static void a_head_that_is_too_long_is_a_problem(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();

    fetch_head_of(site, fetch, MESSAGE_HEAD_MAX);
    assert_int_equal(fetch->status, 431);
    assert_string_equal(fetch->type, "application/problem+json");
    assert_int_equal(serve_counts(site->visitors).refused[SERVE_REFUSED_HEAD], 1);
    curl_slist_free_all(fetch->headers);
    fetch->headers = NULL;
    fetch_head_of(site, fetch, MESSAGE_HEAD_MAX - 512);
    assert_int_equal(fetch->status, 200);
    fetch_free(fetch);
}

static void who_asks_too_often_is_told_and_others_are_served(void **state)
{
    struct site *site = *state;
    struct fetch *fetch = fetch_new();
    const struct address loopback = address_v4((const uint8_t[]){127, 0, 0, 1});
    const uint64_t now = uv_hrtime();

    while (limiter_take(site->visitors->limiter, &loopback, now + 1000 * MILLISECOND_NS) ==
           LIMIT_ALLOWED)
        continue;
    fetch_run(site, fetch, "127.0.0.1", site->visitors, "/healthz");
    assert_int_equal(fetch->status, 429);
    assert_string_equal(fetch->type, "application/problem+json");
    assert_non_null(strstr(fetch->header, "Retry-After: 1\r\n"));
    assert_int_equal(serve_counts(site->visitors).refused[SERVE_REFUSED_RATE], 1);
    fetch_run(site, fetch, "[::1]", site->visitors, "/healthz");
    assert_int_equal(fetch->status, 200);
    fetch_run(site, fetch, "127.0.0.1", site->operators, "/healthz");
    assert_int_equal(fetch->status, 200);
    fetch_free(fetch);
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
        error, "expected a loopback address (127.0.0.1 or [::1]) for operators, or a token, "
               "found [::]:8081");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(closing_ends_requests_that_wait, site_open, site_close),
        cmocka_unit_test_setup_teardown(a_client_that_leaves_while_it_waits_leaves_nothing_behind,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(one_visitor_holds_but_so_many_connections, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(programs_of_this_machine_are_not_held_to_that, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_request_that_never_ends_is_ended, site_open, site_close),
        cmocka_unit_test_setup_teardown(who_stops_in_the_middle_is_told_so, site_open, site_close),
        cmocka_unit_test_setup_teardown(a_connection_without_a_request_is_closed_without_a_word,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(headers_without_end_are_refused_and_others_are_served,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(a_head_that_is_too_long_is_a_problem, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(who_asks_too_often_is_told_and_others_are_served, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_body_that_nobody_asked_for_is_not_taken, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_port_in_use_is_said_in_a_sentence, site_open, site_close),
        cmocka_unit_test_setup_teardown(operators_are_served_on_loopback_alone, site_open,
                                        site_close),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
