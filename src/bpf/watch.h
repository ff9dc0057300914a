/*
 * Opening packets go to user space as they came, once each; established flows leave a bit for their
 * hop limit, and user space hears of a new one only.
 */
#ifndef HOPTELL_BPF_WATCH_H
#define HOPTELL_BPF_WATCH_H

#include "bpf/maps.h"
#include "wire/hash.h"
#include "wire/tcp.h"

enum { WATCH_ASK_ONE_OF = 64 }; /* packets that need not ask */

/* Copies what of the packet is there, in words while it lasts. */
static inline uint16_t watch_copy(struct xdp_seen *to, struct cursor c)
{
    uint32_t at = 0;

    for (; at + 8 <= XDP_SEEN_OCTETS; at += 8) {
        const uint8_t *from = cursor_take(&c, 8);

        if (!from) {
            c.failed = false;
            break;
        }
        __builtin_memcpy(to->octets + at, from, 8);
    }
    for (uint32_t i = 0; i < 7; i++, at++) {
        const uint8_t *from = cursor_take(&c, 1);

        if (!from || at >= XDP_SEEN_OCTETS)
            break;
        to->octets[at] = *from;
    }
    return (uint16_t)at;
}

VERIFIED_ALONE int watch_tell(struct xdp_md *frame, uint32_t kind, uint32_t link)
{
    struct xdp_seen *record = bpf_ringbuf_reserve(&seen, sizeof *record, 0);
    struct cursor c = {.at = frame_start(frame), .end = frame_end(frame)};

    if (!record) {
        count(XDP_COUNT_OPENING_LOST);
        return 0;
    }
    cursor_skip(&c, link & 31);
    record->time_ns = bpf_ktime_get_ns();
    record->kind = (uint16_t)kind;
    record->captured = watch_copy(record, c);
    record->position = record->is_end = 0;
    record->reserved[0] = record->reserved[1] = 0;
    bpf_ringbuf_submit(record, 0);
    return 0;
}

/* The address of IPv4, the /64 of IPv6. */
static inline struct address watch_subscriber(const struct address *source)
{
    struct address subscriber = *source;

    if (!address_is_v4(source))
        __builtin_memset(subscriber.octets + 8, 0, 8);
    return subscriber;
}

static inline uint64_t watch_bit(uint8_t hop_limit)
{
    return (uint64_t)1 << (hop_limit & 63);
}

/* The hop limit of its opening packet is known of it, and told with that. */
static inline void watch_keep_subscriber(const struct head *h)
{
    const struct address key = watch_subscriber(&h->source);
    struct xdp_subscriber *known = bpf_map_lookup_elem(&subscribers, &key);
    struct xdp_subscriber fresh;

    if (known) {
        __sync_fetch_and_or(&known->hop_limits[h->hop_limit >> 6], watch_bit(h->hop_limit));
        return;
    }
    for (unsigned i = 0; i < 4; i++)
        fresh.hop_limits[i] = h->hop_limit >> 6 == i ? watch_bit(h->hop_limit) : 0;
    bpf_map_update_elem(&subscribers, &key, &fresh, BPF_NOEXIST);
}

static inline void watch_opening(struct xdp_md *frame, const struct head *h)
{
    const struct xdp_opening opening = {.time_ns = bpf_ktime_get_ns(),
                                        .sequence = load_u32(h->start + 4),
                                        .hop_limit = h->hop_limit};
    struct xdp_connection key = {0};
    const struct xdp_opening *before;

    __builtin_memcpy(key.source, h->source.octets, 16);
    __builtin_memcpy(key.destination, h->destination.octets, 16);
    __builtin_memcpy(key.ports, h->start, 4);
    before = bpf_map_lookup_elem(&connections, &key);
    if (before && before->sequence == opening.sequence && before->hop_limit == opening.hop_limit) {
        count(XDP_COUNT_OPENING_AGAIN);
        return;
    }
    bpf_map_update_elem(&connections, &key, &opening, BPF_ANY);
    watch_keep_subscriber(h);
    count(XDP_COUNT_OPENING);
    watch_tell(frame, XDP_SEEN_OPENING, h->link);
}

/*
 * Where a subscriber and one of its hop limits are noted when they are known, so that the next packet
 * of the same need not look for them in the map. A word of its own for each: two of a place drive each
 * other out, and no more. The subscriber is the word of its address that tells it from others.
 */
static inline uint64_t *watch_note(uint64_t subscriber, uint8_t hop_limit, uint64_t *out_word)
{
    const uint64_t key[2] = {limit_key[0], limit_key[1]};

    *out_word = hash_permute(key, subscriber) + hop_limit * 0x9e3779b97f4a7c15u;
    return &watch_notes[bounded(*out_word >> 32, WATCH_NOTES)];
}

/* Now and then the map is asked all the same: there it is by use that subscribers stay. */
static inline bool watch_is_noted(const uint64_t *note, uint64_t word)
{
    return *note == word && counted(XDP_COUNT_FRAMES) % WATCH_ASK_ONE_OF != 0;
}

/* Only those who have opened a connection are subscribers: false packets push nobody out. */
static inline void watch_flow(struct xdp_md *frame, const struct head *h)
{
    const struct address key = watch_subscriber(&h->source);
    const uint64_t bit = watch_bit(h->hop_limit);
    struct xdp_subscriber *subscriber;
    uint64_t word;
    uint64_t *note =
        watch_note(address_word(h->source.octets + (h->version == 4 ? 8 : 0)), h->hop_limit, &word);
    uint64_t *limits;

    if (watch_is_noted(note, word))
        return;
    subscriber = bpf_map_lookup_elem(&subscribers, &key);
    if (!subscriber)
        return;
    *note = word;
    limits = &subscriber->hop_limits[h->hop_limit >> 6];
    if (*limits & bit)
        return;
    __sync_fetch_and_or(limits, bit);
    count(XDP_COUNT_NEW_HOP_LIMIT);
    watch_tell(frame, XDP_SEEN_HOP_LIMIT, h->link);
}

enum watched { WATCH_OPENING, WATCH_FLOW, WATCH_NEITHER };

static inline enum watched watch_kind(uint8_t tcp_bits)
{
    if ((tcp_bits & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN)
        return WATCH_OPENING;
    return tcp_bits & (TCP_SYN | TCP_RST) ? WATCH_NEITHER : WATCH_FLOW;
}

static inline void watch(struct xdp_md *frame, const struct head *h)
{
    if (h->fault != PACKET_OK || h->protocol != PROTOCOL_TCP || h->started < TCP_HEADER_MIN ||
        h->flags & (PACKET_FRAGMENT_FIRST | PACKET_FRAGMENT_LATER | PACKET_BAD_CHECKSUM))
        return;
    switch (watch_kind(h->start[13])) {
    case WATCH_OPENING:
        watch_opening(frame, h);
        break;
    case WATCH_FLOW:
        watch_flow(frame, h);
        break;
    default:
        break;
    }
}

#endif
