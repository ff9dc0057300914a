/* Verdicts counted over time: which cell, how long, and what is left out. */
#include "unit.h"

#include "watch/tally.h"

static const uint64_t SECOND_NS = 1000000000;
static const uint64_t NOON_S = 1700006400; /* at the beginning of a cell of both spans */

static struct tally tally;
static struct tally_cell cell[TALLY_CELLS_MAX];

static int set_up(void **state)
{
    (void)state;
    tally = (struct tally){0};
    return 0;
}

static void add(uint64_t time_s, enum verdict verdict)
{
    tally_add(&tally, time_s * SECOND_NS, verdict);
}

static void verdicts_of_one_time_share_a_cell(void **state)
{
    (void)state;
    add(NOON_S, VERDICT_DIRECT);
    add(NOON_S + 29, VERDICT_TETHERED);
    add(NOON_S + 30, VERDICT_UNKNOWN);
    assert_int_equal(tally_read(&tally, TALLY_HOUR, NOON_S + 31, cell), 2);
    assert_int_equal(cell[0].begin_s, NOON_S);
    assert_int_equal(cell[0].verdict[VERDICT_DIRECT], 1);
    assert_int_equal(cell[0].verdict[VERDICT_TETHERED], 1);
    assert_int_equal(cell[1].verdict[VERDICT_UNKNOWN], 1);
    assert_int_equal(tally_read(&tally, TALLY_DAY, NOON_S + 31, cell), 1);
    assert_int_equal(cell[0].verdict[VERDICT_DIRECT], 1);
    assert_int_equal(cell[0].verdict[VERDICT_TETHERED], 1);
    assert_int_equal(cell[0].verdict[VERDICT_UNKNOWN], 1);
}

static void what_is_over_an_hour_old_is_of_the_day_alone(void **state)
{
    (void)state;
    add(NOON_S, VERDICT_DIRECT);
    add(NOON_S + 4000, VERDICT_DIRECT);
    assert_int_equal(tally_read(&tally, TALLY_HOUR, NOON_S + 4000, cell), 1);
    assert_int_equal(cell[0].begin_s, NOON_S + 3990);
    assert_int_equal(tally_read(&tally, TALLY_DAY, NOON_S + 4000, cell), 2);
    assert_int_equal(tally_read(&tally, TALLY_DAY, NOON_S + 172800, cell), 0);
}

static void a_cell_of_the_round_before_is_begun_anew(void **state)
{
    (void)state;
    add(NOON_S, VERDICT_TETHERED);
    add(NOON_S + 3600, VERDICT_DIRECT);
    assert_int_equal(tally_read(&tally, TALLY_HOUR, NOON_S + 3600, cell), 1);
    assert_int_equal(cell[0].verdict[VERDICT_TETHERED], 0);
    assert_int_equal(cell[0].verdict[VERDICT_DIRECT], 1);
}

static void what_comes_too_late_changes_nothing(void **state)
{
    (void)state;
    add(NOON_S + 3600, VERDICT_DIRECT);
    add(NOON_S, VERDICT_TETHERED);
    assert_int_equal(tally_read(&tally, TALLY_HOUR, NOON_S + 3600, cell), 1);
    assert_int_equal(cell[0].verdict[VERDICT_DIRECT], 1);
    assert_int_equal(cell[0].verdict[VERDICT_TETHERED], 0);
}

static void a_full_span_is_read_from_the_oldest_on(void **state)
{
    unsigned count;

    (void)state;
    for (uint64_t s = 0; s < 7200; s += 10)
        add(NOON_S + s, VERDICT_DIRECT);
    count = tally_read(&tally, TALLY_HOUR, NOON_S + 7199, cell);
    assert_int_equal(count, 120);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(cell[i].begin_s, NOON_S + 3600 + (uint64_t)i * 30);
        assert_int_equal(cell[i].verdict[VERDICT_DIRECT], 3);
    }
}

static void a_clock_that_says_nothing_is_no_harm(void **state)
{
    (void)state;
    add(0, VERDICT_DIRECT);
    assert_int_equal(tally_read(&tally, TALLY_HOUR, 0, cell), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(verdicts_of_one_time_share_a_cell, set_up),
        cmocka_unit_test_setup(what_is_over_an_hour_old_is_of_the_day_alone, set_up),
        cmocka_unit_test_setup(a_cell_of_the_round_before_is_begun_anew, set_up),
        cmocka_unit_test_setup(what_comes_too_late_changes_nothing, set_up),
        cmocka_unit_test_setup(a_full_span_is_read_from_the_oldest_on, set_up),
        cmocka_unit_test_setup(a_clock_that_says_nothing_is_no_harm, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
