/*
 * The queue in front of a store; see queue.h. A ring of rows, filled at its head under the lock
 * by whoever has something to keep, emptied at its tail by the writer:
 *
 *      tail (the writer reads here, without the lock)     head (next free row)
 *       |                                                  |
 *       v                                                  v
 *   ... [ row | row | row | being written, then counted off ] ... free ...
 *
 * A row leaves the ring when its batch has been committed to the store, or is safe in the spool. As
 * long as there is anything in the spool, new rows go there, so that their order stays.
 */
#include "store/queue.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BATCH_ROWS = 1024,
    BATCH_WAIT_MS = 200,  /* how long a row may wait for others to share its commit */
    RETRY_WAIT_MS = 1000, /* after the store has failed */
    ERROR_MAX = 512,
};

/* What came of one turn of the writer. */
struct outcome {
    size_t taken;     /* rows off the ring */
    uint64_t written; /* rows committed, from the ring or from the spool */
    uint64_t lost;    /* rows that the spool did not take either */
    bool tried;       /* the store was asked to take something */
    int result;       /* and that is what it said */
    int spool_result; /* why rows were lost */
};

struct store_queue {
    struct store *store; /* the writer's alone, as are the next two */
    struct spool *spool; /* NULL: none */
    uint64_t retry_ms;   /* the store is not tried before; CLOCK_MONOTONIC */
    pthread_t writer;
    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t wake;  /* the writer: rows, a waiter, the end */
    pthread_cond_t moved; /* a waiter: a batch has been written, or has failed */
    size_t capacity;
    size_t batch; /* rows written at once, at most */
    size_t tail;
    size_t count;
    unsigned waiters; /* who would rather not wait for a whole batch */
    bool stopping;
    bool failing;
    uint64_t end_ms; /* the store is not asked after it; 0: it is; CLOCK_MONOTONIC */
    uint64_t taken;  /* rows that have left the ring, ever */
    bool hides;      /* addresses, with the key; both are set before the first row */
    struct address_key key;
    char error[ERROR_MAX];
    struct store_queue_counts counts;
    struct row row[];
};

static struct row *row_at(struct store_queue *queue, size_t index)
{
    return &queue->row[(queue->tail + index) % queue->capacity];
}

/* Of `count` rows at the tail, those that go together, at most `most`: or one that goes alone. */
static size_t batch_size(struct store_queue *queue, size_t count, size_t most)
{
    size_t size = 0;

    if (count > most)
        count = most;
    while (size < count && !row_is_alone(row_at(queue, size)))
        size++;
    return size == 0 && count > 0 ? 1 : size;
}

static int write_batch(struct store_queue *queue, size_t size)
{
    int result;

    if (row_is_alone(row_at(queue, 0)))
        return row_write(queue->store, row_at(queue, 0));
    result = store_begin(queue->store);
    for (size_t i = 0; result == 0 && i < size; i++)
        result = row_write(queue->store, row_at(queue, i));
    if (result == 0)
        result = store_commit(queue->store);
    return result;
}

/* A batch from the spool, in one transaction, or a row that makes its own; *out is how many. */
static int write_spooled(struct store_queue *queue, uint64_t *out)
{
    struct row row;
    uint64_t count = 0;
    int result;

    if (spool_peek(queue->spool, &row) == 0 && row_is_alone(&row)) {
        result = row_write(queue->store, &row);
        spool_step(queue->spool);
        *out = 1;
        return result;
    }
    result = store_begin(queue->store);
    while (result == 0 && count < BATCH_ROWS && spool_peek(queue->spool, &row) == 0 &&
           !row_is_alone(&row)) {
        result = row_write(queue->store, &row);
        spool_step(queue->spool);
        count++;
    }
    if (result == 0)
        result = store_commit(queue->store);
    *out = count;
    return result;
}

/* What the store said; after a failure it is left in peace for a while. */
static void store_tried(struct store_queue *queue, int result, uint64_t rows, struct outcome *out)
{
    out->tried = true;
    out->result = result;
    if (result == 0) {
        out->written += rows;
        return;
    }
    store_rollback(queue->store);
    queue->retry_ms = clock_monotonic_ns() / 1000000 + RETRY_WAIT_MS;
}

static void empty_spool(struct store_queue *queue, struct outcome *out)
{
    uint64_t rows = 0;
    const int result = write_spooled(queue, &rows);

    store_tried(queue, result, rows, out);
    if (result == 0)
        spool_delivered(queue->spool);
    else
        spool_rewind(queue->spool);
}

static void spool_batch(struct store_queue *queue, size_t size, struct outcome *out)
{
    int result;

    for (size_t i = 0; i < size; i++) {
        result = spool_append(queue->spool, row_at(queue, i));
        if (result != 0) {
            out->lost++;
            out->spool_result = result;
        }
    }
    result = spool_sync(queue->spool);
    if (result != 0) {
        out->lost = size;
        out->spool_result = result;
    }
    out->taken = size;
}

/*
 * One turn, without the lock: something of the spool to the store, and `size` rows at the tail to
 * the store, or to the spool while it has any, or the store fails or is out of time.
 */
static struct outcome take_turn(struct store_queue *queue, size_t size, bool last, bool late)
{
    const bool has_spool = queue->spool != NULL;
    const bool may_try =
        !late && (clock_monotonic_ns() / 1000000 >= queue->retry_ms || (last && !has_spool));
    struct outcome out = {0};

    if (has_spool && spool_rows(queue->spool) > 0 && may_try && !last)
        empty_spool(queue, &out);
    if (size == 0)
        return out;
    if (may_try && out.result == 0 && (!has_spool || spool_rows(queue->spool) == 0)) {
        store_tried(queue, write_batch(queue, size), size, &out);
        if (out.result == 0) {
            out.taken = size;
            return out;
        }
    }
    if (has_spool)
        spool_batch(queue, size, &out);
    return out;
}

static struct timespec deadline_in(long milliseconds)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += milliseconds / 1000;
    at.tv_nsec += milliseconds % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* A row may wait a moment for others; without a spool all wait until the store is tried again. */
static bool may_wait(const struct store_queue *queue)
{
    if (queue->stopping)
        return false;
    if (queue->failing && queue->spool == NULL)
        return true;
    return queue->count < queue->batch && queue->waiters == 0;
}

/* With the lock: waits for rows, and then a moment for a whole batch of them. */
static void wait_for_work(struct store_queue *queue)
{
    struct timespec deadline;

    while (queue->count == 0 && queue->counts.spooled == 0 && !queue->stopping)
        pthread_cond_wait(&queue->wake, &queue->lock);
    if (queue->counts.spooled > 0 && !queue->failing)
        return;
    deadline = deadline_in(queue->failing && queue->spool == NULL ? RETRY_WAIT_MS : BATCH_WAIT_MS);
    while (may_wait(queue))
        if (pthread_cond_timedwait(&queue->wake, &queue->lock, &deadline) == ETIMEDOUT)
            break;
}

/* With the lock: what a turn came to. */
static void account(struct store_queue *queue, const struct outcome *outcome)
{
    if (outcome->tried) {
        queue->failing = outcome->result != 0;
        if (queue->failing)
            strncpy(queue->error, store_error(queue->store), sizeof queue->error - 1);
    }
    queue->tail = (queue->tail + outcome->taken) % queue->capacity;
    queue->count -= outcome->taken;
    queue->taken += outcome->taken;
    queue->counts.written += outcome->written;
    queue->counts.lost += outcome->lost;
    if (queue->spool != NULL) {
        queue->counts.spooled = spool_rows(queue->spool);
        queue->counts.broken = spool_broken(queue->spool);
    }
}

/* With the lock: whether the time of the store is over, and the spool takes all there is at once. */
static bool is_late(const struct store_queue *queue)
{
    return queue->spool != NULL && queue->end_ms != 0 &&
           clock_monotonic_ns() / 1000000 >= queue->end_ms;
}

static void *write_rows(void *context)
{
    struct store_queue *queue = context;

    pthread_mutex_lock(&queue->lock);
    for (;;) {
        struct outcome outcome;
        size_t size;
        bool last;
        bool late;

        wait_for_work(queue);
        last = queue->stopping;
        late = is_late(queue);
        if (queue->count == 0 && last)
            break;
        size = batch_size(queue, queue->count, late ? queue->capacity : queue->batch);
        pthread_mutex_unlock(&queue->lock);

        outcome = take_turn(queue, size, last, late);
        pthread_mutex_lock(&queue->lock);
        account(queue, &outcome);
        pthread_cond_broadcast(&queue->moved);
        if (last && outcome.taken == 0)
            break;
    }
    queue->counts.lost += queue->count;
    queue->count = 0;
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

static int start(struct store_queue *queue)
{
    pthread_condattr_t attributes;
    int result;

    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->wake, &attributes);
    pthread_cond_init(&queue->moved, &attributes);
    pthread_condattr_destroy(&attributes);
    result = pthread_create(&queue->writer, NULL, write_rows, queue);
    if (result != 0) {
        pthread_cond_destroy(&queue->moved);
        pthread_cond_destroy(&queue->wake);
        pthread_mutex_destroy(&queue->lock);
    }
    return -result;
}

int store_queue_open(struct store *store, struct spool *spool, size_t capacity,
                     struct store_queue **out)
{
    struct store_queue *queue;
    int result;

    if (capacity == 0 || capacity > SIZE_MAX / 2 / sizeof(struct row))
        return -EINVAL;
    queue = calloc(1, sizeof *queue + capacity * sizeof(struct row));
    if (queue == NULL)
        return -ENOMEM;
    queue->store = store;
    queue->spool = spool;
    queue->counts.spooled = spool != NULL ? spool_rows(spool) : 0;
    queue->capacity = capacity;
    queue->batch = capacity < BATCH_ROWS ? capacity : BATCH_ROWS;
    result = start(queue);
    if (result != 0) {
        free(queue);
        return result;
    }
    *out = queue;
    return 0;
}

void store_queue_hurry(struct store_queue *queue, long milliseconds)
{
    store_hurry(queue->store);
    pthread_mutex_lock(&queue->lock);
    queue->end_ms = clock_monotonic_ns() / 1000000 + (uint64_t)milliseconds;
    pthread_mutex_unlock(&queue->lock);
}

void store_queue_close(struct store_queue *queue)
{
    if (queue == NULL)
        return;
    pthread_mutex_lock(&queue->lock);
    queue->stopping = true;
    pthread_cond_signal(&queue->wake);
    pthread_mutex_unlock(&queue->lock);
    pthread_join(queue->writer, NULL);
    pthread_cond_destroy(&queue->moved);
    pthread_cond_destroy(&queue->wake);
    pthread_mutex_destroy(&queue->lock);
    store_close(queue->store);
    spool_close(queue->spool);
    free(queue);
}

/* The next free row with the lock held, or NULL with the loss counted and no lock. */
static struct row *add_row(struct store_queue *queue, enum row_kind kind)
{
    struct row *row;

    pthread_mutex_lock(&queue->lock);
    if (queue->count == queue->capacity) {
        queue->counts.lost++;
        pthread_mutex_unlock(&queue->lock);
        return NULL;
    }
    row = &queue->row[(queue->tail + queue->count) % queue->capacity];
    row->kind = kind;
    return row;
}

/* Hands over the row of add_row; the writer is woken for a first row and for a whole batch. */
static bool row_added(struct store_queue *queue)
{
    queue->count++;
    if (queue->count == 1 || queue->count == queue->batch)
        pthread_cond_signal(&queue->wake);
    pthread_mutex_unlock(&queue->lock);
    return true;
}

void store_queue_hide(struct store_queue *queue, const struct address_key *key)
{
    queue->key = *key;
    queue->hides = true;
}

/* So fine a network is as good as its one client. */
static bool is_of_one(const struct prefix *network)
{
    return network->length > (address_is_v4(&network->address) ? 127 : 64);
}

static void hide_judgement(const struct store_queue *queue, struct judgement *judgement)
{
    if (!queue->hides)
        return;
    judgement->observation.client = address_key_hide(&queue->key, &judgement->observation.client);
    if (is_of_one(&judgement->network.prefix))
        judgement->network = (struct network_view){.known = false};
}

/* One that was brought back and not seen again is hidden already. */
static struct prefix hide_subscriber(const struct store_queue *queue, const struct prefix *prefix)
{
    struct prefix hidden = *prefix;

    if (!queue->hides)
        return hidden;
    if (!address_is_put_by(&prefix->address))
        return address_key_hide_subscriber(&queue->key, prefix);
    hidden.address = address_taken_back(&prefix->address);
    return hidden;
}

bool store_queue_judgement(struct store_queue *queue, const struct judgement *judgement)
{
    struct row *row = add_row(queue, ROW_JUDGEMENT);

    if (row == NULL)
        return false;
    row->judgement = *judgement;
    hide_judgement(queue, &row->judgement);
    return row_added(queue);
}

bool store_queue_baseline(struct store_queue *queue, const struct baseline *baseline)
{
    struct row *row;

    if (queue->hides && !baseline->subscriber && is_of_one(&baseline->prefix))
        return true; /* it is not kept */
    if (store_queue_counts(queue).queued >= queue->capacity / 2)
        return false;
    row = add_row(queue, ROW_BASELINE);
    if (row == NULL)
        return false;
    row->baseline = *baseline;
    if (baseline->subscriber)
        row->baseline.prefix = hide_subscriber(queue, &baseline->prefix);
    return row_added(queue);
}

bool store_queue_label(struct store_queue *queue, const struct label *label)
{
    struct row *row = add_row(queue, ROW_LABEL);

    if (row == NULL)
        return false;
    row->label = *label;
    if (queue->hides)
        row->label.address = address_key_hide(&queue->key, &label->address);
    return row_added(queue);
}

bool store_queue_forget(struct store_queue *queue, uint64_t time_ns)
{
    struct row *row = add_row(queue, ROW_FORGET);

    if (row == NULL)
        return false;
    row->forget_before_ns = time_ns;
    return row_added(queue);
}

bool store_queue_forget_beyond(struct store_queue *queue, uint64_t count)
{
    struct row *row = add_row(queue, ROW_FORGET_BEYOND);

    if (row == NULL)
        return false;
    row->forget_beyond = count;
    return row_added(queue);
}

bool store_queue_forget_baselines(struct store_queue *queue, const struct baseline_limits *limits)
{
    struct row *row = add_row(queue, ROW_FORGET_BASELINES);

    if (row == NULL)
        return false;
    row->forget_baselines = *limits;
    return row_added(queue);
}

bool store_queue_forget_subscriber(struct store_queue *queue, const struct prefix *subscriber)
{
    struct row *row = add_row(queue, ROW_FORGET_SUBSCRIBER);

    if (row == NULL)
        return false;
    row->forget_subscriber = hide_subscriber(queue, subscriber);
    return row_added(queue);
}

/* Until `deadline`; NULL: without end. */
static bool wait_until_safe(struct store_queue *queue, const struct timespec *deadline)
{
    uint64_t until;
    bool safe;
    int result = 0;

    pthread_mutex_lock(&queue->lock);
    until = queue->taken + queue->count;
    queue->waiters++;
    pthread_cond_signal(&queue->wake);
    while (queue->taken < until && result == 0 && (!queue->failing || queue->spool != NULL))
        result = deadline != NULL ? pthread_cond_timedwait(&queue->moved, &queue->lock, deadline)
                                  : pthread_cond_wait(&queue->moved, &queue->lock);
    safe = queue->taken >= until;
    queue->waiters--;
    pthread_mutex_unlock(&queue->lock);
    return safe;
}

bool store_queue_wait(struct store_queue *queue)
{
    return wait_until_safe(queue, NULL);
}

bool store_queue_wait_for(struct store_queue *queue, long most_ms)
{
    const struct timespec deadline = deadline_in(most_ms);

    return wait_until_safe(queue, &deadline);
}

struct store_queue_counts store_queue_counts(struct store_queue *queue)
{
    struct store_queue_counts counts;

    pthread_mutex_lock(&queue->lock);
    counts = queue->counts;
    counts.queued = queue->count;
    pthread_mutex_unlock(&queue->lock);
    return counts;
}

bool store_queue_failing(struct store_queue *queue, char *out, size_t size)
{
    bool failing;

    pthread_mutex_lock(&queue->lock);
    failing = queue->failing;
    if (failing && size > 0) {
        strncpy(out, queue->error, size - 1);
        out[size - 1] = '\0';
    }
    pthread_mutex_unlock(&queue->lock);
    return failing;
}
