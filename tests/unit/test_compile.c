#include "unit.h"

#include "base/units.h"
#include "tale/compile.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

#define HEAD                                                      \
    "targets: [203.0.113.9, '2001:db8:42::9']\n"          /* 1 */ \
    "addresses: [198.51.100.16/28, '2001:db8:43::/64']\n" /* 2 */ \
    "hops:\n"                                             /* 3; the first hop is on line 4 */

static struct report report;

static struct tale *compile_as(const char *text, const char *file)
{
    report_init(&report, file);
    return tale_compile(text, strlen(text), file, &report);
}

static struct tale *compile(const char *text)
{
    return compile_as(text, "t.yaml");
}

static struct tale *compile_good(const char *text)
{
    struct tale *tale = compile(text);

    if (tale == NULL)
        fail_msg("%u: %s", report.entry[0].line, report.entry[0].text);
    return tale;
}

static const char *address_of(const struct tale *tale, unsigned hop, enum family family)
{
    static char text[ADDRESS_TEXT_MAX];

    return units_address(&tale->hop[hop].address[family], text);
}

struct row {
    const char *text;
    unsigned line;
    unsigned column;
    const char *message; /* how the first message begins */
};

static void check_rows(const struct row *row, size_t count, bool are_errors)
{
    for (size_t i = 0; i < count; i++) {
        struct tale *tale = compile(row[i].text);
        const struct report_entry *entry = &report.entry[0];

        if (report.count == 0)
            fail_msg("no message for: %s", row[i].text);
        if ((tale == NULL) != are_errors || entry->is_error != are_errors)
            fail_msg("error or not: %s\n%s", row[i].text, entry->text);
        if (strncmp(entry->text, row[i].message, strlen(row[i].message)) != 0)
            fail_msg("%s\n%s", row[i].text, entry->text);
        if (entry->line != row[i].line || entry->column != row[i].column)
            fail_msg("%s\n%u:%u: %s", row[i].text, entry->line, entry->column, entry->text);
        tale_free(tale);
    }
}

static void every_key_reaches_its_place(void **state)
{
    struct tale *tale =
        compile_good("name: all-of_it.1\n"
                     "targets: [203.0.113.9, '2001:db8:42::/64']\n"
                     "addresses: [198.51.100.16/28, '2001:db8:43::/64']\n"
                     "zone: tale.Example.net.\n"
                     "base_hop_limit: 255\n"
                     "end: {echo: silent, udp: reply, tcp: open, other: pass}\n"
                     "hops:\n"
                     "  - Just text\n"
                     "  - {say: slow, delay: 20ms, jitter: 3ms, distribution: pareto, loss: 50%,\n"
                     "     duplicate: 100%, reorder: 0.25, rate: 1k, burst: 7}\n"
                     "  - {silent: [udp, other], address: ['2001:db8::1', 192.0.2.1], mtu: 1400, "
                     "refuse: admin}\n"
                     "  - {mpls: [{label: 24001, tc: 5, ttl: 9}, 16]}\n"
                     "  - {interface: [{name: xe-0/0/1, index: 7, mtu: 1500, address: 192.0.2.9},\n"
                     "                 {role: outgoing, address: own}]}\n");
    const struct hop *hop = tale->hop;

    (void)state;
    assert_string_equal(tale->name, "all-of_it.1");
    assert_string_equal(tale->zone, "tale.Example.net");
    assert_int_equal(tale->target_count, 2);
    assert_int_equal(tale->target[1].length, 64);
    assert_int_equal(tale->pool_count, 2);
    assert_int_equal(tale->base_hop_limit, 255);
    assert_int_equal(tale->end[PROBE_ICMP], END_SILENT);
    assert_int_equal(tale->end[PROBE_UDP], END_REPLY);
    assert_int_equal(tale->end[PROBE_TCP], END_REPLY);
    assert_int_equal(tale->end[PROBE_OTHER], END_PASS);
    assert_int_equal(tale->hop_count, 5);
    assert_int_equal(tale->step_count, 5);
    assert_string_equal(hop[0].say, "Just text");
    assert_string_equal(hop[0].name, "Just.text");
    assert_int_equal(hop[0].line, 8);
    assert_int_equal(hop[1].delay_us, 20000);
    assert_int_equal(hop[1].jitter_us, 3000);
    assert_int_equal(hop[1].distribution, DELAY_PARETO);
    assert_int_equal(hop[1].loss, 0x80000000);
    assert_int_equal(hop[1].duplicate, UINT32_MAX);
    assert_int_equal(hop[1].reorder, 0x40000000);
    assert_int_equal(hop[1].rate, 1000);
    assert_int_equal(hop[1].burst, 7);
    assert_int_equal(hop[2].silent, 1u << PROBE_UDP | 1u << PROBE_OTHER);
    assert_string_equal(address_of(tale, 2, FAMILY_V4), "192.0.2.1");
    assert_string_equal(address_of(tale, 2, FAMILY_V6), "2001:db8::1");
    assert_int_equal(hop[2].mtu, 1400);
    assert_int_equal(hop[2].refuse, REFUSE_ADMIN);
    assert_int_equal(hop[3].label_count, 2);
    assert_int_equal(hop[3].label[0].label, 24001);
    assert_int_equal(hop[3].label[0].tc, 5);
    assert_int_equal(hop[3].label[0].ttl, 9);
    assert_int_equal(hop[3].label[1].label, 16);
    assert_int_equal(hop[3].label[1].ttl, 1);
    assert_int_equal(hop[4].interface_count, 2);
    assert_int_equal(hop[4].interface[0].role, ROLE_INCOMING);
    assert_int_equal(hop[4].interface[0].flags, INTERFACE_HAS_INDEX | INTERFACE_HAS_ADDRESS |
                                                    INTERFACE_HAS_NAME | INTERFACE_HAS_MTU);
    assert_string_equal(hop[4].interface[0].name, "xe-0/0/1");
    assert_int_equal(hop[4].interface[0].mtu, 1500);
    assert_int_equal(hop[4].interface[1].role, ROLE_OUTGOING);
    assert_int_equal(hop[4].interface[1].flags, INTERFACE_HAS_ADDRESS);
    assert_true(address_is_unspecified(&hop[4].interface[1].address));
    tale_free(tale);
}

static void defaults_are_those_of_the_manual(void **state)
{
    struct tale *tale = compile_as(HEAD "  - {say: a, rate: 10}\n", "some/my tale.yaml");

    (void)state;
    assert_non_null(tale);
    assert_string_equal(tale->name, "my-tale");
    assert_string_equal(tale->zone, "");
    assert_int_equal(tale->base_hop_limit, 64);
    assert_int_equal(tale->end[PROBE_ICMP], END_REPLY);
    assert_int_equal(tale->end[PROBE_UDP], END_UNREACHABLE);
    assert_int_equal(tale->end[PROBE_TCP], END_RESET);
    assert_int_equal(tale->end[PROBE_OTHER], END_UNREACHABLE);
    assert_int_equal(tale->hop[0].burst, 10);
    assert_int_equal(report.count, 0);
    tale_free(tale);
}

static void the_end_may_be_one_word(void **state)
{
    struct tale *tale = compile_good("end: pass\n" HEAD "  - a\n");

    (void)state;
    for (unsigned i = 0; i < PROBE_PROTOCOL_COUNT; i++)
        assert_int_equal(tale->end[i], END_PASS);
    tale_free(tale);
}

static void addresses_are_handed_out_in_order(void **state)
{
    struct tale *tale =
        compile_good("targets: [203.0.113.9, '2001:db8:42::9']\n"
                     "addresses: [198.51.100.0/30, '2001:db8:43::/64', 198.51.100.8/31, "
                     "198.51.100.99, '2001:db8::/127']\n"
                     "hops: [a, {silent: true}, b, {address: '2001:db8:43::2'}, c, d]\n");
    static const char *const v4[] = {"198.51.100.1", "::",           "198.51.100.2",
                                     "198.51.100.8", "198.51.100.9", "198.51.100.99"};
    static const char *const v6[] = {
        "2001:db8:43::1", "::", "2001:db8:43::3", "2001:db8:43::2", "2001:db8:43::4",
        "2001:db8:43::5"};

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        assert_string_equal(address_of(tale, i, FAMILY_V4), v4[i]);
        assert_string_equal(address_of(tale, i, FAMILY_V6), v6[i]);
    }
    tale_free(tale);
}

static void both_addresses_of_a_link_are_handed_out(void **state)
{
    struct tale *tale = compile_good("targets: '2001:db8:42::9'\n"
                                     "addresses: ['2001:db8::/127', '2001:db8:1::8/128']\n"
                                     "hops: [a, b, c]\n");

    (void)state;
    assert_string_equal(address_of(tale, 0, FAMILY_V6), "2001:db8::");
    assert_string_equal(address_of(tale, 1, FAMILY_V6), "2001:db8::1");
    assert_string_equal(address_of(tale, 2, FAMILY_V6), "2001:db8:1::8");
    tale_free(tale);
}

static void targets_are_not_handed_out(void **state)
{
    struct tale *tale = compile_good("targets: [198.51.100.1, 198.51.100.2, 198.51.100.4/30]\n"
                                     "addresses: 198.51.100.0/24\n"
                                     "hops: [a, b]\n");

    (void)state;
    assert_string_equal(address_of(tale, 0, FAMILY_V4), "198.51.100.3");
    assert_string_equal(address_of(tale, 1, FAMILY_V4), "198.51.100.8");
    tale_free(tale);
}

static void a_pool_within_a_large_target_is_empty_at_once(void **state)
{
    assert_null(compile("targets: '2001:db8::/32'\naddresses: '2001:db8:43::/64'\nhops: [a]\n"));
    (void)state;
    assert_string_equal(report.entry[0].text, "expected 1 IPv6 addresses in `addresses`, found 0: "
                                              "none is left for this hop");
}

static void a_family_without_a_target_gets_no_addresses(void **state)
{
    struct tale *tale =
        compile_good("targets: 203.0.113.9\naddresses: 198.51.100.0/24\nhops: [a]\n");

    (void)state;
    assert_true(address_is_unspecified(&tale->hop[0].address[FAMILY_V6]));
    tale_free(tale);
}

static void branches_of_a_fork_join_again(void **state)
{
    struct tale *tale = compile_good(
        HEAD "  - a\n  - fork: [[b, c], d, []]\n    by: time\n    every: 30s\n  - e\n");
    const struct step *fork = &tale->step[1];

    (void)state;
    assert_int_equal(tale->hop_count, 5);
    assert_int_equal(tale->step_count, 3);
    assert_int_equal(fork->by, FORK_TIME);
    assert_int_equal(fork->every_us, 30000000);
    assert_int_equal(fork->branch_count, 3);
    assert_int_equal(fork->branch[0].first, 1);
    assert_int_equal(fork->branch[0].count, 2);
    assert_int_equal(fork->branch[1].first, 3);
    assert_int_equal(fork->branch[1].count, 1);
    assert_int_equal(fork->branch[2].count, 0);
    assert_int_equal(tale->step[2].branch[0].first, 4);
    assert_int_equal(tale_longest(tale), 4);
    tale_free(tale);
}

static void a_loop_repeats_addresses_and_texts(void **state)
{
    struct tale *tale = compile_good(
        HEAD "  - a\n  - {say: b, interface: {name: x}}\n  - c\n  - {loop: 2, times: 2}\n  - d\n");

    (void)state;
    assert_int_equal(tale->hop_count, 8);
    assert_int_equal(tale->step_count, 8);
    for (unsigned i = 3; i < 7; i++) {
        const struct hop *hop = &tale->hop[i];

        assert_string_equal(hop->name, tale->hop[i - 2].name);
        assert_true(address_equal(&hop->address[FAMILY_V4], &tale->hop[i - 2].address[FAMILY_V4]));
        assert_true(address_equal(&hop->address[FAMILY_V6], &tale->hop[i - 2].address[FAMILY_V6]));
        assert_int_equal(hop->interface_count, tale->hop[i - 2].interface_count);
    }
    assert_string_equal(address_of(tale, 7, FAMILY_V4), "198.51.100.20");
    assert_int_equal(report.count, 0);
    tale_free(tale);
}

static void a_loop_in_a_branch_stays_in_it(void **state)
{
    struct tale *tale = compile_good(HEAD "  - fork: [[a, {loop: 1, times: 2}], [b]]\n");

    (void)state;
    assert_int_equal(tale->step_count, 1);
    assert_int_equal(tale->step[0].branch[0].count, 3);
    assert_int_equal(tale->step[0].branch[1].first, 3);
    tale_free(tale);
}

static void plain_text_is_a_tale(void **state)
{
    struct tale *tale = compile_as(
        "\xef\xbb\xbf# a comment\r\nFirst line\r\n\r\n * * *\n\tLast: line", "story.txt");

    (void)state;
    assert_non_null(tale);
    assert_int_equal(report.warnings, 1);
    assert_int_equal(tale->hop_count, 3);
    assert_string_equal(tale->name, "story");
    assert_string_equal(tale->hop[0].name, "First.line");
    assert_int_equal(tale->hop[0].line, 2);
    assert_int_equal(tale->hop[1].silent, 0x0f);
    assert_string_equal(tale->hop[2].name, "Last.line");
    assert_string_equal(address_of(tale, 2, FAMILY_V4), "198.51.100.2");
    assert_string_equal(address_of(tale, 2, FAMILY_V6), "2001:db8:43::2");
    assert_int_equal(tale->target_count, 2);
    tale_free(tale);
}

static void content_decides_where_the_name_does_not(void **state)
{
    static const struct {
        const char *file;
        const char *text;
        unsigned hops; /* 0: an error, for it is read as YAML */
    } rows[] = {
        {"-", "once upon a time\nhops: are many\n", 0},
        {"-", "once upon: a time\n", 1},
        {"-", "{hops: [a], targets: 203.0.113.9, addresses: 198.51.100.0/24}", 1},
        {"story", "one\ntwo\n", 2},
        {"story.TXT", "targets: none\n", 1},
        {"story.yml", "one\ntwo\n", 0},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct tale *tale = compile_as(rows[i].text, rows[i].file);

        assert_int_equal(tale != NULL ? tale->hop_count : 0, rows[i].hops);
        tale_free(tale);
    }
}

static void a_path_of_255_hops_is_a_warning_and_one_more_an_error(void **state)
{
    static char text[8192] = "targets: '2001:db8:42::9'\naddresses: '2001:db8:43::/64'\nhops:\n";
    struct tale *tale;

    (void)state;
    for (unsigned i = 0; i < 255; i++)
        strcat(text, "  - hop\n");
    tale = compile_good(text);
    assert_int_equal(tale_longest(tale), 255);
    assert_int_equal(report.warnings, 1);
    assert_int_equal(report.entry[0].line, 33);
    tale_free(tale);
    strcat(text, "  - hop\n");
    assert_null(compile(text));
    assert_int_equal(report.entry[0].line, 259);
}

static void what_is_wrong_is_an_error_with_its_line(void **state)
{
    static const struct row rows[] = {
        {"", 0, 0, "expected `targets`"},
        {"- a\n", 1, 1, "expected a mapping for a tale, found a list"},
        {"hops: [a\n", 2, 1, "expected YAML"},
        {HEAD "  - {sya: a}\n", 4, 6,
         "expected a key of a hop (say, otherwise, silent, address, delay, "},
        {"hop: []\n" HEAD " - a\n", 1, 1, "expected a key of a tale (name, targets, "},
        {HEAD "  - {say: a, delay: soon}\n", 4, 21,
         "expected a duration such as 20ms, at most 1min for `delay`, found 'soon'"},
        {HEAD "  - {delay: 61s}\n", 4, 13, "expected a duration such as 20ms, at most "},
        {HEAD "  - {loss: 101%}\n", 4, 12, "expected a share such as 5%, at most 100% for `loss`"},
        {HEAD "  - {loss: [a]}\n", 4, 12,
         "expected a share such as 5%, at most 100% for `loss`, found a list"},
        {HEAD "  - {jitter: }\n", 4, 14, "expected a duration such as 20ms, at most"},
        {HEAD "  - {distribution: pareto}\n", 4, 20, "expected `jitter` beside `distribution`"},
        {HEAD "  - {jitter: 1ms, distribution: x}\n", 4, 33,
         "expected normal, uniform or pareto for `distribution`, found 'x'"},
        {HEAD "  - {burst: 3}\n", 4, 13, "expected `rate` beside `burst`"},
        {HEAD "  - {rate: 0}\n", 4, 12, "expected a number from 1 to 1000000 for `rate`"},
        {HEAD "  - {silent: [dns]}\n", 4, 15,
         "expected icmp, udp, tcp, other, true or false for `silent`"},
        {HEAD "  - {address: 300.1.1.1}\n", 4, 15, "expected an address for `address`"},
        {HEAD "  - {address: 224.0.0.1}\n", 4, 15, "expected an address that packets come from"},
        {HEAD "  - {address: [192.0.2.1, 192.0.2.2]}\n", 4, 27,
         "expected one address of each family"},
        {HEAD "  - {address: 203.0.113.9}\n", 4, 1, "expected an address that is no target"},
        {HEAD "  - {mtu: 67}\n", 4, 11, "expected a number from 68 to 65535 for `mtu`"},
        {HEAD "  - {refuse: all}\n", 4, 14, "expected none, net, host, protocol, port, admin, "},
        {HEAD "  - {mpls: [{tc: 1}]}\n", 4, 13, "expected `label`"},
        {HEAD "  - {mpls: 1048576}\n", 4, 12, "expected a number from 0 to 1048575 for `label`"},
        {HEAD "  - {mpls: [1,2,3,4,5,6,7,8,9]}\n", 4, 12,
         "expected at most 8 entries for `mpls`, found 9"},
        {HEAD "  - {interface: {}}\n", 4, 17, "expected `name`, `index`, `address` or `mtu`"},
        {HEAD "  - {interface: eth0}\n", 4, 17,
         "expected a mapping for an interface, found 'eth0'"},
        {HEAD "  - {interface: [{index: 1}, {index: 2}]}\n", 4, 30,
         "expected one interface of each role"},
        {HEAD "  - {interface: {name: ''}}\n", 4, 24, "expected a name of 1 to 63 octets"},
        {HEAD "  - [a]\n", 4, 5, "expected a hop, a text or a mapping, found a list"},
        {HEAD "  -\n", 4, 4, "expected a hop, a text or a mapping, found nothing"},
        {HEAD "  - fork: [[a], [{fork: [b, c]}]]\n", 4, 18,
         "expected hops in the branch of a fork"},
        {HEAD "  - fork: [[a]]\n", 4, 11, "expected a list of two branches or more"},
        {HEAD "  - fork: [[], []]\n", 4, 11, "expected a branch with hops in it"},
        {HEAD "  - {fork: [a, b], by: luck}\n", 4, 24,
         "expected flow, packet, destination or time"},
        {HEAD "  - {fork: [a, b], by: time}\n", 4, 5, "expected `every`"},
        {HEAD "  - {fork: [a, b], every: 1s, by: flow}\n", 4, 27,
         "expected `every` beside `by: time` only"},
        {HEAD "  - {fork: [a, b], every: 1us, by: time}\n", 4, 27,
         "expected at least 1ms for `every`"},
        {HEAD "  - {fork: [a, b], say: c}\n", 4, 20, "expected a key of a fork (fork, by, every)"},
        {HEAD "  - {loop: 1}\n", 4, 5,
         "expected a loop over hops right before it, of which there are 0"},
        {HEAD "  - {fork: [a, b]}\n  - {loop: 1}\n", 5, 5,
         "expected a loop over hops right before it"},
        {HEAD "  - a\n  - {loop: 0}\n", 5, 12, "expected a number from 1 to 255 for `loop`"},
        {HEAD "  []\n", 4, 3, "expected a list of hops for `hops`, found none"},
        {"targets: [a.example]\naddresses: 192.0.2.0/24\nhops: [a]\n", 1, 11,
         "expected an address or a prefix"},
        {"targets: 192.0.2.1/24\naddresses: 192.0.2.0/24\nhops: [a]\n", 1, 10,
         "expected an address or a prefix"},
        {"targets: [203.0.113.9, 203.0.113.9]\naddresses: 192.0.2.0/24\nhops: [a]\n", 1, 24,
         "expected each target once"},
        {"targets: 203.0.113.9\naddresses: [192.0.2.0/24, 192.0.2.4/30]\nhops: [a]\n", 2, 27,
         "expected prefixes apart from each other"},
        {"targets: 203.0.113.9\nhops: [a]\n", 2, 1,
         "expected 1 IPv4 addresses in `addresses`, found 0"},
        {"targets: [203.0.113.9]\naddresses: 192.0.2.0/30\nhops:\n  - a\n  - b\n  - c\n  - d\n", 6,
         1, "expected 4 IPv4 addresses in `addresses`, found 2: none is left for this hop"},
        {"zone: -a.example\n" HEAD "  - a\n", 1, 7, "expected a domain name"},
        {"zone: a..example\n" HEAD "  - a\n", 1, 7, "expected a domain name"},
        {"zone: ''\n" HEAD "  - a\n", 1, 7, "expected a domain name"},
        {"name: 'a b'\n" HEAD "  - a\n", 1, 7, "expected 1 to 63 letters, digits"},
        {"base_hop_limit: 128\n" HEAD "  - a\n", 1, 17, "expected 64 or 255 for `base_hop_limit`"},
        {"end: {udp: reset}\n" HEAD "  - a\n", 1, 12,
         "expected unreachable, reply, silent or pass for `udp`"},
        {"end: reply\n" HEAD "  - a\n", 1, 6, "expected silent or pass for `end`"},
    };

    (void)state;
    check_rows(rows, ROWS(rows), true);
}

static void what_a_visitor_will_not_see_is_a_warning(void **state)
{
    static const struct row rows[] = {
        {HEAD "  - {say: psst, silent: true}\n", 4, 11, "the hop is silent"},
        {HEAD "  - '...'\n", 4, 5, "expected letters or digits"},
        {HEAD "  - a\n  - {say: b, refuse: admin}\n  - c\n", 5, 1,
         "this hop refuses whatever comes"},
        {HEAD "  - {say: a, address: 192.0.2.1}\n  - {say: b, address: 192.0.2.1}\n", 5, 1,
         "the hop of line 4 has 192.0.2.1 as well"},
    };

    (void)state;
    check_rows(rows, ROWS(rows), false);
}

static void all_errors_are_said_not_the_first_alone(void **state)
{
    (void)state;
    assert_null(compile(HEAD "  - {loss: x}\n  - {mtu: y}\n  - {delay: z}\n"));
    assert_int_equal(report.errors, 3);
    assert_int_equal(report.entry[2].line, 6);
}

static void too_many_hops_are_one_error(void **state)
{
    static char text[8192] = HEAD "  - fork:\n    - [a, {loop: 1, times: 255}]\n";

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        strcat(text, "    - [a, {loop: 1, times: 255}]\n");
    assert_null(compile(text));
    assert_string_equal(report.entry[0].text, "expected at most 16 entries for `fork`, found 17");
    text[0] = '\0';
    strcat(text, HEAD);
    for (unsigned i = 0; i < 20; i++)
        strcat(text, "  - a\n  - {loop: 1, times: 255}\n");
    assert_null(compile(text));
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.entry[0].text, "expected at most 4096 hops in all, found one more");
    assert_int_equal(report.entry[0].line, 36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_reaches_its_place),
        cmocka_unit_test(defaults_are_those_of_the_manual),
        cmocka_unit_test(the_end_may_be_one_word),
        cmocka_unit_test(addresses_are_handed_out_in_order),
        cmocka_unit_test(both_addresses_of_a_link_are_handed_out),
        cmocka_unit_test(targets_are_not_handed_out),
        cmocka_unit_test(a_pool_within_a_large_target_is_empty_at_once),
        cmocka_unit_test(a_family_without_a_target_gets_no_addresses),
        cmocka_unit_test(branches_of_a_fork_join_again),
        cmocka_unit_test(a_loop_repeats_addresses_and_texts),
        cmocka_unit_test(a_loop_in_a_branch_stays_in_it),
        cmocka_unit_test(plain_text_is_a_tale),
        cmocka_unit_test(content_decides_where_the_name_does_not),
        cmocka_unit_test(a_path_of_255_hops_is_a_warning_and_one_more_an_error),
        cmocka_unit_test(what_is_wrong_is_an_error_with_its_line),
        cmocka_unit_test(what_a_visitor_will_not_see_is_a_warning),
        cmocka_unit_test(all_errors_are_said_not_the_first_alone),
        cmocka_unit_test(too_many_hops_are_one_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
