/*
 * Options of the IP headers, as far as an end must heed them: IPv4 (RFC 791, 3.1) and those of the
 * IPv6 hop-by-hop, destination and routing headers (RFC 8200, 4.2 and 4.4).
 */
#ifndef HOPTELL_WIRE_OPTION_H
#define HOPTELL_WIRE_OPTION_H

#include "wire/packet.h"

enum option4 {
    OPTION4_END = 0,
    OPTION4_NOP = 1,
    OPTION4_LOOSE_SOURCE_ROUTE = 131,
    OPTION4_STRICT_SOURCE_ROUTE = 137,
};

enum option6 {
    OPTION6_PAD1 = 0,
    OPTION6_PADN = 1,
    OPTION6_ROUTER_ALERT = 5, /* RFC 2711: for routers alone */
};

struct option4_summary {
    bool broken;       /* a length that does not fit */
    bool source_route; /* there are still stations to go to */
};

/* Looks through the options of an IPv4 header of `length` octets. */
static inline struct option4_summary option4_look(const uint8_t *ip, size_t length)
{
    struct option4_summary found = {0};
    size_t at = IPV4_HEADER_MIN;

    while (at < length && ip[at] != OPTION4_END && !found.broken) {
        const uint8_t kind = ip[at];
        const size_t left = length - at;
        const size_t size = kind == OPTION4_NOP ? 1 : left >= 2 ? ip[at + 1] : 0;

        if (size == 0 || size > left || (kind != OPTION4_NOP && size < 2))
            found.broken = true;
        else if ((kind == OPTION4_LOOSE_SOURCE_ROUTE || kind == OPTION4_STRICT_SOURCE_ROUTE) &&
                 size >= 3 && ip[at + 2] <= size)
            found.source_route = true;
        at += size;
    }
    return found;
}

enum option6_result { /* RFC 8200, 4.2: the two highest bits of an unknown option's type */
                      OPTION6_FINE,
                      OPTION6_DISCARD,   /* 01: without a word */
                      OPTION6_PARAMETER, /* 10, and 11 for unicast: parameter problem, code 2 */
                      OPTION6_ROUTE,     /* a routing header with segments left, of a type that
                                            is not known: parameter problem, code 0 */
                      OPTION6_BROKEN,
};

/* The options of one header, from `at` to `end` (offsets from the start of the packet). */
static inline enum option6_result option6_look(const uint8_t *ip, uint32_t at, uint32_t end,
                                               uint32_t *out_pointer)
{
    while (at < end) {
        const uint8_t kind = ip[at];
        const uint32_t size = kind == OPTION6_PAD1 ? 1 : at + 1 < end ? 2u + ip[at + 1] : 0;

        if (size == 0 || size > end - at)
            return OPTION6_BROKEN;
        if (kind >> 6 != 0) {
            *out_pointer = at;
            return kind >> 6 == 1 ? OPTION6_DISCARD : OPTION6_PARAMETER;
        }
        at += size;
    }
    return OPTION6_FINE;
}

/*
 * What an end that knows no options but padding and router alert has to do about the extension
 * headers of a packet to itself; `out_pointer` is what a parameter problem points to.
 */
static inline enum option6_result option6_look_all(const struct packet *p, uint32_t *out_pointer)
{
    struct packet_headers walk = packet_headers(p);

    while (packet_headers_next(&walk)) {
        enum option6_result result = OPTION6_FINE;

        if (walk.header == PROTOCOL_HOP_BY_HOP || walk.header == PROTOCOL_DESTINATION_OPTIONS)
            result = option6_look(p->ip, walk.at + 2, walk.at + walk.length, out_pointer);
        else if (walk.header == PROTOCOL_ROUTING && p->ip[walk.at + 3] != 0)
            result = OPTION6_ROUTE;
        if (result == OPTION6_ROUTE)
            *out_pointer = walk.at + 2;
        if (result != OPTION6_FINE)
            return result;
    }
    return OPTION6_FINE;
}

#endif
