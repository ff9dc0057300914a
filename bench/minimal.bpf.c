/*
 * What the XDP program is measured against: the smallest that swaps addresses and sends back, and one
 * that lets everything pass. And `afresh`, by which a run that is repeated gets the same packet each
 * time: it undoes what the last run did to the frame, and goes on to the program under test.
 */
#include "minimal.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct renewal);
} renewals SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} next SEC(".maps");

/* Frames that came back, of each processor. */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} returned SEC(".maps");

SEC("xdp")
int swap(struct xdp_md *frame)
{
    __u8 *at = (__u8 *)(long)frame->data;
    const __u8 *end = (const __u8 *)(long)frame->data_end;
    __u8 address[16];

    if (at + 54 > end)
        return XDP_PASS;
    __builtin_memcpy(address, at, 6);
    __builtin_memcpy(at, at + 6, 6);
    __builtin_memcpy(at + 6, address, 6);
    if (at[12] == 0x86) {
        __builtin_memcpy(address, at + 22, 16);
        __builtin_memcpy(at + 22, at + 38, 16);
        __builtin_memcpy(at + 38, address, 16);
    } else {
        __builtin_memcpy(address, at + 26, 4);
        __builtin_memcpy(at + 26, at + 30, 4);
        __builtin_memcpy(at + 30, address, 4);
    }
    return XDP_TX;
}

SEC("xdp")
int pass(struct xdp_md *frame)
{
    (void)frame;
    return XDP_PASS;
}

/* At the sender's end of a pair: counts what comes back. */
SEC("xdp")
int sink(struct xdp_md *frame)
{
    const __u32 first = 0;
    __u64 *count = bpf_map_lookup_elem(&returned, &first);

    (void)frame;
    if (count)
        ++*count;
    return XDP_DROP;
}

/* It moves the frame's ends also by nothing, so that it costs every program the same. */
SEC("xdp")
int afresh(struct xdp_md *frame)
{
    const __u32 first = 0;
    struct renewal *r = bpf_map_lookup_elem(&renewals, &first);
    const __u8 *end;
    __u64 *at;

    if (!r || bpf_xdp_adjust_head(frame, r->again ? r->head : 0) != 0 ||
        bpf_xdp_adjust_tail(frame, r->again ? r->cut : 0) != 0 ||
        bpf_xdp_adjust_tail(frame, r->again ? -r->cut - r->tail : 0) != 0)
        return XDP_ABORTED;
    r->again = 1;
    at = (__u64 *)(long)frame->data;
    end = (const __u8 *)(long)frame->data_end;
    if ((const __u8 *)at + RENEWED > end)
        return XDP_ABORTED;
    for (int i = 0; i < RENEWED / 8; i++)
        at[i] = *(const volatile __u64 *)(r->octets + (long)i * 8);
    bpf_tail_call(frame, &next, 0);
    return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual MIT/GPL";
