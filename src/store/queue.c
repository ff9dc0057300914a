/*
 * The queue in front of a store; see queue.h. A ring of rows, filled at its head under the lock
 * by whoever has something to keep, emptied at its tail by the writer:
 *
 *      tail (the writer reads here, without the lock)     head (next free row)
 *       |                                                  |
 *       v                                                  v
 *   ... [ row | row | row | being written, then counted off ] ... free ...
 *
 * A row leaves the ring when its batch has been committed, so the ring is also what is kept while
 * the store fails.
 */
#include "store/queue.h"

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

enum row_kind { ROW_JUDGEMENT, ROW_BASELINE, ROW_LABEL, ROW_FORGET };

struct row {
    enum row_kind kind;
    union {
        struct judgement judgement;
        struct baseline baseline;
        struct label label;
        uint64_t forget_before_ns;
    };
};

struct store_queue {
    struct store *store; /* the writer's alone */
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
    char error[ERROR_MAX];
    struct store_queue_counts counts;
    struct row row[];
};

static int write_row(struct store *store, const struct row *row)
{
    switch (row->kind) {
    case ROW_JUDGEMENT:
        return store_put_judgement(store, &row->judgement);
    case ROW_BASELINE:
        return store_put_baseline(store, &row->baseline);
    case ROW_LABEL:
        return store_put_label(store, &row->label);
    case ROW_FORGET:
        return store_forget_before(store, row->forget_before_ns);
    default:
        return -EINVAL;
    }
}

/* Of `count` rows at the tail, those that share a transaction; forgetting makes its own. */
static size_t batch_size(const struct store_queue *queue, size_t count)
{
    size_t size = 0;

    if (count > queue->batch)
        count = queue->batch;
    while (size < count && queue->row[(queue->tail + size) % queue->capacity].kind != ROW_FORGET)
        size++;
    return size;
}

static int write_batch(struct store_queue *queue, size_t size)
{
    int result;

    if (size == 0)
        return write_row(queue->store, &queue->row[queue->tail]);
    result = store_begin(queue->store);
    for (size_t i = 0; result == 0 && i < size; i++)
        result = write_row(queue->store, &queue->row[(queue->tail + i) % queue->capacity]);
    if (result == 0)
        result = store_commit(queue->store);
    return result;
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

/* With the lock: waits for rows, and then a moment for a whole batch of them. */
static void wait_for_rows(struct store_queue *queue)
{
    struct timespec deadline;

    while (queue->count == 0 && !queue->stopping)
        pthread_cond_wait(&queue->wake, &queue->lock);
    deadline = deadline_in(queue->failing ? RETRY_WAIT_MS : BATCH_WAIT_MS);
    while ((queue->failing || (queue->count < queue->batch && queue->waiters == 0)) &&
           !queue->stopping)
        if (pthread_cond_timedwait(&queue->wake, &queue->lock, &deadline) == ETIMEDOUT)
            break;
}

/* With the lock: what became of the rows at the tail. */
static void account(struct store_queue *queue, size_t rows, int result, const char *error)
{
    queue->failing = result != 0;
    if (result != 0) {
        strncpy(queue->error, error, sizeof queue->error - 1);
        return;
    }
    queue->tail = (queue->tail + rows) % queue->capacity;
    queue->count -= rows;
    queue->counts.written += rows;
}

static void *write_rows(void *context)
{
    struct store_queue *queue = context;

    pthread_mutex_lock(&queue->lock);
    for (;;) {
        size_t size;
        int result;
        bool last_try;

        wait_for_rows(queue);
        if (queue->count == 0)
            break;
        last_try = queue->stopping;
        size = batch_size(queue, queue->count);
        pthread_mutex_unlock(&queue->lock);

        result = write_batch(queue, size);
        pthread_mutex_lock(&queue->lock);
        account(queue, size > 0 ? size : 1, result, store_error(queue->store));
        if (result != 0)
            store_rollback(queue->store);
        pthread_cond_broadcast(&queue->moved);
        if (result != 0 && last_try)
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
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&queue->moved, NULL);
    result = pthread_create(&queue->writer, NULL, write_rows, queue);
    if (result != 0) {
        pthread_cond_destroy(&queue->moved);
        pthread_cond_destroy(&queue->wake);
        pthread_mutex_destroy(&queue->lock);
    }
    return -result;
}

int store_queue_open(struct store *store, size_t capacity, struct store_queue **out)
{
    struct store_queue *queue;
    int result;

    if (capacity == 0 || capacity > SIZE_MAX / 2 / sizeof(struct row))
        return -EINVAL;
    queue = calloc(1, sizeof *queue + capacity * sizeof(struct row));
    if (queue == NULL)
        return -ENOMEM;
    queue->store = store;
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

bool store_queue_judgement(struct store_queue *queue, const struct judgement *judgement)
{
    struct row *row = add_row(queue, ROW_JUDGEMENT);

    if (row == NULL)
        return false;
    row->judgement = *judgement;
    return row_added(queue);
}

bool store_queue_baseline(struct store_queue *queue, const struct baseline *baseline)
{
    struct row *row = add_row(queue, ROW_BASELINE);

    if (row == NULL)
        return false;
    row->baseline = *baseline;
    return row_added(queue);
}

bool store_queue_label(struct store_queue *queue, const struct label *label)
{
    struct row *row = add_row(queue, ROW_LABEL);

    if (row == NULL)
        return false;
    row->label = *label;
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

bool store_queue_wait(struct store_queue *queue)
{
    uint64_t until;
    bool written;

    pthread_mutex_lock(&queue->lock);
    until = queue->counts.written + queue->count;
    queue->waiters++;
    pthread_cond_signal(&queue->wake);
    while (queue->counts.written < until && !queue->failing)
        pthread_cond_wait(&queue->moved, &queue->lock);
    written = queue->counts.written >= until;
    queue->waiters--;
    pthread_mutex_unlock(&queue->lock);
    return written;
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
