/*
 * What a queue that was killed has left: used and tail are the first octets, the rest is the room.
 */
#include "store/ring.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void each(const uint8_t *octets, size_t length, void *context)
{
    size_t *left = context;
    uint8_t copy[ROW_OCTETS_MAX];

    if (length == 0 || length > sizeof copy || length + 2 > *left)
        abort();
    memcpy(copy, octets, length);
    *left -= length + 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    uint64_t state;
    size_t left;

    if (length <= sizeof state)
        return 0;
    memcpy(&state, octets, sizeof state);
    left = length - sizeof state;
    ring_each_in(octets + sizeof state, left, state, each, &left);
    return 0;
}
