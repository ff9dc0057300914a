#include "unit.h"

#include "watch/accuracy.h"

#include <math.h>

static void add(struct accuracy *accuracy, enum verdict verdict, double probability,
                bool is_tethered, unsigned times)
{
    const struct judgement judgement = {.verdict = verdict, .probability = probability};

    for (unsigned i = 0; i < times; i++)
        accuracy_add(accuracy, &judgement, is_tethered);
}

static bool is_about(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void shares_are_of_what_they_say(void **state)
{
    struct accuracy accuracy = {0};

    (void)state;
    add(&accuracy, VERDICT_TETHERED, 0.99, true, 8);
    add(&accuracy, VERDICT_TETHERED, 0.99, false, 2);
    add(&accuracy, VERDICT_UNKNOWN, 0.5, true, 6);
    add(&accuracy, VERDICT_UNKNOWN, 0.5, false, 4);
    add(&accuracy, VERDICT_DIRECT, 0.01, true, 2);
    add(&accuracy, VERDICT_DIRECT, 0.01, false, 18);
    assert_int_equal(accuracy_count(&accuracy, true), 16);
    assert_int_equal(accuracy_count(&accuracy, false), 24);
    assert_true(is_about(accuracy_precision(&accuracy), 0.8));
    assert_true(is_about(accuracy_recall(&accuracy), 0.5));
    assert_true(is_about(accuracy_unknown(&accuracy), 0.25));
}

static void calibration_is_how_far_said_is_from_what_came_true(void **state)
{
    struct accuracy good = {0};
    struct accuracy bad = {0};

    (void)state;
    add(&good, VERDICT_UNKNOWN, 0.9, true, 9);
    add(&good, VERDICT_UNKNOWN, 0.9, false, 1);
    assert_true(is_about(accuracy_calibration_error(&good), 0));
    add(&bad, VERDICT_TETHERED, 1.0, false, 5);
    add(&bad, VERDICT_DIRECT, 0.0, false, 5);
    assert_true(is_about(accuracy_calibration_error(&bad), 0.5));
    assert_int_equal(bad.bin[ACCURACY_BINS - 1].count, 5);
}

static void nothing_labelled_is_no_division_by_zero(void **state)
{
    const struct accuracy accuracy = {0};

    (void)state;
    assert_true(is_about(accuracy_precision(&accuracy), 0));
    assert_true(is_about(accuracy_recall(&accuracy), 0));
    assert_true(is_about(accuracy_unknown(&accuracy), 0));
    assert_true(is_about(accuracy_calibration_error(&accuracy), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_of_what_they_say),
        cmocka_unit_test(calibration_is_how_far_said_is_from_what_came_true),
        cmocka_unit_test(nothing_labelled_is_no_division_by_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
