/*
 * Hop limits of connections that go on, which the XDP program tells of.
 */
#include "unit.h"

#include "visit.h"
#include "watch/signal.h"
#include "watch/subscriber.h"

enum { NOW = 1700000000, HOPS = 12, USUAL = 64 - HOPS };

static struct watch *watch;
static uint64_t time_s;
static uint16_t port;

static int begin(void **state)
{
    struct watch_settings settings = watch_settings_default();

    (void)state;
    settings.networks = settings.subscribers = settings.connections = 1u << 12;
    settings.hash_key[0] = 1;
    time_s = NOW;
    port = 20000;
    return watch_new(&settings, &watch);
}

static int end(void **state)
{
    (void)state;
    watch_free(watch);
    return 0;
}

static struct judgement arrives(struct address client, unsigned hops)
{
    const struct visit visit = {.maker = MAKER_ANDROID,
                                .hops = hops,
                                .client = client,
                                .port = port,
                                .time_s = time_s,
                                .clock_ms = 5,
                                .flow = port};
    const struct observation observation = visit_observation(&visit);
    struct judgement judgement;

    port++;
    time_s += 2;
    assert_true(watch_observe(watch, &observation, &judgement));
    port++;
    time_s += 2;
    return judgement;
}

static bool goes_on(struct address client, uint8_t hop_limit)
{
    return watch_hop_limit(watch, &client, hop_limit, (time_s += 2) * 1000000000u);
}

static const struct subscriber *known(struct address client)
{
    return watch_subscriber(watch, &client);
}

static unsigned count_of(struct address client, uint8_t hop_limit)
{
    const struct subscriber *subscriber = known(client);

    return subscriber ? subscriber_count(subscriber, hop_limit) : 0;
}

static bool has_signal(const struct judgement *judgement, const char *name)
{
    for (unsigned i = 0; i < judgement->evidence_count; i++)
        if (strcmp(evidence_signal(&judgement->evidence[i]), name) == 0)
            return true;
    return false;
}

static struct address line(void)
{
    return visit_v6(0x42, 900, 1);
}

static void neighbours_arrive(void)
{
    for (uint16_t i = 0; i < 200; i++)
        arrives(visit_v6(0x42, i, 1), HOPS);
}

static void it_is_one_more_of_the_subscribers_own(void **state)
{
    (void)state;
    arrives(line(), HOPS);
    assert_true(goes_on(line(), USUAL - 1));
    assert_int_equal(count_of(line(), USUAL), 1);
    assert_int_equal(count_of(line(), USUAL - 1), 1);
    assert_int_equal(known(line())->seen, 1);
}

static void of_a_stranger_nothing_is_learnt(void **state)
{
    (void)state;
    assert_false(goes_on(line(), USUAL));
    assert_null(known(line()));
}

/* Whether a line goes between two hop limits is judged by both kinds of packet. */
static void the_next_connection_is_judged_by_it(void **state)
{
    struct judgement judgement;

    (void)state;
    neighbours_arrive();
    for (unsigned i = 0; i < 6; i++) {
        arrives(line(), HOPS);
        goes_on(line(), USUAL - 1);
    }
    judgement = arrives(visit_v6(0x42, 900, 2), HOPS + 1);
    assert_true(has_signal(&judgement, "alternating"));
}

static void without_it_the_next_connection_is_not(void **state)
{
    struct judgement judgement;

    (void)state;
    neighbours_arrive();
    for (unsigned i = 0; i < 6; i++)
        arrives(line(), HOPS);
    judgement = arrives(line(), HOPS + 1);
    assert_false(has_signal(&judgement, "alternating"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_one_more_of_the_subscribers_own, begin, end),
        cmocka_unit_test_setup_teardown(of_a_stranger_nothing_is_learnt, begin, end),
        cmocka_unit_test_setup_teardown(the_next_connection_is_judged_by_it, begin, end),
        cmocka_unit_test_setup_teardown(without_it_the_next_connection_is_not, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
