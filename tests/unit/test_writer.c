#include "unit.h"

#include "base/writer.h"

static void pieces_follow_each_other_and_what_does_not_fit_is_cut(void **state)
{
    char text[9];
    struct writer w = {.out = text, .size = 8};

    (void)state;
    memset(text, '#', sizeof text);
    writer_put(&w, "%u,", 12);
    assert_string_equal(text, "12,");
    writer_put(&w, "%s", "");
    writer_put(&w, "%s", "34567");
    assert_string_equal(text, "12,3456");
    assert_int_equal(w.used, 7);
    writer_put(&w, "%s", "8");
    assert_string_equal(text, "12,3456");
    assert_int_equal(text[8], '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_follow_each_other_and_what_does_not_fit_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
