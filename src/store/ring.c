/*
 * The ring; see ring.h.
 */
#include "store/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    LENGTH_OCTETS = 2,
    USUAL_OCTETS = 176, /* a judgement with four reasons, and its length */
};

int ring_init(struct ring *ring, size_t rows)
{
    const size_t least = LENGTH_OCTETS + ROW_OCTETS_MAX; /* any one row fits */

    *ring = (struct ring){.most = rows};
    if (rows == 0 || rows > SIZE_MAX / 2 / USUAL_OCTETS)
        return -EINVAL;
    ring->size = rows * USUAL_OCTETS > least ? rows * USUAL_OCTETS : least;
    ring->room = malloc(ring->size);
    return ring->room != NULL ? 0 : -ENOMEM;
}

void ring_deinit(struct ring *ring)
{
    free(ring->room);
    ring->room = NULL;
}

static size_t after(const struct ring *ring, size_t place, size_t octets)
{
    return (place + octets) % ring->size;
}

/* Of `length` octets at `place`, so many are before the end of the room. */
static size_t before_end(const struct ring *ring, size_t place, size_t length)
{
    return length < ring->size - place ? length : ring->size - place;
}

static void put(struct ring *ring, size_t place, const uint8_t *octets, size_t length)
{
    const size_t first = before_end(ring, place, length);

    memcpy(ring->room + place, octets, first);
    memcpy(ring->room, octets + first, length - first);
}

static void get(const struct ring *ring, size_t place, uint8_t *out, size_t length)
{
    const size_t first = before_end(ring, place, length);

    memcpy(out, ring->room + place, first);
    memcpy(out + first, ring->room, length - first);
}

bool ring_add(struct ring *ring, const uint8_t *octets, size_t length)
{
    const size_t head = after(ring, ring->tail, ring->used);
    const uint8_t head_octets[LENGTH_OCTETS] = {(uint8_t)(length >> 8), (uint8_t)length};

    if (ring->rows == ring->most || ring->size - ring->used < LENGTH_OCTETS + length)
        return false;
    put(ring, head, head_octets, LENGTH_OCTETS);
    put(ring, after(ring, head, LENGTH_OCTETS), octets, length);
    ring->used += LENGTH_OCTETS + length;
    ring->rows++;
    return true;
}

size_t ring_first(const struct ring *ring)
{
    return ring->tail;
}

size_t ring_read(const struct ring *ring, size_t *place, uint8_t out[ROW_OCTETS_MAX])
{
    uint8_t head[LENGTH_OCTETS];
    size_t length;

    get(ring, *place, head, LENGTH_OCTETS);
    length = (size_t)head[0] << 8 | head[1];
    get(ring, after(ring, *place, LENGTH_OCTETS), out, length);
    *place = after(ring, *place, LENGTH_OCTETS + length);
    return length;
}

void ring_drop(struct ring *ring, size_t rows, size_t place)
{
    ring->rows -= rows;
    if (ring->rows == 0) { /* from the start again: so little of the room is used as is needed */
        ring->used = 0;
        ring->tail = 0;
        return;
    }
    ring->used -= (place + ring->size - ring->tail) % ring->size;
    ring->tail = place;
}
