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
 *
 * The room may be a file that is mapped, with a head before it, all as this machine has numbers:
 *
 *     "hopsring" 8 | version of rows 4 | size of the room 4 | used 4, tail 4 | boot 40 | the room
 *
 * Used and tail are written at once, after what they speak of. A process that is killed so leaves its
 * rows to the next one; a machine that fails does not, since nothing is synced.
 */
#ifndef HOPTELL_STORE_RING_H
#define HOPTELL_STORE_RING_H

#include "store/row.h"

struct ring_head;

struct ring {
    uint8_t *room;
    size_t size; /* of it, in octets */
    size_t most; /* rows */
    size_t tail; /* where the oldest row is */
    size_t used; /* octets */
    size_t rows;
    size_t touched;         /* octets of the room, from its start, that hold a row or held one */
    struct ring_head *head; /* of its file; NULL: it is in memory alone */
    int directory;
    const char *name;
};

/* For `rows` rows of usual length, or fewer longer ones; more than 0. 0, -EINVAL or -ENOMEM. */
int ring_init(struct ring *ring, size_t rows);

/*
 * The same in the file `name` of `directory`, which stays open meanwhile; whatever is in it goes. Where
 * there can be no such file it is in memory alone.
 */
int ring_open(struct ring *ring, size_t rows, int directory, const char *name);

/* Zeroes are fine. A file with rows stays, one without goes. */
void ring_deinit(struct ring *ring);

/*
 * Calls `each` for every row that a process has left in such a file, oldest first; how many. None where
 * the file is of another kind, of another version, or of before the machine's last start.
 */
size_t ring_left(int directory, const char *name,
                 void (*each)(const uint8_t *octets, size_t length, void *context), void *context);

/* The same for a room that is in memory, of which used and tail are as in a file's head. */
size_t ring_each_in(const uint8_t *room, size_t size, uint64_t state,
                    void (*each)(const uint8_t *octets, size_t length, void *context),
                    void *context);

/* Copies. False when it has no room. */
bool ring_add(struct ring *ring, const uint8_t *octets, size_t length);

/* Copies the row at *place, which ring_first or this has given, and goes to the next; its length. */
size_t ring_read(const struct ring *ring, size_t *place, uint8_t out[ROW_OCTETS_MAX]);
size_t ring_first(const struct ring *ring);

/* Drops the oldest `rows` rows, `place` being that of the next. */
void ring_drop(struct ring *ring, size_t rows, size_t place);

/* Of an empty ring that nobody reads: nothing of what was in it stays in its file. */
void ring_wipe(struct ring *ring);

#endif
