#include "unit.h"

#include "visit.h"
#include "watch/stack.h"
#include "watch/subscriber.h"

#include <errno.h>

enum { NOW = 1700000000 };

static struct subscriber_lesson lesson(uint8_t hop_limit, uint32_t at_s)
{
    return (struct subscriber_lesson){
        .hop_limit = hop_limit,
        .hops = (uint8_t)(observation_initial(hop_limit) - hop_limit),
        .family = STACK_ANDROID,
        .signature = 1,
        .time_ns = (uint64_t)at_s * 1000000000u,
    };
}

static void learn(struct subscriber *subscriber, uint8_t hop_limit, unsigned times)
{
    const struct subscriber_lesson one = lesson(hop_limit, NOW);

    for (unsigned i = 0; i < times; i++)
        subscriber_learn(subscriber, &one);
}

static struct subscriber_reading read_of(const struct subscriber *subscriber, uint8_t hops)
{
    struct subscriber_reading reading;

    subscriber_read(subscriber, hops, 0, &reading);
    return reading;
}

static void a_key_is_an_ipv4_address_or_a_slash_64(void **state)
{
    const struct address v4 = visit_v4(203, 0, 113, 7);
    const struct address other_v4 = visit_v4(203, 0, 113, 8);
    const struct address v6 = visit_v6(1, 2, 3);
    const struct address same_64 = visit_v6(1, 2, 4);
    const struct address other_64 = visit_v6(1, 3, 3);
    struct prefix prefix;

    (void)state;
    assert_true(subscriber_key(&v4) != subscriber_key(&other_v4));
    assert_true(subscriber_key(&v6) == subscriber_key(&same_64));
    assert_true(subscriber_key(&v6) != subscriber_key(&other_64));
    prefix = subscriber_prefix(subscriber_key(&v4));
    assert_int_equal(prefix_written_length(&prefix), 32);
    assert_true(prefix_contains(&prefix, &v4));
    prefix = subscriber_prefix(subscriber_key(&v6));
    assert_int_equal(prefix_written_length(&prefix), 64);
    assert_true(prefix_contains(&prefix, &same_64));
}

static void one_below_its_own_usual_is_seen_once_that_is_known(void **state)
{
    struct subscriber subscriber = {.key = 1};

    (void)state;
    assert_null(read_of(&subscriber, 13).subscriber);
    learn(&subscriber, 52, 3);
    assert_false(read_of(&subscriber, 13).below);
    learn(&subscriber, 52, 1);
    assert_true(read_of(&subscriber, 13).below);
    assert_int_equal(read_of(&subscriber, 13).usual, 52);
    assert_int_equal(read_of(&subscriber, 13).usual_share, 100);
    assert_false(read_of(&subscriber, 12).below);
    assert_false(read_of(&subscriber, 14).below);
    learn(&subscriber, 51, 8);
    assert_false(read_of(&subscriber, 13).below);
}

static void turns_between_two_neighbours_are_counted(void **state)
{
    static const struct {
        uint8_t hop_limit[6]; /* oldest first; 0 ends */
        uint8_t hops;
        uint8_t turns;
    } rows[] = {
        {{52, 52, 52, 0}, 12, 0},      {{52, 52, 52, 0}, 13, 1}, {{52, 51, 52, 0}, 13, 3},
        {{52, 51, 52, 51, 52}, 13, 5}, {{52, 40, 52, 0}, 13, 1}, {{52, 115, 52, 0}, 13, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct subscriber subscriber = {.key = 1};

        for (unsigned j = 0; j < 6 && rows[i].hop_limit[j]; j++)
            learn(&subscriber, rows[i].hop_limit[j], 1);
        assert_int_equal(read_of(&subscriber, rows[i].hops).turns, rows[i].turns);
    }
}

static struct subscriber_lesson clock_lesson(uint32_t clock, uint8_t server)
{
    struct subscriber_lesson one = lesson(52, NOW);

    one.has_clock = true;
    one.clock = clock;
    one.clock_server = server;
    return one;
}

static void learn_clock_twice(struct subscriber *subscriber, uint32_t clock, uint8_t server)
{
    const struct subscriber_lesson one = clock_lesson(clock, server);

    subscriber_learn(subscriber, &one);
    subscriber_learn(subscriber, &one);
}

static void many_clocks_or_makes_show_a_shared_address(void **state)
{
    struct subscriber by_clock = {.key = 1};
    struct subscriber by_make = {.key = 1};
    struct subscriber servers = {.key = 1};
    struct subscriber alone = {.key = 1};

    (void)state;
    for (uint32_t i = 0; i < 12; i++) {
        struct subscriber_lesson one = lesson(52, NOW);

        learn_clock_twice(&by_clock, i, 1);
        learn_clock_twice(&servers, i, (uint8_t)i); /* another clock for each server */
        one.signature = i;
        subscriber_learn(&by_make, &one);
    }
    learn(&alone, 52, 500);
    assert_true(read_of(&by_clock, 12).shared);
    assert_true(read_of(&by_make, 12).shared);
    assert_false(read_of(&servers, 12).shared);
    assert_false(read_of(&alone, 12).shared);
}

static void clocks_made_up_for_each_connection_are_no_devices(void **state)
{
    struct subscriber subscriber = {.key = 1};
    uint32_t random = 1;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct subscriber_lesson one;

        random = random * 1664525u + 1013904223u;
        one = clock_lesson(random >> 14, 1);
        subscriber_learn(&subscriber, &one);
    }
    assert_false(read_of(&subscriber, 12).shared);
    assert_true(read_of(&subscriber, 12).devices <= 2);
}

static void a_clock_is_known_once_it_comes_again(void **state)
{
    struct subscriber subscriber = {.key = 1};
    struct subscriber_lesson one = clock_lesson(7, 1);

    (void)state;
    assert_false(subscriber_knows_clock(&subscriber, 7, 1));
    subscriber_learn(&subscriber, &one);
    assert_true(subscriber_knows_clock(&subscriber, 7, 1));
    assert_false(subscriber_knows_clock(&subscriber, 8, 1));
    assert_false(subscriber_knows_clock(&subscriber, 7, 2));
    assert_int_equal(read_of(&subscriber, 12).devices, 1);
    for (uint32_t i = 0; i < 100; i++) {
        one = clock_lesson(100 + i, 1);
        subscriber_learn(&subscriber, &one);
    }
    assert_false(subscriber_knows_clock(&subscriber, 7, 1));
    learn_clock_twice(&subscriber, 7, 1);
    for (uint32_t i = 0; i < 100; i++) {
        one = clock_lesson(1000 + i, 1);
        subscriber_learn(&subscriber, &one);
    }
    assert_true(subscriber_knows_clock(&subscriber, 7, 1)); /* seen twice, it stays */
}

static void devices_that_visit_in_turns_are_told_by_their_clocks(void **state)
{
    struct subscriber subscriber = {.key = 1};

    (void)state;
    for (uint32_t i = 0; i < 120; i++) {
        const struct subscriber_lesson one = clock_lesson(i % 12, 1);

        subscriber_learn(&subscriber, &one);
    }
    assert_true(read_of(&subscriber, 12).shared);
}

static void families_count_once_they_were_seen_twice(void **state)
{
    struct subscriber subscriber = {.key = 1};
    struct subscriber_lesson one = lesson(52, NOW);

    (void)state;
    subscriber_learn(&subscriber, &one);
    assert_int_equal(read_of(&subscriber, 12).families, 0);
    subscriber_learn(&subscriber, &one);
    assert_int_equal(read_of(&subscriber, 12).families, 1u << STACK_ANDROID);
    one.family = STACK_UNKNOWN;
    subscriber_learn(&subscriber, &one);
    assert_int_equal(read_of(&subscriber, 12).families, 1u << STACK_ANDROID);
}

static void a_path_that_is_no_more_does_not_count(void **state)
{
    struct subscriber subscriber = {.key = 1};
    struct subscriber_reading reading;
    struct subscriber_lesson one = lesson(50, NOW + 100);

    (void)state;
    learn(&subscriber, 52, 50);
    subscriber_read(&subscriber, 13, NOW + 50, &reading);
    assert_false(reading.below);
    assert_non_null(reading.subscriber);
    one.fresh_since_s = NOW + 50;
    subscriber_learn(&subscriber, &one);
    assert_int_equal(subscriber_count(&subscriber, 52), 0);
    assert_int_equal(subscriber_count(&subscriber, 50), 1);
}

static void what_was_seen_days_ago_fades(void **state)
{
    struct subscriber subscriber = {.key = 1};
    const struct subscriber_lesson later = lesson(40, NOW + 2 * 86400 + 1);

    (void)state;
    learn(&subscriber, 52, 40);
    subscriber_learn(&subscriber, &later);
    assert_int_equal(subscriber_count(&subscriber, 52), 10);
    assert_int_equal(subscriber_count(&subscriber, 40), 1);
}

static bool was_nearer(const struct subscriber *subscriber, const struct visit *visit)
{
    const struct observation o = visit_observation(visit);
    const struct stack android = {.probability = {[STACK_ANDROID] = 1}};

    return subscriber_was_nearer(subscriber, &o, &android, (uint8_t)visit->hops);
}

static void learn_visit(struct subscriber *subscriber, const struct visit *visit)
{
    const struct observation o = visit_observation(visit);
    const struct stack android = {.probability = {[STACK_ANDROID] = 1}};
    struct subscriber_lesson one = lesson(o.hop_limit, (uint32_t)visit->time_s);

    one.signature = stack_signature(&o);
    one.has_clock = subscriber_clock(&o, &android, &one.clock);
    one.clock_server = subscriber_clock_server(&o);
    one.identifier = subscriber_identifier(&o.client);
    subscriber_learn(subscriber, &one);
}

static void a_device_is_known_again_when_it_comes_one_hop_later(void **state)
{
    static const struct {
        const char *what;
        struct visit other; /* who comes one hop later; port 2 stands for another interface */
        bool is_v4;
        bool is_known;
    } rows[] = {
        {"itself", {MAKER_ANDROID, .clock_ms = 5}, false, true},
        {"itself by IPv4", {MAKER_ANDROID, .clock_ms = 5}, true, true},
        {"another interface", {MAKER_ANDROID, .clock_ms = 5, .port = 2}, false, false},
        {"another clock by IPv4", {MAKER_ANDROID, .clock_ms = 900000}, true, false},
        {"another make", {MAKER_LINUX, .clock_ms = 5}, false, false},
        {"another make by IPv4", {MAKER_LINUX, .clock_ms = 5}, true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct subscriber subscriber = {.key = 1};
        struct visit own = {MAKER_ANDROID, .hops = 12, .clock_ms = 5, .time_s = NOW};
        struct visit later = rows[i].other;

        own.client = rows[i].is_v4 ? visit_v4(203, 0, 113, 7) : visit_v6(1, 2, 1);
        later.client = rows[i].is_v4 ? own.client : visit_v6(1, 2, later.port == 2 ? 2 : 1);
        later.time_s = NOW + 1;
        for (unsigned n = 0; n < 3; n++)
            learn_visit(&subscriber, &own);
        later.hops = 12;
        assert_false(was_nearer(&subscriber, &later));
        later.hops = 13;
        if (was_nearer(&subscriber, &later) != rows[i].is_known)
            fail_msg("%s", rows[i].what);
        learn_visit(&subscriber, &later);
        assert_int_equal(was_nearer(&subscriber, &later), rows[i].is_known);
        later.hops = 14;
        assert_false(was_nearer(&subscriber, &later));
    }
}

static void of_more_hop_limits_than_there_is_room_for_the_most_frequent_are_restored(void **state)
{
    const struct address client = visit_v6(1, 2, 3);
    struct subscriber subscriber = {.key = subscriber_key(&client)};
    struct subscriber back;
    struct baseline octets;

    (void)state;
    for (unsigned i = 0; i < SUBSCRIBER_CELLS; i++)
        learn(&subscriber, (uint8_t)(50 + i), 5u + i);
    subscriber_save(&subscriber, &octets);
    octets.octets[18 + 9] = 40; /* the fifth count, of hop limit 99 */
    octets.octets[18 + 10 + 4] = 99;
    assert_int_equal(subscriber_restore(&octets, &back), 0);
    assert_int_equal(subscriber_count(&back, 99), 40);
    assert_int_equal(subscriber_count(&back, 50), 0);
    assert_int_equal(subscriber_count(&back, 51), 6);
    octets.octets[18 + 10 + 4] = 51; /* twice */
    assert_int_equal(subscriber_restore(&octets, &back), -EINVAL);
}

static void it_survives_as_octets_and_others_are_refused(void **state)
{
    const struct address client = visit_v6(1, 2, 3);
    struct subscriber subscriber = {.key = subscriber_key(&client)};
    struct subscriber back;
    struct baseline good;
    struct baseline bad;

    (void)state;
    learn(&subscriber, 52, 300);
    learn(&subscriber, 51, 7);
    subscriber_save(&subscriber, &good);
    assert_true(good.subscriber);
    assert_int_equal(subscriber_restore(&good, &back), 0);
    assert_memory_equal(&subscriber, &back, sizeof back);
    for (uint16_t length = 0; length < good.length; length++) {
        bad = good;
        bad.length = length;
        assert_int_equal(subscriber_restore(&bad, &back), -EINVAL);
    }
    bad = good;
    bad.prefix.length = 56;
    assert_int_equal(subscriber_restore(&bad, &back), -EINVAL);
    bad = good;
    bad.prefix.address.octets[15] = 1;
    assert_int_equal(subscriber_restore(&bad, &back), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_an_ipv4_address_or_a_slash_64),
        cmocka_unit_test(one_below_its_own_usual_is_seen_once_that_is_known),
        cmocka_unit_test(turns_between_two_neighbours_are_counted),
        cmocka_unit_test(many_clocks_or_makes_show_a_shared_address),
        cmocka_unit_test(clocks_made_up_for_each_connection_are_no_devices),
        cmocka_unit_test(a_clock_is_known_once_it_comes_again),
        cmocka_unit_test(devices_that_visit_in_turns_are_told_by_their_clocks),
        cmocka_unit_test(families_count_once_they_were_seen_twice),
        cmocka_unit_test(a_path_that_is_no_more_does_not_count),
        cmocka_unit_test(what_was_seen_days_ago_fades),
        cmocka_unit_test(a_device_is_known_again_when_it_comes_one_hop_later),
        cmocka_unit_test(of_more_hop_limits_than_there_is_room_for_the_most_frequent_are_restored),
        cmocka_unit_test(it_survives_as_octets_and_others_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
