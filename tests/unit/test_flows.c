#include "unit.h"

#include "visit.h"
#include "watch/flows.h"
#include "watch/subscriber.h"

#include <stdlib.h>

static const uint64_t START = 1700000000000000000;

struct fixture {
    struct watch *watch;
    struct flows flows;
};

static int set_up(void **state)
{
    struct watch_settings settings = watch_settings_default();
    struct fixture *f = calloc(1, sizeof *f);

    settings.networks = settings.subscribers = settings.connections = 1000;
    assert_non_null(f);
    assert_int_equal(watch_new(&settings, &f->watch), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    watch_free(f->watch);
    free(f);
    return 0;
}

static struct observation packet_of(struct address client, uint16_t port, uint8_t hop_limit,
                                    uint8_t bits)
{
    return (struct observation){
        .time_ns = START,
        .client = client,
        .client_port = port,
        .hop_limit = hop_limit,
        .tcp_bits = bits,
    };
}

/* From port 5000, with a hop limit of 64. */
static struct observation open_connection(struct fixture *f, uint64_t line)
{
    struct observation o = packet_of(visit_v4(203, 0, 113, 7), 5000, 64, TCP_SYN);
    struct judgement judgement;

    o.version = 4;
    o.server = visit_v4(198, 51, 100, 1);
    o.server_port = 443;
    o.line = line;
    o.sequence = (uint32_t)line; /* or else it would be the same packet again */
    assert_true(watch_observe(f->watch, &o, &judgement));
    flows_open(&f->flows, &o);
    return o;
}

static unsigned known(const struct fixture *f, const struct observation *o, uint8_t hop_limit)
{
    const struct address own = subscriber_prefix(subscriber_of(o)).address;
    const struct subscriber *subscriber = watch_subscriber(f->watch, &own);

    return subscriber ? subscriber_count(subscriber, hop_limit) : 0;
}

static void a_new_hop_limit_of_a_connection_that_goes_on_is_learnt_once(void **state)
{
    struct fixture *f = *state;

    for (uint64_t line = 0; line <= 0x12341234; line += 0x12341234) { /* by address; by tunnel */
        struct observation o = open_connection(f, line);

        o.tcp_bits = TCP_ACK;
        assert_false(flows_is_news(&f->flows, &o)); /* as it opened */
        o.hop_limit = 63;
        assert_true(flows_is_news(&f->flows, &o));
        assert_true(flows_learn(f->watch, &o));
        assert_false(flows_is_news(&f->flows, &o));
        assert_false(flows_learn(f->watch, &o));
        assert_int_equal(known(f, &o, 63), known(f, &o, 64));
    }
}

static void a_server_and_a_stranger_teach_nothing(void **state)
{
    struct fixture *f = *state;
    const struct observation o = open_connection(f, 0);
    struct observation server = packet_of(o.server, o.server_port, 57, TCP_ACK);
    struct observation stranger = packet_of(visit_v4(203, 0, 113, 8), 5000, 57, TCP_ACK);
    struct observation other_port = packet_of(o.client, 5001, 57, TCP_ACK);

    assert_false(flows_learn(f->watch, &server));
    assert_false(flows_learn(f->watch, &stranger));
    assert_false(flows_learn(f->watch, &other_port)); /* as of a connection that it accepted */
    assert_int_equal(known(f, &server, 57) + known(f, &stranger, 57) + known(f, &o, 57), 0);
}

static void who_opens_nothing_is_no_news_and_who_does_is_asked_about_again(void **state)
{
    struct fixture *f = *state;
    struct observation o = packet_of(visit_v4(203, 0, 113, 9), 1, 57, TCP_ACK);
    unsigned news = 0;

    for (unsigned i = 0; i < 1000; i++)
        assert_false(flows_is_news(&f->flows, &o));
    o = open_connection(f, 0);
    o.hop_limit = 57;
    for (unsigned i = 0; i < 1000; i++)
        news += flows_is_news(&f->flows, &o);
    assert_in_range(news, 2, 50);
}

static void packets_that_open_or_break_a_connection_are_not_of_one(void **state)
{
    static const struct {
        uint8_t bits;
        bool is_of_one;
    } rows[] = {
        {TCP_ACK, true},           {TCP_ACK | TCP_PSH, true},
        {TCP_ACK | TCP_FIN, true}, {TCP_SYN | TCP_ACK, false}, /* a server's */
        {TCP_SYN, false},          {TCP_RST, false},           /* anybody's */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct observation o = packet_of(visit_v4(203, 0, 113, 7), 1, 57, rows[i].bits);

        assert_int_equal(flows_is_of_connection(&o), rows[i].is_of_one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_hop_limit_of_a_connection_that_goes_on_is_learnt_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_and_a_stranger_teach_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            who_opens_nothing_is_no_news_and_who_does_is_asked_about_again, set_up, tear_down),
        cmocka_unit_test(packets_that_open_or_break_a_connection_are_not_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
