// SPDX-License-Identifier: MIT
/*
 * Rewrites the opening packet (TCP SYN) of a connection on its way out, so that a Linux host of
 * the lab looks like another system. One section a system; `lab os` attaches it with tc.
 *
 * Linux lays its options out in one of two ways, and both are known here by their kinds; a packet
 * that looks otherwise is left alone. The checksum of a connection's packet is filled in after this
 * point (until then it is the sum of the pseudo-header); that of a raw socket's packet is complete.
 * bpf_l4_csum_replace knows which is which.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { KIND_END = 0, KIND_NOP = 1, KIND_MSS = 2, KIND_SCALE = 3, KIND_SACK = 4, KIND_TIME = 8 };

struct mss {
    __u8 kind, length, value[2];
};

struct scale {
    __u8 kind, length, value;
};

struct sack {
    __u8 kind, length;
};

struct times {
    __u8 kind, length, value[8];
};

struct linux_with_times {
    struct mss mss;
    struct sack sack;
    struct times times;
    __u8 nop;
    struct scale scale;
};

struct linux_without_times {
    struct mss mss;
    __u8 nop[2];
    struct sack sack;
    __u8 nop_scale;
    struct scale scale;
};

struct windows {
    struct mss mss;
    __u8 nop;
    struct scale scale;
    __u8 nop_sack[2];
    struct sack sack;
};

struct apple {
    struct mss mss;
    __u8 nop;
    struct scale scale;
    __u8 nop_times[2];
    struct times times;
    struct sack sack;
    __u8 end[2];
};

_Static_assert(sizeof(struct linux_with_times) == 20, "as sent");
_Static_assert(sizeof(struct linux_without_times) == 12, "as sent");
_Static_assert(sizeof(struct windows) == 12, "as Linux without timestamps: no change of length");
_Static_assert(sizeof(struct apple) == 24, "as sent");

enum { NETWORK = ETH_HLEN, CHECKSUM = 16 /* in the TCP header */ };

/* Where the TCP header of a SYN of this host's own starts; 0 for any other packet. */
static __always_inline __u32 syn_offset(struct __sk_buff *skb)
{
    struct tcphdr tcp;
    __u32 offset;

    if (skb->ingress_ifindex != 0) /* forwarded: another host's */
        return 0;
    if (skb->protocol == bpf_htons(ETH_P_IP)) {
        struct iphdr ip;

        if (bpf_skb_load_bytes(skb, NETWORK, &ip, sizeof(ip)) < 0 || ip.ihl != 5 ||
            ip.protocol != IPPROTO_TCP)
            return 0;
        offset = NETWORK + sizeof(ip);
    } else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
        struct ipv6hdr ip;

        if (bpf_skb_load_bytes(skb, NETWORK, &ip, sizeof(ip)) < 0 || ip.nexthdr != IPPROTO_TCP)
            return 0;
        offset = NETWORK + sizeof(ip);
    } else {
        return 0;
    }
    if (bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)) < 0)
        return 0;
    return tcp.syn && !tcp.ack ? offset : 0;
}

/* The octet of the data offset, from octets of options. */
static __always_inline __u8 data_offset(__u32 options)
{
    return (__u8)((sizeof(struct tcphdr) + options) / 4 << 4);
}

static __always_inline int load_options(struct __sk_buff *skb, __u32 tcp, void *out, __u32 length)
{
    __u8 offset;

    if (bpf_skb_load_bytes(skb, tcp + 12, &offset, 1) < 0 ||
        (offset & 0xf0) != data_offset(length) || skb->len != tcp + sizeof(struct tcphdr) + length)
        return -1;
    return (int)bpf_skb_load_bytes(skb, tcp + sizeof(struct tcphdr), out, length);
}

/* Puts one 16-bit word of the TCP header in place of another. */
static __always_inline void set_word(struct __sk_buff *skb, __u32 tcp, __u32 offset, __u16 word)
{
    __u16 was;

    if (bpf_skb_load_bytes(skb, tcp + offset, &was, sizeof(was)) < 0)
        return;
    bpf_skb_store_bytes(skb, tcp + offset, &word, sizeof(word), 0);
    bpf_l4_csum_replace(skb, tcp + CHECKSUM, was, word, sizeof(word));
}

static __always_inline void set_window(struct __sk_buff *skb, __u32 tcp, __u16 window)
{
    set_word(skb, tcp, 14, bpf_htons(window));
}

/* The lengths are multiples of four, as all lists of options are. */
static __always_inline void set_options(struct __sk_buff *skb, __u32 tcp, const void *was,
                                        __u32 was_length, const void *now, __u32 now_length)
{
    __s64 difference = bpf_csum_diff((void *)was, was_length, (void *)now, now_length, 0);

    bpf_skb_store_bytes(skb, tcp + sizeof(struct tcphdr), now, now_length, 0);
    bpf_l4_csum_replace(skb, tcp + CHECKSUM, 0, (__u64)difference, 0);
}

/* Apple's SYNs have no identification: they are never to be fragmented (RFC 6864). */
static __always_inline void clear_identification(struct __sk_buff *skb)
{
    __u32 sum = NETWORK + 10;
    __u16 was, zero = 0;

    if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, NETWORK + 4, &was, 2) < 0)
        return;
    bpf_skb_store_bytes(skb, NETWORK + 4, &zero, sizeof(zero), 0);
    bpf_l3_csum_replace(skb, sum, was, zero, sizeof(zero));
}

/* The lengths that the IP header, the TCP header and the pseudo-header carry. */
static __always_inline void set_lengths(struct __sk_buff *skb, __u32 tcp, __u32 was, __u32 now)
{
    __u16 old_segment = bpf_htons((__u16)(sizeof(struct tcphdr) + was));
    __u16 new_segment = bpf_htons((__u16)(sizeof(struct tcphdr) + now));
    __u16 flags;

    if (bpf_skb_load_bytes(skb, tcp + 12, &flags, sizeof(flags)) < 0)
        return;
    flags = (flags & bpf_htons(0x0fff)) | bpf_htons((__u16)(data_offset(now) << 8));
    set_word(skb, tcp, 12, flags);
    bpf_l4_csum_replace(skb, tcp + CHECKSUM, old_segment, new_segment,
                        BPF_F_PSEUDO_HDR | sizeof(new_segment));
    if (skb->protocol == bpf_htons(ETH_P_IP)) {
        __u16 old_total = bpf_htons((__u16)(sizeof(struct iphdr) + sizeof(struct tcphdr) + was));
        __u16 new_total = bpf_htons((__u16)(sizeof(struct iphdr) + sizeof(struct tcphdr) + now));

        bpf_skb_store_bytes(skb, NETWORK + 2, &new_total, sizeof(new_total), 0);
        bpf_l3_csum_replace(skb, NETWORK + 10, old_total, new_total, sizeof(new_total));
    } else {
        bpf_skb_store_bytes(skb, NETWORK + 4, &new_segment, sizeof(new_segment), 0);
    }
}

SEC("android")
int open_as_android(struct __sk_buff *skb)
{
    __u32 tcp = syn_offset(skb);

    /* Android is a Linux: its own layout stays, with the window that its vendors set. */
    if (tcp != 0)
        set_window(skb, tcp, 65535);
    return TC_ACT_OK;
}

SEC("windows")
int open_as_windows(struct __sk_buff *skb)
{
    __u32 tcp = syn_offset(skb);
    struct linux_without_times own;

    if (tcp == 0 || load_options(skb, tcp, &own, sizeof(own)) < 0 || own.sack.kind != KIND_SACK ||
        own.scale.kind != KIND_SCALE)
        return TC_ACT_OK;

    struct windows options = {
        .mss = own.mss,
        .nop = KIND_NOP,
        .scale = own.scale,
        .nop_sack = {KIND_NOP, KIND_NOP},
        .sack = own.sack,
    };
    set_options(skb, tcp, &own, sizeof(own), &options, sizeof(options));
    return TC_ACT_OK;
}

SEC("apple")
int open_as_apple(struct __sk_buff *skb)
{
    __u32 tcp = syn_offset(skb);
    struct linux_with_times own;

    if (tcp == 0 || load_options(skb, tcp, &own, sizeof(own)) < 0 || own.times.kind != KIND_TIME ||
        own.scale.kind != KIND_SCALE)
        return TC_ACT_OK;

    struct apple options = {
        .mss = own.mss,
        .nop = KIND_NOP,
        .scale = own.scale,
        .nop_times = {KIND_NOP, KIND_NOP},
        .times = own.times,
        .sack = own.sack,
        .end = {KIND_END, KIND_END},
    };
    if (bpf_skb_change_tail(skb, tcp + sizeof(struct tcphdr) + sizeof(options), 0) < 0)
        return TC_ACT_SHOT;
    set_options(skb, tcp, &own, sizeof(own), &options, sizeof(options));
    set_lengths(skb, tcp, sizeof(own), sizeof(options));
    set_window(skb, tcp, 65535);
    clear_identification(skb);
    return TC_ACT_OK;
}
