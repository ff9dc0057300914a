#include "unit.h"

#include "tale/latin.h"
#include "tale/words.h"

#define ROWS(table) (sizeof(table) / sizeof(table)[0])
#define TEN(word)   word word word word word word word word word word

struct row {
    const char *text;
    const char *name;
    const char *message; /* how the first message begins; NULL: there is none */
};

static void check_row(const struct row *row)
{
    struct report report;
    char name[TALE_NAME_MAX + 1];
    bool good;

    report_init(&report, "t");
    good = words_to_name(row->text, &report, 7, 3, name);
    if (good != (report.errors == 0))
        fail_msg("'%s': result %d with %u errors", row->text, good, report.errors);
    if (good && strcmp(name, row->name) != 0)
        fail_msg("'%s' became '%s', not '%s'", row->text, name, row->name);
    if ((report.count > 0) != (row->message != NULL))
        fail_msg("'%s': %u messages: %s", row->text, report.count, report.entry[0].text);
    if (row->message == NULL)
        return;
    if (strncmp(report.entry[0].text, row->message, strlen(row->message)) != 0)
        fail_msg("'%s': %s", row->text, report.entry[0].text);
    assert_int_equal(report.entry[0].line, 7);
    assert_int_equal(report.entry[0].column, 3);
}

static void check_rows(const struct row *row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_row(&row[i]);
}

static void words_are_joined_by_dots(void **state)
{
    static const struct row rows[] = {
        {"All you need to know", "All.you.need.to.know", NULL},
        {"  two\t words ", "two.words", NULL},
        {"one", "one", NULL},
        {"x-y ab--cd", "x-y.ab--cd", NULL},
        {"10 hops", "10.hops", NULL},
        {"", "", NULL},
        {"   ", "", NULL},
    };

    (void)state;
    check_rows(rows, ROWS(rows));
}

static void punctuation_parts_words_and_apostrophes_go(void **state)
{
    static const struct row rows[] = {
        {"it's, isn't it?", "its.isnt.it", NULL},
        {"it\u2019s", "its", NULL},
        {"and/or: maybe...not", "and.or.maybe.not", NULL},
        {"\u201cquoted\u201d \u2014 so", "quoted.so", NULL},
        {"a_b@c", "a.b.c", NULL},
        {"- one -two- --", "one.two", NULL},
        {"a\u00a0b\u3000c", "a.b.c", NULL},
        {"soft\u00adhyphen hard\u2011hyphen", "softhyphen.hard-hyphen", NULL},
        {"caf\u00e9\u00bb", "cafe", NULL},
    };

    (void)state;
    check_rows(rows, ROWS(rows));
}

static void latin_letters_lose_their_marks(void **state)
{
    static const struct row rows[] = {
        {"Gr\u00fc\u00dfe", "Grusse", NULL},
        {"cr\u00e8me br\u00fbl\u00e9e", "creme.brulee", NULL},
        {"\u00c6r\u00f8 \u00fe\u00f3r", "AEro.thor", NULL},
        {"\u0141\u00f3d\u017a \u021bar\u0103", "Lodz.tara", NULL},
        {"Vi\u1ec7t", "Viet", NULL},
        {"e\u0301te\u0301", "ete", NULL},    /* the marks as characters of their own */
        {"\uff21\uff22\uff11", "AB1", NULL}, /* fullwidth */
    };

    (void)state;
    check_rows(rows, ROWS(rows));
}

static void other_scripts_become_a_labels(void **state)
{
    static const struct row rows[] = {
        {"\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", "xn--b1agh1afp.xn--h1ahn",
         NULL},
        {"\u041f\u0440\u0438\u0432\u0435\u0442", "xn--b1agh1afp", NULL}, /* in lower case */
        {"\u4f60\u597d", "xn--6qq79v", NULL},
        {"\u4f60\u597d\u3002ok", "xn--6qq79v.ok", NULL}, /* an ideographic stop is no dot */
        {"\u05e9\u05dc\u05d5\u05dd", "xn--9dbne9b", NULL},
    };

    (void)state;
    check_rows(rows, ROWS(rows));
}

static void what_cannot_be_shown_is_a_warning(void **state)
{
    static const struct row rows[] = {
        {"...", "", "expected letters or digits"},
        {"\u2603", "", "expected letters or digits"},
        {"snow \u2603 man", "snow.man", "what is no letter or digit"},
        {"hi \U0001f600", "hi", "what is no letter or digit"},
        {"a\ufffd"
         "b",
         "ab", "what is no letter or digit"}, /* a letter that no A-label has */
        {"192.0.2.1", "192.0.2.1", "the name '192.0.2.1' is all numbers"},
        {"42", "42", "the name '42' is all numbers"},
        {"0x7f 1", "0x7f.1", "the name '0x7f.1' is all numbers"},
        {"1 2 3 4 5", "1.2.3.4.5", NULL}, /* no address has five */
        {"0x", "0x", NULL},
        {"12a", "12a", NULL},
    };

    (void)state;
    check_rows(rows, ROWS(rows));
}

static void what_no_name_can_be_is_an_error(void **state)
{
    static const struct row rows[] = {
        {TEN("abcdef") "abc", TEN("abcdef") "abc", NULL},
        {TEN("abcdef") "abcd", "",
         "expected words of at most 63 octets, as DNS allows, found one of 64"},
        {TEN("123456789012345678901234 ") "123", TEN("123456789012345678901234.") "123", NULL},
        {TEN("123456789012345678901234 ") "1234", "",
         "expected a text that makes a name of at most 253"},
        {"\xff", "", "expected text in UTF-8, found an octet 0xff"},
        {"a\xc3", "", "expected text in UTF-8, found an octet 0xc3"},
        {"a\xc0\x80", "", "expected text in UTF-8, found an octet 0xc0"},
        {"\xe0\x80\x80", "", "expected text in UTF-8"},     /* overlong */
        {"\xed\xa0\x80", "", "expected text in UTF-8"},     /* half of a surrogate pair */
        {"\xf4\x90\x80\x80", "", "expected text in UTF-8"}, /* past the last character */
        {TEN("\u043f\u0440\u0438\u0432\u0435\u0442"), "", "expected words whose A-label"},
    };

    (void)state;
    check_rows(rows, ROWS(rows));
}

static void a_text_over_its_limit_is_an_error(void **state)
{
    struct row row = {.message = "expected a text of at most 512 octets, found 513"};
    char text[TALE_TEXT_MAX + 2];

    (void)state;
    memset(text, ' ', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    row.text = text;
    check_row(&row);
}

static void every_folded_letter_is_of_ascii(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x3000; c++) {
        char out[LATIN_FOLD_MAX + 1] = "";

        if (!latin_fold(c, out))
            continue;
        assert_true(c >= 0xc0);
        assert_in_range(strlen(out), 1, 2);
        for (size_t i = 0; out[i] != '\0'; i++)
            assert_true((out[i] >= 'a' && out[i] <= 'z') || (out[i] >= 'A' && out[i] <= 'Z'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_joined_by_dots),
        cmocka_unit_test(punctuation_parts_words_and_apostrophes_go),
        cmocka_unit_test(latin_letters_lose_their_marks),
        cmocka_unit_test(other_scripts_become_a_labels),
        cmocka_unit_test(what_cannot_be_shown_is_a_warning),
        cmocka_unit_test(what_no_name_can_be_is_an_error),
        cmocka_unit_test(a_text_over_its_limit_is_an_error),
        cmocka_unit_test(every_folded_letter_is_of_ascii),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
