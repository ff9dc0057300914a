/*
 * A binary heap of answers, by due time and arrival; their octets lie in chains of blocks, so that
 * large echo replies and small errors share one memory without gaps between them.
 *
 *   heap:    [ due | arrival | length | first ]  [ ... ]
 *                                        |
 *   blocks:  [ ... ][ ... ][ ... ][ ... ]'   next[] leads from block to block; those given back
 *                                            are a chain too, and above `fresh` none was ever used
 */
#include "tale/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_BLOCK UINT32_MAX

struct waiting {
    uint64_t due_ns;
    uint64_t arrival;
    uint32_t length;
    uint32_t first; /* NO_BLOCK for an answer of no octets */
};

struct answer_queue {
    size_t answers_max;
    size_t count;
    uint64_t arrivals;
    uint32_t blocks_max;
    uint32_t blocks_used;
    uint32_t fresh;
    uint32_t given_back;
    struct waiting *heap;
    uint32_t *next;
    uint8_t *blocks;
    uint8_t popped[ANSWER_QUEUE_LONGEST];
};

int answer_queue_new(size_t answers_max, size_t octets_max, struct answer_queue **out)
{
    const size_t blocks = octets_max / ANSWER_QUEUE_BLOCK;
    struct answer_queue *q = calloc(1, sizeof *q);

    if (!q)
        return -ENOMEM;
    q->answers_max = answers_max;
    q->blocks_max = blocks < NO_BLOCK ? (uint32_t)blocks : NO_BLOCK - 1;
    q->given_back = NO_BLOCK;
    q->heap = calloc(answers_max ? answers_max : 1, sizeof *q->heap);
    q->next = calloc(q->blocks_max ? q->blocks_max : 1, sizeof *q->next);
    q->blocks = calloc(q->blocks_max ? q->blocks_max : 1, ANSWER_QUEUE_BLOCK);
    if (!q->heap || !q->next || !q->blocks) {
        answer_queue_free(q);
        return -ENOMEM;
    }
    *out = q;
    return 0;
}

void answer_queue_free(struct answer_queue *queue)
{
    if (!queue)
        return;
    free(queue->heap);
    free(queue->next);
    free(queue->blocks);
    free(queue);
}

static uint8_t *block_at(struct answer_queue *q, uint32_t block)
{
    return q->blocks + (size_t)block * ANSWER_QUEUE_BLOCK;
}

/* Only while blocks_used is below blocks_max. */
static uint32_t take_block(struct answer_queue *q)
{
    const uint32_t block = q->given_back != NO_BLOCK ? q->given_back : q->fresh++;

    if (block == q->given_back)
        q->given_back = q->next[block];
    q->blocks_used++;
    q->next[block] = NO_BLOCK;
    return block;
}

static size_t block_share(size_t left)
{
    return left < ANSWER_QUEUE_BLOCK ? left : ANSWER_QUEUE_BLOCK;
}

/* Copies the octets into a new chain; returns its first block. */
static uint32_t fill_chain(struct answer_queue *q, const uint8_t *octets, size_t length)
{
    uint32_t first = NO_BLOCK;
    uint32_t *link = &first;

    while (length > 0) {
        const size_t share = block_share(length);
        const uint32_t block = take_block(q);

        memcpy(block_at(q, block), octets, share);
        *link = block;
        link = &q->next[block];
        octets += share;
        length -= share;
    }
    return first;
}

/* Copies the chain's octets out and gives its blocks back. */
static void empty_chain(struct answer_queue *q, uint32_t block, size_t length, uint8_t *out)
{
    while (block != NO_BLOCK) {
        const uint32_t next = q->next[block];
        const size_t share = block_share(length);

        memcpy(out, block_at(q, block), share);
        out += share;
        length -= share;
        q->next[block] = q->given_back;
        q->given_back = block;
        q->blocks_used--;
        block = next;
    }
}

static bool is_before(const struct waiting *a, const struct waiting *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->arrival < b->arrival;
}

static void sift_up(struct waiting *heap, size_t at, struct waiting w)
{
    while (at > 0 && is_before(&w, &heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = w;
}

static void sift_down(struct waiting *heap, size_t count, struct waiting w)
{
    size_t at = 0;

    for (size_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &w))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = w;
}

bool answer_queue_push(struct answer_queue *queue, uint64_t due_ns, const uint8_t *octets,
                       size_t length)
{
    const size_t blocks = (length + ANSWER_QUEUE_BLOCK - 1) / ANSWER_QUEUE_BLOCK;
    struct waiting w = {.due_ns = due_ns, .length = (uint32_t)length};

    if (queue->count == queue->answers_max || length > sizeof queue->popped ||
        blocks > queue->blocks_max - queue->blocks_used)
        return false;
    w.first = fill_chain(queue, octets, length);
    w.arrival = queue->arrivals++;
    sift_up(queue->heap, queue->count++, w);
    return true;
}

uint64_t answer_queue_next_due(const struct answer_queue *queue)
{
    return queue->count > 0 ? queue->heap[0].due_ns : UINT64_MAX;
}

const uint8_t *answer_queue_pop(struct answer_queue *queue, uint64_t now_ns, size_t *out_length,
                                uint64_t *out_due_ns)
{
    struct waiting w;

    if (queue->count == 0 || queue->heap[0].due_ns > now_ns)
        return NULL;
    w = queue->heap[0];
    queue->count--;
    if (queue->count > 0)
        sift_down(queue->heap, queue->count, queue->heap[queue->count]);
    empty_chain(queue, w.first, w.length, queue->popped);
    *out_length = w.length;
    *out_due_ns = w.due_ns;
    return queue->popped;
}

size_t answer_queue_length(const struct answer_queue *queue)
{
    return queue->count;
}
