/*
 * Answers on their way: kept until they are due, in order of time, then of arrival. Bounded both
 * in number and in octets; what does not fit is refused, for the caller to count.
 */
#ifndef HOPTELL_TALE_QUEUE_H
#define HOPTELL_TALE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ANSWER_QUEUE_BLOCK = 256,
    ANSWER_QUEUE_LONGEST = 40 + 65535 + 64, /* the longest IP packet, and a link's header */
};

struct answer_queue;

/*
 * At most `answers_max` answers at once, and at most `octets_max` octets of memory for what they
 * hold (each takes whole blocks of ANSWER_QUEUE_BLOCK). All of it is set aside here; what is never
 * used is never touched. 0 or -ENOMEM; the caller frees *out with answer_queue_free.
 */
int answer_queue_new(size_t answers_max, size_t octets_max, struct answer_queue **out);
void answer_queue_free(struct answer_queue *queue); /* NULL is fine */

/* Copies the octets. False when the queue is full, or there are more than ANSWER_QUEUE_LONGEST. */
bool answer_queue_push(struct answer_queue *queue, uint64_t due_ns, const uint8_t *octets,
                       size_t length);

/* When the first answer is due; UINT64_MAX for an empty queue. */
uint64_t answer_queue_next_due(const struct answer_queue *queue);

/*
 * The first answer if it is due at `now_ns`: its octets (valid until the next call) and length.
 * NULL when nothing is due.
 */
const uint8_t *answer_queue_pop(struct answer_queue *queue, uint64_t now_ns, size_t *out_length,
                                uint64_t *out_due_ns);

size_t answer_queue_length(const struct answer_queue *queue);

#endif
