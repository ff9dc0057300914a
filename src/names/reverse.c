/*
 * Names of addresses; see reverse.h.
 */
#include "names/reverse.h"

#include <stddef.h>
#include <stdio.h>

enum { V4_BITS_BEFORE = 96 };

static const char *reverse_name_v4(const struct prefix *prefix, char out[REVERSE_NAME_MAX])
{
    size_t length = 0;

    for (unsigned i = prefix_written_length(prefix) / 8u; i-- > 0;)
        length += (size_t)snprintf(out + length, REVERSE_NAME_MAX - length, "%u.",
                                   prefix->address.octets[12 + i]);
    snprintf(out + length, REVERSE_NAME_MAX - length, "in-addr.arpa");
    return out;
}

static const char *reverse_name_v6(const struct prefix *prefix, char out[REVERSE_NAME_MAX])
{
    size_t length = 0;

    for (unsigned i = prefix->length / 4u; i-- > 0;) {
        const unsigned octet = prefix->address.octets[i / 2];

        length += (size_t)snprintf(out + length, REVERSE_NAME_MAX - length, "%x.",
                                   i % 2 == 0 ? octet >> 4 : octet & 0x0f);
    }
    snprintf(out + length, REVERSE_NAME_MAX - length, "ip6.arpa");
    return out;
}

const char *reverse_name(const struct prefix *prefix, char out[REVERSE_NAME_MAX])
{
    return address_is_v4(&prefix->address) ? reverse_name_v4(prefix, out)
                                           : reverse_name_v6(prefix, out);
}

/* The next multiple of `unit` that is not below `length`, but for `least`. */
static unsigned cut(unsigned length, unsigned unit, unsigned least)
{
    const unsigned rounded = (length + unit - 1) / unit * unit;

    return rounded < least ? least : rounded;
}

struct prefix reverse_zone(const struct address *address, const struct prefix *within)
{
    const unsigned length = prefix_written_length(within);
    unsigned zone;

    if (address_is_v4(address)) {
        zone = cut(length, 8, 8);
        return prefix_of(address, (uint8_t)(V4_BITS_BEFORE + (zone > 24 ? 24 : zone)));
    }
    zone = cut(length, 4, 4);
    return prefix_of(address, (uint8_t)(zone > 124 ? 64 : zone));
}
