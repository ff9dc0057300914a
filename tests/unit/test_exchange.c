#include "unit.h"

#include "scratch.h"
#include "store/exchange.h"
#include "visit.h"
#include "watch/network.h"
#include "watch/others.h"
#include "watch/subscriber.h"

#include <errno.h>
#include <stdio.h>

enum { NOW_S = 1800000000 };
enum { TEXT_MAX = 64 * 1024, SEEN_MAX = 64 };

static struct report report;
static struct exchange exchange;

static int parse(const char *text)
{
    report_init(&report, "x");
    return exchange_parse(text, strlen(text), NOW_S, &report, &exchange);
}

struct seen {
    unsigned count;
    struct baseline baseline[SEEN_MAX];
};

static bool keep(const struct baseline *baseline, void *context)
{
    struct seen *seen = context;

    assert_true(seen->count < SEEN_MAX);
    seen->baseline[seen->count++] = *baseline;
    return true;
}

static struct watch *new_watch(void)
{
    struct watch_settings settings = watch_settings_default();
    struct watch *watch;

    settings.networks = 1000;
    settings.subscribers = 1000;
    settings.connections = 1000;
    assert_int_equal(watch_new(&settings, &watch), 0);
    return watch;
}

static struct judgement observe(struct watch *watch, enum visit_maker maker, unsigned hops,
                                unsigned subscriber, uint16_t port)
{
    const struct visit visit = {
        .maker = maker,
        .hops = hops,
        .client = visit_v4(203, 0, 113, (uint8_t)subscriber),
        .port = port,
        .time_s = 1700000000 + port,
        .clock_ms = subscriber * 100000,
        .flow = port,
    };
    const struct observation o = visit_observation(&visit);
    struct judgement judgement;

    watch_observe(watch, &o, &judgement);
    return judgement;
}

/* Phones of one network, each seen some times. */
static void learn(struct watch *watch)
{
    for (uint16_t i = 0; i < 120; i++)
        (void)observe(watch, MAKER_ANDROID, 12, 1 + i % 40, (uint16_t)(2000 + i));
}

static struct seen baselines_of(const struct watch *watch)
{
    struct seen seen = {0};
    uint64_t position = 0;

    watch_each_baseline(watch, &position, keep, &seen);
    return seen;
}

static void baselines_come_back_from_their_lines(void **state)
{
    struct watch *watch = new_watch();
    char *text = test_calloc(1, TEXT_MAX);
    size_t used = exchange_head(text);
    struct seen seen;

    (void)state;
    learn(watch);
    seen = baselines_of(watch);
    used += exchange_site_line("00ff", 1700000000123456, text + used);
    for (unsigned i = 0; i < seen.count; i++) {
        const size_t length = exchange_baseline_line(&seen.baseline[i], text + used);

        assert_true(length > 0);
        used += length;
    }
    used += exchange_end_line(seen.count, text + used);
    text[used] = '\0';
    assert_non_null(strstr(text, "{\"network\": \"203.0.113.0/24\", \"seen\": 120, "));
    assert_non_null(strstr(text, "{\"subscriber\": \"203.0.113.7\", \"seen\": 3, "));

    assert_int_equal(parse(text), 0);
    assert_int_equal(exchange.count, 1);
    assert_string_equal(exchange.site[0].id, "00ff");
    assert_int_equal(exchange.site[0].as_of_us, 1700000000123456);
    assert_int_equal(exchange.site[0].count, seen.count);
    for (unsigned i = 0; i < seen.count; i++) {
        char before[EXCHANGE_LINE_MAX];
        char after[EXCHANGE_LINE_MAX];
        const size_t length = exchange_baseline_line(&seen.baseline[i], before);

        assert_int_equal(exchange_baseline_line(&exchange.site[0].baseline[i], after), length);
        assert_memory_equal(before, after, length);
    }
    exchange_deinit(&exchange);
    test_free(text);
    watch_free(watch);
}

static void what_another_site_knows_is_judged_by_but_is_not_ones_own(void **state)
{
    struct watch *there = new_watch();
    struct watch *here = new_watch();
    struct judgement judgement = observe(here, MAKER_WINDOWS, 13, 1, 1000);
    unsigned networks = 0;
    struct seen seen;

    (void)state;
    assert_false(judgement.network.known);
    learn(there);
    seen = baselines_of(there);
    for (unsigned i = 0; i < seen.count; i++)
        assert_int_equal(others_add(watch_others(here), &seen.baseline[i]), 0);
    judgement = observe(here, MAKER_WINDOWS, 13, 1, 1001);
    assert_int_equal(judgement.verdict, VERDICT_TETHERED);
    assert_int_equal(judgement.network.seen, 121);

    /* Nothing but the two packets that were seen here is saved. */
    seen = baselines_of(here);
    for (unsigned i = 0; i < seen.count; i++) {
        struct network network;

        if (seen.baseline[i].subscriber)
            continue;
        assert_int_equal(network_restore(&seen.baseline[i], &network), 0);
        assert_int_equal(network.seen, 2);
        networks++;
    }
    assert_true(networks > 0);
    others_clear(watch_others(here));
    judgement = observe(here, MAKER_WINDOWS, 13, 1, 1002);
    assert_int_equal(judgement.network.seen, 2);
    watch_free(there);
    watch_free(here);
}

static void a_subscriber_that_is_forgotten_is_forgotten_of_others_too(void **state)
{
    struct watch *there = new_watch();
    struct watch *here = new_watch();
    const struct address address = visit_v4(203, 0, 113, 7);
    struct seen seen;

    (void)state;
    learn(there);
    seen = baselines_of(there);
    for (unsigned i = 0; i < seen.count; i++)
        assert_int_equal(others_add(watch_others(here), &seen.baseline[i]), 0);
    assert_int_equal(watch_others(here)->subscribers.count, 40);
    watch_forget(here, &address);
    assert_int_equal(watch_others(here)->subscribers.count, 39);
    watch_free(there);
    watch_free(here);
}

static struct network network_of(uint8_t hop_limit, uint16_t count, uint32_t updated_s)
{
    return (struct network){
        .cell_count = 1,
        .highest = hop_limit,
        .decayed_s = updated_s,
        .updated_s = updated_s,
        .seen = count,
        .weight = count,
        .cell = {{.hop_limit = hop_limit,
                  .hops = (uint8_t)(64 - hop_limit),
                  .count = count,
                  .weight = count}},
    };
}

static void networks_are_added_up_at_the_later_time(void **state)
{
    enum { DAY = 24 * 3600, THEN = 1700000000 };
    struct network sum = network_of(52, 800, THEN);
    struct network other = network_of(52, 100, THEN + 6 * DAY);

    (void)state;
    network_merge(&sum, &other); /* two half-lives later */
    assert_int_equal(sum.cell[0].count, 800 / 4 + 100);
    assert_int_equal(sum.weight, 800 / 4 + 100);
    assert_int_equal(sum.seen, 900);
    assert_int_equal(sum.updated_s, THEN + 6 * DAY);

    other = network_of(50, 30, THEN + 6 * DAY);
    network_merge(&sum, &other);
    assert_int_equal(sum.cell_count, 2);
    assert_int_equal(sum.highest, 52);

    /* The network moved after that: what is from before is of a path that is no more. */
    sum.moved_s = THEN + 7 * DAY;
    network_merge(&sum, &other);
    assert_int_equal(sum.cell[1].count, 30);
    other = network_of(49, 5, THEN + 8 * DAY);
    other.moved_s = THEN + 8 * DAY;
    network_merge(&sum, &other);
    assert_int_equal(sum.cell_count, 1);
    assert_int_equal(sum.cell[0].hop_limit, 49);
}

static void a_full_network_keeps_its_heaviest_cells(void **state)
{
    struct network sum = network_of(20, 100, 1700000000);
    struct network other;

    (void)state;
    for (uint8_t i = 1; i < NETWORK_CELLS; i++) {
        other = network_of((uint8_t)(20 + i), 100, 1700000000);
        network_merge(&sum, &other);
    }
    other = network_of(50, 99, 1700000000);
    network_merge(&sum, &other);
    assert_int_equal(sum.weight, 100 * NETWORK_CELLS);
    other = network_of(50, 200, 1700000000);
    network_merge(&sum, &other);
    assert_int_equal(sum.weight, 100 * (NETWORK_CELLS - 1) + 200);
}

#define HEAD "{\"hoptell\": \"baselines\", \"version\": 1}\n"
#define SITE "{\"site\": \"0a\", \"as_of\": 1.5}\n"
#define NETWORK                                                                       \
    "{\"network\": \"203.0.113.0/24\", \"seen\": 2, \"updated\": 5, \"decayed\": 5, " \
    "\"highest\": 52, \"moved\": {\"at\": 0, \"from\": 0, \"to\": 0}, "

static void wrong_lines_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"", "x:1:1: error: expected {\"hoptell\": \"baselines\", \"version\": 1}, found an empty "
             "file"},
        {"{}\n", "x:1:1: error: expected {\"hoptell\": \"baselines\", \"version\": 1}, found "
                 "something else"},
        {"{\"hoptell\": \"baselines\", \"version\": 2}\n",
         "x:1:1: error: expected version 1, found version 2"},
        {HEAD "{\"site\": \"0a\"\n", "x:2:13: error: expected a line of JSON: "},
        {HEAD "{\"site\": \"0a\", \"as_of\": 1}\n" NETWORK "\"hop_limits\": []}\n",
         "x:3:1: error: expected a line with the number of the site's baselines, found none"},
        {HEAD NETWORK "\"hop_limits\": []}\n",
         "x:2:1: error: expected a site before its baselines, found none"},
        {HEAD SITE NETWORK "\"hop_limits\": []}\n{\"baselines\": 2}\n",
         "x:4:1: error: expected 2 baselines of this site, found 1"},
        {HEAD SITE "{\"baselines\": 0}\n" SITE, "x:4:1: error: expected each site once, found 0a"},
        {HEAD "{\"site\": \"me\", \"as_of\": 1}\n",
         "x:2:1: error: expected a site's id of at most 32 hexadecimal digits, found me"},
        {HEAD SITE "{\"network\": \"203.0.113.1/24\", \"seen\": 2, \"updated\": 5, \"decayed\": 5,"
                   "\"highest\": 52, \"moved\": {\"at\": 0, \"from\": 0, \"to\": 0}, "
                   "\"hop_limits\": []}\n",
         "x:3:1: error: expected a prefix as 203.0.113.0/24 or 2001:db8::/48 in network, found "
         "203.0.113.1/24"},
        {HEAD SITE NETWORK "\"hop_limits\": [{\"hop_limit\": 256, \"count\": 1, \"weight\": 1, "
                           "\"computers\": 0}]}\n",
         "x:3:1: error: expected numbers of hop limits in their range, found one that is not"},
        {HEAD SITE NETWORK "\"hop_limits\": [{\"hop_limit\": 52, \"count\": 1, \"weight\": 1, "
                           "\"computers\": 2}]}\n",
         "x:3:1: error: expected each hop limit of a network once, with no more computers than "
         "weight, found otherwise"},
        {HEAD SITE "{\"subscriber\": \"203.0.113.0/24\", \"seen\": 1, \"updated\": 5, "
                   "\"decayed\": 5, \"clocks\": 0, \"clock_server\": 0, \"makes\": 0, "
                   "\"stacks\": {}, \"hop_limits\": []}\n",
         "x:3:1: error: expected an IPv4 address or an IPv6 /64 in subscriber, found "
         "203.0.113.0/24"},
        {HEAD "{\"site\": \"0a\", \"as_of\": 1800000301.0}\n",
         "x:2:1: error: expected a time in as_of that has come, found 1800000301, 301 seconds from "
         "now"},
        {HEAD SITE "{\"network\": \"203.0.113.0/24\", \"seen\": 2, \"updated\": 1800003600, "
                   "\"decayed\": 5, \"highest\": 52, \"moved\": {\"at\": 0, \"from\": 0, "
                   "\"to\": 0}, \"hop_limits\": []}\n",
         "x:3:1: error: expected a time in updated that has come, found 1800003600, 3600 seconds "
         "from now"},
        {HEAD SITE "{\"subscriber\": \"203.0.113.7\", \"seen\": 1, \"updated\": 5, "
                   "\"decayed\": 1900000000, \"clocks\": 0, \"clock_server\": 0, \"makes\": 0, "
                   "\"stacks\": {}, \"hop_limits\": []}\n",
         "x:3:1: error: expected a time in decayed that has come, found 1900000000, 100000000 "
         "seconds from now"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[512];

        assert_int_equal(parse(rows[i].text), -EINVAL);
        report_line(&report, 0, line, sizeof line);
        if (strncmp(line, rows[i].error, strlen(rows[i].error)) != 0)
            assert_string_equal(line, rows[i].error);
    }
}

static void clocks_of_sites_may_differ_a_little(void **state)
{
    (void)state;
    assert_int_equal(
        parse(HEAD "{\"site\": \"0a\", \"as_of\": 1800000300.9}\n{\"baselines\": 0}\n"), 0);
    exchange_deinit(&exchange);
}

static char directory[SCRATCH_MAX];
static char url[64];

static struct store *open_store(void)
{
    const struct store_place place = {.url = url};
    struct store *store = NULL;
    char error[512];

    scratch_make(directory);
    snprintf(url, sizeof url, "sqlite:%s/store.db", directory);
    assert_int_equal(store_open(&place, &store, error, sizeof error), 0);
    return store;
}

static void remove_store(void)
{
    scratch_remove(directory);
}

static void count_imported(const struct imported *imported, void *context)
{
    (void)imported;
    ++*(unsigned *)context;
}

static unsigned imported_count(struct store *store)
{
    uint64_t broken;
    unsigned count = 0;

    assert_int_equal(store_each_imported(store, count_imported, &count, &broken), 0);
    assert_int_equal(broken, 0);
    return count;
}

static void what_a_site_knew_is_replaced_by_newer_and_one_own_is_refused(void **state)
{
    struct store *store = open_store();
    const struct store_place place = {.url = url};
    char error[512];
    const struct baseline baselines[2] = {
        {.prefix = {.address = {.octets = {0x20, 0x01}}, .length = 48},
         .length = 3,
         .octets = {1, 2, 3}},
        {.subscriber = true,
         .prefix = {.address = {.octets = {[10] = 0xff, [11] = 0xff, [12] = 203}}, .length = 128},
         .updated_ns = 5000,
         .length = 1,
         .octets = {9}},
    };
    char own[SITE_TEXT_MAX];
    char again[SITE_TEXT_MAX];

    (void)state;
    assert_int_equal(store_site(store, own), 0);
    assert_int_equal(strlen(own), 32);
    assert_int_equal(store_import(store, own, 100, baselines, 2), -EPERM);
    assert_int_equal(store_import(store, "aa", 100, baselines, 2), 0);
    assert_int_equal(store_import(store, "aa", 100, baselines, 1), -EEXIST);
    assert_int_equal(store_import(store, "aa", 99, baselines, 1), -EEXIST);
    assert_int_equal(imported_count(store), 2);
    assert_int_equal(store_import(store, "bb", 50, baselines, 1), 0);
    assert_int_equal(imported_count(store), 3);
    assert_int_equal(store_import(store, "aa", 101, baselines, 1), 0);
    assert_int_equal(imported_count(store), 2);
    assert_int_equal(store_import(store, "aa", 102, baselines, 2), 0);
    assert_int_equal(store_forget_subscriber(store, &baselines[1].prefix), 0);
    assert_int_equal(imported_count(store), 2);
    assert_int_equal(store_import(store, "aa", 103, baselines, 2), 0);
    assert_int_equal(store_forget_before(store, 6000), 0);
    assert_int_equal(imported_count(store), 2);
    store_close(store);
    assert_int_equal(store_open(&place, &store, error, sizeof error), 0);
    assert_int_equal(store_site(store, again), 0);
    assert_string_equal(own, again);
    store_close(store);
    remove_store();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(baselines_come_back_from_their_lines),
        cmocka_unit_test(what_another_site_knows_is_judged_by_but_is_not_ones_own),
        cmocka_unit_test(a_subscriber_that_is_forgotten_is_forgotten_of_others_too),
        cmocka_unit_test(networks_are_added_up_at_the_later_time),
        cmocka_unit_test(a_full_network_keeps_its_heaviest_cells),
        cmocka_unit_test(what_a_site_knew_is_replaced_by_newer_and_one_own_is_refused),
        cmocka_unit_test(wrong_lines_are_refused_with_their_place),
        cmocka_unit_test(clocks_of_sites_may_differ_a_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
