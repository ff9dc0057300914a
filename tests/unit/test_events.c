/*
 * Server-sent events on real connections. The server's own source is included, so that its times
 * need not be waited for.
 */
#include "unit.h"

#include "serve/events.c"
#include "serve/serve.c"

#include "site.h"
#include "visit.h"

#include <arpa/inet.h>

static void judge_one(struct site *site, uint16_t port)
{
    const struct visit visit = {.maker = MAKER_ANDROID,
                                .hops = 12,
                                .client = visit_v4(203, 0, 113, 7),
                                .port = port,
                                .time_s = 1700000000u + port,
                                .flow = port};
    const struct observation observation = visit_observation(&visit);
    struct judgement judgement;

    site_observed(&observation, &judgement, site);
}

struct follower {
    int fd;
    char text[65536];
    size_t length;
};

/* Connects and asks for the events, with more header lines, each ended by CR LF. */
static void follow(struct site *site, struct follower *out, const char *headers)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(serve_port(site->operators)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    char request[256];
    const int length =
        snprintf(request, sizeof request, "GET /v1/events HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);

    *out = (struct follower){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(connect(out->fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(write(out->fd, request, (size_t)length), length);
}

/* Turns the loop until the follower has got `wanted`. */
static void await(struct site *site, struct follower *follower, const char *wanted)
{
    const uint64_t until = uv_hrtime() + 10000 * MILLISECOND_NS;

    while (strstr(follower->text, wanted) == NULL) {
        const ssize_t got = recv(follower->fd, follower->text + follower->length,
                                 sizeof follower->text - 1 - follower->length, MSG_DONTWAIT);

        assert_int_not_equal(got, 0);
        if (got > 0)
            follower->length += (size_t)got;
        if (uv_hrtime() > until)
            fail_msg("expected '%s', found '%s'", wanted, follower->text);
        uv_run(&site->loop, UV_RUN_NOWAIT);
    }
}

static void every_verdict_is_an_event_of_its_own(void **state)
{
    static struct follower follower;
    struct site *site = *state;

    judge_one(site, 1); /* before anybody follows */
    follow(site, &follower, "");
    await(site, &follower, "retry: 2000\n\n");
    assert_non_null(strstr(follower.text, "Content-Type: text/event-stream\r\n"));
    judge_one(site, 2);
    await(site, &follower, "id: 2\nevent: verdict\ndata: {\"time\": 1700000002.000000, ");
    judge_one(site, 3);
    judge_one(site, 4);
    await(site, &follower, "id: 4\nevent: verdict\ndata: {\"time\": 1700000004.000000, ");
    assert_non_null(strstr(follower.text, "id: 3\n"));
    assert_null(strstr(follower.text, "id: 1\n"));
    assert_int_equal(serve_counts(site->operators).followers, 1);
    close(follower.fd);
}

static void who_comes_back_gets_what_came_meanwhile(void **state)
{
    static struct follower follower;
    struct site *site = *state;

    for (uint16_t i = 1; i <= 5; i++)
        judge_one(site, i);
    follow(site, &follower, "Last-Event-ID: 3\r\n");
    await(site, &follower, "id: 5\n");
    assert_non_null(strstr(follower.text, "id: 4\n"));
    assert_null(strstr(follower.text, "id: 3\n"));
    close(follower.fd);
}

static void a_number_that_makes_no_sense_begins_with_the_next(void **state)
{
    static const char *const wrong[] = {"x", "-1", "4x", "1000000", "99999999999999999999", ""};
    struct site *site = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        static struct follower follower;
        char header[64];
        char wanted[32];

        judge_one(site, (uint16_t)(2 * i + 1));
        snprintf(header, sizeof header, "Last-Event-ID: %s\r\n", wrong[i]);
        follow(site, &follower, header);
        await(site, &follower, "retry");
        judge_one(site, (uint16_t)(2 * i + 2));
        snprintf(wanted, sizeof wanted, "id: %zu\n", 2 * i + 2);
        await(site, &follower, wanted);
        snprintf(wanted, sizeof wanted, "id: %zu\n", 2 * i + 1);
        assert_null(strstr(follower.text, wanted));
        close(follower.fd);
    }
}

static void a_quiet_stream_has_a_heartbeat(void **state)
{
    static struct follower follower;
    struct site *site = *state;
    struct serve *operators = site->operators;

    follow(site, &follower, "");
    await(site, &follower, "retry");
    while (operators->events.count == 0 || !operators->events.client[0]->is_silent)
        uv_run(&site->loop, UV_RUN_NOWAIT);
    assert_null(strstr(follower.text, "\n:\n"));
    assert_true(events_deadline(&operators->events) <= uv_now(&site->loop) + EVENTS_BEAT_MS);
    operators->events.client[0]->beat_ms -= EVENTS_BEAT_MS;
    serve_turn(operators);
    await(site, &follower, "\n:\n\n");
    close(follower.fd);
}

static void who_does_not_read_is_dropped_and_counted(void **state)
{
    static struct follower slow;
    static struct follower other;
    struct site *site = *state;
    struct serve *operators = site->operators;

    follow(site, &slow, "");
    await(site, &slow, "retry");
    follow(site, &other, "");
    await(site, &other, "retry");
    /* more at once than may wait for one, while the server has no turn */
    for (unsigned i = 0; i <= EVENTS_BEHIND_MAX; i++)
        judge_one(site, (uint16_t)(i + 1));
    operators->events.client[1]->next = journal_end(site->journal); /* it has kept up */
    while (serve_counts(operators).followers > 1)
        uv_run(&site->loop, UV_RUN_NOWAIT);
    assert_int_equal(serve_counts(operators).dropped, 1);
    judge_one(site, 1);
    await(site, &other, "event: verdict");
    close(slow.fd);
    close(other.fd);
}

static void but_so_many_may_follow(void **state)
{
    static struct follower follower[EVENTS_CLIENTS_MAX + 1];
    struct site *site = *state;

    for (unsigned i = 0; i < EVENTS_CLIENTS_MAX; i++) {
        follow(site, &follower[i], "");
        await(site, &follower[i], "retry");
    }
    follow(site, &follower[EVENTS_CLIENTS_MAX], "");
    await(site, &follower[EVENTS_CLIENTS_MAX], "too many follow the events already");
    for (unsigned i = 0; i <= EVENTS_CLIENTS_MAX; i++)
        close(follower[i].fd);
    /* that they are gone shows when there is something to say */
    while (serve_counts(site->operators).followers > 0) {
        judge_one(site, 1);
        uv_run(&site->loop, UV_RUN_NOWAIT);
        judge_one(site, 2);
        uv_run(&site->loop, UV_RUN_NOWAIT);
    }
}

static void the_server_ends_while_it_is_followed(void **state)
{
    static struct follower follower;
    struct site *site = *state;

    follow(site, &follower, "");
    await(site, &follower, "retry");
    serve_close(site->operators);
    site->operators = NULL;
    uv_run(&site->loop, UV_RUN_NOWAIT);
    while (recv(follower.fd, follower.text, sizeof follower.text, 0) > 0)
        ;
    close(follower.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_verdict_is_an_event_of_its_own, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(who_comes_back_gets_what_came_meanwhile, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_number_that_makes_no_sense_begins_with_the_next,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(a_quiet_stream_has_a_heartbeat, site_open, site_close),
        cmocka_unit_test_setup_teardown(who_does_not_read_is_dropped_and_counted, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(but_so_many_may_follow, site_open, site_close),
        cmocka_unit_test_setup_teardown(the_server_ends_while_it_is_followed, site_open,
                                        site_close),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
