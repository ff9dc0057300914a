#include "unit.h"

#include "base/units.h"
#include "names/reverse.h"

static struct prefix prefix(const char *text)
{
    struct prefix p;

    if (!units_parse_prefix(text, &p))
        fail_msg("no prefix: %s", text);
    return p;
}

static void prefixes_have_names(void **state)
{
    static const struct {
        const char *prefix;
        const char *name;
    } rows[] = {
        {"198.51.100.17", "17.100.51.198.in-addr.arpa"},
        {"198.51.100.0/24", "100.51.198.in-addr.arpa"},
        {"198.0.0.0/8", "198.in-addr.arpa"},
        {"2001:db8::/32", "8.b.d.0.1.0.0.2.ip6.arpa"},
        {"2001:db8:43::/64", "0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
        {"2000::/4", "2.ip6.arpa"},
        {"2001:db8::f:1",
         "1.0.0.0.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
    };
    char name[REVERSE_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct prefix p = prefix(rows[i].prefix);

        assert_string_equal(reverse_name(&p, name), rows[i].name);
    }
}

static void zones_end_at_octets_and_nibbles(void **state)
{
    static const struct {
        const char *address;
        const char *within;
        const char *zone;
    } rows[] = {
        {"198.51.100.17", "198.51.100.16/28", "198.51.100.0/24"},
        {"198.51.100.17", "198.51.100.0/24", "198.51.100.0/24"},
        {"198.51.100.17", "198.51.96.0/20", "198.51.100.0/24"},
        {"198.51.100.17", "198.51.0.0/16", "198.51.0.0/16"},
        {"198.51.100.17", "198.0.0.0/7", "198.0.0.0/8"},
        {"198.51.100.17", "198.51.100.17", "198.51.100.0/24"},
        {"2001:db8:43::1", "2001:db8:43::/64", "2001:db8:43::/64"},
        {"2001:db8:43::1", "2001:db8:43::/48", "2001:db8:43::/48"},
        {"2001:db8:43::1", "2001:db8:42::/47", "2001:db8:43::/48"},
        {"2001:db8:43::1", "2001:db8:43::/122", "2001:db8:43::/124"},
        {"2001:db8:43::1", "2001:db8:43::/126", "2001:db8:43::/64"},
        {"2001:db8:43::1", "2001:db8:43::1", "2001:db8:43::/64"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct prefix address = prefix(rows[i].address);
        const struct prefix within = prefix(rows[i].within);
        const struct prefix zone = reverse_zone(&address.address, &within);
        char text[PREFIX_TEXT_MAX];

        assert_string_equal(units_prefix(&zone, text), rows[i].zone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_have_names),
        cmocka_unit_test(zones_end_at_octets_and_nibbles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
