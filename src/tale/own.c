/*
 * Whether a tale speaks only for the user's own addresses; see own.h.
 */
#include "tale/own.h"

static bool is_own(const struct address *address, const struct prefix *own, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (prefix_contains(&own[i], address))
            return true;
    return false;
}

bool tale_outside(const struct tale *tale, const struct prefix *own, size_t count,
                  uint32_t *out_line, struct address *out_address)
{
    for (unsigned i = 0; i < tale->hop_count; i++)
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            const struct address *address = &tale->hop[i].address[f];

            if (address_is_unspecified(address) || is_own(address, own, count))
                continue;
            *out_line = tale->hop[i].line;
            *out_address = *address;
            return true;
        }
    return false;
}
