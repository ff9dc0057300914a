/* Who walks a tale: what is kept of each, and who makes room when too many come. */
#include "unit.h"

#include "base/units.h"
#include "tale/respond.h"
#include "tale/walker.h"
#include "tale_built.h"

#include <stdio.h>

static const uint64_t SECOND_NS = 1000000000;
static const uint64_t KEY[2] = {7, 11};

/* linux's traceroute, with a source and a hop limit of the test's */
static size_t probe_from(const char *source, uint8_t hop_limit, uint8_t out[60])
{
    static const uint8_t head[28] = {0x45, 0, 0,   60, 0,   1, 0,    0,    0,    17,   0, 0,  0, 0,
                                     0,    0, 203, 0,  113, 9, 0xb0, 0x01, 0x82, 0x9a, 0, 40, 0, 0};
    struct address address;

    assert_true(units_parse_address(source, &address));
    memcpy(out, head, sizeof head);
    for (uint8_t i = 0; i < 32; i++)
        out[28 + i] = (uint8_t)(0x40 + i);
    out[8] = hop_limit;
    memcpy(out + 12, address_wire(&address), 4);
    store_u16(out + 10, checksum_fold(checksum_add(0, out, 20)));
    return 60;
}

static struct built built;
static struct responder responder;
static struct walker found[WALKERS_MAX];

static void walk(const char *source, uint8_t hop_limit, uint64_t now_ns)
{
    static uint8_t answer[ANSWER_CAPACITY];
    uint8_t probe[60];
    const size_t length = probe_from(source, hop_limit, probe);

    (void)respond(&responder, probe, length, now_ns, answer, sizeof answer);
}

static int set_up(void **state)
{
    (void)state;
    built_usual(&built);
    responder = (struct responder){.tales = built_tales(&built), .random = random_seeded(1)};
    return walkers_new(KEY, &responder.walkers);
}

static int tear_down(void **state)
{
    (void)state;
    walkers_free(responder.walkers);
    return 0;
}

static void a_walk_is_one_entry_with_how_far_it_got(void **state)
{
    (void)state;
    walk("192.0.2.7", 1, SECOND_NS);
    walk("192.0.2.7", 3, 2 * SECOND_NS);
    walk("192.0.2.7", 2, 3 * SECOND_NS);
    assert_int_equal(walkers_list(responder.walkers, 0, found), 1);
    assert_int_equal(found[0].probes, 3);
    assert_int_equal(found[0].position, 2);
    assert_int_equal(found[0].furthest, 3);
    assert_false(found[0].at_end);
    assert_int_equal(found[0].client, CLIENT_TRACEROUTE);
    assert_int_equal(found[0].protocol, PROBE_UDP);
    assert_int_equal(found[0].first_ns, SECOND_NS);
    assert_int_equal(found[0].last_ns, 3 * SECOND_NS);
    walk("192.0.2.7", 9, 4 * SECOND_NS);
    assert_int_equal(walkers_list(responder.walkers, 0, found), 1);
    assert_true(found[0].at_end);
    assert_int_equal(found[0].furthest, 4);
}

static void after_a_pause_it_is_another_walk(void **state)
{
    (void)state;
    walk("192.0.2.7", 9, SECOND_NS);
    walk("192.0.2.7", 1, (WALKER_REST_S + 2) * SECOND_NS);
    assert_int_equal(walkers_list(responder.walkers, 0, found), 1);
    assert_int_equal(found[0].probes, 1);
    assert_int_equal(found[0].furthest, 1);
    assert_false(found[0].at_end);
}

static void the_newest_comes_first_and_the_old_are_left_out(void **state)
{
    (void)state;
    walk("192.0.2.7", 1, 1 * SECOND_NS);
    walk("192.0.2.8", 1, 3 * SECOND_NS);
    walk("192.0.2.9", 1, 2 * SECOND_NS);
    assert_int_equal(walkers_list(responder.walkers, 2 * SECOND_NS, found), 2);
    assert_int_equal(found[0].last_ns, 3 * SECOND_NS);
    assert_int_equal(found[1].last_ns, 2 * SECOND_NS);
}

static void what_is_no_probe_of_a_tale_is_nobody(void **state)
{
    uint8_t probe[60];
    static uint8_t answer[ANSWER_CAPACITY];
    const size_t length = probe_from("203.0.113.9", 1, probe); /* from the target itself */

    (void)state;
    (void)respond(&responder, probe, length, SECOND_NS, answer, sizeof answer);
    assert_int_equal(walkers_list(responder.walkers, 0, found), 0);
}

static void a_flood_of_sources_does_not_push_out_who_walks(void **state)
{
    char source[ADDRESS_TEXT_MAX];
    size_t count;
    bool is_there = false;

    (void)state;
    walk("192.0.2.7", 1, SECOND_NS);
    walk("192.0.2.7", 2, SECOND_NS);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(source, sizeof source, "10.%u.%u.1", i / 250, i % 250);
        walk(source, 1, SECOND_NS + i);
    }
    count = walkers_list(responder.walkers, 0, found);
    assert_in_range(count, 1, WALKERS_MAX);
    for (size_t i = 0; i < count; i++)
        is_there |= found[i].probes == 2;
    assert_true(is_there);
}

static void who_rests_makes_room(void **state)
{
    char source[ADDRESS_TEXT_MAX];
    size_t count;

    (void)state;
    for (unsigned hop = 1; hop <= 3; hop++)
        walk("192.0.2.7", (uint8_t)hop, SECOND_NS);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(source, sizeof source, "10.%u.%u.1", i / 250, i % 250);
        walk(source, 1, (WALKER_REST_S + 2) * SECOND_NS + i);
    }
    count = walkers_list(responder.walkers, 0, found);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(found[i].probes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_walk_is_one_entry_with_how_far_it_got, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_a_pause_it_is_another_walk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_newest_comes_first_and_the_old_are_left_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_probe_of_a_tale_is_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_of_sources_does_not_push_out_who_walks, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_rests_makes_room, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
