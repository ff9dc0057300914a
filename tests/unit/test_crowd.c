#include "unit.h"

#include "base/units.h"
#include "serve/crowd.h"

static struct address address_of(const char *text)
{
    struct address address;

    assert_true(units_parse_address(text, &address));
    return address;
}

static char places[10000];

/* What the crowd keeps for connection number `n`, at which it never looks. */
static struct connection *connection_of(int n)
{
    return (struct connection *)&places[n];
}

static unsigned enter(struct crowd *crowd, const char *text, int connection, uint64_t now_ms)
{
    const struct address address = address_of(text);

    return crowd_enter(crowd, &address, connection_of(connection), now_ms);
}

static bool has_room(const struct crowd *crowd, const char *text)
{
    const struct address address = address_of(text);

    return crowd_has_room(crowd, &address);
}

static void one_subscriber_takes_its_share_and_no_more(void **state)
{
    static struct crowd crowd;

    (void)state;
    for (int i = 0; i < CROWD_OF_ONE_MAX; i++)
        assert_int_not_equal(enter(&crowd, i % 2 ? "2001:db8::1" : "2001:db8::ffff:2", i, 0),
                             CROWD_MAX);
    assert_false(has_room(&crowd, "2001:db8::3"));
    assert_int_equal(enter(&crowd, "2001:db8::3", 99, 0), CROWD_MAX);
    assert_true(has_room(&crowd, "2001:db8:0:1::3"));
    assert_true(has_room(&crowd, "203.0.113.7"));
}

static void each_ipv4_address_is_a_subscriber(void **state)
{
    static struct crowd crowd;

    (void)state;
    for (int i = 0; i < CROWD_OF_ONE_MAX; i++)
        enter(&crowd, "203.0.113.7", i, 0);
    assert_false(has_room(&crowd, "203.0.113.7"));
    assert_true(has_room(&crowd, "203.0.113.8"));
}

static void who_leaves_makes_room(void **state)
{
    static struct crowd crowd;
    unsigned place = CROWD_MAX;

    (void)state;
    for (int i = 0; i < CROWD_OF_ONE_MAX; i++)
        place = enter(&crowd, "203.0.113.7", i, 0);
    crowd_leave(&crowd, CROWD_MAX);
    assert_false(has_room(&crowd, "203.0.113.7"));
    crowd_leave(&crowd, place);
    assert_true(has_room(&crowd, "203.0.113.7"));
}

static void there_are_so_many_places_and_no_more(void **state)
{
    static struct crowd crowd;

    (void)state;
    for (unsigned i = 0; i < CROWD_MAX; i++) {
        const struct address address = {
            .octets = {0x20, 0x01, [6] = (uint8_t)(i >> 8), [7] = (uint8_t)i}};

        assert_int_not_equal(crowd_enter(&crowd, &address, connection_of(0), 0), CROWD_MAX);
    }
    assert_false(has_room(&crowd, "203.0.113.7"));
}

static int last_overdue;

static void overdue(struct connection *connection)
{
    last_overdue = (int)((char *)connection - places);
}

static int first_overdue(struct crowd *crowd, uint64_t now_ms)
{
    last_overdue = -1;
    crowd_overdue(crowd, now_ms, overdue);
    return last_overdue;
}

static void a_request_has_its_time_and_the_next_one_too(void **state)
{
    static struct crowd crowd;
    const uint64_t begun = 1000000;
    unsigned place;

    (void)state;
    place = enter(&crowd, "203.0.113.7", 7, begun);
    assert_int_equal(first_overdue(&crowd, begun + CROWD_REQUEST_MAX_MS), -1);
    assert_int_equal(first_overdue(&crowd, begun + CROWD_REQUEST_MAX_MS + 1), -1); /* too soon */
    assert_int_equal(first_overdue(&crowd, begun + CROWD_REQUEST_MAX_MS + 1000), 7);
    crowd_served(&crowd, place, begun + 20000);
    assert_int_equal(first_overdue(&crowd, begun + CROWD_REQUEST_MAX_MS + 2000), -1);
    assert_int_equal(first_overdue(&crowd, begun + CROWD_REQUEST_MAX_MS + 22000), 7);
    crowd_leave(&crowd, place);
    assert_int_equal(first_overdue(&crowd, begun + CROWD_REQUEST_MAX_MS + 30000), -1);
}

static void when_it_is_full_who_was_longest_without_an_answer_goes(void **state)
{
    static struct crowd crowd;
    unsigned first = CROWD_MAX;

    (void)state;
    for (unsigned i = 0; i < CROWD_MAX - CROWD_SPARE; i++) {
        const struct address address = {
            .octets = {0x20, 0x01, [6] = (uint8_t)(i >> 8), [7] = (uint8_t)i}};
        const unsigned place = crowd_enter(&crowd, &address, connection_of((int)i), 1000 + i);

        first = i == 0 ? place : first;
    }
    last_overdue = -1;
    assert_false(crowd_make_room(&crowd, overdue));
    enter(&crowd, "203.0.113.7", 9999, 5000);
    crowd_served(&crowd, first, 6000);
    assert_true(crowd_make_room(&crowd, overdue));
    assert_int_equal(last_overdue, 1);
    assert_false(crowd_make_room(&crowd, overdue)); /* that one goes; there is room enough */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_subscriber_takes_its_share_and_no_more),
        cmocka_unit_test(each_ipv4_address_is_a_subscriber),
        cmocka_unit_test(who_leaves_makes_room),
        cmocka_unit_test(there_are_so_many_places_and_no_more),
        cmocka_unit_test(when_it_is_full_who_was_longest_without_an_answer_goes),
        cmocka_unit_test(a_request_has_its_time_and_the_next_one_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
