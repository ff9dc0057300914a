#include "unit.h"

#include "base/units.h"
#include "tale/compile.h"
#include "tale/own.h"

static struct tale *compile(void)
{
    static const char text[] = "targets: [203.0.113.9, '2001:db8:42::9']\n"
                               "addresses: [198.51.100.0/28, '2001:db8:43::/64']\n"
                               "hops:\n"
                               "  - a\n"
                               "  - {silent: true}\n"
                               "  - {say: b, address: 192.0.2.1}\n";
    struct report report;

    report_init(&report, "t.yaml");
    return tale_compile(text, sizeof text - 1, "t.yaml", &report);
}

static void a_tale_within_the_prefixes_is_not_outside(void **state)
{
    struct tale *tale = compile();
    struct prefix own[3];
    struct address address;
    uint32_t line = 0;

    (void)state;
    assert_non_null(tale);
    assert_true(units_parse_prefix("192.0.2.0/24", &own[0]));
    assert_true(units_parse_prefix("198.51.100.0/24", &own[1]));
    assert_true(units_parse_prefix("2001:db8::/32", &own[2]));
    assert_false(tale_outside(tale, own, 3, &line, &address));
    tale_free(tale);
}

static void the_first_hop_outside_is_told(void **state)
{
    struct tale *tale = compile();
    struct prefix own[2];
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    uint32_t line = 0;

    (void)state;
    assert_non_null(tale);
    assert_true(units_parse_prefix("198.51.100.0/24", &own[0]));
    assert_true(units_parse_prefix("2001:db8::/32", &own[1]));
    assert_true(tale_outside(tale, own, 2, &line, &address));
    assert_int_equal(line, 6);
    assert_string_equal(units_address(&address, text), "192.0.2.1");
    assert_true(tale_outside(tale, NULL, 0, &line, &address));
    assert_int_equal(line, 4);
    tale_free(tale);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tale_within_the_prefixes_is_not_outside),
        cmocka_unit_test(the_first_hop_outside_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
