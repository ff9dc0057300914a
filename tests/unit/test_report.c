#include "unit.h"

#include "base/report.h"

static void an_entry_reads_as_file_line_column(void **state)
{
    struct report report;
    char line[512];

    (void)state;
    report_init(&report, "panic.yaml");
    report_error(&report, 7, 3, "expected %s, found %s", "a duration", "'soon'");
    assert_string_equal(report_line(&report, 0, line, sizeof line),
                        "panic.yaml:7:3: error: expected a duration, found 'soon'");
}

static void an_entry_without_a_line_is_about_the_file(void **state)
{
    struct report report;
    char line[512];

    (void)state;
    report_init(&report, "panic.yaml");
    report_warning(&report, 0, 0, "no hops");
    assert_string_equal(report_line(&report, 0, line, sizeof line), "panic.yaml: warning: no hops");
}

static void entries_beyond_the_last_are_counted(void **state)
{
    struct report report;

    (void)state;
    report_init(&report, "f");
    for (unsigned i = 0; i < REPORT_ENTRIES_MAX + 5; i++)
        report_error(&report, i + 1, 1, "again");
    assert_int_equal(report.count, REPORT_ENTRIES_MAX);
    assert_int_equal(report.errors, REPORT_ENTRIES_MAX + 5);
}

/* Also what is cut in the midst of a letter. */
static void what_an_entry_quotes_is_made_printable(void **state)
{
    struct report report;
    char quoted[REPORT_TEXT_MAX + 16];

    (void)state;
    report_init(&report, "f");
    report_error(&report, 1, 1, "found '%s'", "\x1b[2J\xff");
    assert_string_equal(report.entry[0].text, "found '?[2J?'");
    memset(quoted, 'x', sizeof quoted);
    memcpy(quoted + REPORT_TEXT_MAX - 2, "\xc3\xbc", 3);
    report_error(&report, 1, 1, "%s", quoted);
    assert_int_equal(report.entry[1].text[REPORT_TEXT_MAX - 2], '?');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_reads_as_file_line_column),
        cmocka_unit_test(an_entry_without_a_line_is_about_the_file),
        cmocka_unit_test(what_an_entry_quotes_is_made_printable),
        cmocka_unit_test(entries_beyond_the_last_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
