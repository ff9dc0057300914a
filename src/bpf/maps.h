/*
 * What the XDP program remembers, and shares with user space. What user space reads and writes
 * while it runs is memory that it has mapped, so that it needs no rights for it.
 */
#ifndef HOPTELL_BPF_MAPS_H
#define HOPTELL_BPF_MAPS_H

#include "bpf/abi.h"
#include "bpf/head.h"
#include "tale/limit_set.h"

/* Set before it is loaded. */
const volatile uint8_t tells;       /* answers probes */
const volatile uint8_t watches;     /* tells of opening packets */
const volatile uint32_t limit_mask; /* of limit_sets: their number less one */
const volatile uint64_t limit_key[2];

/* The tales: one book is read while the other may be written. */
struct book books[2];
uint32_t current_book;

struct xdp_counters counters[XDP_PROCESSORS];
uint64_t total_full_ns; /* the bucket of all sources together */
struct xdp_kept_tokens kept_tokens[XDP_PROCESSORS];

enum { WATCH_NOTES = 16384 };      /* a power of two */
uint64_t watch_notes[WATCH_NOTES]; /* see watch_note */

struct guarded_set {
    struct bpf_spin_lock lock;
    struct limit_set set;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1); /* set before it is loaded, as are those below */
    __type(key, uint32_t);
    __type(value, struct guarded_set);
} limit_sets SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1);
    __type(key, struct xdp_connection);
    __type(value, struct xdp_opening);
} connections SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1);
    __type(key, struct address);
    __type(value, struct xdp_subscriber);
} subscribers SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, XDP_RING_OCTETS);
} seen SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, XDP_WALKS_OCTETS);
} walks SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(uint32_t));
    __uint(value_size, sizeof(uint32_t));
} handed SEC(".maps");

/*
 * `index` below a power of two, in a way that the compiler cannot take apart: the verifier must see
 * the very register bounded that it then sees used.
 */
static inline uint64_t bounded(uint64_t index, uint32_t count)
{
    __asm__ volatile("%0 &= %1" : "+r"(index) : "i"(count - 1));
    return index;
}

static inline const struct book *book_of(uint32_t generation)
{
    return &books[bounded(generation, 2)];
}

/* Of this processor. */
static inline uint64_t counted(uint32_t which)
{
    return counters[bounded(bpf_get_smp_processor_id(), XDP_PROCESSORS)]
        .count[bounded(which, XDP_COUNTS)];
}

/* A program is not interrupted by another on its processor, so that plain additions count right. */
static inline void count(uint32_t which)
{
    counters[bounded(bpf_get_smp_processor_id(), XDP_PROCESSORS)]
        .count[bounded(which, XDP_COUNTS)]++;
}

#endif
