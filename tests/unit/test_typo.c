#include "unit.h"

#include "base/typo.h"

static void each_change_of_a_letter_counts_one(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        unsigned distance;
    } rows[] = {
        {"", "", 0},
        {"watch", "watch", 0},
        {"", "tun", 3},
        {"tun", "", 3},
        {"usr", "user", 1},
        {"user", "usr", 1},
        {"keap", "keep", 1},
        {"kepe", "keep", 1},
        {"ab", "ba", 1},
        {"interfases", "interfaces", 1},
        {"kitten", "sitting", 3},
        {"ca", "abc", 3}, /* no letter is changed twice */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (typo_distance(rows[i].a, rows[i].b) != rows[i].distance)
            fail_msg("'%s' to '%s': %u", rows[i].a, rows[i].b, typo_distance(rows[i].a, rows[i].b));
}

static void long_words_are_far(void **state)
{
    char word[TYPO_LENGTH_MAX + 2];

    (void)state;
    memset(word, 'a', sizeof word);
    word[TYPO_LENGTH_MAX + 1] = '\0';
    assert_int_equal(typo_distance(word, "a"), TYPO_FAR);
    assert_int_equal(typo_distance("a", word), TYPO_FAR);
    word[TYPO_LENGTH_MAX] = '\0';
    assert_int_equal(typo_distance(word, "a"), TYPO_LENGTH_MAX - 1);
    assert_int_equal(typo_distance(word, word), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_of_a_letter_counts_one),
        cmocka_unit_test(long_words_are_far),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
