#include "unit.h"

#include "judgements.h"
#include "serve/json.c"

#include <stdlib.h>

static void a_judgement_reads_as_the_design_shows_it(void **state)
{
    const struct judgement judgement = judgement_example();
    char line[JSON_LINE_MAX];
    const size_t length = json_judgement_line(&judgement, line, sizeof line);

    (void)state;
    assert_int_equal(length, strlen(line));
    assert_string_equal(
        line, "{\"time\": 1700000000.123456, \"address\": \"203.0.113.7\", \"port\": 40001, "
              "\"server\": {\"address\": \"198.51.100.1\", \"port\": 443}, "
              "\"hop_limit\": 51, \"initial\": 64, \"hops\": 13, "
              "\"stack\": {\"family\": \"android\", \"probability\": 0.93}, "
              "\"network\": {\"prefix\": \"203.0.113.0/24\", \"hop_limit\": 52, \"share\": 0.94, "
              "\"seen\": 1812}, "
              "\"verdict\": \"tethered\", \"probability\": 0.981, \"rewritten\": false, "
              "\"evidence\": []}");
}

static void before_anything_is_known_the_network_is_null(void **state)
{
    struct judgement judgement = judgement_example();
    char line[JSON_LINE_MAX];

    (void)state;
    judgement.network.known = false;
    assert_true(json_judgement_line(&judgement, line, sizeof line) > 0);
    assert_non_null(strstr(line, ", \"network\": null, "));
}

static void evidence_is_a_list_in_its_order(void **state)
{
    struct judgement judgement = judgement_example();
    char text[EVIDENCE_TEXT_MAX];
    char expected[1024];
    char line[JSON_LINE_MAX];

    (void)state;
    judgement.evidence_count = 2;
    judgement.evidence[0].weight = 2.9f;
    judgement.evidence[1].weight = -1.0f;
    snprintf(expected, sizeof expected,
             "[{\"signal\": \"%s\", \"weight\": 2.9, \"text\": \"%s\"}, "
             "{\"signal\": \"%s\", \"weight\": -1.0, \"text\": \"%s\"}]",
             evidence_signal(&judgement.evidence[0]),
             evidence_text(&judgement.evidence[0], text, sizeof text),
             evidence_signal(&judgement.evidence[1]),
             evidence_text(&judgement.evidence[1], text, sizeof text));
    assert_int_equal(json_evidence_line(&judgement, line, sizeof line), strlen(expected));
    assert_string_equal(line, expected);
}

static void the_line_and_the_object_are_the_same(void **state)
{
    uint64_t random = 1;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        const struct judgement judgement = judgement_any(&random);
        char line[JSON_LINE_MAX];
        json_t *object = json_judgement(&judgement);
        json_t *read;

        assert_non_null(object);
        assert_true(json_judgement_line(&judgement, line, sizeof line) > 0);
        read = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        if (read == NULL || !json_equal(read, object))
            fail_msg("line: %s\nobject: %s", line, json_dumps(object, 0));
        json_decref(read);
        json_decref(object);
    }
}

static void numbers_are_rounded_and_keep_one_digit_after_the_point(void **state)
{
    static const struct {
        double value;
        unsigned decimals;
        const char *expected;
    } rows[] = {
        {0, 3, "0.0"},
        {1, 3, "1.0"},
        {0.9, 3, "0.9"},
        {0.0625, 4, "0.0625"},
        {0.0004, 3, "0.0"},
        {0.9996, 3, "1.0"},
        {0.9996, 4, "0.9996"},
        {-2.345678, 2, "-2.35"},
        {-0.001, 2, "0.0"},
        {10.05, 2, "10.05"},
        {1e300, 2, "1000000000.0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        struct line line = {.at = text, .end = text + sizeof text};

        put_real(&line, rows[i].value, rows[i].decimals);
        *line.at = '\0';
        assert_string_equal(text, rows[i].expected);
    }
    assert_int_equal(json_scaled(__builtin_nan(""), 3), 0);
}

static void strings_are_escaped(void **state)
{
    static const char *const rows[][2] = {
        {"plain", "\"plain\""},
        {"a \"word\"", "\"a \\\"word\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"line\nend\x1f", "\"line\\u000aend\\u001f\""},
        {"caf\xc3\xa9", "\"caf\xc3\xa9\""},
        {"", "\"\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        struct line line = {.at = text, .end = text + sizeof text};

        put_string(&line, rows[i][0]);
        *line.at = '\0';
        assert_string_equal(text, rows[i][1]);
    }
}

static void what_does_not_fit_is_not_half_written(void **state)
{
    const struct judgement judgement = judgement_example();
    char line[JSON_LINE_MAX];
    const size_t length = json_judgement_line(&judgement, line, sizeof line);

    (void)state;
    for (size_t capacity = 0; capacity <= length; capacity++) {
        char *tight = malloc(capacity + 1); /* so that a sanitizer sees a step too far */

        assert_int_equal(json_judgement_line(&judgement, tight, capacity), 0);
        free(tight);
    }
    assert_int_equal(json_judgement_line(&judgement, line, length + 1), length);
}

static void an_unknown_stack_has_the_share_of_the_likeliest(void **state)
{
    struct stack stack = {.probability = {0.2, 0.1, 0.3, 0.25, 0.15}, .family = STACK_UNKNOWN};

    (void)state;
    assert_true(stack_probability(&stack) == 0.3);
    stack.family = STACK_IOS;
    assert_true(stack_probability(&stack) == 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_judgement_reads_as_the_design_shows_it),
        cmocka_unit_test(before_anything_is_known_the_network_is_null),
        cmocka_unit_test(evidence_is_a_list_in_its_order),
        cmocka_unit_test(the_line_and_the_object_are_the_same),
        cmocka_unit_test(numbers_are_rounded_and_keep_one_digit_after_the_point),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(what_does_not_fit_is_not_half_written),
        cmocka_unit_test(an_unknown_stack_has_the_share_of_the_likeliest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
