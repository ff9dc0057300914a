/*
 * The spiller; see spiller.h.
 */
#include "store/spiller.h"

/* What of a ring is being spilled: so many rows, up to `place`. */
struct spilled {
    size_t rows;
    size_t place;
};

/* As many records as go together, of `rows` rows at most, and how many octets they are. */
static size_t make_records(const struct ring *ring, size_t rows, struct spilled *out,
                           uint8_t records[SPOOL_RECORDS_MAX])
{
    uint8_t octets[ROW_OCTETS_MAX];
    size_t length = 0;

    *out = (struct spilled){.place = ring_first(ring)};
    while (out->rows < rows && length <= SPOOL_RECORDS_MAX - SPOOL_RECORD_MAX) {
        const size_t row = ring_read(ring, &out->place, octets);

        length += spool_record(octets, row, records + length);
        out->rows++;
    }
    return length;
}

/* Of the oldest rows, `most` at most, some; how many, 0 when the spool does not take them. */
static size_t spill_some(struct store_queue *queue, size_t most)
{
    uint8_t records[SPOOL_RECORDS_MAX];
    struct spilled spilled;
    struct ring *ring;
    size_t length;
    size_t rows;

    pthread_mutex_lock(&queue->disk);
    pthread_mutex_lock(&queue->lock);
    ring = queue->batch.rows > 0 ? &queue->batch : &queue->ring;
    rows = ring->rows < most ? ring->rows : most;
    queue->spilling = true;
    pthread_mutex_unlock(&queue->lock);

    length = make_records(ring, rows, &spilled, records);
    if (rows > 0 && spool_append_records(queue->spool, records, length, spilled.rows) != 0)
        spilled.rows = 0;
    pthread_mutex_lock(&queue->lock);
    if (spilled.rows > 0)
        ring_drop(ring, spilled.rows, spilled.place);
    ring_wipe(&queue->ring); /* the batch may be in the writer's hands */
    queue->unsynced += spilled.rows;
    queue->spilling = false;
    queue->counts.spooled = spool_rows(queue->spool);
    pthread_cond_signal(&queue->wake);
    pthread_mutex_unlock(&queue->lock);
    pthread_mutex_unlock(&queue->disk);
    return spilled.rows;
}

/* With the lock: whether the spool does what is asked of it. */
static void spool_tried(struct store_queue *queue, bool *failed, bool well)
{
    *failed = !well;
    queue->counts.spool_full = queue->spill_failed || queue->sync_failed;
    pthread_cond_broadcast(&queue->moved);
}

void spiller_spill(struct store_queue *queue)
{
    size_t left;
    size_t rows = 1;

    pthread_mutex_lock(&queue->lock);
    left = queue_rows(queue);
    pthread_mutex_unlock(&queue->lock);
    while (left > 0 && rows > 0) {
        rows = spill_some(queue, left);
        left -= rows;
    }
    pthread_mutex_lock(&queue->lock);
    spool_tried(queue, &queue->spill_failed, left == 0);
    queue->first_ms = queue_now_ms();
    queue->spill_ms = left == 0 ? 0 : queue->first_ms + QUEUE_RETRY_MS;
    pthread_cond_signal(&queue->sync);
    pthread_mutex_unlock(&queue->lock);
}

void spiller_sync(struct store_queue *queue)
{
    struct spool_files files;
    uint64_t goal;
    bool well;

    pthread_mutex_lock(&queue->disk);
    files = spool_unsynced(queue->spool);
    pthread_mutex_lock(&queue->lock);
    goal = queue->safe + queue->unsynced;
    pthread_mutex_unlock(&queue->lock);
    pthread_mutex_unlock(&queue->disk);

    well = spool_sync_files(queue->spool, &files) == 0;
    pthread_mutex_lock(&queue->disk);
    if (well)
        spool_synced(queue->spool, &files);
    pthread_mutex_lock(&queue->lock);
    if (well && goal > queue->safe) { /* the store may have been quicker */
        queue->unsynced -= goal - queue->safe;
        queue->safe = goal;
    }
    spool_tried(queue, &queue->sync_failed, well);
    queue->sync_ms = well ? 0 : queue_now_ms() + QUEUE_RETRY_MS;
    pthread_mutex_unlock(&queue->lock);
    pthread_mutex_unlock(&queue->disk);
}

/*
 * With the lock: whether what is in memory is to be spilled now; else the spiller is to wait, at most
 * until *out_until_ms.
 */
static bool must_spill(const struct store_queue *queue, uint64_t *out_until_ms)
{
    const bool is_closed = queue->failing || queue->counts.spooled > 0; /* the direct way */
    const bool in_haste = is_closed || queue->waiters > 0;
    const uint64_t now = queue_now_ms();

    *out_until_ms = QUEUE_NEVER;
    if (queue_rows(queue) == 0)
        return false;
    *out_until_ms = queue->spill_ms;
    if (now < queue->spill_ms)
        return false;
    if (queue_is_late(queue) || queue_is_filling(queue) || (is_closed && queue->waiters > 0))
        return true;
    *out_until_ms = queue->first_ms + (in_haste ? QUEUE_BATCH_WAIT_MS : QUEUE_SLOW_MS);
    if (now >= *out_until_ms)
        return true;
    if (queue->end_ms < *out_until_ms)
        *out_until_ms = queue->end_ms;
    return false;
}

void *spiller_run(void *context)
{
    struct store_queue *queue = context;
    uint64_t until_ms;

    pthread_mutex_lock(&queue->lock);
    while (!queue->stopping) {
        if (!must_spill(queue, &until_ms)) {
            queue_wait_on(queue, &queue->spill, until_ms);
            continue;
        }
        pthread_mutex_unlock(&queue->lock);
        spiller_spill(queue);
        pthread_mutex_lock(&queue->lock);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

void *spiller_run_sync(void *context)
{
    struct store_queue *queue = context;

    pthread_mutex_lock(&queue->lock);
    while (!queue->stopping) {
        if (queue->unsynced == 0 || queue_now_ms() < queue->sync_ms) {
            queue_wait_on(queue, &queue->sync, queue->unsynced == 0 ? QUEUE_NEVER : queue->sync_ms);
            continue;
        }
        pthread_mutex_unlock(&queue->lock);
        spiller_sync(queue);
        pthread_mutex_lock(&queue->lock);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}
