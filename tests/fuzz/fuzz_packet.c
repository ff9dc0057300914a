/*
 * A frame of any link type, down to the TCP options, and which program may have sent it. The first
 * octet chooses the link type, and with its highest bit that tunnels are looked through. Whatever
 * comes in, what the parsers say of it must lie inside what was given to them.
 */
#include "tale/client.h"
#include "wire/frame.h"
#include "wire/packet.h"
#include "wire/tcp.h"
#include "wire/tunnel.h"

#include <stdlib.h>
#include <string.h>

enum { LINK_HEADER_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A header that is turned round is gone through as before. */
static void turn_round(enum link link, struct cursor frame, const uint8_t *ip)
{
    uint8_t header[LINK_HEADER_MAX];
    const size_t length = (size_t)(ip - frame.at);
    struct cursor c = cursor_over(header, length);

    if (length > sizeof header)
        return;
    memcpy(header, frame.at, length);
    frame_turn_around(link, header);
    require(frame_to_ip(link, &c) && cursor_left(&c) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct cursor c = cursor_over(octets, length);
    const uint8_t choice = cursor_u8(&c);
    const enum link link = (enum link)((choice & 0x7f) % (LINK_RAW + 1));
    const bool looks_through = choice & 0x80;
    const struct cursor frame = c;
    const uint8_t *const given = c.end;
    struct address endpoint;
    struct packet p;
    struct tcp t;
    uint64_t line;

    line = tunnel_subscriber(link, frame, &endpoint);
    require(line == 0 || tunnel_is_line(line));
    if (!(looks_through ? tunnel_to_ip : frame_to_ip)(link, &c))
        return 0;
    if (!looks_through)
        turn_round(link, frame, c.at);
    if (packet_parse(c.at, cursor_left(&c), &p) != PACKET_OK)
        return 0;
    require(c.end <= given);
    require(client_of(&p) < CLIENT_COUNT);
    require(p.ip == c.at && p.ip < p.payload && p.payload <= p.end && p.end <= c.end);
    require((p.flags & PACKET_TRUNCATED) ? p.end == c.end : p.end == p.ip + p.length);
    require(address_is_v4(&p.source) == (p.version == 4));
    require(address_is_v4(&p.destination) == (p.version == 4));
    if (p.protocol != PROTOCOL_TCP || !tcp_parse(p.payload, packet_payload_length(&p), &t))
        return 0;
    require(t.header_length >= TCP_HEADER_MIN && t.option_count <= TCP_OPTIONS_MAX);
    require((t.flags & TCP_OPTIONS_CUT) || t.header_length <= packet_payload_length(&p));
    return 0;
}
