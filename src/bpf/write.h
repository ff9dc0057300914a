/*
 * Answers, written where the probe is: nothing that stays is moved.
 *
 *      before         [ Ethernet | probe ...                        ]
 *      an error       [ Ethernet | IP | ICMP | probe, cut | extensions ]
 *                        new head: 20 or 40, and 8 octets
 */
#ifndef HOPTELL_BPF_WRITE_H
#define HOPTELL_BPF_WRITE_H

#include "bpf/maps.h"
#include "wire/reply.h"

enum {
    SUM_BLOCK = 512, /* the most that the kernel sums at once */
    SUM_BLOCKS = 2,
    SUM_MAX = SUM_BLOCK * (SUM_BLOCKS + 1) - 1, /* of a packet of 1500 octets all */
};

/* One's complement sums are here of words as the machine reads them: RFC 1071, 2 (B). */
static inline uint32_t native_u32(const uint8_t *at)
{
    return *(const uint32_t *)(const void *)at;
}

static inline uint64_t native_u64(const uint8_t *at)
{
    return *(const uint64_t *)(const void *)at;
}

static inline uint16_t native_u16(const uint8_t *at)
{
    return *(const uint16_t *)(const void *)at;
}

static inline void native_store_u16(uint8_t *at, uint16_t value)
{
    *(uint16_t *)(void *)at = value;
}

static inline void native_store_u32(uint8_t *at, uint32_t value)
{
    *(uint32_t *)(void *)at = value;
}

static inline uint64_t native_number(uint16_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(value) : value;
}

static inline uint32_t native_number32(uint32_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(value) : value;
}

/* Of many octets by the kernel, which adds with carries: there are none of these here. */
static inline uint32_t sum_block(const uint8_t *at, uint32_t length)
{
    return (uint32_t)bpf_csum_diff(NULL, 0, (uint32_t *)(void *)at, length, 0);
}

/* Of a few, whose number the compiler knows. */
static inline uint64_t sum_words(const uint8_t *at, uint32_t length)
{
    uint64_t even = 0, odd = 0;

    for (uint32_t i = 0; i < length; i += 8) {
        even += native_u32(at + i);
        odd += native_u32(at + i + 4);
    }
    return even + odd;
}

/* Octets that are still to be summed, and the sum of those before them. */
struct summing {
    const uint8_t *at;
    const uint8_t *end; /* of what may be read */
    uint32_t length;
    uint64_t sum;
};

/* The next `octets`, a power of two of which `length` has the bit, as far as there are so many. */
static inline void sum_bit(struct summing *s, uint32_t octets)
{
    if (!(s->length & octets) || s->at + octets > s->end)
        return;
    if (octets > 128)
        s->sum += sum_block(s->at, octets);
    else if (octets > 4)
        s->sum += sum_words(s->at, octets);
    else
        s->sum += octets == 4   ? native_u32(s->at)
                  : octets == 2 ? native_u16(s->at)
                                : native_number((uint16_t)(s->at[0] << 8));
    s->at += octets;
}

/*
 * The sum of `length` octets from `offset` of the frame on (at most HEAD_LINK_MAX and three headers),
 * as far as there are so many.
 */
VERIFIED_ALONE uint64_t sum_frame(struct xdp_md *frame, uint32_t offset, uint32_t length)
{
    struct summing s = {
        .at = frame_start(frame) + (offset & 0xff), .end = frame_end(frame), .length = length};

    for (int i = 0; i < SUM_BLOCKS && s.length >= SUM_BLOCK && s.at + SUM_BLOCK <= s.end; i++) {
        s.sum += sum_block(s.at, SUM_BLOCK);
        s.at += SUM_BLOCK;
        s.length -= SUM_BLOCK;
    }
    /* what is left are fewer than a block */
    sum_bit(&s, 256);
    sum_bit(&s, 128);
    sum_bit(&s, 64);
    sum_bit(&s, 32);
    sum_bit(&s, 16);
    sum_bit(&s, 8);
    sum_bit(&s, 4);
    sum_bit(&s, 2);
    sum_bit(&s, 1);
    return s.sum;
}

static inline uint64_t sum_address(const struct address *a)
{
    const uint32_t *words = (const uint32_t *)(const void *)a->octets;

    if (address_is_v4(a))
        return words[3];
    return (uint64_t)words[0] + words[1] + words[2] + words[3];
}

/* As checksum_pseudo, of words as the machine reads them. */
static inline uint64_t sum_pseudo(const struct address *source, const struct address *destination,
                                  uint8_t protocol, uint32_t length)
{
    return sum_address(source) + sum_address(destination) + native_number(protocol) +
           native_number((uint16_t)length);
}

struct error {
    struct address source;
    uint32_t extension; /* where in the book's extensions */
    uint16_t extension_length;
    uint8_t pointer; /* of a parameter problem */
    uint8_t type;
    uint8_t code;
    uint8_t hop_limit;
    uint8_t quoted_hop_limit;
};

/* The two addresses of Ethernet change places; all is read before any is written. */
static inline void write_addresses(uint8_t *to, const uint8_t *from)
{
    const uint32_t destination = native_u32(from), source = native_u32(from + 6);
    const uint16_t destination_rest = native_u16(from + 4), source_rest = native_u16(from + 10);

    native_store_u32(to, source);
    native_store_u16(to + 4, source_rest);
    native_store_u32(to + 6, destination);
    native_store_u16(to + 10, destination_rest);
}

/* The Ethernet header with the addresses swapped, `shift` octets before where it was. */
static inline bool write_link(struct xdp_md *frame, uint32_t link, uint32_t shift)
{
    uint8_t *to = frame_start(frame);
    const uint8_t *from = to + (shift & 63);
    const uint8_t *end = frame_end(frame);

    if (from + HEAD_LINK_MAX > end || to + HEAD_LINK_MAX > end)
        return false;
    write_addresses(to, from);
    if (shift == 0)
        return true;
    native_store_u16(to + 12, native_u16(from + 12));
    for (uint32_t i = 14; link > 14 && i < HEAD_LINK_MAX; i += 2)
        if (i < link)
            native_store_u16(to + i, native_u16(from + i));
    return true;
}

static inline bool write_end(struct xdp_md *frame, long change)
{
    return change == 0 || bpf_xdp_adjust_tail(frame, (int)change) == 0;
}

/* Room for what comes before the probe, and the frame's end where the answer's is. */
static inline bool write_room(struct xdp_md *frame, int before, uint32_t quoted, uint32_t wanted)
{
    const long length = frame_length(frame);

    if (before != 0 && bpf_xdp_adjust_head(frame, -before) != 0)
        return false;
    /* what is cut off and comes back is zeros: they pad a quote */
    if (write_end(frame, (long)quoted - length - before) &&
        (wanted <= quoted || write_end(frame, (long)wanted - quoted)))
        return true;
    if (before != 0)
        bpf_xdp_adjust_head(frame, before);
    return false;
}

/*
 * Copies an extension of the book, whose octets begin there at a multiple of 8, to `offset` of the
 * frame; see sum_frame for the offset.
 */
static inline void write_extension(struct xdp_md *frame, const struct book *book, uint32_t offset,
                                   uint32_t extension, uint32_t length)
{
    const uint8_t *from = book->extensions;
    uint8_t *at = frame_start(frame) + (offset & 0xff);
    const uint8_t *end = frame_end(frame);

    for (uint32_t i = 8; i <= BOOK_EXTENSION_MAX && i <= length && at + 8 <= end; i += 8) {
        *(uint64_t *)(void *)at = native_u64(from + (extension & (BOOK_EXTENSIONS - 8)));
        extension += 8;
        at += 8;
    }
    if (length & 4 && at + 4 <= end)
        native_store_u32(at, native_u32(from + (extension & (BOOK_EXTENSIONS - 8))));
}

/*
 * Where the IP header begins. Its bound is given where it is used: verifiers before Linux 6.8 lose that
 * of a number which goes through memory.
 */
static inline uint8_t *write_ip(const struct xdp_md *frame, const struct head *h)
{
    return OCTETS_AS_WORDS(frame_start(frame) + bounded(h->link, HEAD_LINK_BOUND));
}

/* The writer of the version that the caller knows to have room for. */
static inline void write_ip_header(const struct ip_header *header, uint8_t version, size_t length,
                                   uint8_t *ip)
{
    if (version == 6)
        ip_header_write_v6(header, length, ip);
    else
        ip_header_write_v4(header, length, ip);
}

static inline void write_error_header(const struct head *h, const struct error *e, uint8_t version,
                                      size_t length, uint8_t *ip)
{
    const struct ip_header header = {
        .source = &e->source,
        .destination = &h->source,
        .version = version,
        .traffic_class = ICMP_ERROR_TRAFFIC_CLASS,
        .hop_limit = e->hop_limit,
        .protocol = version == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP,
        .id = h->id,
    };

    write_ip_header(&header, version, length, ip);
}

/*
 * As icmp_quote does, but in place. What is written is not read again, which a processor would have
 * to wait for: of IPv6 the octet's part of the sum is changed here (RFC 1624).
 */
static inline void write_quoted_hop_limit_v4(uint8_t hop_limit, uint8_t *ip)
{
    const uint16_t before = load_u16(ip + 8);
    const uint16_t after = (uint16_t)(hop_limit << 8 | (before & 0xff));

    store_u16(ip + 10, checksum_update(load_u16(ip + 10), before, after));
    ip[8] = hop_limit;
}

static inline uint64_t write_quoted_hop_limit_v6(uint8_t hop_limit, uint64_t sum, uint8_t *ip)
{
    const uint16_t before = ip[7];

    ip[7] = hop_limit;
    return sum + native_number((uint16_t)~before) + native_number(hop_limit);
}

/* What came of writing: where there is no room nothing is changed. */
enum written { WRITE_NO_ROOM, WRITE_DONE, WRITE_FAILED };

/* The probe becomes an error about itself: icmp_error_write (wire/icmp.h) in place. */
static inline int write_error_of(struct xdp_md *frame, const struct head *h, const struct error *e,
                                 uint8_t version, uint32_t generation)
{
    const uint32_t link = h->link;
    const uint32_t header = version == 6 ? IPV6_HEADER : IPV4_HEADER_MIN;
    const uint32_t most = (version == 6 ? ICMP_ERROR_MAX_V6 : ICMP_ERROR_MAX_V4) - ICMP_HEADER;
    const uint32_t room = e->extension_length != 0 ? ICMP_QUOTE_EXTENDED : most - header;
    const uint32_t quoted = h->length < room ? h->length : room;
    const uint32_t length =
        ICMP_HEADER +
        (e->extension_length != 0 ? ICMP_QUOTE_EXTENDED + e->extension_length : quoted);
    const uint32_t summed = link + header + ICMP_HEADER + (version == 6 ? 0 : header);
    const uint32_t first = (uint32_t)e->type << 24 | (uint32_t)e->code << 16;
    uint32_t rest = e->pointer;
    uint8_t *ip, *icmp;
    uint64_t sum;

    if (link > HEAD_LINK_MAX ||
        !write_room(frame, (int)(header + ICMP_HEADER), link + header + ICMP_HEADER + quoted,
                    link + header + length))
        return WRITE_NO_ROOM;
    if (!write_link(frame, link, header + ICMP_HEADER))
        return WRITE_FAILED;
    ip = write_ip(frame, h);
    if (ip + header + ICMP_HEADER + header > frame_end(frame))
        return WRITE_FAILED;
    icmp = ip + header;
    write_error_header(h, e, version, length, ip);
    if (version == 4)
        write_quoted_hop_limit_v4(e->quoted_hop_limit, icmp + ICMP_HEADER);
    if (e->extension_length != 0) {
        rest |= icmp_extended_length(version);
        write_extension(frame, book_of(generation),
                        link + header + ICMP_HEADER + ICMP_QUOTE_EXTENDED, e->extension,
                        e->extension_length);
    }
    /* a quoted IPv4 header and extensions have a checksum of their own, and so add nothing */
    sum = sum_frame(frame, summed, link + header + ICMP_HEADER + quoted - summed);
    sum += native_number32(first) + native_number32(rest);
    if (version == 6) {
        sum += sum_pseudo(&e->source, &h->source, PROTOCOL_ICMPV6, length);
        sum = write_quoted_hop_limit_v6(e->quoted_hop_limit, sum, icmp + ICMP_HEADER);
    }
    native_store_u32(icmp, native_number32(first));
    native_store_u16(icmp + 2, checksum_fold(sum));
    native_store_u32(icmp + 4, native_number32(rest));
    return WRITE_DONE;
}

VERIFIED_ALONE int write_error(struct xdp_md *frame, const struct head *h, const struct error *e,
                               uint32_t generation)
{
    if (!h || !e)
        return WRITE_NO_ROOM;
    return h->version == 6 ? write_error_of(frame, h, e, 6, generation)
                           : write_error_of(frame, h, e, 4, generation);
}

/* The header of a reply from the end, whose payload has `length` octets; see reply_header. */
static inline void write_reply_header(const struct head *h, uint8_t version, uint8_t hop_limit,
                                      bool is_echo, size_t length, uint8_t *ip)
{
    const struct ip_header header = {
        .source = &h->destination,
        .destination = &h->source,
        .version = version,
        .traffic_class = is_echo ? h->traffic_class : h->traffic_class & 0xfc,
        .hop_limit = hop_limit,
        .protocol = h->protocol,
        .id = is_echo ? h->id : 0,
        .dont_fragment = !is_echo,
    };

    write_ip_header(&header, version, length, ip);
}

/*
 * Where a reply of `length` octets behind its IP header begins, the frame's end where its end is;
 * `least` octets of it are there. NULL: they are not.
 */
static inline uint8_t *write_reply_room(struct xdp_md *frame, const struct head *h,
                                        uint32_t version, uint32_t length, uint32_t least)
{
    const uint32_t header = version == 6 ? IPV6_HEADER : IPV4_HEADER_MIN;
    const uint32_t link = h->link;
    uint8_t *ip;

    if (link > HEAD_LINK_MAX || !write_link(frame, link, 0) ||
        !write_room(frame, 0, link + header + length, 0))
        return NULL;
    ip = write_ip(frame, h);
    return ip + header + least > frame_end(frame) ? NULL : ip;
}

/* reply_echo in place. */
static inline int write_echo_of(struct xdp_md *frame, const struct head *h, uint8_t version,
                                uint32_t hop_limit)
{
    const uint32_t header = version == 6 ? IPV6_HEADER : IPV4_HEADER_MIN;
    const uint32_t length = h->length - h->payload;
    uint8_t *ip = write_reply_room(frame, h, version, length, ICMP_HEADER);
    uint16_t before, checksum;
    uint8_t *icmp;

    if (!ip)
        return WRITE_FAILED;
    icmp = ip + header;
    before = load_u16(icmp);
    icmp[0] = version == 6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY;
    checksum = checksum_update(load_u16(icmp + 2), before, load_u16(icmp));
    store_u16(icmp + 2, checksum);
    if (checksum == 0 && version == 4)
        native_store_u16(icmp + 2, checksum_fold(sum_frame(frame, h->link + header, length)));
    write_reply_header(h, version, (uint8_t)hop_limit, true, length, ip);
    return WRITE_DONE;
}

VERIFIED_ALONE int write_echo(struct xdp_md *frame, const struct head *h, uint32_t hop_limit)
{
    if (!h)
        return WRITE_FAILED;
    return h->version == 6 ? write_echo_of(frame, h, 6, hop_limit)
                           : write_echo_of(frame, h, 4, hop_limit);
}

/* reply_tcp_reset in place. */
static inline int write_reset_of(struct xdp_md *frame, const struct head *h, uint8_t version,
                                 uint32_t hop_limit)
{
    const uint32_t header = version == 6 ? IPV6_HEADER : IPV4_HEADER_MIN;
    const struct reply_tcp reply =
        reply_tcp_reset_to(load_u32(h->start + 4), load_u32(h->start + 8), h->start[13],
                           h->length - h->payload - (uint32_t)(h->start[12] >> 4) * 4);
    uint8_t *ip = write_reply_room(frame, h, version, TCP_HEADER_MIN, TCP_HEADER_MIN);
    uint8_t *tcp;
    uint64_t sum;

    if (!ip)
        return WRITE_FAILED;
    tcp = ip + header;
    __builtin_memcpy(tcp, h->start + 2, 2);
    __builtin_memcpy(tcp + 2, h->start, 2);
    store_u32(tcp + 4, reply.sequence);
    store_u32(tcp + 8, reply.acknowledgment);
    tcp[12] = TCP_HEADER_MIN / 4 << 4;
    tcp[13] = reply.bits;
    store_u16(tcp + 14, 0);
    store_u32(tcp + 16, 0);
    sum = sum_frame(frame, h->link + header, TCP_HEADER_MIN);
    sum += sum_pseudo(&h->destination, &h->source, h->protocol, TCP_HEADER_MIN);
    native_store_u16(tcp + 16, checksum_fold(sum));
    write_reply_header(h, version, (uint8_t)hop_limit, false, TCP_HEADER_MIN, ip);
    return WRITE_DONE;
}

VERIFIED_ALONE int write_reset(struct xdp_md *frame, const struct head *h, uint32_t hop_limit)
{
    if (!h)
        return WRITE_FAILED;
    return h->version == 6 ? write_reset_of(frame, h, 6, hop_limit)
                           : write_reset_of(frame, h, 4, hop_limit);
}

#endif
