#include "unit.h"

#include "base/printable.h"

#include <stdio.h>

/* What is not printable has a '?' in the second column for each of its octets. */
static const struct {
    const char *text;
    const char *made;
} rows[] = {
    {"", ""},
    {"Hops ~", "Hops ~"},
    {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\xc2\xa0\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
     "\xc2\xa0\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"},
    {"a\nb\x1b[2J\x7f", "a?b?[2J?"},
    {"\xc2\x9b", "??"},           /* CSI of C1 */
    {"ab\xc3", "ab?"},            /* cut */
    {"ab\xf0\x9f\x98", "ab???"},  /* cut */
    {"\xe2\x82x", "??x"},         /* broken off */
    {"\x80\xbf\xff", "???"},      /* begins nothing */
    {"\xc0\xaf", "??"},           /* too long a form */
    {"\xe0\x9f\xbf", "???"},      /* too long a form */
    {"\xf0\x8f\xbf\xbf", "????"}, /* too long a form */
    {"\xed\xa0\x80", "???"},      /* a surrogate */
    {"\xf4\x90\x80\x80", "????"}, /* beyond U+10FFFF */
};

static void what_is_not_printable_is_replaced_octet_by_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];

        snprintf(text, sizeof text, "%s", rows[i].text);
        assert_int_equal(printable_is(text), strcmp(rows[i].text, rows[i].made) == 0);
        printable_make(text, '?');
        assert_string_equal(text, rows[i].made);
        assert_true(printable_is(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_printable_is_replaced_octet_by_octet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
