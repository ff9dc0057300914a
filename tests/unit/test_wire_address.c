#include "unit.h"

#include "wire/address.h"

#include <arpa/inet.h>

static struct address address(const char *text)
{
    uint8_t octets[16];

    if (inet_pton(AF_INET, text, octets) == 1)
        return address_v4(octets);
    assert_int_equal(inet_pton(AF_INET6, text, octets), 1);
    return address_v6(octets);
}

static void an_ipv4_address_is_held_mapped(void **state)
{
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 203, 0, 113, 7};
    const struct address a = address("203.0.113.7");
    const struct address b = address("2001:db8::7");

    (void)state;
    assert_memory_equal(a.octets, mapped, 16);
    assert_int_equal(address_family(&a), FAMILY_V4);
    assert_int_equal(address_family(&b), FAMILY_V6);
    assert_false(address_equal(&a, &b));
}

static void on_the_wire_each_family_has_its_own_length(void **state)
{
    const struct address a = address("203.0.113.7");
    const struct address b = address("2001:db8::7");

    (void)state;
    assert_int_equal(address_wire_length(&a), 4);
    assert_memory_equal(address_wire(&a), ((uint8_t[]){203, 0, 113, 7}), 4);
    assert_int_equal(address_wire_length(&b), 16);
    assert_ptr_equal(address_wire(&b), b.octets);
}

static void addresses_that_are_never_answered_are_known(void **state)
{
    static const struct {
        const char *text;
        bool is_special;
    } rows[] = {
        {"0.0.0.0", true},
        {"::", true},
        {"224.0.0.1", true},
        {"239.255.255.255", true},
        {"223.255.255.255", false},
        {"ff02::1", true},
        {"fe80::1", false},
        {"127.0.0.1", true},
        {"127.255.255.254", true},
        {"126.0.0.1", false},
        {"128.0.0.1", false},
        {"::1", true},
        {"::2", false},
        {"255.255.255.255", true},
        {"255.255.255.254", false},
        {"203.0.113.7", false},
        {"2001:db8::1", false},
        {"0.0.0.1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct address a = address(rows[i].text);

        if (address_is_special(&a) != rows[i].is_special)
            fail_msg("%s: expected %d", rows[i].text, rows[i].is_special);
    }
}

static void a_prefix_has_only_zeros_past_its_length(void **state)
{
    static const struct {
        const char *address;
        uint8_t length;
        const char *expected;
    } rows[] = {
        {"203.0.113.255", 128, "203.0.113.255"},
        {"203.0.113.255", 120, "203.0.113.0"},
        {"203.0.113.255", 125, "203.0.113.248"},
        {"203.0.113.255", 96, "0.0.0.0"},
        {"2001:db8:ffff:ffff::1", 48, "2001:db8:ffff::"},
        {"2001:db8:ffff:ffff::1", 51, "2001:db8:ffff:e000::"},
        {"2001:db8::1", 0, "::"},
        {"2001:db8::1", 128, "2001:db8::1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct address a = address(rows[i].address);
        const struct address expected = address(rows[i].expected);
        const struct prefix p = prefix_of(&a, rows[i].length);

        assert_int_equal(p.length, rows[i].length);
        if (!address_equal(&p.address, &expected))
            fail_msg("%s/%u is not %s", rows[i].address, rows[i].length, rows[i].expected);
        assert_true(prefix_contains(&p, &a));
    }
}

static void a_prefix_holds_addresses_up_to_its_last_and_of_its_family(void **state)
{
    static const struct {
        const char *prefix;
        uint8_t length;
        const char *address;
        bool is_inside;
    } rows[] = {
        {"198.51.100.16", 124, "198.51.100.16", true},
        {"198.51.100.16", 124, "198.51.100.31", true},
        {"198.51.100.16", 124, "198.51.100.32", false},
        {"198.51.100.16", 124, "198.51.100.15", false},
        {"0.0.0.0", 96, "255.1.2.3", true},
        {"0.0.0.0", 96, "2001:db8::1", false},
        {"2001:db8:42::", 64, "2001:db8:42::ffff:1", true},
        {"2001:db8:42::", 64, "2001:db8:42:1::", false},
        {"::", 0, "2001:db8::1", true},
        {"::", 0, "198.51.100.16", false},
        {"::", 80, "198.51.100.16", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct address base = address(rows[i].prefix);
        const struct address a = address(rows[i].address);
        const struct prefix p = prefix_of(&base, rows[i].length);

        if (prefix_contains(&p, &a) != rows[i].is_inside)
            fail_msg("%s in %s/%u: expected %d", rows[i].address, rows[i].prefix, rows[i].length,
                     rows[i].is_inside);
    }
}

static void a_length_is_written_as_people_write_it(void **state)
{
    const struct address v4 = address("203.0.113.0");
    const struct address v6 = address("2001:db8::");
    const struct prefix a = prefix_of(&v4, 120);
    const struct prefix b = prefix_of(&v6, 120);

    (void)state;
    assert_int_equal(prefix_written_length(&a), 24);
    assert_int_equal(prefix_written_length(&b), 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_address_is_held_mapped),
        cmocka_unit_test(on_the_wire_each_family_has_its_own_length),
        cmocka_unit_test(addresses_that_are_never_answered_are_known),
        cmocka_unit_test(a_prefix_has_only_zeros_past_its_length),
        cmocka_unit_test(a_prefix_holds_addresses_up_to_its_last_and_of_its_family),
        cmocka_unit_test(a_length_is_written_as_people_write_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
