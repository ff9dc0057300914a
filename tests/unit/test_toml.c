#include "unit.h"

#include "tale/toml.h"

#include <inttypes.h>
#include <stdio.h>

struct heard {
    char text[512];
};

static void hear(struct heard *heard, const char *text)
{
    const size_t length = strlen(heard->text);

    snprintf(heard->text + length, sizeof heard->text - length, "%s%s", length > 0 ? " " : "",
             text);
}

static void hear_item(const char *path, uint32_t line, uint32_t column, void *context)
{
    char text[300];

    snprintf(text, sizeof text, "[%s]@%u:%u", path, line, column);
    hear(context, text);
}

static void hear_value(const char *path, const struct toml_value *value, void *context)
{
    char text[1500];

    if (value->kind == TOML_TEXT)
        snprintf(text, sizeof text, "%s='%s'@%u:%u", path, value->text, value->line, value->column);
    else
        snprintf(text, sizeof text, "%s=%s%" PRId64 "@%u:%u", path,
                 value->kind == TOML_TRUTH ? "truth " : "", value->number, value->line,
                 value->column);
    hear(context, text);
}

static const struct toml_events events = {hear_item, hear_value};

static const struct {
    const char *text;
    const char *heard;
} good[] = {
    {"", ""},
    {"\n\r\n # remark\n\t\n", ""},
    {"a = 1", "a=1@1:5"},
    {"\xef\xbb\xbf"
     "a = 1",
     "a=1@1:8"},
    {"a=1 # remark\r\nb=2\r\n", "a=1@1:3 b=2@2:3"},
    {"a = -1_000\nb = +7", "a=-1000@1:5 b=7@2:5"},
    {"a = true\nb = false", "a=truth 1@1:5 b=truth 0@2:5"},
    {"a = ''\nb = \"\"", "a=''@1:5 b=''@2:5"},
    {"a = 'C:\\x # \"'", "a='C:\\x # \"'@1:5"},
    {"a = \"t\\t\\\"\\\\ \\u00e9\\u20ac\\U0001f600\"",
     "a='t\t\"\\ \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'@1:5"},
    {"a.b . 'c d' = 1", "a.b.c d=1@1:15"},
    {"[t]\na = 1\n[t.u]\na = 2", "t.a=1@2:5 t.u.a=2@4:5"},
    {"[[h]]\na = 1\n[h.r]\nb = 2\n[[h]]", "[h]@1:1 h.a=1@2:5 h.r.b=2@4:5 [h]@5:1"},
    {"a = { b = 1, c.d = { e = 'x' } }\nf = {}", "a.b=1@1:11 a.c.d.e='x'@1:26"},
    {"h = [ # remark\n {a = 1},\n {a = 2}, ]", "[h]@2:2 h.a=1@2:7 [h]@3:2 h.a=2@3:7"},
    {"a = [1, [2, 3], []]", "a=1@1:6 a=2@1:10 a=3@1:13"},
};

static void toml_is_told_in_its_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct heard heard = {.text = ""};
        struct report report;

        report_init(&report, "t.toml");
        assert_true(toml_read(good[i].text, strlen(good[i].text), &events, &heard, &report));
        assert_string_equal(heard.text, good[i].heard);
        assert_int_equal(report.count, 0);
    }
}

static const struct {
    const char *text;
    const char *said;
} bad[] = {
    {"a", "t.toml:1:2: error: expected '=', found the end"},
    {"a =\n", "t.toml:1:4: error: expected a text, a whole number, true, false, a table or an "
              "array, found the end of the line"},
    {"= 1", "t.toml:1:1: error: expected a key, found '='"},
    {"a..b = 1", "t.toml:1:3: error: expected a key, found '.'"},
    {"a = 1 b = 2", "t.toml:1:7: error: expected the end of the line, found 'b'"},
    {"\na = 1.5", "t.toml:2:6: error: expected a whole number, found '.'"},
    {"a = 1979-05-27", "t.toml:1:9: error: expected a whole number, found '-'"},
    {"a = 0x10", "t.toml:1:6: error: expected a whole number, found 'x'"},
    {"a = +", "t.toml:1:6: error: expected a whole number, found the end"},
    {"a = 99999999999999999999", "t.toml:1:23: error: expected a smaller number, found '9'"},
    {"a = 'x\n'", "t.toml:1:7: error: expected the end of the text on its line, found the end of "
                  "the line"},
    {"a = \"\"\"x\"\"\"", "t.toml:1:7: error: expected a text on one line, found '\"'"},
    {"a = \"\\x\"", "t.toml:1:7: error: expected an escape (b, t, n, f, r, \", \\, u or U), found "
                    "'x'"},
    {"a = \"\\u12\"", "t.toml:1:10: error: expected a hexadecimal digit, found '\"'"},
    {"a = \"\\ud800\"", "t.toml:1:12: error: expected an escape of a character, found '\"'"},
    {"a = \"\\u0000\"", "t.toml:1:12: error: expected an escape of a character, found '\"'"},
    {"a = yes", "t.toml:1:5: error: expected a text, a whole number, true, false, a table or an "
                "array, found 'y'"},
    {"[a", "t.toml:1:3: error: expected ']', found the end"},
    {"[[a]\n", "t.toml:1:5: error: expected ']', found the end of the line"},
    {"a = {b = 1,}", "t.toml:1:12: error: expected a key, found '}'"},
    {"a = {b = 1\n}", "t.toml:1:11: error: expected ',' or '}', found the end of the line"},
    {"a = [1 2]", "t.toml:1:8: error: expected ',' or ']', found '2'"},
    {"a = [", "t.toml:1:6: error: expected a text, a whole number, true, false, a table or an "
              "array, found the end"},
    {"a = [[[[[[[[[1]]]]]]]]]", "t.toml:1:13: error: expected fewer tables in each other, found "
                                "'['"},
    {"a = \x01", "t.toml:1:5: error: expected a text, a whole number, true, false, a table or an "
                 "array, found the octet 1"},
};

static void what_is_no_toml_is_one_error_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct heard heard = {.text = ""};
        struct report report;
        char line[400];

        report_init(&report, "t.toml");
        assert_false(toml_read(bad[i].text, strlen(bad[i].text), &events, &heard, &report));
        assert_int_equal(report.count, 1);
        assert_string_equal(report_line(&report, 0, line, sizeof line), bad[i].said);
    }
}

static void keys_and_texts_have_their_limits(void **state)
{
    struct heard heard = {.text = ""};
    struct report report;
    char text[TOML_TEXT_MAX + 16];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "a = '", 5);
    text[sizeof text - 1] = '\'';
    report_init(&report, "t.toml");
    assert_false(toml_read(text, sizeof text, &events, &heard, &report));
    memset(text, 'a', sizeof text);
    memcpy(text + TOML_PATH_MAX, "=1\n", 3);
    assert_false(toml_read(text, TOML_PATH_MAX + 3, &events, &heard, &report));
    assert_int_equal(report.errors, 2);
    assert_string_equal(heard.text, "");
    assert_true(toml_read(text + 1, TOML_PATH_MAX + 2, &events, &heard, &report));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toml_is_told_in_its_order),
        cmocka_unit_test(what_is_no_toml_is_one_error_with_its_place),
        cmocka_unit_test(keys_and_texts_have_their_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
