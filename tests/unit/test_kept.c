/* How many baselines a store keeps, and what hidden addresses it takes; on SQLite. */
#include "unit.h"

#include "base/units.h"
#include "scratch.h"
#include "store/queue.h"
#include "watch/network.h"
#include "watch/subscriber.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    char directory[SCRATCH_MAX];
    char path[64];
    char url[80];
    struct store *store;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char error[512];

    scratch_make(f->directory);
    snprintf(f->path, sizeof f->path, "%s/store.db", f->directory);
    snprintf(f->url, sizeof f->url, "sqlite:%s", f->path);
    assert_int_equal(
        store_open(&(struct store_place){.url = f->url}, &f->store, error, sizeof error), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    store_close(f->store);
    scratch_remove(f->directory);
    free(f);
    return 0;
}

/* By a connection of its own, as another program would. */
static long long ask(const struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    long long number;

    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

static struct address address_of(const char *text)
{
    struct address address;

    assert_true(units_parse_address(text, &address));
    return address;
}

/* Networks of an IPv6 /32, each seen `seen` times, at `updated_s` and the seconds after it. */
static void put_networks(struct fixture *f, unsigned first, unsigned count, uint64_t seen,
                         uint32_t updated_s)
{
    assert_int_equal(store_begin(f->store), 0);
    for (unsigned i = first; i < first + count; i++) {
        const struct network network = {
            .prefix = {.address = {.octets = {0x20, 1, 0x0d,
                                              0xb8, [4] = (uint8_t)(i >> 8), [5] = (uint8_t)i}},
                       .length = 48},
            .seen = seen,
            .updated_s = updated_s + i,
        };
        struct baseline baseline;

        network_save(&network, &baseline);
        assert_int_equal(store_put_baseline(f->store, &baseline), 0);
    }
    assert_int_equal(store_commit(f->store), 0);
}

static void a_flood_of_networks_pushes_out_itself_and_not_who_comes_often(void **state)
{
    const struct baseline_limits limits = {.networks = 150, .subscribers = 1};
    struct fixture *f = *state;

    put_networks(f, 0, 100, 40, 1000000);    /* known well, and not seen since */
    put_networks(f, 100, 12000, 1, 2000000); /* strangers, now */
    assert_int_equal(store_forget_baselines(f->store, &limits), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM baseline"), 150);
    assert_int_equal(ask(f, "SELECT count(*) FROM baseline WHERE seen = 40"), 100);
    assert_int_equal(ask(f, "SELECT min(updated_at) / 1000000 FROM baseline WHERE seen = 1"),
                     2000000 + 100 + 12000 - 50);
}

static void a_network_that_has_faded_is_forgotten(void **state)
{
    const struct baseline_limits limits = {
        .networks_since_ns = 1000050ull * 1000000000u, .networks = 1000, .subscribers = 1000};
    struct fixture *f = *state;

    put_networks(f, 0, 100, 40, 1000000);
    assert_int_equal(store_forget_baselines(f->store, &limits), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM baseline"), 50);
    assert_int_equal(ask(f, "SELECT min(updated_at) / 1000000 FROM baseline"), 1000050);
}

static struct baseline of_subscriber(const char *text, uint16_t seen)
{
    const struct address address = address_of(text);
    const struct subscriber subscriber = {.key = subscriber_key(&address), .seen = seen};
    struct baseline baseline;

    subscriber_save(&subscriber, &baseline);
    return baseline;
}

static void subscribers_have_a_limit_of_their_own(void **state)
{
    const struct baseline_limits limits = {.networks = 1000, .subscribers = 2};
    static const char *const texts[] = {"203.0.113.1", "203.0.113.2", "2001:db8::1",
                                        "2001:db8:1::1"};
    struct fixture *f = *state;

    put_networks(f, 0, 10, 1, 1);
    for (uint16_t i = 0; i < 4; i++) {
        const struct baseline baseline = of_subscriber(texts[i], (uint16_t)(i + 1));

        assert_int_equal(baseline_seen(&baseline), i + 1);
        assert_int_equal(store_put_baseline(f->store, &baseline), 0);
    }
    assert_int_equal(store_forget_baselines(f->store, &limits), 0);
    assert_int_equal(ask(f, "SELECT sum(subscriber = 0) FROM baseline"), 10);
    assert_int_equal(ask(f, "SELECT min(seen) * 10 + count(*) FROM baseline WHERE subscriber = 1"),
                     32);
}

static void what_is_no_baseline_was_never_seen(void **state)
{
    struct baseline baseline = {.length = 3};

    (void)state;
    assert_int_equal(baseline_seen(&baseline), 0);
    baseline.length = 12;
    memset(baseline.octets, 0xff, sizeof baseline.octets);
    assert_int_equal(baseline_seen(&baseline), 0); /* more than a store can say */
}

static void the_first_key_of_a_store_stays_its_key(void **state)
{
    static const struct address_key keys[] = {{.octets = {1}}, {.octets = {2}}};
    struct fixture *f = *state;
    char mark[2][KEY_MARK_MAX];
    bool same = false;

    address_key_mark(&keys[0], mark[0]);
    address_key_mark(&keys[1], mark[1]);
    assert_string_not_equal(mark[0], mark[1]);
    assert_int_equal(store_check_key(f->store, mark[0], &same), 0);
    assert_true(same);
    assert_int_equal(store_check_key(f->store, mark[1], &same), 0);
    assert_false(same);
    assert_int_equal(store_check_key(f->store, mark[0], &same), 0);
    assert_true(same);
}

static void who_comes_from_where_hidden_addresses_are_is_hidden_as_well(void **state)
{
    static const struct address_key key = {.octets = {7}};
    struct fixture *f = *state;
    struct baseline baseline = of_subscriber("100:1:2:3::4", 5);
    const struct address kept = address_of("123:4567:89ab:cdef::");
    struct store_queue *queue = NULL;
    struct spool *spool = NULL;
    char path[64];
    char error[256];

    snprintf(path, sizeof path, "%s/spool", f->directory);
    assert_int_equal(spool_open(path, 1 << 20, &spool, error, sizeof error), 0);
    assert_int_equal(store_queue_open(f->store, spool, 64, NULL, &queue), 0);
    f->store = NULL; /* the queue's now */
    store_queue_hide(queue, &key);
    assert_true(store_queue_baseline(queue, &baseline));
    baseline.prefix.address = address_put_by(&kept); /* one that was brought back */
    assert_true(store_queue_baseline(queue, &baseline));
    while (store_queue_counts(queue).written < 2)
        usleep(1000);
    assert_int_equal(store_queue_close(queue), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM baseline WHERE prefix LIKE '1__:%'"), 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM baseline WHERE prefix LIKE '100:1:%'"), 0);
    assert_int_equal(
        ask(f, "SELECT count(*) FROM baseline WHERE prefix = '123:4567:89ab:cdef::/64'"), 1);
}

#define KEPT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEPT_TEST(a_flood_of_networks_pushes_out_itself_and_not_who_comes_often),
        KEPT_TEST(a_network_that_has_faded_is_forgotten),
        KEPT_TEST(subscribers_have_a_limit_of_their_own),
        cmocka_unit_test(what_is_no_baseline_was_never_seen),
        KEPT_TEST(the_first_key_of_a_store_stays_its_key),
        KEPT_TEST(who_comes_from_where_hidden_addresses_are_is_hidden_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
