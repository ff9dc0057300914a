/*
 * The writer; see writer.h.
 */
#include "store/writer.h"

#include <errno.h>
#include <stdio.h>

enum {
    GATE_SHARE = 10
}; /* of the time, at most, the gate is at work, which may read all there is */

/*
 * With the lock, as next_turn and account. Fills the batch, unless there is something left in it: with
 * rows that go together, or one that goes alone.
 */
static void take_batch(struct store_queue *queue)
{
    uint8_t octets[ROW_OCTETS_MAX];
    size_t place = ring_first(&queue->ring);
    size_t count = 0;
    bool alone = false;

    while (queue->batch.rows == count && count < queue->ring.rows && !alone) {
        size_t next = place;
        const size_t length = ring_read(&queue->ring, &next, octets);

        alone = row_octets_are_alone(octets);
        if ((alone && count > 0) || !ring_add(&queue->batch, octets, length))
            break;
        place = next;
        count++;
    }
    ring_drop(&queue->ring, count, place);
    ring_wipe(&queue->ring);
    queue->first_ms = queue_now_ms();
    queue->taken = queue->batch.rows;
    queue->taken_place = ring_first(&queue->batch);
}

enum turn { TURN_WAIT, TURN_SPOOLED, TURN_BATCH, TURN_END };

/* What the writer is to do now; or to wait, at most until *out_until_ms. */
static enum turn next_turn(const struct store_queue *queue, uint64_t *out_until_ms)
{
    const bool has_spooled = queue->counts.spooled > 0;
    const bool is_direct = !has_spooled && !queue->spilling && queue_rows(queue) > 0;

    *out_until_ms = QUEUE_NEVER;
    if (queue->stopping)
        return is_direct && !queue->failing && !queue_is_late(queue) ? TURN_BATCH : TURN_END;
    if (queue_is_late(queue) || !(has_spooled || is_direct))
        return TURN_WAIT;
    *out_until_ms = queue->retry_ms;
    if (queue->failing && queue_now_ms() < queue->retry_ms)
        return TURN_WAIT;
    if (has_spooled)
        return TURN_SPOOLED;
    *out_until_ms = queue->first_ms + QUEUE_BATCH_WAIT_MS;
    if (queue->batch.rows > 0 || queue->ring.rows >= queue->batch.most || queue->waiters > 0 ||
        queue_now_ms() >= *out_until_ms)
        return TURN_BATCH;
    return TURN_WAIT;
}

static int write_row(struct store_queue *queue, const struct row *row)
{
    queue->forgets = row->kind == ROW_FORGET_SUBSCRIBER;
    return row_write(queue->store, row);
}

/* What could be added and is no row is counted. */
static int write_batch(struct store_queue *queue, size_t *out_broken)
{
    uint8_t octets[ROW_OCTETS_MAX];
    size_t place = queue->taken_place;
    struct row row;
    int result = 0;
    bool alone = false;

    for (size_t i = 0; result == 0 && i < queue->taken; i++) {
        const size_t length = ring_read(&queue->batch, &place, octets);

        alone = row_octets_are_alone(octets);
        if (i == 0 && !alone)
            result = store_begin(queue->store);
        if (row_decode(octets, length, &row) != 0)
            ++*out_broken;
        else if (result == 0)
            result = write_row(queue, &row);
    }
    if (result == 0 && !alone)
        result = store_commit(queue->store);
    return result;
}

/* The next row of the spool, unless it goes alone and is not the first. */
static bool take_spooled(struct store_queue *queue, uint64_t count, struct row *out)
{
    bool taken;

    pthread_mutex_lock(&queue->disk);
    taken = spool_peek(queue->spool, out) == 0 && (count == 0 || !row_is_alone(out));
    if (taken)
        spool_step(queue->spool);
    pthread_mutex_unlock(&queue->disk);
    return taken;
}

/* A batch from the spool, in one transaction, or a row that makes its own; *out is how many. */
static int write_spooled(struct store_queue *queue, uint64_t *out)
{
    struct row row;
    int result;

    *out = 0;
    if (!take_spooled(queue, 0, &row))
        return 0; /* a file ends */
    *out = 1;
    if (row_is_alone(&row))
        return write_row(queue, &row);
    result = store_begin(queue->store);
    if (result == 0)
        result = write_row(queue, &row);
    while (result == 0 && *out < QUEUE_BATCH_ROWS && take_spooled(queue, *out, &row)) {
        result = write_row(queue, &row);
        ++*out;
    }
    return result == 0 ? store_commit(queue->store) : result;
}

/* 0 where there is no gate, or no longer. */
static int pass_gate(struct store_queue *queue)
{
    const uint64_t start_ms = queue_now_ms();
    int result;

    if (queue->gate.check == NULL)
        return 0;
    result = queue->gate.check(queue->store, queue->gate.context, queue->gate_error,
                               sizeof queue->gate_error);
    queue->gate_ms = queue_now_ms() - start_ms;
    if (result == 0)
        queue->gate.check = NULL;
    return result;
}

/* What the store said to so many rows, of which the batch's that were left are safe now. */
static void account(struct store_queue *queue, int result, uint64_t rows)
{
    const bool by_gate = queue->gate.check != NULL;

    queue->failing = result != 0;
    queue->counts.refused = by_gate && result == -EINVAL;
    if (queue->failing) {
        snprintf(queue->error, sizeof queue->error, "%s",
                 by_gate ? queue->gate_error : store_error(queue->store));
        queue->retry_ms =
            queue_now_ms() + QUEUE_RETRY_MS + (by_gate ? GATE_SHARE * queue->gate_ms : 0);
    } else {
        queue->counts.written += rows;
        queue->counts.forgetting -= rows > 0 && queue->forgets ? 1 : 0; /* it came alone */
        queue->spill_ms = 0; /* there may be room again */
    }
    queue->counts.spooled = spool_rows(queue->spool);
    if (!queue->failing && queue->counts.spooled == 0) {
        queue->counts.spool_full = queue->spill_failed = queue->sync_failed = false;
        queue->safe += queue->unsynced; /* they are in the store */
        queue->unsynced = 0;
        if (queue_rows(queue) == 0)
            queue->counts.forgetting = 0; /* also what the disk did not keep */
    }
    queue->counts.broken = spool_broken(queue->spool);
    pthread_cond_signal(&queue->spill);
    pthread_cond_broadcast(&queue->moved);
}

/* Something of the spool goes to the store. */
static void deliver_spooled(struct store_queue *queue)
{
    uint64_t rows = 0;
    int result = pass_gate(queue);

    if (result == 0)
        result = write_spooled(queue, &rows);
    if (result != 0)
        store_rollback(queue->store);
    pthread_mutex_lock(&queue->disk);
    if (result == 0)
        spool_delivered(queue->spool);
    else
        spool_rewind(queue->spool);
    pthread_mutex_lock(&queue->lock);
    account(queue, result, rows);
    pthread_mutex_unlock(&queue->lock);
    pthread_mutex_unlock(&queue->disk);
}

/* The batch goes to the store; what of it was spilled on the way comes there again. */
static void deliver_batch(struct store_queue *queue)
{
    size_t broken = 0;
    size_t left;
    size_t rows;
    int result = pass_gate(queue);

    if (result == 0)
        result = write_batch(queue, &broken);
    if (result != 0)
        store_rollback(queue->store);
    pthread_mutex_lock(&queue->disk);
    pthread_mutex_lock(&queue->lock);
    left = queue->batch.rows;
    rows = left > broken ? left - broken : 0;
    if (result == 0) {
        queue->safe += left;
        queue->counts.lost += left - rows;
        ring_drop(&queue->batch, left, 0);
    }
    ring_wipe(&queue->batch);
    account(queue, result, rows);
    pthread_mutex_unlock(&queue->lock);
    pthread_mutex_unlock(&queue->disk);
}

void *writer_run(void *context)
{
    struct store_queue *queue = context;
    uint64_t until_ms;
    enum turn turn;

    do {
        pthread_mutex_lock(&queue->lock);
        while ((turn = next_turn(queue, &until_ms)) == TURN_WAIT)
            queue_wait_on(queue, &queue->wake, until_ms);
        if (turn == TURN_BATCH)
            take_batch(queue);
        pthread_mutex_unlock(&queue->lock);
        if (turn == TURN_SPOOLED)
            deliver_spooled(queue);
        else if (turn == TURN_BATCH)
            deliver_batch(queue);
    } while (turn != TURN_END);
    return NULL;
}
