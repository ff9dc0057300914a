#include "unit.h"

#include "base/units.h"
#include "watch/named_networks.h"

#include <errno.h>

static struct report report;

static int parse(const char *text, struct named_networks **out)
{
    report_init(&report, "n.csv");
    return named_networks_new(text, strlen(text), &report, out);
}

static const char *name_of(const struct named_networks *networks, const char *text)
{
    const struct named_network *found;
    struct address address;

    assert_true(units_parse_address(text, &address));
    found = named_networks_find(networks, &address);
    return found ? found->name : "none";
}

static void the_finest_prefix_that_holds_an_address_is_its_network(void **state)
{
    static const struct {
        const char *address;
        const char *name;
    } rows[] = {
        {"203.0.113.7", "corner"},     {"203.0.113.64", "street"}, {"203.0.112.1", "town"},
        {"203.0.115.255", "town"},     {"203.0.116.0", "none"},    {"203.0.111.255", "none"},
        {"2001:db8:42::1", "carrier"}, {"2001:db8:43::", "none"},  {"198.51.100.9", "host"},
        {"198.51.100.10", "none"},     {"0.0.0.0", "none"},
    };
    struct named_networks *networks;

    (void)state;
    assert_int_equal(parse("prefix,name,kind\r\n"
                           "203.0.113.0/24,street,fixed\n"
                           "# what a person may note\n"
                           "203.0.112.0/22,town,handset\n\n"
                           "2001:db8:42::/48,carrier,handset\n"
                           "198.51.100.9,host,hosting\n"
                           "203.0.113.0/26,corner,hosting",
                           &networks),
                     0);
    assert_int_equal(networks->count, 5);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(name_of(networks, rows[i].address), rows[i].name);
    named_networks_free(networks);
}

static void the_two_families_do_not_hold_each_other(void **state)
{
    struct named_networks *networks;

    (void)state;
    assert_int_equal(parse("prefix,name,kind\n::/0,six,handset\n0.0.0.0/0,four,fixed\n"
                           "10.0.0.0/8,ten,fixed\n2001:db8::/32,book,hosting\n",
                           &networks),
                     0);
    assert_string_equal(name_of(networks, "10.1.2.3"), "ten");
    assert_string_equal(name_of(networks, "11.1.2.3"), "four");
    assert_string_equal(name_of(networks, "2001:db8::1"), "book");
    assert_string_equal(name_of(networks, "2a00::1"), "six");
    named_networks_free(networks);
}

static void larger_networks_follow_finer_ones(void **state)
{
    const struct address address = address_v4((const uint8_t[4]){203, 0, 113, 7});
    const struct prefix street = prefix_of(&address, 120);
    const struct named_network *at;
    struct named_networks *networks;

    (void)state;
    assert_int_equal(parse("prefix,name,kind\n203.0.113.0/26,corner,hosting\n"
                           "203.0.112.0/22,town,handset\n203.0.113.0/24,street,fixed\n",
                           &networks),
                     0);
    at = named_networks_find(networks, &address);
    assert_string_equal(at->name, "corner");
    assert_int_equal(at->kind, NETWORK_OF_HOSTING);
    at = named_networks_parent(networks, at);
    assert_string_equal(at->name, "street");
    assert_ptr_equal(named_networks_at(networks, &street), at);
    at = named_networks_parent(networks, at);
    assert_string_equal(at->name, "town");
    assert_null(named_networks_parent(networks, at));
    named_networks_free(networks);
}

static void a_name_may_have_quotes_commas_and_other_letters(void **state)
{
    struct named_networks *networks;

    (void)state;
    assert_int_equal(parse("prefix,name,kind\n203.0.113.0/24,\"Funk, \"\"S\xc3\xbc"
                           "d\"\"\",handset\n",
                           &networks),
                     0);
    assert_string_equal(networks->network[0].name, "Funk, \"S\xc3\xbc"
                                                   "d\"");
    named_networks_free(networks);
}

static void what_is_no_network_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"", "n.csv:1:1: error: expected the header 'prefix,name,kind', found ''"},
        {"prefix,kind\n", "n.csv:1:1: error: expected the header 'prefix,name,kind', found "
                          "'prefix,kind'"},
        {"prefix,name,kind\n203.0.113.0/24,x\n",
         "n.csv:2:1: error: expected prefix,name,kind, found '203.0.113.0/24,x'"},
        {"prefix,name,kind\n\n203.0.113.1/24,x,fixed\n",
         "n.csv:3:1: error: expected a prefix as in 203.0.113.0/24, found '203.0.113.1/24'"},
        {"prefix,name,kind\n203.0.113.0/24,,fixed\n",
         "n.csv:2:16: error: expected a name of 1 to 63 octets of UTF-8, found ''"},
        {"prefix,name,kind\n203.0.113.0/24,\xc3(,fixed\n",
         "n.csv:2:16: error: expected a name of 1 to 63 octets of UTF-8, found '?('"},
        {"prefix,name,kind\n203.0.113.0/24,\xed\xa0\x80,fixed\n",
         "n.csv:2:16: error: expected a name of 1 to 63 octets of UTF-8, found '\?\?\?'"},
        {"prefix,name,kind\n203.0.113.0/24,x,Fixed\n",
         "n.csv:2:18: error: expected handset, fixed or hosting, found 'Fixed'"},
        {"prefix,name,kind\n10.0.0.0/8,x,fixed\n10.0.0.0/8,y,fixed\n",
         "n.csv: error: expected each prefix once, found 10.0.0.0/8 twice"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct named_networks *networks = NULL;
        char line[512];

        assert_int_equal(parse(rows[i].text, &networks), -EINVAL);
        assert_string_equal(report_line(&report, 0, line, sizeof line), rows[i].error);
        assert_null(networks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_finest_prefix_that_holds_an_address_is_its_network),
        cmocka_unit_test(the_two_families_do_not_hold_each_other),
        cmocka_unit_test(larger_networks_follow_finer_ones),
        cmocka_unit_test(a_name_may_have_quotes_commas_and_other_letters),
        cmocka_unit_test(what_is_no_network_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
