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
    uint32_t flags;                  /* TCP_HAS_... and the others above */
    uint8_t header_length;           /* octets, by the data offset */
    uint8_t header_received;         /* of these */
    uint8_t option_count;            /* of option[]; kinds beyond TCP_OPTIONS_MAX are not kept */
    uint8_t padding;                 /* octets after the end-of-options option */
    uint8_t option[TCP_OPTIONS_MAX]; /* kinds in their order; of tcp_parse alone */
};

/* The octets of an option of this kind; 0 where they are not fixed, or the kind is not known here. */
static inline uint8_t tcp_option_length(uint8_t kind)
{
    static const uint8_t lengths[UINT8_MAX + 1] = {
        [TCP_OPTION_MSS] = 4,
        [TCP_OPTION_WINDOW_SCALE] = 3,
        [TCP_OPTION_SACK_PERMITTED] = 2,
        [TCP_OPTION_TIMESTAMPS] = 10,
    };

    return lengths[kind];
}

enum { TCP_OPTION_LAST = TCP_OPTION_TIMESTAMPS }; /* of those with a fixed length */

/* Reads the values of such options; `place` is by kind, from the header's start, and 0 for none. */
static inline void tcp_option_values(struct tcp *t, const uint8_t *octets,
                                     const uint8_t place[TCP_OPTION_LAST + 1])
{
    const uint8_t *const mss = octets + place[TCP_OPTION_MSS];
    const uint8_t *const scale = octets + place[TCP_OPTION_WINDOW_SCALE];
    const uint8_t *const timestamps = octets + place[TCP_OPTION_TIMESTAMPS];

    if (mss != octets) {
        t->mss = load_u16(mss + 2);
        t->flags |= TCP_HAS_MSS;
    }
    if (scale != octets) {
        t->window_scale = scale[2];
        t->flags |= TCP_HAS_WINDOW_SCALE;
    }
    if (place[TCP_OPTION_SACK_PERMITTED])
        t->flags |= TCP_HAS_SACK_PERMITTED;
    if (timestamps != octets) {
        t->timestamp_value = load_u32(timestamps + 2);
        t->timestamp_echo = load_u32(timestamps + 6);
        t->flags |= TCP_HAS_TIMESTAMPS;
    }
}

/* What follows the end-of-options option. */
static inline void tcp_padding(struct tcp *t, const uint8_t *octets, size_t length)
{
    size_t zeros = 0;

    while (zeros < length && octets[zeros] == 0)
        zeros++;
    if (zeros < length)
        t->flags |= TCP_PADDING_NOT_ZERO;
    t->padding = (uint8_t)length;
}

/*
 * Reads the options behind the fixed octets that tcp_parse_fixed read, up to the end or a fault: what
 * came before that is kept. The kinds go to `out_kinds` in their order, zeros behind them.
 */
static inline void tcp_parse_options(struct tcp *t, const uint8_t *octets,
                                     uint8_t out_kinds[TCP_OPTIONS_MAX])
{
    const size_t end = t->header_received;
    uint8_t place[TCP_OPTION_LAST + 1] = {0};
    size_t count = 0;
    size_t at = TCP_HEADER_MIN;

    __builtin_memset(out_kinds, 0, TCP_OPTIONS_MAX);
    while (at < end) {
        const uint8_t kind = octets[at];
        uint8_t length;

        if (count < TCP_OPTIONS_MAX)
            out_kinds[count] = kind;
        count++;
        if (kind <= TCP_OPTION_NOP) {
            if (kind == TCP_OPTION_END) {
                tcp_padding(t, octets + at + 1, end - at - 1);
                break;
            }
            at++;
            continue;
        }
        length = at + 1 < end ? octets[at + 1] : 2;
        if (length < 2 || at + length > end) {
            /* cut, it is right as far as one can see */
            if (length < 2 || !(t->flags & TCP_OPTIONS_CUT))
                t->flags |= TCP_BAD_OPTIONS;
            break;
        }
        /* a compiler takes two numbers for different where it is not told better */
        if (__builtin_expect(length == tcp_option_length(kind), true))
            place[kind] = (uint8_t)at;
        else if (tcp_option_length(kind) != 0)
            t->flags |= TCP_BAD_OPTIONS;
        at += length;
    }
    t->option_count = (uint8_t)(count < TCP_OPTIONS_MAX ? count : TCP_OPTIONS_MAX);
    tcp_option_values(t, octets, place);
}

/* The header's octets by its data offset; 0 where `length` octets do not hold that many. */
static inline size_t tcp_header_length(const uint8_t *octets, size_t length)
{
    const size_t header = length < TCP_HEADER_MIN ? 0 : (size_t)(octets[12] >> 4) * 4;

    return header < TCP_HEADER_MIN || header > length ? 0 : header;
}

/*
 * Parses the fixed octets of the header at `octets`, of which `length` were received. Returns false
 * when fewer than these 20 are there or the data offset is below 5 (RFC 9293, 3.1), and *out is then
 * undefined. Of the options it tells how many octets were received, and whether they are cut.
 */
static inline bool tcp_parse_fixed(const uint8_t *octets, size_t length, struct tcp *out)
{
    size_t header;
    bool is_cut;

    if (length < TCP_HEADER_MIN)
        return false;
    header = (size_t)(octets[12] >> 4) * 4;
    if (header < TCP_HEADER_MIN)
        return false;
    is_cut = header > length;
    *out = (struct tcp){
        .source_port = load_u16(octets),
        .destination_port = load_u16(octets + 2),
        .sequence = load_u32(octets + 4),
        .acknowledgment = load_u32(octets + 8),
        .window = load_u16(octets + 14),
        .urgent = load_u16(octets + 18),
        .bits = octets[13],
        .header_length = (uint8_t)header,
        .header_received = (uint8_t)(is_cut ? length : header),
        .flags = is_cut ? TCP_OPTIONS_CUT : 0,
    };
    return true;
}

/* The same with the options; those that are wrong or cut short are told in flags. */
static inline bool tcp_parse(const uint8_t *octets, size_t length, struct tcp *out)
{
    if (!tcp_parse_fixed(octets, length, out))
        return false;
    tcp_parse_options(out, octets, out->option);
    return true;
}

#endif
