/*
 * What can be told of a baseline's octets without taking it back.
 */
#include "watch/watch.h"

#include "wire/cursor.h"

uint64_t baseline_seen(const struct baseline *baseline)
{
    struct cursor c = cursor_over(baseline->octets, baseline->length);
    uint64_t seen = 0;

    /* after version and clock server, or version, highest, and two of a move */
    cursor_skip(&c, baseline->subscriber ? 2 : 4);
    if (!baseline->subscriber)
        seen = (uint64_t)cursor_u32(&c) << 32;
    seen |= cursor_u32(&c);
    return c.failed || seen > INT64_MAX ? 0 : seen;
}
