/*
 * The queue in front of a store; see queue.h. Whoever has something to keep adds it to the ring; the
 * writer takes a batch from there at a time and gives it to the store:
 *
 *      given --> [ ring ] --> [ batch ] --> store          while the store keeps up
 *                    \           /            ^
 *                     v         v             |
 *                     [   spool on disk   ] --+            while it fails, or is behind
 *
 * A row is safe when its batch is committed, or when it is synced in the spool. Once the ring is half
 * full, or the store fails, the spiller puts into the spool what is in memory: the batch first, which
 * the writer may have been at for long, then the ring. As long as there is anything in the spool, all
 * that comes goes there, so that its order stays, and the writer reads from there. A batch that is
 * committed after it was spilled is committed twice, and rows are such that this is once.
 */
#include "store/queue.h"

#include "store/spiller.h"
#include "store/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In the spool's directory. */
static const char batch_name[] = "batch.ring";
static const char ring_name[] = "waiting.ring";

/* Whether no row gets anywhere. */
static bool is_hopeless(const struct store_queue *queue)
{
    return queue->counts.spool_full && (queue->failing || queue_is_late(queue));
}

/* Its life */

static void wake_all(struct store_queue *queue)
{
    pthread_cond_signal(&queue->wake);
    pthread_cond_signal(&queue->spill);
    pthread_cond_signal(&queue->sync);
}

static void stop(struct store_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->stopping = true;
    wake_all(queue);
    pthread_mutex_unlock(&queue->lock);
}

static void free_queue(struct store_queue *queue)
{
    pthread_cond_destroy(&queue->moved);
    pthread_cond_destroy(&queue->sync);
    pthread_cond_destroy(&queue->spill);
    pthread_cond_destroy(&queue->wake);
    pthread_mutex_destroy(&queue->lock);
    pthread_mutex_destroy(&queue->disk);
    ring_deinit(&queue->batch);
    ring_deinit(&queue->ring);
    free(queue);
}

/* All threads or none. */
static int start(struct store_queue *queue)
{
    const struct {
        pthread_t *thread;
        void *(*run)(void *queue);
    } threads[] = {
        {&queue->writer, writer_run},
        {&queue->spiller, spiller_run},
        {&queue->syncer, spiller_run_sync},
    };
    size_t started = 0;
    int result = 0;

    while (result == 0 && started < sizeof threads / sizeof threads[0]) {
        result = pthread_create(threads[started].thread, NULL, threads[started].run, queue);
        started += result == 0;
    }
    if (result == 0)
        return 0;
    stop(queue);
    while (started > 0)
        pthread_join(*threads[--started].thread, NULL);
    return -result;
}

static struct store_queue *new_queue(void)
{
    struct store_queue *queue = calloc(1, sizeof *queue);
    pthread_condattr_t attributes;

    if (queue == NULL)
        return NULL;
    pthread_mutex_init(&queue->disk, NULL);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->wake, &attributes);
    pthread_cond_init(&queue->spill, &attributes);
    pthread_cond_init(&queue->sync, &attributes);
    pthread_cond_init(&queue->moved, &attributes);
    pthread_condattr_destroy(&attributes);
    return queue;
}

static void count_forgetting(const struct row *row, void *context)
{
    uint64_t *count = context;

    *count += row->kind == ROW_FORGET_SUBSCRIBER;
}

void store_queue_take_left(struct spool *spool)
{
    spool_take_left(spool, batch_name); /* the older */
    spool_take_left(spool, ring_name);
}

static int open_rings(struct store_queue *queue, size_t capacity)
{
    const size_t batch = capacity < QUEUE_BATCH_ROWS ? capacity : QUEUE_BATCH_ROWS;
    const int directory = spool_directory(queue->spool);
    const int result = ring_open(&queue->ring, capacity, directory, ring_name);

    return result == 0 ? ring_open(&queue->batch, batch, directory, batch_name) : result;
}

int store_queue_open(struct store *store, struct spool *spool, size_t capacity,
                     const struct store_gate *gate, struct store_queue **out)
{
    struct store_queue *queue = new_queue();
    int result;

    if (queue == NULL)
        return -ENOMEM;
    queue->store = store;
    queue->spool = spool;
    queue->counts.spooled = spool_rows(spool);
    spool_each(spool, count_forgetting, &queue->counts.forgetting);
    queue->end_ms = QUEUE_NEVER;
    if (gate != NULL)
        queue->gate = *gate;
    result = open_rings(queue, capacity);
    if (result == 0)
        result = start(queue);
    if (result == 0)
        *out = queue;
    else
        free_queue(queue);
    return result;
}

void store_queue_hurry(struct store_queue *queue, long milliseconds)
{
    store_hurry(queue->store);
    pthread_mutex_lock(&queue->lock);
    queue->end_ms = queue_now_ms() + (uint64_t)milliseconds;
    wake_all(queue);
    pthread_mutex_unlock(&queue->lock);
}

/* At the end: what is left in a file is there for the next queue. */
static uint64_t lost_of(const struct ring *ring)
{
    return ring->head != NULL ? 0 : ring->rows;
}

uint64_t store_queue_close(struct store_queue *queue)
{
    struct spool *spool;
    uint64_t lost;

    if (queue == NULL)
        return 0;
    stop(queue);
    pthread_join(queue->writer, NULL);
    pthread_join(queue->spiller, NULL);
    pthread_join(queue->syncer, NULL);
    spiller_spill(queue);
    spiller_sync(queue);
    lost = lost_of(&queue->batch) + lost_of(&queue->ring);
    store_close(queue->store);
    spool = queue->spool;
    free_queue(queue);
    spool_close(spool);
    return lost;
}

/* What is given */

/* Without the lock. False, and counted as lost, when there is no room. */
static bool add_row(struct store_queue *queue, const struct row *row)
{
    uint8_t octets[ROW_OCTETS_MAX];
    const size_t length = row_encode(row, octets);
    bool was_filling;
    bool added;

    pthread_mutex_lock(&queue->lock);
    was_filling = queue_is_filling(queue);
    added = ring_add(&queue->ring, octets, length);
    if (!added)
        queue->counts.lost++;
    else if (row->kind == ROW_FORGET_SUBSCRIBER)
        queue->counts.forgetting++;
    if (queue->ring.rows == 1) {
        queue->first_ms = queue_now_ms();
        wake_all(queue);
    }
    if (queue->ring.rows == queue->batch.most)
        pthread_cond_signal(&queue->wake);
    if (!was_filling && queue_is_filling(queue))
        pthread_cond_signal(&queue->spill);
    pthread_mutex_unlock(&queue->lock);
    return added;
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
    struct row row = {.kind = ROW_JUDGEMENT, .judgement = *judgement};

    hide_judgement(queue, &row.judgement);
    return add_row(queue, &row);
}

bool store_queue_baseline(struct store_queue *queue, const struct baseline *baseline)
{
    struct row row = {.kind = ROW_BASELINE, .baseline = *baseline};

    if (queue->hides && !baseline->subscriber && is_of_one(&baseline->prefix))
        return true; /* it is not kept */
    if (store_queue_counts(queue).queued >= (queue->ring.most + 3) / 4)
        return false;
    if (baseline->subscriber)
        row.baseline.prefix = hide_subscriber(queue, &baseline->prefix);
    return add_row(queue, &row);
}

bool store_queue_label(struct store_queue *queue, const struct label *label)
{
    struct row row = {.kind = ROW_LABEL, .label = *label};

    if (queue->hides)
        row.label.address = address_key_hide(&queue->key, &label->address);
    return add_row(queue, &row);
}

bool store_queue_forget(struct store_queue *queue, uint64_t time_ns)
{
    return add_row(queue, &(struct row){.kind = ROW_FORGET, .forget_before_ns = time_ns});
}

bool store_queue_forget_beyond(struct store_queue *queue, uint64_t count)
{
    return add_row(queue, &(struct row){.kind = ROW_FORGET_BEYOND, .forget_beyond = count});
}

bool store_queue_forget_baselines(struct store_queue *queue, const struct baseline_limits *limits)
{
    return add_row(queue, &(struct row){.kind = ROW_FORGET_BASELINES, .forget_baselines = *limits});
}

bool store_queue_forget_subscriber(struct store_queue *queue, const struct prefix *subscriber)
{
    return add_row(queue, &(struct row){.kind = ROW_FORGET_SUBSCRIBER,
                                        .forget_subscriber = hide_subscriber(queue, subscriber)});
}

/* What is asked */

static bool wait_until_safe(struct store_queue *queue, uint64_t until_ms)
{
    uint64_t goal;
    bool safe;

    pthread_mutex_lock(&queue->lock);
    goal = queue->safe + queue->unsynced + queue_rows(queue);
    queue->waiters++;
    wake_all(queue);
    while (queue->safe < goal && !is_hopeless(queue) && queue_now_ms() < until_ms)
        queue_wait_on(queue, &queue->moved, until_ms);
    safe = queue->safe >= goal;
    queue->waiters--;
    pthread_mutex_unlock(&queue->lock);
    return safe;
}

bool store_queue_wait(struct store_queue *queue)
{
    return wait_until_safe(queue, QUEUE_NEVER);
}

bool store_queue_wait_for(struct store_queue *queue, long most_ms)
{
    return wait_until_safe(queue, queue_now_ms() + (uint64_t)most_ms);
}

struct store_queue_counts store_queue_counts(struct store_queue *queue)
{
    struct store_queue_counts counts;

    pthread_mutex_lock(&queue->lock);
    counts = queue->counts;
    counts.queued = queue_rows(queue);
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
