/*
 * The usual probe, and what is for no tale: an Ethernet frame without tags, IPv4 without options or
 * IPv6 without extension headers, whole and no fragment, that ends at a hop which answers any probe
 * of its kind. Nearly every packet of a traceroute is one, and so its answer is made in one go, of
 * numbers that stay in registers, and of what the book has ready.
 *
 * It decides as tell() does, but less: what it is not sure of it leaves to that, and has then neither
 * counted nor changed anything.
 */
#ifndef HOPTELL_BPF_USUAL_H
#define HOPTELL_BPF_USUAL_H

#include "bpf/tell.h"
#include "bpf/watch.h"

enum { USUAL_NOT = -1 }; /* it is for tell() to decide */

enum { USUAL_LINK = 14, USUAL_LEAST = 8 /* octets of the payload that must be there */ };

/* A probe that ends at `hop`. */
struct usual {
    const struct book *book;
    const struct book_hop *hop;
    uint64_t source;     /* its hash, see limit_take */
    uint32_t generation; /* the book's */
    uint32_t length;     /* of the IP packet */
    uint8_t position;
};

/* PROBE_OTHER: it is no usual one. */
static inline enum probe_protocol usual_protocol(uint8_t version, uint8_t protocol, uint8_t type)
{
    if (protocol == PROTOCOL_UDP)
        return PROBE_UDP;
    if (protocol == PROTOCOL_TCP)
        return PROBE_TCP;
    if (protocol == (version == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP) &&
        icmp_is_echo_request(version, type))
        return PROBE_ICMP;
    return PROBE_OTHER;
}

/* The hop where a probe of `length` octets ends, when that answers all such; else NULL. */
static inline const struct book_hop *usual_hop(const struct book *book,
                                               const struct book_range *target, enum family family,
                                               uint32_t position, uint32_t length,
                                               enum probe_protocol protocol)
{
    const struct book_tale *tale = &book->tale[bounded(target->tale, BOOK_TALES)];
    const struct book_step *step;
    const struct book_hop *hop;

    if (position > tale->steps)
        return NULL;
    step = &book->step[bounded(tale->first_step + position - 1, BOOK_STEPS)];
    if (length > step->usual[family])
        return NULL;
    hop = &book->hop[bounded(step->first_hop, BOOK_HOPS)];
    return hop->usual[family] & 1u << protocol ? hop : NULL;
}

static inline int usual_count(uint32_t reason, int verdict)
{
    count(reason);
    return verdict;
}

/* The addresses of Ethernet change places, `shift` octets before where they were. */
static inline void usual_link(uint8_t *to, uint32_t shift)
{
    const uint64_t destination = native_u64(to + shift), source = native_u64(to + shift + 6);

    *(uint64_t *)(void *)to = source;
    *(uint64_t *)(void *)(to + 6) = destination;
    native_store_u16(to + 12, native_u16(to + shift + 12));
}

static inline void usual_header_v4(const struct book_hop *hop, uint16_t length, uint8_t *ip)
{
    const uint8_t *quote = ip + IPV4_HEADER_MIN + ICMP_HEADER;
    const uint16_t id = native_u16(quote + 4);
    const uint32_t destination = native_u32(quote + 12);
    const uint64_t sum = (uint64_t)hop->sum[FAMILY_V4] + native_number(length) + id + destination;

    store_u16(ip, 0x45 << 8 | ICMP_ERROR_TRAFFIC_CLASS);
    store_u16(ip + 2, length);
    native_store_u16(ip + 4, id);
    store_u16(ip + 6, 0);
    store_u16(ip + 8, (uint16_t)(hop->hop_limit << 8 | PROTOCOL_ICMP));
    native_store_u16(ip + 10, checksum_fold(sum));
    native_store_u32(ip + 12, native_u32(hop->address[FAMILY_V4] + 12));
    native_store_u32(ip + 16, destination);
}

/* The sum of its pseudo-header. */
static inline uint64_t usual_header_v6(const struct book_hop *hop, uint16_t length, uint8_t *ip)
{
    const uint8_t *source = hop->address[FAMILY_V6];
    const uint8_t *quote = ip + IPV6_HEADER + ICMP_HEADER;
    const uint64_t first = native_u64(quote + 8), second = native_u64(quote + 16);

    store_u32(ip, 6u << 28 | ICMP_ERROR_TRAFFIC_CLASS << 20);
    store_u16(ip + 4, length);
    store_u16(ip + 6, (uint16_t)(PROTOCOL_ICMPV6 << 8 | hop->hop_limit));
    *(uint64_t *)(void *)(ip + 8) = native_u64(source);
    *(uint64_t *)(void *)(ip + 16) = native_u64(source + 8);
    *(uint64_t *)(void *)(ip + 24) = first;
    *(uint64_t *)(void *)(ip + 32) = second;
    return hop->sum[FAMILY_V6] + native_number(length) + (first >> 32) + (uint32_t)first +
           (second >> 32) + (uint32_t)second;
}

/* As write_error_of, of what the hop has ready. */
static inline int usual_write(struct xdp_md *frame, uint8_t version, const struct usual *u)
{
    const struct book_hop *hop = u->hop;
    const enum family family = version == 6 ? FAMILY_V6 : FAMILY_V4;
    const uint32_t header = version == 6 ? IPV6_HEADER : IPV4_HEADER_MIN;
    const uint32_t before = USUAL_LINK + header + ICMP_HEADER;
    const uint32_t extension = hop->extension_length[family];
    const uint32_t most = (version == 6 ? ICMP_ERROR_MAX_V6 : ICMP_ERROR_MAX_V4) - ICMP_HEADER;
    const uint32_t room = extension != 0 ? ICMP_QUOTE_EXTENDED : most - header;
    const uint32_t quoted = u->length < room ? u->length : room;
    const uint32_t payload = ICMP_HEADER + (extension != 0 ? room + extension : quoted);
    const uint32_t summed = version == 6 ? 0 : header; /* see write_error_of */
    const uint8_t *icmp = OCTETS_AS_WORDS(hop->icmp[family]);
    uint8_t *ip;
    uint64_t sum;

    if (!write_room(frame, (int)(header + ICMP_HEADER), before + quoted,
                    USUAL_LINK + header + payload))
        return WRITE_NO_ROOM;
    ip = OCTETS_AS_WORDS(frame_start(frame));
    if (ip + before + header > frame_end(frame))
        return WRITE_FAILED;
    usual_link(ip, header + ICMP_HEADER);
    ip += USUAL_LINK;
    sum = (uint64_t)native_u32(icmp) + native_u32(icmp + 4);
    if (version == 6) {
        sum += usual_header_v6(hop, (uint16_t)payload, ip);
    } else {
        usual_header_v4(hop, (uint16_t)(header + payload), ip);
        write_quoted_hop_limit_v4(1, ip + header + ICMP_HEADER);
    }
    if (extension != 0)
        write_extension(frame, u->book, before + room, hop->extension[family], extension);
    sum += sum_frame(frame, before + summed, quoted - summed);
    if (version == 6)
        sum = write_quoted_hop_limit_v6(1, sum, ip + header + ICMP_HEADER);
    native_store_u16(ip + header, native_u16(icmp));
    native_store_u16(ip + header + 2, checksum_fold(sum));
    native_store_u32(ip + header + 4, native_u32(icmp + 4));
    return WRITE_DONE;
}

static inline int usual_answer(struct xdp_md *frame, uint8_t version, const struct usual *u)
{
    int written;

    switch (limit_take(&u->book->limits, u->generation, u->book->nothing, u->source)) {
    case LIMIT_SOURCE:
        return usual_count(REASON_SOURCE_LIMIT, XDP_DROP);
    case LIMIT_TOTAL:
        return usual_count(REASON_TOTAL_LIMIT, XDP_DROP);
    case LIMIT_ALLOWED_AND_ASKED:
        walk(frame, USUAL_LINK, u->position, false);
        /* fall through */
    default:
        break;
    }
    written = usual_write(frame, version, u);
    if (written == WRITE_NO_ROOM)
        return tell_hand_over(frame);
    return usual_count(u->hop->refuses ? REASON_REFUSED : REASON_TIME_EXCEEDED,
                       written == WRITE_DONE ? XDP_TX : XDP_DROP);
}

/* Where a tale may end, at a target: `ip` is whole, no fragment, and its checksum is right. */
static inline int usual_tell_v4(struct xdp_md *frame, const uint8_t *ip, uint32_t length)
{
    const uint32_t generation = *(volatile uint32_t *)&current_book & 1;
    const struct book *book = book_of(generation);
    const uint64_t key[2] = {limit_key[0], limit_key[1]};
    const uint32_t source = load_u32(ip + 12), destination = load_u32(ip + 16);
    const uint64_t mapped = (uint64_t)0xffff << 32;
    const struct book_range *target =
        find_target_by(book, generation, FAMILY_V4, 0, mapped | destination);
    const enum probe_protocol protocol = usual_protocol(4, ip[9], ip[IPV4_HEADER_MIN]);
    const uint32_t position = ip[8];
    const struct book_hop *hop;
    struct address from;
    struct usual u;

    if (!target)
        return usual_count(REASON_NOT_TARGET, XDP_PASS);
    if (!(target->usual & 1u << protocol) || position == 0 || tell_first_is_bad(source >> 24) ||
        (target->host_mask != 0 && (target->host_mask & ~(uint64_t)destination) == 0) ||
        find_target_by(book, generation, FAMILY_V4, 0, mapped | source))
        return USUAL_NOT;
    hop = usual_hop(book, target, FAMILY_V4, position, length, protocol);
    if (!hop)
        return USUAL_NOT;
    from = address_v4(ip + 12);
    u = (struct usual){.book = book,
                       .hop = hop,
                       .source = limit_hash_source(key, &from),
                       .generation = generation,
                       .length = length,
                       .position = ip[8]};
    return usual_answer(frame, 4, &u);
}

static inline int usual_tell_v6(struct xdp_md *frame, const uint8_t *ip, uint32_t length)
{
    const uint32_t generation = *(volatile uint32_t *)&current_book & 1;
    const struct book *book = book_of(generation);
    const uint64_t key[2] = {limit_key[0], limit_key[1]};
    const uint64_t source = address_word_value(native_u64(ip + 8));
    const uint64_t destination = address_word_value(native_u64(ip + 24));
    const struct book_range *target = find_target_by(book, generation, FAMILY_V6, destination,
                                                     address_word_value(native_u64(ip + 32)));
    const enum probe_protocol protocol = usual_protocol(6, ip[6], ip[IPV6_HEADER]);
    const uint32_t position = ip[7];
    const struct book_hop *hop;
    struct usual u;

    if (!target)
        return usual_count(REASON_NOT_TARGET, XDP_PASS);
    if (!(target->usual & 1u << protocol) || position == 0 || source >> 56 == 0xff ||
        find_target_by(book, generation, FAMILY_V6, source,
                       address_word_value(native_u64(ip + 16))))
        return USUAL_NOT;
    hop = usual_hop(book, target, FAMILY_V6, position, length, protocol);
    if (!hop)
        return USUAL_NOT;
    u = (struct usual){.book = book,
                       .hop = hop,
                       .source = hash_permute(key, native_u64(ip + 8)),
                       .generation = generation,
                       .length = length,
                       .position = ip[7]};
    return usual_answer(frame, 6, &u);
}

/* Whether nothing is left to be watched in a TCP packet; see watch(). `subscriber` as watch_note's. */
static inline bool usual_is_watched(const uint8_t *tcp, const uint8_t *end, uint64_t subscriber,
                                    uint8_t hop_limit)
{
    const uint64_t *note;
    uint64_t word;

    if (tcp + TCP_HEADER_MIN > end)
        return false;
    switch (watch_kind(tcp[13])) {
    case WATCH_OPENING:
        return false;
    case WATCH_FLOW:
        note = watch_note(subscriber, hop_limit, &word);
        return watch_is_noted(note, word);
    default:
        return true;
    }
}

static inline int usual_v4(struct xdp_md *frame, const uint8_t *ip, const uint8_t *end)
{
    const uint64_t sum = (uint64_t)native_u32(ip) + native_u32(ip + 4) + native_u32(ip + 8) +
                         native_u32(ip + 12) + native_u32(ip + 16);
    const uint32_t length = load_u16(ip + 2);
    const struct address source = address_v4(ip + 12);

    if (length < IPV4_HEADER_MIN + USUAL_LEAST || length > end - ip ||
        native_u16(ip + 6) & native_number(0x3fff) || checksum_fold(sum) != 0)
        return USUAL_NOT;
    if (watches && ip[9] == PROTOCOL_TCP &&
        (length < IPV4_HEADER_MIN + TCP_HEADER_MIN ||
         !usual_is_watched(ip + IPV4_HEADER_MIN, end, address_word(source.octets + 8), ip[8])))
        return USUAL_NOT;
    return tells ? usual_tell_v4(frame, ip, length) : XDP_PASS;
}

static inline int usual_v6(struct xdp_md *frame, const uint8_t *ip, const uint8_t *end)
{
    const uint32_t length = IPV6_HEADER + (uint32_t)load_u16(ip + 4);

    /* in the first halves: what is mapped, unspecified or the loopback begins with such zeros */
    if (length < IPV6_HEADER + USUAL_LEAST || length > end - ip || native_u64(ip + 8) == 0 ||
        native_u64(ip + 24) == 0)
        return USUAL_NOT;
    if (watches && ip[6] == PROTOCOL_TCP &&
        (length < IPV6_HEADER + TCP_HEADER_MIN ||
         !usual_is_watched(ip + IPV6_HEADER, end, native_u64(ip + 8), ip[7])))
        return USUAL_NOT;
    return tells ? usual_tell_v6(frame, ip, length) : XDP_PASS;
}

static inline int usual(struct xdp_md *frame)
{
    const uint8_t *start = OCTETS_AS_WORDS(frame_start(frame));
    const uint8_t *end = frame_end(frame);
    const uint8_t *ip = start + USUAL_LINK;

    if (ip + IPV4_HEADER_MIN + USUAL_LEAST > end)
        return USUAL_NOT;
    if (native_u16(start + 12) == native_number(ETHERTYPE_IPV4) && ip[0] == 0x45)
        return usual_v4(frame, OCTETS_AS_WORDS(ip), end);
    if (native_u16(start + 12) == native_number(ETHERTYPE_IPV6) && ip[0] >> 4 == 6 &&
        ip + IPV6_HEADER + USUAL_LEAST <= end)
        return usual_v6(frame, OCTETS_AS_WORDS(ip), end);
    return USUAL_NOT;
}

#endif
