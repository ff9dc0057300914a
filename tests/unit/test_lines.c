#include "unit.h"

#include "tale/compile.h"
#include "tale/lines.h"

#include <stdio.h>

#define HEAD "targets: '2001:db8:42::9'\naddresses: '2001:db8:43::/64'\nhops: "

struct seen {
    char text[256];
};

static void see(const struct sight *sight, void *context)
{
    struct seen *seen = context;
    const size_t length = strlen(seen->text);

    snprintf(seen->text + length, sizeof seen->text - length, "%s%s", length > 0 ? " " : "",
             sight->hop != NULL ? sight->hop->say : "END");
}

/* `lines` has what stands at 1, 2, 3 and so on. */
static void check(const char *hops, const char *const *lines)
{
    const struct traits nobody = {0};
    char text[512];
    struct report report;
    struct tale *tale;
    unsigned position = 1;

    snprintf(text, sizeof text, HEAD "%s\n", hops);
    report_init(&report, "t.yaml");
    tale = tale_compile(text, strlen(text), "t.yaml", &report);
    assert_non_null(tale);
    for (; lines[position - 1] != NULL; position++) {
        struct seen seen = {.text = ""};
        const unsigned count = lines_at(tale, &nobody, position, see, &seen);

        assert_string_equal(seen.text, lines[position - 1]);
        assert_int_equal(count > 0, seen.text[0] != '\0');
    }
    assert_int_equal(lines_at(tale, &nobody, position, see, &(struct seen){.text = ""}), 0);
    assert_int_equal(lines_at(tale, &nobody, 0, see, &(struct seen){.text = ""}), 0);
    assert_int_equal(lines_at(tale, &nobody, 300, see, &(struct seen){.text = ""}), 0);
    tale_free(tale);
}

static void a_plain_path_has_one_hop_a_line(void **state)
{
    (void)state;
    check("[a, b]", (const char *[]){"a", "b", "END", NULL});
}

static void branches_of_one_length_stand_side_by_side(void **state)
{
    (void)state;
    check("[a, {fork: [[b, c], [d, e]]}, f]",
          (const char *[]){"a", "b d", "c e", "f", "END", NULL});
}

static void what_follows_unequal_branches_stands_at_several_lines(void **state)
{
    (void)state;
    check("[{fork: [[a, b, c], d, []]}, e]",
          (const char *[]){"a d e", "b e END", "c END", "e", "END", NULL});
}

static void nothing_stands_behind_a_refusal(void **state)
{
    (void)state;
    check("[a, {say: b, refuse: admin}, c]", (const char *[]){"a", "b", NULL});
    check("[{fork: [[a, {say: b, refuse: net}, c], [d]]}, e]",
          (const char *[]){"a d", "b e", "END", NULL});
}

static void the_last_hop_limit_may_be_a_hop(void **state)
{
    char text[1024] = "[a";
    const char *lines[258] = {"a"};

    (void)state;
    strcat(text, ", {loop: 1, times: 254}]");
    for (unsigned i = 0; i < 255; i++)
        lines[i] = "a";
    lines[255] = "END";
    check(text, lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_path_has_one_hop_a_line),
        cmocka_unit_test(branches_of_one_length_stand_side_by_side),
        cmocka_unit_test(what_follows_unequal_branches_stands_at_several_lines),
        cmocka_unit_test(nothing_stands_behind_a_refusal),
        cmocka_unit_test(the_last_hop_limit_may_be_a_hop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
