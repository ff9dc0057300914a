/*
 * The TCP header and its options (RFC 9293, 3.1 and 3.2; RFC 7323; RFC 2018).
 */
#ifndef HOPTELL_WIRE_TCP_H
#define HOPTELL_WIRE_TCP_H

#include "wire/cursor.h"

enum {
    TCP_HEADER_MIN = 20,
    TCP_OPTIONS_MAX = 24, /* kinds kept in their order; a header holds at most 40 octets of them */
};

enum tcp_bit {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
    TCP_ECE = 0x40,
    TCP_CWR = 0x80,
};

enum tcp_option_kind { /* IANA: TCP Option Kind Numbers */
                       TCP_OPTION_END = 0,
                       TCP_OPTION_NOP = 1,
                       TCP_OPTION_MSS = 2,
                       TCP_OPTION_WINDOW_SCALE = 3,
                       TCP_OPTION_SACK_PERMITTED = 4,
                       TCP_OPTION_TIMESTAMPS = 8,
                       TCP_OPTION_FAST_OPEN = 34,
};

enum {
    TCP_HAS_MSS = 1u << 0,
    TCP_HAS_WINDOW_SCALE = 1u << 1,
    TCP_HAS_SACK_PERMITTED = 1u << 2,
    TCP_HAS_TIMESTAMPS = 1u << 3,
    TCP_BAD_OPTIONS = 1u << 4,     /* a length that is wrong for its kind, or does not fit */
    TCP_OPTIONS_CUT = 1u << 5,     /* the capture ends inside the options */
    TCP_PADDING_NOT_ZERO = 1u << 6 /* octets after the end-of-options that are not zero */
};

struct tcp {
    uint16_t source_port;
    uint16_t destination_port;
    uint32_t sequence;
    uint32_t acknowledgment;
    uint16_t window;
    uint16_t urgent;
    uint16_t mss;
    uint8_t bits; /* enum tcp_bit */
    uint8_t window_scale;
    uint32_t timestamp_value;
    uint32_t timestamp_echo;
    uint32_t flags;                  /* TCP_HAS_..., TCP_BAD_OPTIONS, TCP_OPTIONS_CUT */
    uint8_t header_length;           /* octets, by the data offset */
    uint8_t option_count;            /* of option[]; kinds beyond TCP_OPTIONS_MAX are not kept */
    uint8_t padding;                 /* octets after the end-of-options option */
    uint8_t option[TCP_OPTIONS_MAX]; /* kinds, in the order in which they came */
};

/* The octets of a kind's value; -1 where it has no fixed length, or is not known here. */
static inline int tcp_option_length(uint8_t kind)
{
    switch (kind) {
    case TCP_OPTION_MSS:
        return 2;
    case TCP_OPTION_WINDOW_SCALE:
        return 1;
    case TCP_OPTION_SACK_PERMITTED:
        return 0;
    case TCP_OPTION_TIMESTAMPS:
        return 8;
    default:
        return -1;
    }
}

/* Reads one option's value; `body` is what follows its length octet. */
static inline void tcp_option_value(struct tcp *t, uint8_t kind, const uint8_t *body, size_t length)
{
    const int expected = tcp_option_length(kind);

    if (expected < 0)
        return;
    if (length != (size_t)expected) {
        t->flags |= TCP_BAD_OPTIONS;
        return;
    }
    switch (kind) {
    case TCP_OPTION_MSS:
        t->mss = load_u16(body);
        t->flags |= TCP_HAS_MSS;
        break;
    case TCP_OPTION_WINDOW_SCALE:
        t->window_scale = body[0];
        t->flags |= TCP_HAS_WINDOW_SCALE;
        break;
    case TCP_OPTION_SACK_PERMITTED:
        t->flags |= TCP_HAS_SACK_PERMITTED;
        break;
    default:
        t->timestamp_value = load_u32(body);
        t->timestamp_echo = load_u32(body + 4);
        t->flags |= TCP_HAS_TIMESTAMPS;
    }
}

/* Reads options until the end; what came before a fault is kept, what comes after it is not read. */
static inline void tcp_options(struct tcp *t, struct cursor c)
{
    while (cursor_left(&c) > 0) {
        const uint8_t kind = cursor_u8(&c);
        uint8_t length;
        const uint8_t *body;

        if (t->option_count < TCP_OPTIONS_MAX)
            t->option[t->option_count++] = kind;
        if (kind == TCP_OPTION_END) {
            t->padding = (uint8_t)cursor_left(&c);
            while (cursor_left(&c) > 0)
                if (cursor_u8(&c) != 0)
                    t->flags |= TCP_PADDING_NOT_ZERO;
            return;
        }
        if (kind == TCP_OPTION_NOP)
            continue;
        length = cursor_u8(&c);
        body = length >= 2 ? cursor_take(&c, (size_t)length - 2) : NULL;
        if (c.failed && (t->flags & TCP_OPTIONS_CUT)) /* right as far as one can see */
            return;
        if (c.failed || length < 2) {
            t->flags |= TCP_BAD_OPTIONS;
            return;
        }
        tcp_option_value(t, kind, body, (size_t)length - 2);
    }
}

/* The header's octets by its data offset; 0 where `length` octets do not hold that many. */
static inline size_t tcp_header_length(const uint8_t *octets, size_t length)
{
    const size_t header = length < TCP_HEADER_MIN ? 0 : (size_t)(octets[12] >> 4) * 4;

    return header < TCP_HEADER_MIN || header > length ? 0 : header;
}

/*
 * Parses the header at `octets`, of which `length` were received. Returns false when fewer than
 * the 20 fixed octets are there or the data offset is below 5 (RFC 9293, 3.1); options that are
 * wrong or cut short are told in flags.
 */
static inline bool tcp_parse(const uint8_t *octets, size_t length, struct tcp *out)
{
    size_t header;

    *out = (struct tcp){0};
    if (length < TCP_HEADER_MIN)
        return false;
    header = (size_t)(octets[12] >> 4) * 4;
    if (header < TCP_HEADER_MIN)
        return false;
    out->source_port = load_u16(octets);
    out->destination_port = load_u16(octets + 2);
    out->sequence = load_u32(octets + 4);
    out->acknowledgment = load_u32(octets + 8);
    out->header_length = (uint8_t)header;
    out->bits = octets[13];
    out->window = load_u16(octets + 14);
    out->urgent = load_u16(octets + 18);
    if (header > length) {
        header = length;
        out->flags |= TCP_OPTIONS_CUT;
    }
    tcp_options(out, cursor_over(octets + TCP_HEADER_MIN, header - TCP_HEADER_MIN));
    return true;
}

#endif
