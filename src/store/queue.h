/*
 * The queue in front of a store: bounded, with one writer thread that writes in batches. The datapath
 * never waits. What comes while the store takes nothing, or less than comes, a second thread puts into
 * the spool, before the queue is full; from there it goes to the store, all in the order in which it
 * came. What fits neither here nor there is counted as lost.
 */
#ifndef HOPTELL_STORE_QUEUE_H
#define HOPTELL_STORE_QUEUE_H

#include "store/address_key.h"
#include "store/spool.h"

struct store_queue;

struct store_queue_counts {
    uint64_t queued;     /* waiting in memory now */
    uint64_t spooled;    /* waiting in the spool now, safe on disk */
    uint64_t written;    /* committed since the start */
    uint64_t lost;       /* did not fit */
    uint64_t broken;     /* places in the spool that the disk did not keep */
    uint64_t forgetting; /* orders to forget a subscriber that have not come to the store yet */
    bool spool_full;     /* it took less than it was given last, for want of room or a fault */
    bool refused;        /* the store, by the gate */
};

/*
 * Asked in the writer's thread before the store is given anything, and again from time to time until
 * it says 0: -EINVAL, the store is not to have what is queued; -EIO, it did not say. With a sentence.
 */
struct store_gate {
    int (*check)(struct store *store, void *context, char *error, size_t error_size);
    void *context;
};

/*
 * What a queue before this spool was killed with goes to the spool's end. Before spool_each and
 * store_queue_open, which begins anew.
 */
void store_queue_take_left(struct spool *spool);

/*
 * Starts the threads. What is given from now on waits in files beside the spool's, so that killing the
 * process loses none of it. The store and the spool become the queue's and are closed by store_queue_close.
 * `capacity` is in rows of usual length. `gate` is copied; NULL: none. 0, or a negative errno, and
 * store and spool stay the caller's.
 */
int store_queue_open(struct store *store, struct spool *spool, size_t capacity,
                     const struct store_gate *gate, struct store_queue **out);

/*
 * Writes what is queued, to the spool where the store does not take it or is behind, then stops the
 * threads and closes both. What is in the spool stays there, and what that has no room for in the queue's
 * own files. Returns how many rows were lost by it. NULL is fine.
 */
uint64_t store_queue_close(struct store_queue *queue);

/*
 * Before the end: for so long the store still takes what is queued, and after that the spool does,
 * however slow the store is; old rows are no longer looked for.
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
 * The same, but for a quarter of the queue at most, so that what happens now has room; what does not
 * fit can be given again and is not counted.
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
 * Waits until everything that is queued now is safe, in the store or in the spool: true; or until
 * neither takes it: false. Not for the datapath.
 */
bool store_queue_wait(struct store_queue *queue);

/* The same for so long at most; then it is false as well, and what is queued stays queued. */
bool store_queue_wait_for(struct store_queue *queue, long most_ms);

struct store_queue_counts store_queue_counts(struct store_queue *queue);

/*
 * True while the store does not take what is queued, with its words, or the gate's, in `out`. What
 * waits is tried again, and is lost only when spool and queue are full.
 */
bool store_queue_failing(struct store_queue *queue, char *out, size_t size);

#endif
