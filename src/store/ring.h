/*
 * Rows that wait in memory, first in, first out, in a room of fixed size. Each is kept as its octets
 * (row.h), which are half of what struct row takes, with their length before them:
 *
 *      tail                                              head
 *       |                                                 |
 *       v                                                 v
 *   ... | length 2 | octets | length 2 | octets | ... ... | free ... and on from the start
 *
 * Whoever adds and whoever drops hold one lock; rows that were added and not dropped may be read
 * without it.
 */
#ifndef HOPTELL_STORE_RING_H
#define HOPTELL_STORE_RING_H

#include "store/row.h"

struct ring {
    uint8_t *room;
    size_t size; /* of it, in octets */
    size_t most; /* rows */
    size_t tail; /* where the oldest row is */
    size_t used; /* octets */
    size_t rows;
};

/* For `rows` rows of usual length, or fewer longer ones; more than 0. 0, -EINVAL or -ENOMEM. */
int ring_init(struct ring *ring, size_t rows);
void ring_deinit(struct ring *ring); /* zeroes are fine */

/* Copies. False when it has no room. */
bool ring_add(struct ring *ring, const uint8_t *octets, size_t length);

/* Copies the row at *place, which ring_first or this has given, and goes to the next; its length. */
size_t ring_read(const struct ring *ring, size_t *place, uint8_t out[ROW_OCTETS_MAX]);
size_t ring_first(const struct ring *ring);

/* Drops the oldest `rows` rows, `place` being that of the next. */
void ring_drop(struct ring *ring, size_t rows, size_t place);

#endif
