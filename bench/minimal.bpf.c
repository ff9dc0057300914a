/*
 * What the XDP program is measured against: the smallest that swaps addresses and sends back, and one
 * that lets everything pass.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int swap(struct xdp_md *frame)
{
    __u8 *at = (__u8 *)(long)frame->data;
    const __u8 *end = (const __u8 *)(long)frame->data_end;
    __u8 kept[16];

    if (at + 54 > end)
        return XDP_PASS;
    __builtin_memcpy(kept, at, 6);
    __builtin_memcpy(at, at + 6, 6);
    __builtin_memcpy(at + 6, kept, 6);
    if (at[12] == 0x86) {
        __builtin_memcpy(kept, at + 22, 16);
        __builtin_memcpy(at + 22, at + 38, 16);
        __builtin_memcpy(at + 38, kept, 16);
    } else {
        __builtin_memcpy(kept, at + 26, 4);
        __builtin_memcpy(at + 26, at + 30, 4);
        __builtin_memcpy(at + 30, kept, 4);
    }
    return XDP_TX;
}

SEC("xdp")
int pass(struct xdp_md *frame)
{
    (void)frame;
    return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
