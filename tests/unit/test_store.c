#include "unit.h"

#include "judgements.h"
#include "scratch.h"
#include "store/backend.h"
#include "store/queue.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPOOL_SIZE = 16 << 20 };

struct fixture {
    char directory[SCRATCH_MAX];
    char path[64];
    char url[80];
    char error[512];
    struct store *store;
    unsigned count;
    struct baseline baseline[4];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    scratch_make(f->directory);
    snprintf(f->path, sizeof f->path, "%s/store.db", f->directory);
    snprintf(f->url, sizeof f->url, "sqlite:%s", f->path);
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

/* A queue before the store, which becomes its own. */
static struct store_queue *queue_before_store(struct fixture *f)
{
    struct store_queue *queue = NULL;
    struct spool *spool = NULL;
    char path[64];

    snprintf(path, sizeof path, "%s/spool", f->directory);
    if (spool_open(path, SPOOL_SIZE, &spool, f->error, sizeof f->error) != 0)
        fail_msg("%s", f->error);
    assert_int_equal(store_queue_open(f->store, spool, 8192, NULL, &queue), 0);
    f->store = NULL;
    return queue;
}

/* All that was given is in the store, however long that takes. */
static void wait_until_empty(struct store_queue *queue)
{
    struct store_queue_counts counts;

    while ((counts = store_queue_counts(queue)).queued > 0 || counts.spooled > 0)
        usleep(1000);
}

static void open_store(struct fixture *f)
{
    if (store_open(&(struct store_place){.url = f->url}, &f->store, f->error, sizeof f->error) != 0)
        fail_msg("%s", f->error);
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

static void tell(const struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(
        sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void put_numbered(struct store *store, unsigned first, unsigned count)
{
    struct judgement judgement = judgement_example();

    for (unsigned i = first; i < first + count; i++) {
        judgement.observation.client_port = (uint16_t)i;
        assert_int_equal(store_put_judgement(store, &judgement), 0);
    }
}

static void a_judgement_can_be_asked_for_by_address_and_port(void **state)
{
    struct fixture *f = *state;
    struct judgement judgement = judgement_example();

    judgement.rewritten = true;
    open_store(f);
    assert_int_equal(store_begin(f->store), 0);
    assert_int_equal(store_put_judgement(f->store, &judgement), 0);
    assert_int_equal(store_commit(f->store), 0);
    assert_int_equal(
        ask(f, "SELECT count(*) FROM observation WHERE address = '203.0.113.7' AND port = 40001"
               " AND seen_at = 1700000000123456 AND server_address = '198.51.100.1'"
               " AND server_port = 443 AND hop_limit = 51 AND initial = 64 AND hops = 13"
               " AND stack_family = 'android' AND stack_probability = 0.93"
               " AND network_prefix = '203.0.113.0/24' AND network_hop_limit = 52"
               " AND network_share = 0.94 AND network_seen = 1812"
               " AND verdict = 'tethered' AND probability = 0.981 AND evidence = '[]'"
               " AND rewritten = 1"),
        1);
}

static void a_network_that_is_not_known_is_null(void **state)
{
    struct fixture *f = *state;
    struct judgement judgement = judgement_example();

    open_store(f);
    judgement.network.known = false;
    assert_int_equal(store_put_judgement(f->store, &judgement), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation WHERE network_prefix IS NULL AND"
                            " network_hop_limit IS NULL AND network_share IS NULL AND"
                            " network_seen IS NULL AND verdict = 'tethered'"),
                     1);
}

static void the_same_observation_twice_is_one_row(void **state)
{
    struct fixture *f = *state;

    open_store(f);
    put_numbered(f->store, 1, 3);
    put_numbered(f->store, 2, 3);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 4);
}

static void what_is_rolled_back_was_never_there(void **state)
{
    struct fixture *f = *state;

    open_store(f);
    assert_int_equal(store_begin(f->store), 0);
    put_numbered(f->store, 1, 3);
    store_rollback(f->store);
    store_rollback(f->store); /* nothing is open any more, and that is fine */
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 0);
}

static void a_kill_in_the_middle_of_a_batch_leaves_whole_batches(void **state)
{
    struct fixture *f = *state;
    pid_t child = fork();
    int status;

    if (child == 0) {
        if (store_open(&(struct store_place){.url = f->url}, &f->store, f->error,
                       sizeof f->error) != 0)
            _exit(1);
        store_begin(f->store);
        put_numbered(f->store, 1, 100);
        store_commit(f->store);
        store_begin(f->store);
        put_numbered(f->store, 1000, 50);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 100);
    put_numbered(f->store, 1000, 50);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 150);
}

static void keep_baseline(const struct baseline *baseline, void *context)
{
    struct fixture *f = context;

    assert_in_range(f->count, 0, 3);
    f->baseline[f->count++] = *baseline;
}

static void assert_baseline_equal(const struct baseline *a, const struct baseline *b)
{
    assert_int_equal(a->subscriber, b->subscriber);
    assert_memory_equal(&a->prefix, &b->prefix, sizeof a->prefix);
    assert_int_equal(a->updated_ns, b->updated_ns);
    assert_int_equal(a->length, b->length);
    assert_memory_equal(a->octets, b->octets, a->length);
}

static void baselines_come_back_as_they_went_in(void **state)
{
    struct fixture *f = *state;
    const struct judgement judgement = judgement_example();
    struct baseline network = {
        .prefix = judgement.network.prefix,
        .updated_ns = 1700000000123456000,
        .length = 3,
        .octets = {1, 0, 255},
    };
    struct baseline subscriber = {
        .subscriber = true,
        .prefix = prefix_of(&judgement.observation.client, 128),
        .updated_ns = 1700000001000000000,
        .length = BASELINE_OCTETS_MAX,
    };
    uint64_t broken;

    memset(subscriber.octets, 0xa5, sizeof subscriber.octets);
    open_store(f);
    assert_int_equal(store_put_baseline(f->store, &subscriber), 0);
    assert_int_equal(store_put_baseline(f->store, &network), 0);
    network.octets[1] = 7; /* the newer one replaces it */
    network.updated_ns += 1000;
    assert_int_equal(store_put_baseline(f->store, &network), 0);
    store_close(f->store);
    open_store(f);
    assert_int_equal(store_each_baseline(f->store, keep_baseline, f, &broken), 0);
    assert_int_equal(broken, 0);
    assert_int_equal(f->count, 2);
    assert_baseline_equal(&f->baseline[f->baseline[0].subscriber ? 0 : 1], &subscriber);
    assert_baseline_equal(&f->baseline[f->baseline[0].subscriber ? 1 : 0], &network);
}

static void broken_baselines_are_skipped_and_counted(void **state)
{
    struct fixture *f = *state;
    uint64_t broken;

    open_store(f);
    tell(f, "INSERT INTO baseline (prefix, subscriber, updated_at, octets) VALUES "
            "('203.0.113.0/24', 0, 1, x'01'),"
            " ('nowhere', 0, 1, x'01'), ('203.0.113.1/24', 0, 1, x'01'),"
            " ('2001:db8::/32', 0, -1, x'01'), ('2001:db8::/48', 0, 1, zeroblob(257))");
    assert_int_equal(store_each_baseline(f->store, keep_baseline, f, &broken), 0);
    assert_int_equal(f->count, 1);
    assert_int_equal(broken, 4);
}

static void labels_are_kept_with_their_time(void **state)
{
    struct fixture *f = *state;
    struct label label = {
        .address = judgement_example().observation.client,
        .port = 40001,
        .verdict = VERDICT_DIRECT,
        .labelled_ns = 1700000000123456789,
    };

    open_store(f);
    assert_int_equal(store_put_label(f->store, &label), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM label WHERE address = '203.0.113.7' AND"
                            " port = 40001 AND label = 'direct' AND"
                            " labelled_at = 1700000000123456"),
                     1);
}

static void what_is_older_than_the_limit_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct judgement judgement = judgement_example();
    struct baseline baseline = {.prefix = judgement.network.prefix, .updated_ns = 1000000};
    const uint64_t now = judgement.observation.time_ns;

    open_store(f);
    assert_int_equal(store_put_baseline(f->store, &baseline), 0);
    baseline.subscriber = true;
    assert_int_equal(store_put_baseline(f->store, &baseline), 0);
    assert_int_equal(store_begin(f->store), 0);
    for (unsigned i = 0; i < 12000; i++) {
        judgement.observation.time_ns = now - (uint64_t)(i + 1) * 1000;
        assert_int_equal(store_put_judgement(f->store, &judgement), 0);
    }
    judgement.observation.time_ns = now;
    assert_int_equal(store_put_judgement(f->store, &judgement), 0);
    assert_int_equal(store_commit(f->store), 0);
    store_hurry(f->store); /* it has no time for them now */
    assert_int_equal(store_forget_before(f->store, now), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 12001);
    f->store->hurries = false;
    assert_int_equal(store_forget_before(f->store, now), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 1);
    assert_int_equal(ask(f, "SELECT sum(subscriber = 0) * 10 + sum(subscriber) FROM baseline"), 10);
}

static void the_oldest_beyond_a_number_are_forgotten(void **state)
{
    struct fixture *f = *state;
    struct judgement judgement = judgement_example();
    const struct baseline baseline = {.subscriber = true, .prefix = judgement.network.prefix};

    open_store(f);
    assert_int_equal(store_put_baseline(f->store, &baseline), 0);
    assert_int_equal(store_begin(f->store), 0);
    for (unsigned i = 0; i < 7000; i++) {
        judgement.observation.time_ns += 1000;
        assert_int_equal(store_put_judgement(f->store, &judgement), 0);
    }
    assert_int_equal(store_commit(f->store), 0);
    assert_int_equal(store_forget_beyond(f->store, 7000), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 7000);
    assert_int_equal(store_forget_beyond(f->store, 100), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 100);
    assert_int_equal(ask(f, "SELECT max(seen_at) FROM observation"),
                     judgement.observation.time_ns / 1000);
    assert_int_equal(ask(f, "SELECT count(*) FROM baseline"), 1);
}

static struct address address_from(const char *text)
{
    struct address address;

    assert_true(units_parse_address(text, &address));
    return address;
}

/* An observation and a label of each of `count` addresses. */
static void put_addresses(struct store *store, const char *const *addresses, size_t count)
{
    struct judgement judgement = judgement_example();
    struct label label = {.port = 1, .verdict = VERDICT_DIRECT};

    for (size_t i = 0; i < count; i++) {
        judgement.observation.client = label.address = address_from(addresses[i]);
        assert_int_equal(store_put_judgement(store, &judgement), 0);
        assert_int_equal(store_put_label(store, &label), 0);
    }
}

static void a_subscriber_is_forgotten_whole_and_nobody_else(void **state)
{
    static const char *const own[] = {
        "2001:db8::1",
        "2001:db8::1:2:3:4",
        "2001:db8:0:0:1:0:0:1",
        "2001:db8::ffff:0:0:0",
    };
    static const char *const others[] = {
        "2001:db8:0:1::1", "2001:db8:1::", "2001:dc8::1", "2001::", "2002::1", "1.2.3.4",
    };
    struct fixture *f = *state;
    struct baseline baseline = {.subscriber = true};

    open_store(f);
    put_addresses(f->store, own, 4);
    put_addresses(f->store, others, 6);
    baseline.prefix = prefix_of(&(struct address){.octets = {0x20, 1, 0x0d, 0xb8}}, 64);
    assert_int_equal(store_put_baseline(f->store, &baseline), 0);
    assert_int_equal(store_forget_subscriber(f->store, &baseline.prefix), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 6);
    assert_int_equal(ask(f, "SELECT count(*) FROM label"), 6);
    assert_int_equal(ask(f, "SELECT count(*) FROM baseline"), 0);

    baseline.prefix = (struct prefix){.address = address_from("1.2.3.4"), .length = 128};
    assert_int_equal(store_forget_subscriber(f->store, &baseline.prefix), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation WHERE address = '1.2.3.4'"), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 5);
}

static void a_subscriber_of_many_addresses_is_forgotten_whole(void **state)
{
    struct fixture *f = *state;
    struct judgement judgement = judgement_example();
    struct prefix subscriber = {.length = 64};

    open_store(f);
    assert_int_equal(store_begin(f->store), 0);
    for (unsigned i = 0; i < 2000; i++) { /* of the prefix ::/64 and of 0:0:0:1::/64 in turns */
        judgement.observation.client = (struct address){
            .octets = {[7] = i & 1, [12] = 9, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}};
        assert_int_equal(store_put_judgement(f->store, &judgement), 0);
    }
    assert_int_equal(store_commit(f->store), 0);
    assert_int_equal(store_forget_subscriber(f->store, &subscriber), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 1000);
    subscriber.address.octets[7] = 1;
    assert_int_equal(store_forget_subscriber(f->store, &subscriber), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 0);
}

static void a_label_that_is_put_again_is_one(void **state)
{
    struct fixture *f = *state;
    static const char *const address[] = {"203.0.113.7"};

    open_store(f);
    put_addresses(f->store, address, 1);
    put_addresses(f->store, address, 1);
    assert_int_equal(ask(f, "SELECT count(*) FROM label"), 1);
}

static void labels_of_the_first_version_are_kept_once(void **state)
{
    struct fixture *f = *state;

    open_store(f);
    store_close(f->store);
    f->store = NULL;
    tell(f,
         "DROP INDEX label_once; CREATE INDEX label_address ON label (address, port);"
         "ALTER TABLE observation DROP COLUMN rewritten;"
         "DROP INDEX observation_subscriber; ALTER TABLE observation DROP COLUMN subscriber;"
         "DROP INDEX baseline_seen; ALTER TABLE baseline DROP COLUMN seen;"
         "DROP TABLE site; DROP TABLE imported;"
         "DELETE FROM schema_version WHERE version >= 2;"
         "INSERT INTO label (address, port, label, labelled_at) VALUES ('192.0.2.1', 1, 'direct',"
         " 5), ('192.0.2.1', 1, 'direct', 5), ('192.0.2.1', 1, 'direct', 6)");
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM label"), 2);
    assert_int_equal(ask(f, "SELECT max(version) FROM schema_version"), STORE_VERSION_NEWEST);
}

static void tables_are_brought_to_the_newest_version_once(void **state)
{
    struct fixture *f = *state;

    open_store(f);
    store_close(f->store);
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) = max(version) FROM schema_version"), 1);
    assert_true(ask(f, "SELECT max(version) FROM schema_version") >= 1);
}

static void a_new_file_is_not_for_everybody(void **state)
{
    struct fixture *f = *state;
    struct stat status;

    open_store(f);
    assert_int_equal(stat(f->path, &status), 0);
    assert_int_equal(status.st_mode & 07, 0);
}

static void refused(struct fixture *f, const char *url, int expected, const char *words)
{
    assert_int_equal(
        store_open(&(struct store_place){.url = url}, &f->store, f->error, sizeof f->error),
        expected);
    assert_null(f->store);
    if (strstr(f->error, words) == NULL)
        fail_msg("expected '%s' in '%s'", words, f->error);
}

static void a_newer_version_is_left_alone(void **state)
{
    struct fixture *f = *state;

    open_store(f);
    tell(f, "INSERT INTO schema_version VALUES (99, 0)");
    store_close(f->store);
    f->store = NULL;
    refused(f, f->url, -ENOTSUP, "found version 99, which a newer hoptell has made");
    assert_non_null(strstr(f->error, f->url));
}

static void what_cannot_be_a_store_is_refused(void **state)
{
    struct fixture *f = *state;
    char url[128];
    FILE *file;

    refused(f, "postgres://here", -EINVAL,
            "expected sqlite:PATH or mariadb://USER@HOST[:PORT]/NAME, found 'postgres://here'");
    refused(f, "sqlite:", -EINVAL,
            "expected sqlite:PATH or mariadb://USER@HOST[:PORT]/NAME, found 'sqlite:'");
    snprintf(url, sizeof url, "sqlite:%s", f->directory);
    refused(f, url, -EISDIR, "Is a directory");
    snprintf(url, sizeof url, "sqlite:%s/not/there.db", f->directory);
    refused(f, url, -ENOENT, "No such file or directory");

    file = fopen(f->path, "w");
    assert_non_null(file);
    fprintf(file, "This is a text and certainly not a database of any kind, however long it is.\n");
    assert_int_equal(fclose(file), 0);
    refused(f, f->url, -EIO, "file is not a database");
}

static void a_file_that_may_not_be_written_is_refused(void **state)
{
    struct fixture *f = *state;
    const bool root = geteuid() == 0;

    open_store(f);
    store_close(f->store);
    f->store = NULL;
    assert_int_equal(chmod(f->directory, 0755), 0);
    assert_int_equal(chmod(f->path, 0444), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    refused(f, f->url, -EACCES, "expected a file to read and write, found: Permission denied");
    if (root)
        assert_int_equal(seteuid(0), 0);
}

/* The queue. */

static void the_queue_writes_what_it_is_given(void **state)
{
    struct fixture *f = *state;
    struct judgement judgement = judgement_example();
    const struct baseline baseline = {.prefix = judgement.network.prefix};
    const struct label label = {.address = judgement.observation.client};
    struct store_queue *queue;

    open_store(f);
    queue = queue_before_store(f);
    assert_true(store_queue_baseline(queue, &baseline));
    for (unsigned i = 0; i < 3000; i++) {
        judgement.observation.client_port = (uint16_t)i;
        assert_true(store_queue_judgement(queue, &judgement));
    }
    assert_true(store_queue_label(queue, &label));
    assert_true(store_queue_wait(queue));
    wait_until_empty(queue);
    assert_int_equal(store_queue_counts(queue).written, 3002);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 3000);
    assert_true(store_queue_forget(queue, UINT64_MAX >> 1));
    wait_until_empty(queue);
    assert_int_equal(store_queue_counts(queue).lost, 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 0);
    store_queue_close(queue);
}

static void closing_writes_what_is_left(void **state)
{
    struct fixture *f = *state;
    struct judgement judgement = judgement_example();
    struct store_queue *queue;

    open_store(f);
    queue = queue_before_store(f);
    for (unsigned i = 0; i < 2500; i++) {
        judgement.observation.client_port = (uint16_t)i;
        assert_true(store_queue_judgement(queue, &judgement));
    }
    assert_int_equal(store_queue_close(queue), 0);
    open_store(f);
    queue = queue_before_store(f);
    wait_until_empty(queue); /* where SQLite was slow */
    store_queue_close(queue);
    assert_int_equal(ask(f, "SELECT count(*) FROM observation"), 2500);
}

int main(void)
{
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_judgement_can_be_asked_for_by_address_and_port),
        STORE_TEST(a_network_that_is_not_known_is_null),
        STORE_TEST(the_same_observation_twice_is_one_row),
        STORE_TEST(what_is_rolled_back_was_never_there),
        STORE_TEST(a_kill_in_the_middle_of_a_batch_leaves_whole_batches),
        STORE_TEST(baselines_come_back_as_they_went_in),
        STORE_TEST(broken_baselines_are_skipped_and_counted),
        STORE_TEST(labels_are_kept_with_their_time),
        STORE_TEST(what_is_older_than_the_limit_is_forgotten),
        STORE_TEST(the_oldest_beyond_a_number_are_forgotten),
        STORE_TEST(a_subscriber_is_forgotten_whole_and_nobody_else),
        STORE_TEST(a_subscriber_of_many_addresses_is_forgotten_whole),
        STORE_TEST(a_label_that_is_put_again_is_one),
        STORE_TEST(labels_of_the_first_version_are_kept_once),
        STORE_TEST(tables_are_brought_to_the_newest_version_once),
        STORE_TEST(a_new_file_is_not_for_everybody),
        STORE_TEST(a_newer_version_is_left_alone),
        STORE_TEST(what_cannot_be_a_store_is_refused),
        STORE_TEST(a_file_that_may_not_be_written_is_refused),
        STORE_TEST(the_queue_writes_what_it_is_given),
        STORE_TEST(closing_writes_what_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
