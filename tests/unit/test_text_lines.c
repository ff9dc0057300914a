#include "unit.h"

#include "base/text_lines.h"

static struct text_lines lines_of(const char *text)
{
    return (struct text_lines){.rest = text, .left = strlen(text)};
}

static void lines_end_with_lf_or_cr_lf_and_the_last_with_nothing(void **state)
{
    static const char *const expected[] = {"one", "", " two\r", "three"};
    struct text_lines lines = lines_of("one\r\n\n two\r\r\nthree");

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(text_lines_next(&lines));
        assert_int_equal(lines.number, i + 1);
        assert_int_equal(lines.length, strlen(expected[i]));
        assert_memory_equal(lines.line, expected[i], lines.length);
    }
    assert_false(text_lines_next(&lines));
}

static void a_last_line_may_end_too_and_no_text_has_no_lines(void **state)
{
    struct text_lines ended = lines_of("one\n");
    struct text_lines none = {.rest = NULL, .left = 0};

    (void)state;
    assert_true(text_lines_next(&ended));
    assert_false(text_lines_next(&ended));
    assert_false(text_lines_next(&none));
}

static void what_is_no_string_of_that_size_is_an_error_with_its_line(void **state)
{
    static const char text[] = "1234\n12345\n1\0003\n";
    struct text_lines lines = {.rest = text, .left = sizeof text - 1};
    struct report report;
    char line[64];
    char out[5];

    (void)state;
    report_init(&report, "t");
    assert_true(text_lines_next(&lines));
    assert_true(text_lines_string(&lines, &report, out, sizeof out));
    assert_string_equal(out, "1234");
    for (unsigned i = 0; i < 2; i++) {
        assert_true(text_lines_next(&lines));
        assert_false(text_lines_string(&lines, &report, out, sizeof out));
    }
    assert_int_equal(report.errors, 2);
    assert_string_equal(report_line(&report, 0, line, sizeof line),
                        "t:2:1: error: expected a line of text of at most 4 octets");
    assert_int_equal(report.entry[1].line, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_lf_or_cr_lf_and_the_last_with_nothing),
        cmocka_unit_test(a_last_line_may_end_too_and_no_text_has_no_lines),
        cmocka_unit_test(what_is_no_string_of_that_size_is_an_error_with_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
