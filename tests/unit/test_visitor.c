#include "unit.h"

#include "base/units.h"
#include "serve/visitor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

static void observed(const struct observation *observation, struct judgement *out, void *context)
{
    watch_observe(context, observation, out);
}

static struct serve_sources sources_of(struct watch *watch)
{
    return (struct serve_sources){.watch = watch, .observed = observed, .context = watch};
}

static int open_watch(void **state)
{
    struct watch_settings settings = watch_settings_default();
    struct watch *watch;

    settings.networks = settings.subscribers = settings.connections = 1024;
    assert_int_equal(watch_new(&settings, &watch), 0);
    *state = watch;
    return 0;
}

static int close_watch(void **state)
{
    watch_free(*state);
    return 0;
}

/* An opening packet from 203.0.113.7 port 40001, as capture would give it. */
static void observe_stranger(struct watch *watch)
{
    struct observation seen = {.version = 4, .hop_limit = 51, .client_port = 40001};
    struct judgement judgement;

    assert_true(units_parse_address("203.0.113.7", &seen.client));
    watch_observe(watch, &seen, &judgement);
}

/* What is known of a connection from 203.0.113.7 port 40001 on a socket that kept no packet. */
static struct visitor arrive_without_packet(struct watch *watch)
{
    const struct serve_sources sources = sources_of(watch);
    struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_port = htons(40001)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct visitor visitor;

    assert_int_equal(inet_pton(AF_INET6, "::ffff:203.0.113.7", &peer.sin6_addr), 1);
    visitor_arrive(fd, (const struct sockaddr *)&peer, &sources, &visitor);
    close(fd);
    return visitor;
}

static void an_ipv4_visitor_of_an_ipv6_socket_is_an_ipv4_visitor(void **state)
{
    const struct visitor visitor = arrive_without_packet(*state);
    char text[ADDRESS_TEXT_MAX];

    assert_string_equal(units_address(&visitor.address, text), "203.0.113.7");
    assert_int_equal(visitor.port, 40001);
}

static void without_an_opening_packet_nothing_is_claimed(void **state)
{
    const struct serve_sources sources = sources_of(*state);
    struct visitor visitor = arrive_without_packet(*state);

    assert_false(visitor.judged);
    visitor_refresh(&visitor, &sources);
    assert_false(visitor.judged);
}

static void what_capture_saw_later_is_found(void **state)
{
    const struct serve_sources sources = sources_of(*state);
    struct visitor visitor = arrive_without_packet(*state);

    observe_stranger(*state);
    visitor_refresh(&visitor, &sources);
    assert_true(visitor.judged);
    assert_int_equal(visitor.judgement.observation.hop_limit, 51);
}

static void what_is_known_stays_though_watch_forgets(void **state)
{
    const struct serve_sources sources = sources_of(*state);
    struct visitor visitor = {.port = 40001, .judged = true, .judgement.hops = 13};

    visitor_refresh(&visitor, &sources);
    assert_true(visitor.judged);
    assert_int_equal(visitor.judgement.hops, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_ipv4_visitor_of_an_ipv6_socket_is_an_ipv4_visitor,
                                        open_watch, close_watch),
        cmocka_unit_test_setup_teardown(without_an_opening_packet_nothing_is_claimed, open_watch,
                                        close_watch),
        cmocka_unit_test_setup_teardown(what_capture_saw_later_is_found, open_watch, close_watch),
        cmocka_unit_test_setup_teardown(what_is_known_stays_though_watch_forgets, open_watch,
                                        close_watch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
