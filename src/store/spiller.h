/*
 * The spiller: the thread of a queue that puts into the spool what is in memory, the batch that the
 * writer is at and then the ring, before the ring is full, and whenever the store fails or is behind.
 * It takes all there is. Another thread syncs what it has put there, since a busy disk may take longer
 * over one sync than the ring has room; many rows share one.
 */
#ifndef HOPTELL_STORE_SPILLER_H
#define HOPTELL_STORE_SPILLER_H

#include "store/queue_state.h"

/* Of pthread_create; `context` is a struct store_queue. They end when that is stopping. */
void *spiller_run(void *context);
void *spiller_run_sync(void *context);

/* One turn of each, without any lock. What the spool does not take stays in memory. */
void spiller_spill(struct store_queue *queue);
void spiller_sync(struct store_queue *queue);

#endif
