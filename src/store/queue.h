/*
 * The queue in front of a store: bounded, one writer thread that writes in batches. The datapath
 * never waits: what does not fit is counted as lost. While the store takes nothing, rows go on to
 * the spool, and from there to the store when it is back, all in the order in which they came.
 */
#ifndef HOPTELL_STORE_QUEUE_H
#define HOPTELL_STORE_QUEUE_H

#include "store/address_key.h"
#include "store/spool.h"

struct store_queue;

struct store_queue_counts {
    uint64_t queued;  /* waiting in memory now */
    uint64_t spooled; /* waiting in the spool now, safe on disk */
    uint64_t written; /* committed since the start */
    uint64_t lost;    /* did not fit, or could not be written before the end */
    uint64_t broken;  /* places in the spool that the disk did not keep */
};

/*
 * Starts the writer. The store and the spool (NULL for none) become the queue's and are closed by
 * store_queue_close. `capacity` is in rows. 0, or a negative errno, and they stay the caller's.
 */
int store_queue_open(struct store *store, struct spool *spool, size_t capacity,
                     struct store_queue **out);

/*
 * Writes what is queued, to the spool where the store does not take it, then stops the writer and
 * closes both. What is in the spool stays there. NULL is fine.
 */
void store_queue_close(struct store_queue *queue);

/*
 * Before the end: for so long the store still takes what is queued, and after that the spool does,
 * however slow the store is; old rows are no longer looked for. Without a spool nothing changes.
 */
void store_queue_hurry(struct store_queue *queue, long milliseconds);

/*
 * From now on addresses of clients are hidden before they are queued. The key is copied; before any
 * row is given.
 */
void store_queue_hide(struct store_queue *queue, const struct address_key *key);

/* Copies. False when it did not fit, which is counted as lost. */
bool store_queue_judgement(struct store_queue *queue, const struct judgement *judgement);
bool store_queue_label(struct store_queue *queue, const struct label *label);

/*
 * The same, but for half of the queue at most, so that what happens now has room; what does not fit
 * can be given again and is not counted.
 */
bool store_queue_baseline(struct store_queue *queue, const struct baseline *baseline);

/* The writer will forget observations from before `time_ns`, after what is queued now. */
bool store_queue_forget(struct store_queue *queue, uint64_t time_ns);

/* The same for the oldest observations beyond `count`. */
bool store_queue_forget_beyond(struct store_queue *queue, uint64_t count);

/* The same for baselines; see store_forget_baselines. */
bool store_queue_forget_baselines(struct store_queue *queue, const struct baseline_limits *limits);

/* The same for all that is stored of a subscriber; see store_forget_subscriber. */
bool store_queue_forget_subscriber(struct store_queue *queue, const struct prefix *subscriber);

/*
 * Waits until everything that is queued now is safe, in the store or in the spool: true; or, without
 * a spool, until the store fails: false. Not for the datapath.
 */
bool store_queue_wait(struct store_queue *queue);

/* The same for so long at most; then it is false as well, and what is queued stays queued. */
bool store_queue_wait_for(struct store_queue *queue, long most_ms);

struct store_queue_counts store_queue_counts(struct store_queue *queue);

/*
 * True while the store does not take what is queued, with its words in `out`. What waits is tried
 * again, and is lost only when spool and queue are full.
 */
bool store_queue_failing(struct store_queue *queue, char *out, size_t size);

#endif
