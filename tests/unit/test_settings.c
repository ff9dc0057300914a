#include "unit.h"

#include "base/settings.h"
#include "base/settings_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct report report;

static struct settings *parse(const char *text)
{
    struct settings *settings = NULL;
    int error;

    report_init(&report, "h.yaml");
    error = settings_parse(text, strlen(text), &report, &settings);
    assert_int_equal(error, report.errors > 0 ? -EINVAL : 0);
    assert_int_equal(settings == NULL, report.errors > 0);
    return settings;
}

struct printed {
    size_t length;
    char text[16384];
};

static void append(const char *text, void *context)
{
    struct printed *printed = context;
    const size_t length = strlen(text);

    assert_true(printed->length + length < sizeof printed->text);
    memcpy(printed->text + printed->length, text, length + 1);
    printed->length += length;
}

/* What is printed reads back to the same, in every row, and prints the same again. */
static void check_round_trip(const char *text)
{
    struct settings *settings = parse(text);
    struct printed *first = calloc(2, sizeof *first);
    struct settings *again;

    assert_non_null(settings);
    assert_non_null(first);
    settings_print(settings, append, &first[0]);
    again = parse(first[0].text);
    assert_non_null(again);
    for (size_t i = 0; i < settings_count; i++)
        if (!setting_equal(&settings_table[i], settings, again))
            fail_msg("%s", settings_table[i].key);
    settings_print(again, append, &first[1]);
    assert_string_equal(first[0].text, first[1].text);
    settings_free(settings);
    settings_free(again);
    free(first);
}

static void an_empty_file_gives_the_defaults(void **state)
{
    struct settings *s = parse("");

    (void)state;
    assert_string_equal(s->user, "hoptell");
    assert_string_equal(s->store, "sqlite:/var/lib/hoptell/hoptell.db");
    assert_true(s->keep_us == UINT64_C(30) * 86400 * 1000000);
    assert_int_equal(s->log_level, LOG_LEVEL_NOTICE);
    assert_int_equal(s->tales.count, 0);
    assert_int_equal(s->watch_interfaces.count, 1);
    assert_string_equal(s->watch_interfaces.item[0], "any");
    assert_int_equal(s->watch_connections, 1000000);
    assert_int_equal(s->watch_networks, 64000);
    assert_int_equal(s->judge_rule, SETTINGS_RULE_EVIDENCE);
    assert_true(s->judge_prior > 0.0999 && s->judge_prior < 0.1001);
    assert_string_equal(s->names_server, "");
    assert_int_equal(s->names_resolver, RESOLVER_OFF);
    assert_string_equal(s->visitors_listen.item[0], "[::]:8080");
    assert_string_equal(s->operators_listen.item[0], "127.0.0.1:8081");
    settings_free(s);
}

static void every_type_is_read(void **state)
{
    struct settings *s = parse("user: nobody\n"
                               "keep: 36h\n"
                               "log: debug\n"
                               "own: [203.0.113.0/24, \"2001:db8::/32\"]\n"
                               "watch: {interfaces: [], connections: 2.5M}\n"
                               "judge: {threshold: 99.5%, rule: first-drop}\n"
                               "tun: {addresses: [198.51.100.1, \"2001:db8::1\"]}\n"
                               "names: {listen: [\"127.0.0.1:53\"], resolver: system, ttl: 5m}\n");

    (void)state;
    assert_string_equal(s->user, "nobody");
    assert_true(s->keep_us == UINT64_C(36) * 3600 * 1000000);
    assert_int_equal(s->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(s->own.count, 2);
    assert_int_equal(s->own.item[0].length, 120);
    assert_int_equal(s->own.item[1].length, 32);
    assert_int_equal(s->watch_interfaces.count, 0);
    assert_int_equal(s->watch_connections, 2500000);
    assert_true(s->judge_threshold > 0.99499 && s->judge_threshold < 0.99501);
    assert_int_equal(s->judge_rule, SETTINGS_RULE_FIRST_DROP);
    assert_int_equal(s->tun_addresses.count, 2);
    assert_int_equal(s->names_resolver, RESOLVER_SYSTEM);
    assert_true(s->names_ttl_us == UINT64_C(300) * 1000000);
    settings_free(s);
}

static void what_is_printed_reads_back_to_the_same(void **state)
{
    (void)state;
    check_round_trip("");
    check_round_trip("user: _x-1\n"
                     "store: 'sqlite:/tmp/a \"b\" \\c.db'\n"
                     "keep: 90s\n"
                     "log: error\n"
                     "tales: [panic.yaml, '-', \"null\", '#1', 'p\xc3\xa9ril.yaml', 'a, b']\n"
                     "own: [0.0.0.0/0, '::/0', 203.0.113.7]\n"
                     "watch: {interfaces: [eth0, wlan0.7], connections: 12345, networks: 1.5k}\n"
                     "judge: {prior: 0.07, threshold: 99.99%, rule: first-drop}\n"
                     "tun: {name: tale, addresses: [198.51.100.1, '::1']}\n"
                     "limit: {source_rate: 1, total_rate: 1}\n"
                     "names: {server: ns1.example.net, ttl: 1.5s}\n"
                     "visitors: {listen: []}\n"
                     "operators: {listen: ['[::1]:1']}\n");
}

/* One line in, one line of the report out; NULL for a good one. */
struct row {
    const char *text;
    const char *line;
};

static void check_rows(const struct row *row, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char line[512] = "";
        struct settings *settings = parse(row[i].text);

        if (report.count > 0)
            report_line(&report, 0, line, sizeof line);
        if (report.count > 1)
            fail_msg("%s gave %u lines", row[i].text, report.count);
        assert_string_equal(line, row[i].line != NULL ? row[i].line : "");
        settings_free(settings);
    }
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void ranges_have_both_their_ends(void **state)
{
    static const struct row rows[] = {
        {"keep: 1min", NULL},
        {"keep: 59999999us",
         "h.yaml:1:7: error: keep: expected a duration from 1min to 3650d, found '59999999us'"},
        {"keep: 3650d", NULL},
        {"keep: 3651d",
         "h.yaml:1:7: error: keep: expected a duration from 1min to 3650d, found '3651d'"},
        {"judge: {threshold: 50%}", NULL},
        {"judge: {threshold: 49.99%}", "h.yaml:1:20: error: judge.threshold: expected a share from "
                                       "50% to 99.99%, found '49.99%'"},
        {"judge: {threshold: 99.99%}", NULL},
        {"judge: {threshold: 1}",
         "h.yaml:1:20: error: judge.threshold: expected a share from 50% to 99.99%, found '1'"},
        {"watch: {networks: 1k}", NULL},
        {"watch: {networks: 999}",
         "h.yaml:1:19: error: watch.networks: expected a number from 1k to 10M, found '999'"},
        {"watch: {networks: 10000001}",
         "h.yaml:1:19: error: watch.networks: expected a number from 1k to 10M, found '10000001'"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void every_range_and_default_is_of_its_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *row = &settings_table[i];
        const char *const values[] = {row->fallback, row->least, row->most};

        assert_non_null(row->key);
        assert_non_null(row->help);
        for (size_t v = 0; v < 3 && values[v] != NULL; v++) {
            const char *dot = strchr(row->key, '.');
            char text[256];

            if (dot == NULL)
                snprintf(text, sizeof text, "%s: %s", row->key, values[v]);
            else
                snprintf(text, sizeof text, "%.*s: {%s: %s}", (int)(dot - row->key), row->key,
                         dot + 1, values[v]);
            settings_free(parse(text));
            if (report.errors > 0)
                fail_msg("%s: %s", text, report.entry[0].text);
        }
    }
}

#define STORES "sqlite:PATH, mariadb://USER@HOST[:PORT]/NAME or none"

static void texts_look_like_what_they_name(void **state)
{
    static const struct row rows[] = {
        {"user: root", NULL},
        {"user: '0'", "h.yaml:1:7: error: user: expected a user's name, found '0'"},
        {"user: a b", "h.yaml:1:7: error: user: expected a user's name, found 'a b'"},
        {"user: [a]", "h.yaml:1:7: error: user: expected a user's name, found a list"},
        {"user: {a: b}", "h.yaml:1:7: error: user: expected a user's name, found a mapping"},
        {"user:", "h.yaml:1:6: error: user: expected a user's name, found nothing"},
        {"store: none", NULL},
        {"store: 'sqlite:'", "h.yaml:1:8: error: store: expected " STORES ", found 'sqlite:'"},
        {"store: mariadb://a@b/c", NULL},
        {"store: mariadb://a@b",
         "h.yaml:1:8: error: store: expected " STORES ", found 'mariadb://a@b'"},
        {"store: \"sqlite:a\\tb\"",
         "h.yaml:1:8: error: store: expected " STORES ", found 'sqlite:a?b'"},
        {"store: \"sqlite:a\\u2028b\"",
         "h.yaml:1:8: error: store: expected " STORES ", found 'sqlite:a\xe2\x80\xa8"
         "b'"},
        {"store: \"sqlite:a\\u0085b\"",
         "h.yaml:1:8: error: store: expected " STORES ", found 'sqlite:a?"
         "?b'"},
        {"user: a23456789b123456789c123456789d12", NULL},
        {"user: a23456789b123456789c123456789d123",
         "h.yaml:1:7: error: user: expected a user's name, found "
         "'a23456789b123456789c123456789d123'"},
        {"tun: {name: any}",
         "h.yaml:1:13: error: tun.name: expected a device's name of at most 15 letters, found "
         "'any'"},
        {"tun: {name: sixteen-letters-}",
         "h.yaml:1:13: error: tun.name: expected a device's name of at most 15 letters, found "
         "'sixteen-letters-'"},
        {"tun: {name: fifteen-letters}", NULL},
        {"tun: {name: tun%d}",
         "h.yaml:1:13: error: tun.name: expected a device's name of at most 15 letters, found "
         "'tun%d'"},
        {"tun: {addresses: [198.51.100.0/24]}",
         "h.yaml:1:19: error: tun.addresses: expected an address without a length, as in "
         "198.51.100.1 or 2001:db8::1, found '198.51.100.0/24'"},
        {"own: [198.51.100.1/24]",
         "h.yaml:1:7: error: own: expected a prefix, as in 203.0.113.0/24 or 2001:db8::/32, found "
         "'198.51.100.1/24'"},
        {"own: 198.51.100.0/24",
         "h.yaml:1:6: error: own: expected a list of prefixes ([] for none), found "
         "'198.51.100.0/24'"},
        {"log: loud",
         "h.yaml:1:6: error: log: expected error, warning, notice, info or debug, found 'loud'"},
        {"names: {server: a.b-c.example}", NULL},
        {"names: {server: a-.example}", "h.yaml:1:17: error: names.server: expected a host's name "
                                        "(\"\" for ns.ZONE), found 'a-.example'"},
        {"names: {server: -a.example}", "h.yaml:1:17: error: names.server: expected a host's name "
                                        "(\"\" for ns.ZONE), found '-a.example'"},
        {"names: {server: a..b}", "h.yaml:1:17: error: names.server: expected a host's name (\"\" "
                                  "for ns.ZONE), found 'a..b'"},
        {"names: {server: a.}", "h.yaml:1:17: error: names.server: expected a host's name (\"\" "
                                "for ns.ZONE), found 'a.'"},
        {"names: {server: a_b}", "h.yaml:1:17: error: names.server: expected a host's name (\"\" "
                                 "for ns.ZONE), found 'a_b'"},
        {"visitors: {listen: [8080]}",
         "h.yaml:1:21: error: visitors.listen: expected an address with a port, as in 0.0.0.0:8080 "
         "or [::]:8080, found '8080'"},
        {"visitors: {listen: ['[::]:80', '[::]:80']}",
         "h.yaml:1:32: error: visitors.listen: expected each entry once, found '[::]:80' again"},
        {"operators: {listen: ['[::1]:80', '127.9.9.9:80']}", NULL},
        {"operators: {listen: ['unix:/run/o.sock']}", NULL},
        {"operators: {listen: ['[::]:80'], token_file: /etc/t}", NULL},
        {"operators: {listen: ['[::]:80']}",
         "h.yaml:1:21: error: operators.listen: expected operators.token_file for [::]:80, which "
         "others than this machine reach, found none"},
        {"operators: {listen: ['unix:/run/']}",
         "h.yaml:1:22: error: operators.listen: expected an address with a port or a socket's "
         "path, "
         "as in 127.0.0.1:8081 or unix:/run/hoptell/operators.sock, found 'unix:/run/'"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void a_name_has_the_lengths_of_the_dns(void **state)
{
    static const struct {
        size_t label; /* octets of each label */
        size_t count;
        bool good;
    } rows[] = {{63, 1, true}, {64, 1, false}, {62, 4, true}, {50, 5, false}, {1, 127, true}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[400] = "names: {server: ";
        size_t length = strlen(text);

        for (size_t label = 0; label < rows[i].count; label++) {
            memset(text + length, 'a', rows[i].label);
            text[length + rows[i].label] = '.';
            length += rows[i].label + 1;
        }
        text[length - 1] = '}';
        settings_free(parse(text));
        if ((report.errors == 0) != rows[i].good)
            fail_msg("%zu labels of %zu", rows[i].count, rows[i].label);
    }
}

static void an_unknown_key_names_the_nearest(void **state)
{
    static const struct row rows[] = {
        {"usr: a", "h.yaml:1:1: error: expected a setting, found 'usr'; did you mean 'user'?"},
        {"interfaces: []", "h.yaml:1:1: error: expected a setting, found 'interfaces'; did you "
                           "mean 'watch.interfaces'?"},
        {"tun: {nmae: a}", "h.yaml:1:7: error: expected a setting, found 'tun.nmae'; did you mean "
                           "'tun.name'?"},
        {"judges: {rule: evidence}",
         "h.yaml:1:1: error: expected a setting, found 'judges'; did you mean 'judge'?"},
        {"qwertz: 1", "h.yaml:1:1: error: expected a setting, found 'qwertz'"},
        {"tun.name: a", "h.yaml:1:1: error: expected groups as mappings, as in 'watch: "
                        "{interfaces: [any]}', found 'tun.name'"},
        {"tun: {a.b: c}", "h.yaml:1:7: error: expected a setting, found 'tun.a.b'"},
        {"tun: 7", "h.yaml:1:6: error: tun: expected a mapping, found a text"},
        {"tun:", NULL},
        {"- tun", "h.yaml:1:1: error: expected a mapping of settings, found a list"},
        {"tun: [", "h.yaml:2:1: error: expected YAML, found an error: did not find expected node "
                   "content while parsing a flow node"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void settings_that_do_not_go_together_are_refused(void **state)
{
    static const struct row rows[] = {
        {"watch:\n interfaces: [any, eth0]",
         "h.yaml:2:14: error: watch.interfaces: expected any alone, found it among others"},
        {"names:\n resolver: system",
         "h.yaml:2:12: error: names.resolver: expected an address in names.listen to ask, found "
         "none"},
        {"visitors: {listen: ['127.0.0.1:8081']}",
         "h.yaml:1:20: error: operators.listen: expected an address and port of its own, found "
         "127.0.0.1:8081, which is in visitors.listen"},
        {"limit: {source_rate: 30k}",
         "h.yaml:1:22: warning: limit.source_rate is above limit.total_rate: one source can use "
         "up all"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void all_errors_are_told_at_once(void **state)
{
    (void)state;
    assert_null(parse("usr: a\nkeep: 5\nwatch: {interfaces: [a/b, c/d], x: 1}\nown: a\n"));
    assert_int_equal(report.errors, 6);
}

static void a_list_is_bounded(void **state)
{
    char *text = malloc(SETTING_LIST_MAX * 8 + 100);
    size_t length = (size_t)sprintf(text, "tales: [");

    (void)state;
    for (unsigned i = 0; i < SETTING_LIST_MAX; i++)
        length += (size_t)sprintf(text + length, "t%u,", i);
    strcpy(text + length, "]");
    settings_free(parse(text));
    assert_int_equal(report.errors, 0);
    strcpy(text + length, "t]");
    assert_null(parse(text));
    assert_string_equal(report.entry[0].text, "tales: expected at most 1024 entries, found 1025");
    free(text);
}

static void a_difference_that_takes_a_restart_is_named(void **state)
{
    static const struct {
        const char *text;
        const char *key;
    } rows[] = {
        {"", NULL},
        {"keep: 1d", NULL},
        {"own: [203.0.113.0/24]", NULL},
        {"limit: {source_rate: 7, source_burst: 7, total_rate: 77, total_burst: 77}", NULL},
        {"judge: {rule: first-drop, prior: 1%, threshold: 90%}", NULL},
        {"user: nobody", "user"},
        {"tun: {name: b}", "tun.name"},
        {"tun: {addresses: [198.51.100.1]}", "tun.addresses"},
        {"watch: {interfaces: []}", "watch.interfaces"},
        {"watch: {interfaces: [eth0]}", "watch.interfaces"},
        {"visitors: {listen: ['[::]:80']}", "visitors.listen"},
    };
    struct settings *now = parse("");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings *next = parse(rows[i].text);
        const char *key = settings_fixed_difference(now, next);

        assert_string_equal(key != NULL ? key : "none", rows[i].key != NULL ? rows[i].key : "none");
        settings_free(next);
    }
    settings_free(now);
}

/* Each text differs from the first in the setting that stands beside it, and in no other. */
static void settings_differ_where_they_were_changed(void **state)
{
    static const struct {
        const char *text;
        const char *key;
    } rows[] = {
        {"user: a", "user"},
        {"keep: 31d", "keep"},
        {"log: info", "log"},
        {"tales: [b]", "tales"},
        {"tales: []", "tales"},
        {"tales: [a, b]", "tales"},
        {"own: [203.0.113.0/25]", "own"},
        {"own: [203.0.112.0/24]", "own"},
        {"own: []", "own"},
        {"own: [203.0.113.0/24, 203.0.112.0/24]", "own"},
        {"watch: {networks: 64001}", "watch.networks"},
        {"judge: {prior: 10.0001%}", "judge.prior"},
        {"judge: {rule: first-drop}", "judge.rule"},
    };
    static const char base[] = "tales: [a]\nown: [203.0.113.0/24]\n";
    struct settings *one = parse(base);

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const bool tales = strcmp(rows[r].key, "tales") == 0;
        const bool own = strcmp(rows[r].key, "own") == 0;
        struct settings *other;
        char text[200];

        snprintf(text, sizeof text, "%s%s%s", tales ? "" : "tales: [a]\n",
                 own ? "" : "own: [203.0.113.0/24]\n", rows[r].text);
        other = parse(text);
        for (size_t i = 0; i < settings_count; i++) {
            const bool changed = strcmp(settings_table[i].key, rows[r].key) == 0;

            if (setting_equal(&settings_table[i], one, other) == changed ||
                setting_equal(&settings_table[i], other, one) == changed)
                fail_msg("%s: %s", rows[r].text, settings_table[i].key);
        }
        settings_free(other);
    }
    settings_free(one);
}

static void what_is_printed_says_what_it_means(void **state)
{
    static const char start[] =
        "# Who hoptell is once everything that needs rights is open. In a user "
        "namespace that has no\n# other, root: without its capabilities.\n"
        "# Expected: a user's name; a change takes a restart.\n"
        "user: hoptell\n\n";
    struct settings *settings = parse("");
    struct printed *printed = calloc(1, sizeof *printed);

    (void)state;
    assert_non_null(printed);
    settings_print(settings, append, printed);
    assert_memory_equal(printed->text, start, strlen(start));
    assert_non_null(strstr(printed->text, "\nwatch:\n  # Where "));
    assert_non_null(strstr(printed->text, "\n  # Expected: a share from 50% to 99.99%.\n"));
    for (const char *line = printed->text; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\n") <= 100);
    settings_free(settings);
    free(printed);
}

static void every_setting_is_described_once(void **state)
{
    struct settings_description description;
    size_t count = 0;

    (void)state;
    for (; settings_describe(count, &description); count++) {
        assert_ptr_equal(description.key, settings_table[count].key);
        assert_true(description.expected[0] != '\0');
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(settings_table[i].key, description.key);
    }
    assert_int_equal(count, settings_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_gives_the_defaults),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(what_is_printed_reads_back_to_the_same),
        cmocka_unit_test(ranges_have_both_their_ends),
        cmocka_unit_test(every_range_and_default_is_of_its_type),
        cmocka_unit_test(texts_look_like_what_they_name),
        cmocka_unit_test(a_name_has_the_lengths_of_the_dns),
        cmocka_unit_test(an_unknown_key_names_the_nearest),
        cmocka_unit_test(settings_that_do_not_go_together_are_refused),
        cmocka_unit_test(all_errors_are_told_at_once),
        cmocka_unit_test(a_list_is_bounded),
        cmocka_unit_test(a_difference_that_takes_a_restart_is_named),
        cmocka_unit_test(settings_differ_where_they_were_changed),
        cmocka_unit_test(what_is_printed_says_what_it_means),
        cmocka_unit_test(every_setting_is_described_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
