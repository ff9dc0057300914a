/*
 * The writer: the thread of a queue that alone talks to the store. It takes a batch from the ring at a
 * time; or, while there is anything in the spool, from there.
 */
#ifndef HOPTELL_STORE_WRITER_H
#define HOPTELL_STORE_WRITER_H

#include "store/queue_state.h"

/* Of pthread_create; `context` is a struct store_queue. Ends when that is stopping and the rest is the
 * spool's, or there is none. */
void *writer_run(void *context);

#endif
