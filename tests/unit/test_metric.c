#include "unit.h"

#include "serve/metric.h"

static void rows_of_one_name_share_help_and_type(void **state)
{
    static const struct metric rows[] = {
        {"a_total", "Counts a.", METRIC_COUNTER, {{"reason", "one"}}, 1},
        {"a_total", "Counts a.", METRIC_COUNTER, {{"reason", "two"}, {"class", "x"}}, 2},
        {"b", "Is b.", METRIC_GAUGE, {{NULL, NULL}}, 0.25},
    };
    struct buffer text = {0};
    struct metric_page page = {.buffer = &text};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        metric_text(&rows[i], &page);
    assert_string_equal(text.text, "# HELP a_total Counts a.\n"
                                   "# TYPE a_total counter\n"
                                   "a_total{reason=\"one\"} 1\n"
                                   "a_total{reason=\"two\",class=\"x\"} 2\n"
                                   "# HELP b Is b.\n"
                                   "# TYPE b gauge\n"
                                   "b 0.25\n");
    buffer_deinit(&text);
}

static void a_label_is_escaped(void **state)
{
    const struct metric row = {"a", "A.", METRIC_GAUGE, {{"name", "x\"y\\z\n"}}, 1};
    struct buffer text = {0};
    struct metric_page page = {.buffer = &text};

    (void)state;
    metric_text(&row, &page);
    assert_non_null(strstr(text.text, "a{name=\"x\\\"y\\\\z\\n\"} 1\n"));
    buffer_deinit(&text);
}

static void a_counter_keeps_its_last_digit(void **state)
{
    const struct metric row = {"a", "A.", METRIC_COUNTER, {{NULL, NULL}}, 9007199254740991.0};
    struct buffer text = {0};
    struct metric_page page = {.buffer = &text};

    (void)state;
    metric_text(&row, &page);
    assert_non_null(strstr(text.text, "a 9007199254740991\n"));
    buffer_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_one_name_share_help_and_type),
        cmocka_unit_test(a_label_is_escaped),
        cmocka_unit_test(a_counter_keeps_its_last_digit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
