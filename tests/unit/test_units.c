#include "unit.h"

#include "base/units.h"

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

struct number_row {
    const char *text;
    bool good;
    uint64_t value;
};

static void check_numbers(const struct number_row *row, size_t count,
                          bool (*parse)(const char *, uint64_t *))
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 77;

        if (parse(row[i].text, &value) != row[i].good)
            fail_msg("'%s' was %s", row[i].text, row[i].good ? "refused" : "taken");
        if (value != (row[i].good ? row[i].value : 77))
            fail_msg("'%s' gave %llu", row[i].text, (unsigned long long)value);
    }
}

static void counts_have_powers_of_ten(void **state)
{
    static const struct number_row rows[] = {
        {"0", true, 0},
        {"20", true, 20},
        {"10k", true, 10000},
        {"1M", true, 1000000},
        {"1.5M", true, 1500000},
        {"1.50k", true, 1500},
        {"2G", true, 2000000000},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"18446744073709551615k", false, 0},
        {"1.5", false, 0},
        {"1.0001k", false, 0},
        {"1.", false, 0},
        {".5k", false, 0},
        {"1.2.3k", false, 0},
        {"", false, 0},
        {"k", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1 k", false, 0},
        {"1K", false, 0},
        {"1kk", false, 0},
        {"0x10", false, 0},
        {"1e3", false, 0},
    };

    (void)state;
    check_numbers(rows, ROWS(rows), units_parse_count);
}

static void sizes_have_both_kinds_of_units(void **state)
{
    static const struct number_row rows[] = {
        {"512", true, 512},        {"512B", true, 512},
        {"1kB", true, 1000},       {"1KiB", true, 1024},
        {"64MiB", true, 67108864}, {"1.5KiB", true, 1536},
        {"2GB", true, 2000000000}, {"1TiB", true, UINT64_C(1099511627776)},
        {"0.3KiB", false, 0},      {"16777216TiB", false, 0},
        {"1kb", false, 0},         {"1k", false, 0},
    };

    (void)state;
    check_numbers(rows, ROWS(rows), units_parse_size);
}

static void durations_need_a_unit(void **state)
{
    static const struct number_row rows[] = {
        {"20ms", true, 20000},
        {"1.5s", true, 1500000},
        {"0s", true, 0},
        {"30d", true, UINT64_C(2592000000000)},
        {"2w", true, UINT64_C(1209600000000)},
        {"5m", true, 300000000},
        {"5min", true, 300000000},
        {"1h", true, UINT64_C(3600000000)},
        {"7us", true, 7},
        {"0.1us", false, 0},
        {"20", false, 0},
        {"0", false, 0},
        {"20 ms", false, 0},
        {"20MS", false, 0},
        {"1h30m", false, 0},
        {"1000000000000d", false, 0},
    };

    (void)state;
    check_numbers(rows, ROWS(rows), units_parse_duration);
}

static void shares_are_percentages_or_fractions(void **state)
{
    static const struct {
        const char *text;
        bool good;
        double share;
    } rows[] = {
        {"5%", true, 0.05},       {"0.5%", true, 0.005}, {"0.05", true, 0.05}, {"100%", true, 1},
        {"99.99%", true, 0.9999}, {"1", true, 1},        {"0", true, 0},       {"0%", true, 0},
        {"100.01%", false, 0},    {"1.01", false, 0},    {"-1%", false, 0},    {"%", false, 0},
        {"5%%", false, 0},        {"5 %", false, 0},     {"nan", false, 0},    {"", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        double share = 7;

        if (units_parse_share(rows[i].text, &share) != rows[i].good)
            fail_msg("'%s' was %s", rows[i].text, rows[i].good ? "refused" : "taken");
        if (share != (rows[i].good ? rows[i].share : 7))
            fail_msg("'%s' gave %.17g", rows[i].text, share);
    }
}

/* What is read, and how it is written again; NULL for what is refused. */
struct text_row {
    const char *text;
    const char *again;
};

static void addresses_are_written_as_rfc_5952_says(void **state)
{
    static const struct text_row rows[] = {
        {"203.0.113.9", "203.0.113.9"},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:0db8::0001", "2001:db8::1"},
        {"::", "::"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"0:0:0:1:0:0:0:1", "::1:0:0:0:1"},
        {"1:0:0:0:0:0:0:0", "1::"},
        {"0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"},
        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
        {"::1:2", "::1:2"},
        {"::192.0.2.1", "::c000:201"},
        {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"fe80::a00:27ff:fe0b:10c0", "fe80::a00:27ff:fe0b:10c0"},
        {"255.100.10.0", "255.100.10.0"},
        {"0.0.0.0", "0.0.0.0"},
        {"::1", "::1"},
        {"::ffff:203.0.113.9", "203.0.113.9"},
        {"203.0.113", NULL},
        {"203.0.113.256", NULL},
        {"203.0.113.09", NULL},
        {"203.0.113.9 ", NULL},
        {"2001:db8::1::2", NULL},
        {"fe80::1%eth0", NULL},
        {"[::1]", NULL},
        {"localhost", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];

        if (units_parse_address(rows[i].text, &address) != (rows[i].again != NULL))
            fail_msg("'%s'", rows[i].text);
        if (rows[i].again != NULL)
            assert_string_equal(units_address(&address, text), rows[i].again);
    }
}

static void prefixes_have_no_bits_past_their_length(void **state)
{
    static const struct text_row rows[] = {
        {"203.0.113.0/24", "203.0.113.0/24"},
        {"203.0.113.9", "203.0.113.9/32"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"2001:db8::/32", "2001:db8::/32"},
        {"2001:db8::1", "2001:db8::1/128"},
        {"::/0", "::/0"},
        {"::ffff:203.0.113.0/120", "203.0.113.0/24"},
        {"::ffff:0:0/96", "0.0.0.0/0"},
        {"::ffff:0:0/95", NULL},
        {"203.0.113.9/24", NULL},
        {"2001:db8::1/64", NULL},
        {"203.0.113.0/33", NULL},
        {"2001:db8::/129", NULL},
        {"203.0.113.0/", NULL},
        {"203.0.113.0/024", NULL},
        {"203.0.113.0/+24", NULL},
        {"203.0.113.0/24 ", NULL},
        {"203.0.113.0/4294967320", NULL},
        {"/24", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct prefix prefix;
        char text[PREFIX_TEXT_MAX];

        if (units_parse_prefix(rows[i].text, &prefix) != (rows[i].again != NULL))
            fail_msg("'%s'", rows[i].text);
        if (rows[i].again != NULL)
            assert_string_equal(units_prefix(&prefix, text), rows[i].again);
    }
}

static void a_prefix_holds_addresses_of_its_own_family_only(void **state)
{
    static const struct {
        const char *prefix;
        const char *address;
        bool holds;
    } rows[] = {
        {"203.0.113.0/24", "203.0.113.255", true},
        {"203.0.113.0/24", "203.0.114.0", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.9", false},
        {"2001:db8::/33", "2001:db8:7fff::", true},
        {"2001:db8::/33", "2001:db8:8000::", false},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct prefix prefix;
        struct address address;

        assert_true(units_parse_prefix(rows[i].prefix, &prefix));
        assert_true(units_parse_address(rows[i].address, &address));
        if (prefix_contains(&prefix, &address) != rows[i].holds)
            fail_msg("%s in %s", rows[i].address, rows[i].prefix);
    }
}

static void values_are_written_in_the_largest_unit_without_rest(void **state)
{
    char text[UNITS_TEXT_MAX];

    (void)state;
    assert_string_equal(units_count(1000000, text), "1M");
    assert_string_equal(units_count(64000, text), "64k");
    assert_string_equal(units_count(16384, text), "16384");
    assert_string_equal(units_count(0, text), "0");
    assert_string_equal(units_duration(1500000, text), "1500ms");
    assert_string_equal(units_duration(UINT64_C(2592000000000), text), "30d");
    assert_string_equal(units_duration(60000000, text), "1min");
    assert_string_equal(units_duration(0, text), "0us");
    assert_string_equal(units_duration(UINT64_MAX, text), "18446744073709551615us");
    assert_string_equal(units_size(67108864, text), "64MiB");
    assert_string_equal(units_size(1000, text), "1000");
    assert_string_equal(units_size(0, text), "0");
    assert_string_equal(units_share(0.05, text), "5%");
    assert_string_equal(units_share(0.9999, text), "99.99%");
    assert_string_equal(units_share(0.07, text), "7%");
    assert_string_equal(units_share(1, text), "100%");
    assert_string_equal(units_share(0, text), "0%");
}

static void an_endpoint_is_an_address_and_a_port(void **state)
{
    static const struct {
        const char *text;
        const char *address; /* NULL: refused */
        uint16_t port;
    } rows[] = {
        {"127.0.0.1:53", "127.0.0.1", 53},
        {"[::1]:8080", "::1", 8080},
        {"[::]:65535", "::", 65535},
        {"::1:53", NULL, 0},
        {"[127.0.0.1]:53", NULL, 0},
        {"[::1]53", NULL, 0},
        {"[::1", NULL, 0},
        {"127.0.0.1", NULL, 0},
        {"127.0.0.1:", NULL, 0},
        {"127.0.0.1:0", NULL, 0},
        {"127.0.0.1:65536", NULL, 0},
        {"127.0.0.1:5 3", NULL, 0},
        {":53", NULL, 0},
        {"localhost:53", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        uint16_t port = 0;

        if (units_parse_endpoint(rows[i].text, &address, &port) != (rows[i].address != NULL))
            fail_msg("'%s' %s", rows[i].text, rows[i].address ? "is refused" : "is taken");
        if (rows[i].address == NULL)
            continue;
        assert_string_equal(units_address(&address, text), rows[i].address);
        assert_int_equal(port, rows[i].port);
    }
}

static void host_names_have_labels_and_dots(void **state)
{
    static const char *const good[] = {"a", "A-1.example", "xn--6qq79v.example", "1.2"};
    static const char *const bad[] = {"",   ".",   "a.",  ".a",    "a..b",   "-a",
                                      "a-", "a b", "a_b", "a.-.b", "\u00e9", "a;b"};
    char longest[256];

    (void)state;
    for (size_t i = 0; i < ROWS(good); i++)
        assert_true(units_is_host_name(good[i]));
    for (size_t i = 0; i < ROWS(bad); i++)
        assert_false(units_is_host_name(bad[i]));
    memset(longest, 'a', sizeof longest);
    longest[63] = longest[127] = longest[191] = '.';
    longest[253] = '\0';
    assert_true(units_is_host_name(longest));
    longest[253] = 'a';
    longest[254] = '\0';
    assert_false(units_is_host_name(longest));
    longest[64] = '\0';
    longest[63] = 'a';
    assert_false(units_is_host_name(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_is_an_address_and_a_port),
        cmocka_unit_test(counts_have_powers_of_ten),
        cmocka_unit_test(sizes_have_both_kinds_of_units),
        cmocka_unit_test(durations_need_a_unit),
        cmocka_unit_test(shares_are_percentages_or_fractions),
        cmocka_unit_test(addresses_are_written_as_rfc_5952_says),
        cmocka_unit_test(prefixes_have_no_bits_past_their_length),
        cmocka_unit_test(a_prefix_holds_addresses_of_its_own_family_only),
        cmocka_unit_test(values_are_written_in_the_largest_unit_without_rest),
        cmocka_unit_test(host_names_have_labels_and_dots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
