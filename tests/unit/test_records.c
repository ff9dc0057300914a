#include "names_built.h"

#include <errno.h>
#include <stdlib.h>

#define TALE                                              \
    "targets: [203.0.113.9, '2001:db8:42::/64']\n"        \
    "addresses: [198.51.100.16/28, '2001:db8:43::/64']\n" \
    "zone: Tale.example.net\n"                            \
    "hops:\n"                                             \
    "  - One hop\n"                                       \
    "  - {silent: true}\n"                                \
    "  - {address: 198.51.100.200, say: two}\n"           \
    "  - '...'\n"                                         \
    "  - {loop: 1}\n"

static char written[16384];

static void append(const char *text, void *context)
{
    (void)context;
    assert_true(strlen(written) + strlen(text) < sizeof written);
    strcat(written, text);
}

/* Every zone, the blanks of ldns as one blank. */
static const char *all_zones(const struct names *names)
{
    written[0] = '\0';
    for (size_t i = 0; i < names_zone_count(names); i++)
        names_write_zone(names, i, append, NULL);
    for (char *tab = strchr(written, '\t'); tab != NULL; tab = strchr(tab, '\t'))
        *tab = ' ';
    return written;
}

static void a_tale_has_its_forward_and_reverse_zones(void **state)
{
    const char *const texts[] = {TALE};
    struct names *names = built_names(texts, 1, NULL);

    (void)state;
    assert_string_equal(
        all_zones(names),
        "; The zone 100.51.198.in-addr.arpa, written by hoptell from a tale.\n"
        "$ORIGIN 100.51.198.in-addr.arpa.\n"
        "$TTL 60\n"
        "100.51.198.in-addr.arpa. 60 IN SOA ns.Tale.example.net. hostmaster.Tale.example.net. 7 "
        "3600 600 604800 60\n"
        "100.51.198.in-addr.arpa. 60 IN NS ns.Tale.example.net.\n"
        "17.100.51.198.in-addr.arpa. 60 IN PTR One.hop.\n"
        "200.100.51.198.in-addr.arpa. 60 IN PTR two.\n"
        "; The zone 113.0.203.in-addr.arpa, written by hoptell from a tale.\n"
        "$ORIGIN 113.0.203.in-addr.arpa.\n"
        "$TTL 60\n"
        "113.0.203.in-addr.arpa. 60 IN SOA ns.Tale.example.net. hostmaster.Tale.example.net. 7 "
        "3600 600 604800 60\n"
        "113.0.203.in-addr.arpa. 60 IN NS ns.Tale.example.net.\n"
        "9.113.0.203.in-addr.arpa. 60 IN PTR Tale.example.net.\n"
        "; The zone 0.0.0.0.2.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa, written by hoptell from a tale.\n"
        "$ORIGIN 0.0.0.0.2.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa.\n"
        "$TTL 60\n"
        "0.0.0.0.2.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN SOA ns.Tale.example.net. "
        "hostmaster.Tale.example.net. 7 3600 600 604800 60\n"
        "0.0.0.0.2.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN NS ns.Tale.example.net.\n"
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN PTR "
        "Tale.example.net.\n"
        "; The zone 0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa, written by hoptell from a tale.\n"
        "$ORIGIN 0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa.\n"
        "$TTL 60\n"
        "0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN SOA ns.Tale.example.net. "
        "hostmaster.Tale.example.net. 7 3600 600 604800 60\n"
        "0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN NS ns.Tale.example.net.\n"
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN PTR "
        "One.hop.\n"
        "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN PTR "
        "two.\n"
        "; The zone Tale.example.net, written by hoptell from a tale.\n"
        "$ORIGIN Tale.example.net.\n"
        "$TTL 60\n"
        "Tale.example.net. 60 IN SOA ns.Tale.example.net. hostmaster.Tale.example.net. 7 3600 600 "
        "604800 60\n"
        "Tale.example.net. 60 IN NS ns.Tale.example.net.\n"
        "Tale.example.net. 60 IN A 203.0.113.9\n"
        "Tale.example.net. 60 IN AAAA 2001:db8:42::1\n"
        "ns.Tale.example.net. 60 IN A 203.0.113.9\n"
        "ns.Tale.example.net. 60 IN AAAA 2001:db8:42::1\n");
    names_free(names);
}

static void the_server_is_as_set(void **state)
{
    const char *const texts[] = {TALE};
    struct names *names = built_names(texts, 1, "ns1.example.org");

    (void)state;
    assert_non_null(strstr(all_zones(names), " NS ns1.example.org.\n"));
    assert_non_null(
        strstr(written, " SOA ns1.example.org. hostmaster.Tale.example.net. 7 3600 600 604800 60"));
    assert_null(strstr(written, "ns.Tale"));
    names_free(names);
}

static void a_server_in_the_forward_zone_has_addresses_there(void **state)
{
    static const struct {
        const char *server;
        const char *line; /* NULL: none is added */
    } rows[] = {
        {"a.b.tale.example.net", "a.b.tale.example.net. 60 IN A 203.0.113.9\n"},
        {"tale.example.net", NULL},
    };
    const char *const texts[] = {TALE};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct names *names = built_names(texts, 1, rows[i].server);
        const char *found = strstr(all_zones(names), " A 203.0.113.9\n");

        assert_non_null(found);
        if (rows[i].line != NULL)
            assert_non_null(strstr(written, rows[i].line));
        else
            assert_null(strstr(found + 1, " A 203.0.113.9\n"));
        names_free(names);
    }
}

static void a_tale_without_a_zone_has_reverse_zones_alone(void **state)
{
    const char *const texts[] = {"targets: 203.0.113.9\naddresses: 198.51.100.16/28\nhops: [a]\n"};
    struct names *names = built_names(texts, 1, NULL);

    (void)state;
    assert_int_equal(names_zone_count(names), 1);
    assert_string_equal(names_zone(names, 0), "100.51.198.in-addr.arpa");
    assert_non_null(strstr(all_zones(names), " SOA localhost. hostmaster.localhost. 7 "));
    names_free(names);
}

static void zones_do_not_lie_in_each_other(void **state)
{
    const char *const texts[] = {
        "targets: 203.0.113.9\naddresses: 198.51.100.16/28\nzone: a.example\nhops: [a]\n",
        "targets: 203.0.113.10\naddresses: 198.51.0.0/16\nzone: A.example\nhops: [b]\n",
    };
    struct names *names = built_names(texts, 2, NULL);

    (void)state;
    assert_int_equal(names_zone_count(names), 3);
    assert_string_equal(names_zone(names, 0), "51.198.in-addr.arpa");
    assert_string_equal(names_zone(names, 1), "113.0.203.in-addr.arpa");
    assert_string_equal(names_zone(names, 2), "a.example");
    all_zones(names);
    assert_non_null(strstr(written, "17.100.51.198.in-addr.arpa. 60 IN PTR a.\n"));
    assert_non_null(strstr(written, "1.0.51.198.in-addr.arpa. 60 IN PTR b.\n"));
    assert_non_null(strstr(written, "a.example. 60 IN A 203.0.113.9\n"));
    assert_non_null(strstr(written, "a.example. 60 IN A 203.0.113.10\n"));
    names_free(names);
}

static void no_tales_have_no_zones(void **state)
{
    struct names *names = built_names(NULL, 0, NULL);

    (void)state;
    assert_int_equal(names_zone_count(names), 0);
    names_free(names);
    names_free(NULL);
}

static void a_server_that_is_no_name_is_refused(void **state)
{
    struct tale *tale[] = {built_tale(TALE)};
    const struct tales tales = {.count = 1, .tale = tale};
    const struct names_settings settings = {.server = "a..b", .ttl = 60};
    struct names *names = NULL;

    (void)state;
    assert_int_equal(names_new(&tales, &settings, &names), -EINVAL);
    assert_null(names);
    tale_free(tale[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tale_has_its_forward_and_reverse_zones),
        cmocka_unit_test(the_server_is_as_set),
        cmocka_unit_test(a_server_in_the_forward_zone_has_addresses_there),
        cmocka_unit_test(a_tale_without_a_zone_has_reverse_zones_alone),
        cmocka_unit_test(zones_do_not_lie_in_each_other),
        cmocka_unit_test(no_tales_have_no_zones),
        cmocka_unit_test(a_server_that_is_no_name_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
