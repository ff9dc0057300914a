/*
 * What the queue, its writer and its spiller share. What is the writer's alone needs no lock; `disk` is
 * over the spool, and may be held for as long as a disk works; `lock` is over the rest, and is held for
 * moments: nobody who has it waits for `disk`, for a disk or for the store.
 */
#ifndef HOPTELL_STORE_QUEUE_STATE_H
#define HOPTELL_STORE_QUEUE_STATE_H

#include "base/clock.h"
#include "store/queue.h"
#include "store/ring.h"

#include <pthread.h>
#include <time.h>

enum {
    QUEUE_BATCH_ROWS = 1024,
    QUEUE_BATCH_WAIT_MS = 200, /* how long a row may wait for others to share its commit, or sync */
    QUEUE_SLOW_MS = 1000,      /* how long it may wait for a store that is at work */
    QUEUE_RETRY_MS = 1000,     /* after store or spool has failed */
    QUEUE_ERROR_MAX = 512,
};

#define QUEUE_NEVER UINT64_MAX

struct store_queue {
    struct store *store;    /* these are the writer's alone */
    struct store_gate gate; /* without `check` once it is passed */
    char gate_error[QUEUE_ERROR_MAX];
    uint64_t gate_ms;   /* how long it took last */
    bool forgets;       /* the last row that it wrote, a subscriber */
    size_t taken;       /* rows of the batch that it is at */
    size_t taken_place; /* and where they begin */

    pthread_t writer;
    pthread_t spiller;
    pthread_t syncer;
    pthread_mutex_t disk; /* over the spool; it may be held for long; to be had before `lock` */
    struct spool *spool;

    pthread_mutex_t lock; /* over all that follows; nobody waits for a disk with it */
    pthread_cond_t wake;  /* the writer */
    pthread_cond_t spill; /* the spiller */
    pthread_cond_t sync;  /* the syncer */
    pthread_cond_t moved; /* a waiter: rows are safe, or could not be made so */
    struct ring ring;
    struct ring batch; /* rows older than those of the ring; dropped where they have been spilled */
    uint64_t first_ms; /* since when a row of the ring has waited; CLOCK_MONOTONIC, as all here */
    uint64_t safe;     /* rows, ever */
    uint64_t unsynced; /* rows that are in the spool after them, and not synced */
    unsigned waiters;  /* who would rather not wait for a whole batch */
    bool spilling;     /* the spiller is at it: the batch stays as it is */
    bool stopping;
    bool failing;      /* the store, or the gate */
    uint64_t retry_ms; /* it is not tried before */
    bool spill_failed; /* the spool did not take all */
    bool sync_failed;
    uint64_t spill_ms; /* a full spool is not tried before */
    uint64_t sync_ms;  /* and this, the same */
    uint64_t end_ms;   /* the store is not asked after it; QUEUE_NEVER: it is */
    bool hides;        /* addresses, with the key; both are set before the first row */
    struct address_key key;
    char error[QUEUE_ERROR_MAX];
    struct store_queue_counts counts;
};

static inline uint64_t queue_now_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

static inline struct timespec queue_time_of(uint64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
}

/* All that follows is called with the lock. */

static inline void queue_wait_on(struct store_queue *queue, pthread_cond_t *condition,
                                 uint64_t until_ms)
{
    const struct timespec until = queue_time_of(until_ms);

    if (until_ms == QUEUE_NEVER)
        pthread_cond_wait(condition, &queue->lock);
    else
        pthread_cond_timedwait(condition, &queue->lock, &until);
}

static inline size_t queue_rows(const struct store_queue *queue)
{
    return queue->batch.rows + queue->ring.rows;
}

/* Whether the time of the store is over, and the spool takes all there is at once. */
static inline bool queue_is_late(const struct store_queue *queue)
{
    return queue->end_ms <= queue_now_ms();
}

/* Whether there is so much in the ring that it may soon be full. */
static inline bool queue_is_filling(const struct store_queue *queue)
{
    return queue->ring.rows >= (queue->ring.most + 1) / 2 ||
           queue->ring.used >= queue->ring.size / 2;
}

#endif
