/* A stream of server-sent events, whole and octet by octet: what is heard must be the same. */
#include "base/event.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void hear(const char *data, void *context)
{
    uint64_t *sum = context;
    const size_t length = strlen(data);

    if (length >= EVENT_LINE_MAX)
        abort();
    for (size_t i = 0; i < length; i++)
        *sum = *sum * 31 + (uint8_t)data[i];
    *sum = *sum * 31 + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct event_reader whole;
    static struct event_reader cut;
    uint64_t sums[2] = {0, 0};

    memset(&whole, 0, sizeof whole);
    memset(&cut, 0, sizeof cut);
    event_read(&whole, (const char *)octets, length, hear, &sums[0]);
    for (size_t i = 0; i < length; i++)
        event_read(&cut, (const char *)octets + i, 1, hear, &sums[1]);
    if (sums[0] != sums[1] || strcmp(whole.id, cut.id) != 0)
        abort();
    return 0;
}
