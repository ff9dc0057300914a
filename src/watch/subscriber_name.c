/*
 * A subscriber as people name it; see subscriber.h.
 */
#include "watch/subscriber.h"

#include "wire/tunnel.h"

#include <stdio.h>
#include <string.h>

#define TUNNEL "teid:"

static int digit_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : 16;
}

/* 4660 or 0x1234, up to 32 bits; *text is then behind it. */
static bool take_identifier(const char **text, uint32_t *out)
{
    const bool is_hex = strncmp(*text, "0x", 2) == 0;
    const unsigned base = is_hex ? 16 : 10;
    const char *at = *text + (is_hex ? 2 : 0);
    const char *first = at;
    uint64_t number = 0;

    for (; (unsigned)digit_of(*at) < base && number <= UINT32_MAX; at++)
        number = number * base + (unsigned)digit_of(*at);
    *text = at;
    *out = (uint32_t)number;
    return at != first && number <= UINT32_MAX;
}

bool subscriber_named(const char *text, struct address *out)
{
    struct address endpoint;
    uint32_t identifier;

    if (strncmp(text, TUNNEL, strlen(TUNNEL)) != 0)
        return units_parse_address(text, out);
    text += strlen(TUNNEL);
    if (!take_identifier(&text, &identifier) || *text != '@' ||
        !units_parse_address(text + 1, &endpoint))
        return false;
    *out = subscriber_prefix(tunnel_line(&endpoint, identifier)).address;
    return true;
}

const char *subscriber_tunnel_name(const struct observation *observation,
                                   char out[SUBSCRIBER_NAME_MAX])
{
    char endpoint[ADDRESS_TEXT_MAX];

    out[0] = '\0';
    if (observation->line != 0)
        snprintf(out, SUBSCRIBER_NAME_MAX, TUNNEL "%#x@%s", (uint32_t)observation->line,
                 units_address(&observation->endpoint, endpoint));
    return out;
}
