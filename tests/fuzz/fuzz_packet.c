/*
 * A frame of any link type, down to the TCP options. The first octet chooses the link type.
 * Whatever comes in, what the parsers say of it must lie inside what was given to them.
 */
#include "wire/frame.h"
#include "wire/packet.h"
#include "wire/tcp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct cursor c = cursor_over(octets, length);
    const enum link link = (enum link)(cursor_u8(&c) % (LINK_RAW + 1));
    const uint8_t *end = c.end;
    struct packet p;
    struct tcp t;

    if (!frame_to_ip(link, &c) || packet_parse(c.at, cursor_left(&c), &p) != PACKET_OK)
        return 0;
    require(p.ip == c.at && p.ip < p.payload && p.payload <= p.end && p.end <= end);
    require((p.flags & PACKET_TRUNCATED) ? p.end == end : p.end == p.ip + p.length);
    require(address_is_v4(&p.source) == (p.version == 4));
    require(address_is_v4(&p.destination) == (p.version == 4));
    if (p.protocol != PROTOCOL_TCP || !tcp_parse(p.payload, packet_payload_length(&p), &t))
        return 0;
    require(t.header_length >= TCP_HEADER_MIN && t.option_count <= TCP_OPTIONS_MAX);
    require((t.flags & TCP_OPTIONS_CUT) || t.header_length <= packet_payload_length(&p));
    return 0;
}
