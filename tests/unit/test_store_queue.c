/* The queue before a store that fails, holds still or is refused: nothing is lost, and all comes in order. */
#include "unit.h"

#include "scratch.h"
#include "store/queue.h"
#include "told_store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 64 << 20, NOTHING = 16 };

struct fixture {
    char directory[SCRATCH_MAX];
    char path[64];
    char error[512];
    struct spool *spool;
    struct told_store store;
    struct store_queue *queue;
};

static struct row row_numbered(unsigned number)
{
    struct row row = {.kind = ROW_JUDGEMENT, .judgement = judgement_example()};

    row.judgement.observation.time_ns += number;
    return row;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    scratch_make(f->directory);
    snprintf(f->path, sizeof f->path, "%s/spool", f->directory);
    f->store.base.backend = &told_backend;
    f->store.spool_path = f->path;
    pthread_mutex_init(&f->store.lock, NULL);
    pthread_cond_init(&f->store.moved, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    tell(&f->store, &f->store.holds, false); /* also after a failure */
    store_queue_close(f->queue);
    spool_close(f->spool);
    scratch_remove(f->directory);
    free(f);
    return 0;
}

static void open_spool(struct fixture *f, uint64_t size)
{
    if (spool_open(f->path, size, &f->spool, f->error, sizeof f->error) != 0)
        fail_msg("%s", f->error);
}

static void open_queue(struct fixture *f, uint64_t size, size_t capacity,
                       const struct store_gate *gate)
{
    open_spool(f, size);
    store_queue_take_left(f->spool);
    assert_int_equal(store_queue_open(&f->store.base, f->spool, capacity, gate, &f->queue), 0);
    f->spool = NULL; /* it is the queue's now */
}

static void close_queue(struct fixture *f)
{
    assert_int_equal(store_queue_close(f->queue), 0);
    f->queue = NULL;
}

static struct store_queue_counts counts_of(const struct fixture *f)
{
    return store_queue_counts(f->queue);
}

static void give(struct fixture *f, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        const struct row row = row_numbered(i);

        assert_true(store_queue_judgement(f->queue, &row.judgement));
    }
}

/* In pieces that are safe before the next comes. */
static void give_safely(struct fixture *f, unsigned first, unsigned end, unsigned step)
{
    for (unsigned i = first; i < end; i += step) {
        give(f, i, step);
        assert_true(store_queue_wait(f->queue));
    }
}

static void wait_until_empty(const struct fixture *f)
{
    for (unsigned i = 0; i < PATIENCE_S * 1000; i++) {
        const struct store_queue_counts counts = counts_of(f);

        if (counts.spooled == 0 && counts.queued == 0)
            return;
        usleep(1000);
    }
    fail_msg("the queue was not emptied");
}

/* Of the first `end` numbers those from `first` on are there, and they came in order. */
static void assert_stored(struct fixture *f, unsigned first, unsigned end)
{
    wait_until_at_least(&f->store, &f->store.next, end);
    wait_until_empty(f);
    assert_false(f->store.is_disordered);
    assert_int_equal(f->store.next, end);
    for (unsigned i = 0; i < end; i++)
        assert_int_equal(f->store.is_there[i], i >= first);
    assert_int_equal(counts_of(f).lost, 0);
}

/* A store that fails */

static void a_store_that_comes_back_gets_all_in_order(void **state)
{
    struct fixture *f = *state;
    struct told_store *store = &f->store;
    unsigned next = 2010;
    char words[64] = "";

    open_queue(f, SIZE, 64, NULL);
    give(f, 0, 10);
    assert_stored(f, 0, 10);
    tell(store, &store->fails, true);
    give_safely(f, 10, next, 10); /* more than the queue holds, and than one turn delivers */
    assert_true(store_queue_failing(f->queue, words, sizeof words));
    assert_string_equal(words, "nobody there");
    assert_int_equal(counts_of(f).spooled, 2000);
    assert_int_equal(counts_of(f).written, 10);
    tell(store, &store->fails_at_commit, true);
    tell(store, &store->fails, false);
    wait_until_at_least(store, &store->refused, 2);
    give_safely(f, next, next + 10, 1);
    tell(store, &store->fails_at_commit, false);
    assert_stored(f, 0, next + 10);
    close_queue(f);
    assert_int_equal(scratch_each_file(f->path, ".spool", NULL), 0);
}

static void what_is_left_at_the_end_is_delivered_after_the_next_start(void **state)
{
    struct fixture *f = *state;

    f->store.fails = true;
    open_queue(f, SIZE, 64, NULL);
    give(f, 0, 50);
    close_queue(f);
    assert_int_equal(f->store.next, 0);

    f->store.fails = false;
    open_queue(f, SIZE, 64, NULL);
    give(f, 50, 10);
    assert_stored(f, 0, 60);
}

static void what_a_store_has_no_time_for_is_delivered_after_the_next_start(void **state)
{
    struct fixture *f = *state;

    open_queue(f, SIZE, 4096, NULL);
    store_queue_hurry(f->queue, 3600 * 1000);
    give(f, 0, 10);
    assert_stored(f, 0, 10);
    store_queue_hurry(f->queue, 0);
    give(f, 10, 2990);
    assert_true(store_queue_wait(f->queue));
    assert_int_equal(counts_of(f).spooled, 2990);
    give(f, 3000, 10);
    close_queue(f);
    assert_int_equal(f->store.next, 10);

    f->store.base.hurries = false;
    open_queue(f, SIZE, 64, NULL);
    assert_stored(f, 0, 3010);
}

static void what_is_safe_is_there_after_a_kill(struct fixture *f, bool fails, bool holds)
{
    const pid_t child = fork();
    int status;

    if (child == 0) {
        f->store.fails = fails;
        f->store.holds = holds;
        if (spool_open(f->path, SIZE, &f->spool, f->error, sizeof f->error) != 0 ||
            store_queue_open(&f->store.base, f->spool, 256, NULL, &f->queue) != 0)
            _exit(1);
        give_safely(f, 0, 3000, 100);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    open_queue(f, SIZE, 64, NULL);
    assert_stored(f, 0, 3000);
}

/* It is given, and at once there is an end; what the store has taken meanwhile nobody knows. */
static void what_was_given_is_there_after_a_kill(struct fixture *f, bool fails)
{
    const pid_t child = fork();
    int status;

    if (child == 0) {
        f->store.fails = fails;
        f->store.holds = !fails;
        if (spool_open(f->path, SIZE, &f->spool, f->error, sizeof f->error) != 0 ||
            store_queue_open(&f->store.base, f->spool, 1024, NULL, &f->queue) != 0)
            _exit(1);
        give(f, 0, 100);
        if (!fails)
            wait_until_at_least(&f->store, &f->store.held, 1);
        give(f, 100, 200);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    open_queue(f, NOTHING, 64, NULL); /* they do not ask whether there is room */
    assert_stored(f, 0, 300);
    close_queue(f);
    assert_int_equal(scratch_each_file(f->path, "", NULL), 0);
}

static void a_kill_takes_nothing_that_was_given_to_a_store_that_fails(void **state)
{
    what_was_given_is_there_after_a_kill(*state, true);
}

static void a_kill_takes_nothing_that_was_given_to_a_store_at_work(void **state)
{
    what_was_given_is_there_after_a_kill(*state, false);
}

static void a_kill_while_the_store_fails_leaves_what_was_called_safe(void **state)
{
    what_is_safe_is_there_after_a_kill(*state, true, false);
}

static void a_kill_while_the_store_holds_leaves_what_was_called_safe(void **state)
{
    what_is_safe_is_there_after_a_kill(*state, false, true);
}

/* A store that is behind: it takes a batch, and nothing more until it is told. */

static void a_store_that_holds_still_loses_nothing_and_is_given_all_in_order(void **state)
{
    struct fixture *f = *state;
    struct told_store *store = &f->store;
    char words[64];

    store->holds = true;
    open_queue(f, SIZE, 256, NULL);
    give(f, 0, 100);
    wait_until_at_least(store, &store->held, 1); /* the first batch is in its hands */
    give_safely(f, 100, 10000, 100);             /* forty times what the queue holds */
    assert_int_equal(counts_of(f).spooled, 10000);
    assert_int_equal(counts_of(f).written, 0);
    assert_false(store_queue_failing(f->queue, words, sizeof words));
    tell(store, &store->holds, false);
    assert_stored(f, 0, 10000);
    assert_int_equal(counts_of(f).written, 10000); /* each is counted once */
    assert_int_equal(scratch_each_file(f->path, ".spool", NULL), 0);
}

/* In the end; a machine that stands still for a second sends a row by the spool. */
static void a_store_that_has_caught_up_is_given_rows_directly_again(void **state)
{
    struct fixture *f = *state;
    struct told_store *store = &f->store;
    unsigned next = 200;

    store->holds = true;
    open_queue(f, SIZE, 64, NULL);
    give_safely(f, 0, next, 20);
    tell(store, &store->holds, false);
    assert_stored(f, 0, next);
    store->held_directly = 0;
    while (store->held_directly == 0 && next < 300) {
        const unsigned held = store->held;

        tell(store, &store->holds, true);
        give(f, next++, 1);
        wait_until_at_least(store, &store->held, held + 1);
        tell(store, &store->holds, false);
        assert_stored(f, 0, next);
    }
    assert_int_equal(store->held_directly, 1);
}

static void the_spool_is_turned_to_before_the_queue_is_full(void **state)
{
    struct fixture *f = *state;
    struct told_store *store = &f->store;

    store->holds = true;
    open_queue(f, SIZE, 1000, NULL);
    give(f, 0, 1);
    wait_until_at_least(store, &store->held, 1);
    give(f, 1, 500); /* half of it, and nobody waits */
    for (unsigned i = 0; i < PATIENCE_S * 1000 && counts_of(f).spooled < 501; i++)
        usleep(1000);
    assert_int_equal(counts_of(f).spooled, 501);
    tell(store, &store->holds, false);
    assert_stored(f, 0, 501);
}

static void who_is_forgotten_behind_spooled_rows_stays_forgotten(void **state)
{
    struct fixture *f = *state;
    struct told_store *store = &f->store;
    const struct prefix subscriber = {.address = judgement_example().observation.client,
                                      .length = 128};

    store->holds = true;
    open_queue(f, SIZE, 64, NULL);
    give_safely(f, 0, 200, 20);
    assert_true(store_queue_forget_subscriber(f->queue, &subscriber));
    give_safely(f, 200, 400, 20);
    assert_int_equal(counts_of(f).forgetting, 1);
    tell(store, &store->holds, false);
    assert_stored(f, 200, 400);
    assert_int_equal(counts_of(f).forgetting, 0);

    /* and one at which the store is for long */
    tell(store, &store->holds, true);
    assert_true(store_queue_forget_subscriber(f->queue, &subscriber));
    wait_until_at_least(store, &store->held, 2);
    give_safely(f, 400, 600, 20);
    assert_int_equal(counts_of(f).forgetting, 1);
    tell(store, &store->holds, false);
    assert_stored(f, 400, 600);
    assert_int_equal(counts_of(f).forgetting, 0);
}

static void who_was_to_be_forgotten_is_known_after_the_next_start(void **state)
{
    struct fixture *f = *state;
    const struct prefix subscriber = {.address = judgement_example().observation.client,
                                      .length = 128};

    f->store.fails = true;
    open_queue(f, SIZE, 64, NULL);
    give(f, 0, 10);
    assert_true(store_queue_forget_subscriber(f->queue, &subscriber));
    close_queue(f);
    f->store.holds = true;
    f->store.fails = false;
    open_queue(f, SIZE, 64, NULL);
    assert_int_equal(counts_of(f).forgetting, 1);
    tell(&f->store, &f->store.holds, false);
    assert_stored(f, 10, 10);
    assert_int_equal(counts_of(f).forgetting, 0);
}

static void a_label_is_safe_though_the_store_holds_still(void **state)
{
    const struct label label = {.address = judgement_example().observation.client};
    struct fixture *f = *state;
    struct told_store *store = &f->store;

    store->holds = true;
    open_queue(f, SIZE, 4096, NULL);
    give(f, 0, 10);
    wait_until_at_least(store, &store->held, 1);
    assert_true(store_queue_label(f->queue, &label));
    assert_true(store_queue_wait(f->queue));
    assert_int_equal(counts_of(f).spooled, 11);
    tell(store, &store->holds, false);
    assert_stored(f, 0, 10);
}

static void what_waits_for_a_held_store_at_the_end_is_delivered_after_the_next_start(void **state)
{
    struct fixture *f = *state;
    struct told_store *store = &f->store;

    store->holds = true;
    open_queue(f, SIZE, 4096, NULL);
    give(f, 0, 10);
    wait_until_at_least(store, &store->held, 1);
    give(f, 10, 990);
    store_queue_hurry(f->queue, 0);
    assert_true(store_queue_wait(f->queue));
    assert_int_equal(counts_of(f).spooled, 1000);
    tell(store, &store->holds, false);
    close_queue(f);
    assert_int_equal(store->next, 10);

    store->base.hurries = false;
    open_queue(f, SIZE, 64, NULL);
    assert_stored(f, 0, 1000);
}

/* Both full */

static void wait_until_full(const struct fixture *f)
{
    for (unsigned i = 0; i < PATIENCE_S * 1000; i++) {
        const struct store_queue_counts counts = counts_of(f);

        if (counts.spool_full || counts.queued == 0)
            return;
        usleep(1000);
    }
    fail_msg("neither the spool nor the store took all");
}

static unsigned fill_both(struct fixture *f)
{
    unsigned next = 0;

    for (; !counts_of(f).spool_full && next + 50 < ROWS_MAX; next += 50) {
        give(f, next, 50);
        wait_until_full(f);
    }
    assert_true(counts_of(f).spool_full);
    assert_int_equal(counts_of(f).lost, 0);
    for (;; next++) {
        const struct row row = row_numbered(next);

        if (!store_queue_judgement(f->queue, &row.judgement))
            return next;
    }
}

static void nothing_is_lost_until_spool_and_queue_are_both_full(void **state)
{
    struct fixture *f = *state;
    struct told_store *store = &f->store;
    struct store_queue_counts counts;
    unsigned given;

    store->holds = true;
    open_queue(f, 1 << 20, 100, NULL);
    given = fill_both(f);
    counts = counts_of(f);
    assert_int_equal(counts.spooled + counts.queued, given);
    assert_in_range(counts.spooled, 4000, 8000);
    assert_in_range(counts.queued, 100, 200);
    assert_int_equal(counts.lost, 1);
    assert_false(store_queue_wait_for(f->queue, 1));
    tell(store, &store->holds, false);
    wait_until_at_least(store, &store->next, given);
    wait_until_empty(f);
    assert_false(store->is_disordered);
    assert_int_equal(counts_of(f).lost, 1);
    assert_false(counts_of(f).spool_full);
}

static void
what_neither_store_nor_spool_takes_is_waited_for_in_vain_and_left_to_the_next(void **state)
{
    struct fixture *f = *state;
    unsigned given;

    f->store.fails = true;
    open_queue(f, 1 << 20, 100, NULL);
    given = fill_both(f);
    while (store_queue_wait(f->queue)) /* the store has not been found to fail yet */
        usleep(1000);
    assert_int_equal(counts_of(f).spooled + counts_of(f).queued, given);
    close_queue(f);
    f->store.fails = false;
    open_queue(f, 1 << 20, 100, NULL);
    assert_stored(f, 0, given);
}

static void a_store_that_recovers_gets_what_waited_in_memory(void **state)
{
    struct fixture *f = *state;
    char words[64];

    f->store.fails = true;
    open_queue(f, NOTHING, 8, NULL);
    give(f, 0, 8);
    assert_false(store_queue_wait(f->queue));
    assert_true(store_queue_failing(f->queue, words, sizeof words));
    assert_false(store_queue_wait_for(f->queue, 1));
    assert_int_equal(counts_of(f).queued, 8);
    tell(&f->store, &f->store.fails, false);
    assert_stored(f, 0, 8); /* it tries again by itself */
    assert_false(store_queue_failing(f->queue, words, sizeof words));
    assert_true(store_queue_wait(f->queue));
}

static void baselines_leave_most_of_the_queue_to_what_happens_now(void **state)
{
    const struct baseline baseline = {.prefix = judgement_example().network.prefix};
    struct fixture *f = *state;

    f->store.fails = true;
    open_queue(f, NOTHING, 8, NULL);
    for (unsigned i = 0; i < 2; i++)
        assert_true(store_queue_baseline(f->queue, &baseline));
    assert_false(store_queue_baseline(f->queue, &baseline));
    give(f, 0, 6);
    assert_int_equal(counts_of(f).lost, 0);
    assert_int_equal(counts_of(f).queued, 8);
    tell(&f->store, &f->store.fails, false);
    assert_stored(f, 0, 6);
}

/* The gate */

struct guard {
    bool refuses; /* atomic */
    int result;
};

static int check(struct store *store, void *context, char *error, size_t error_size)
{
    struct guard *guard = context;

    (void)store;
    if (!__atomic_load_n(&guard->refuses, __ATOMIC_ACQUIRE))
        return 0;
    snprintf(error, error_size, "not this one");
    return guard->result;
}

static void a_store_that_is_refused_is_given_nothing_until_it_is_put_right(void **state)
{
    struct fixture *f = *state;
    struct guard guard = {.refuses = true, .result = -EINVAL};
    const struct store_gate gate = {.check = check, .context = &guard};
    char words[64] = "";

    f->store.fails = true;
    open_queue(f, SIZE, 64, NULL);
    give(f, 0, 50);
    close_queue(f); /* what an earlier run has left is not for it either */
    f->store.fails = false;
    open_queue(f, SIZE, 64, &gate);
    give_safely(f, 50, 1050, 20);
    assert_true(store_queue_failing(f->queue, words, sizeof words));
    assert_string_equal(words, "not this one");
    assert_true(counts_of(f).refused);
    assert_int_equal(counts_of(f).spooled, 1050);
    assert_int_equal(f->store.next, 0);
    __atomic_store_n(&guard.refuses, false, __ATOMIC_RELEASE);
    assert_stored(f, 0, 1050);
    assert_false(counts_of(f).refused);
}

static void a_store_that_cannot_be_asked_by_the_gate_fails(void **state)
{
    struct fixture *f = *state;
    struct guard guard = {.refuses = true, .result = -EIO};
    const struct store_gate gate = {.check = check, .context = &guard};
    char words[64] = "";

    open_queue(f, SIZE, 64, &gate);
    give_safely(f, 0, 20, 20);
    assert_true(store_queue_failing(f->queue, words, sizeof words));
    assert_false(counts_of(f).refused);
    __atomic_store_n(&guard.refuses, false, __ATOMIC_RELEASE);
    assert_stored(f, 0, 20);
}

int main(void)
{
#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(a_store_that_comes_back_gets_all_in_order),
        QUEUE_TEST(what_is_left_at_the_end_is_delivered_after_the_next_start),
        QUEUE_TEST(what_a_store_has_no_time_for_is_delivered_after_the_next_start),
        QUEUE_TEST(a_kill_takes_nothing_that_was_given_to_a_store_that_fails),
        QUEUE_TEST(a_kill_takes_nothing_that_was_given_to_a_store_at_work),
        QUEUE_TEST(a_kill_while_the_store_fails_leaves_what_was_called_safe),
        QUEUE_TEST(a_kill_while_the_store_holds_leaves_what_was_called_safe),
        QUEUE_TEST(a_store_that_holds_still_loses_nothing_and_is_given_all_in_order),
        QUEUE_TEST(a_store_that_has_caught_up_is_given_rows_directly_again),
        QUEUE_TEST(the_spool_is_turned_to_before_the_queue_is_full),
        QUEUE_TEST(who_is_forgotten_behind_spooled_rows_stays_forgotten),
        QUEUE_TEST(who_was_to_be_forgotten_is_known_after_the_next_start),
        QUEUE_TEST(a_label_is_safe_though_the_store_holds_still),
        QUEUE_TEST(what_waits_for_a_held_store_at_the_end_is_delivered_after_the_next_start),
        QUEUE_TEST(nothing_is_lost_until_spool_and_queue_are_both_full),
        QUEUE_TEST(what_neither_store_nor_spool_takes_is_waited_for_in_vain_and_left_to_the_next),
        QUEUE_TEST(a_store_that_recovers_gets_what_waited_in_memory),
        QUEUE_TEST(baselines_leave_most_of_the_queue_to_what_happens_now),
        QUEUE_TEST(a_store_that_is_refused_is_given_nothing_until_it_is_put_right),
        QUEUE_TEST(a_store_that_cannot_be_asked_by_the_gate_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
