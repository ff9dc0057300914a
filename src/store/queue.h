/*
 * The queue in front of a store: bounded, one writer thread that writes in batches. The datapath
 * never waits: what does not fit is counted as lost.
 */
#ifndef HOPTELL_STORE_QUEUE_H
#define HOPTELL_STORE_QUEUE_H

#include "store/store.h"

struct store_queue;

struct store_queue_counts {
    uint64_t queued;  /* waiting now */
    uint64_t written; /* committed since the start */
    uint64_t lost;    /* did not fit, or could not be written before the end */
};

/*
 * Starts the writer. The store becomes the queue's and is closed by store_queue_close.
 * `capacity` is in rows. 0, or a negative errno.
 */
int store_queue_open(struct store *store, size_t capacity, struct store_queue **out);

/* Writes what is queued as far as the store takes it, then stops the writer and closes the store. NULL is fine. */
void store_queue_close(struct store_queue *queue);

/* Copies. False when it did not fit. */
bool store_queue_judgement(struct store_queue *queue, const struct judgement *judgement);
bool store_queue_baseline(struct store_queue *queue, const struct baseline *baseline);
bool store_queue_label(struct store_queue *queue, const struct label *label);

/* The writer will forget observations from before `time_ns`, after what is queued now. */
bool store_queue_forget(struct store_queue *queue, uint64_t time_ns);

/*
 * Waits until everything that is queued now has been written: true; or until the store fails:
 * false. Not for the datapath.
 */
bool store_queue_wait(struct store_queue *queue);

struct store_queue_counts store_queue_counts(struct store_queue *queue);

/*
 * True while the store does not take what is queued, with its words in `out`. What waits is tried
 * again, and is lost only when the queue is full.
 */
bool store_queue_failing(struct store_queue *queue, char *out, size_t size);

#endif
