/*
 * Writes a capture for measuring: opening TCP packets of many sources, over IPv4 or IPv6, or other
 * packets of the same connections over IPv4.
 *
 *     syns COUNT SOURCES FILE [other|ipv6]
 *
 * The same arguments give the same file. Four sources share a /24, or a /48; a network has its own
 * path length and most of its sources the stack of a phone.
 */
#include "wire/checksum.h"
#include "wire/cursor.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_FIXED = 20, FRAME_HEADER = 14, PAYLOAD = 512 };
enum { SOURCES_A_NETWORK = 4 };

enum kind { SYN_OVER_IPV4, SYN_OVER_IPV6, OTHER };

struct template
{
    uint8_t initial;
    uint16_t window;
    uint8_t options_length;
    uint8_t options[24];
};

static const struct template templates[] = {
    /* MSS, SACK permitted, timestamps, NOP, window scale: Android */
    {64, 65535, 20, {2, 4, 5, 180, 4, 2, 8, 10, 0, 1, 2, 3, 0, 0, 0, 0, 1, 3, 3, 9}},
    /* MSS, NOP, window scale, NOP, NOP, timestamps, SACK permitted, end: iOS */
    {64, 65535, 24, {2, 4, 5, 180, 1, 3, 3, 6, 1, 1, 8, 10, 0, 1, 2, 3, 0, 0, 0, 0, 4, 2, 0, 0}},
    /* MSS, NOP, window scale, NOP, NOP, SACK permitted: Windows */
    {128, 64240, 12, {2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2}},
};

struct bench {
    pcap_dumper_t *dumper;
    uint8_t frame[FRAME_HEADER + IPV6_HEADER + TCP_FIXED + 40 + PAYLOAD];
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* What of a packet its network layer wants to know. */
struct packet {
    uint64_t number;
    uint64_t network; /* a hash of it */
    uint64_t source;
    uint8_t hop_limit;
    uint16_t length; /* of what the network layer carries */
};

static void write_ipv4(uint8_t *ip, const struct packet *p)
{
    ip[0] = 0x45;
    store_u16(ip + 2, (uint16_t)(IPV4_HEADER + p->length));
    store_u16(ip + 4, (uint16_t)p->number);
    ip[6] = 0x40;
    ip[8] = p->hop_limit;
    ip[9] = 6;
    store_u32(ip + 12, 0x0b000000u + ((uint32_t)(p->network % 0xb00000) << 8) +
                           (uint32_t)(p->source % SOURCES_A_NETWORK) * 60 + 7);
    store_u32(ip + 16, 0xc6336401);
    store_u16(ip + 10, checksum_fold(checksum_add(0, ip, IPV4_HEADER)));
}

/* A source is a /64 of its own, with an interface identifier that says nothing. */
static void write_ipv6(uint8_t *ip, const struct packet *p)
{
    store_u32(ip, 6u << 28 | (uint32_t)(p->number & 0xfffff));
    store_u16(ip + 4, p->length);
    ip[6] = 6;
    ip[7] = p->hop_limit;
    store_u16(ip + 8, 0x2a00);
    store_u32(ip + 10, (uint32_t)p->network);
    store_u16(ip + 14, (uint16_t)(p->source % SOURCES_A_NETWORK));
    store_u32(ip + 16, (uint32_t)mix(p->source));
    store_u32(ip + 20, (uint32_t)(mix(p->source) >> 32));
    store_u32(ip + 24, 0x2a0000ff);
    store_u32(ip + 36, 1);
}

/* One in eight of a network's sources is a computer behind a phone: one hop more. */
static void write_packet(struct bench *b, uint64_t number, uint64_t source, enum kind kind)
{
    const uint64_t network = mix(source / SOURCES_A_NETWORK + 1);
    const uint64_t who = mix(source + 0x9e3779b97f4a7c15u);
    const bool guest = who % 8 == 0;
    const struct template *t = &templates[guest ? 2 : who >> 8 & 1];
    const unsigned hops = 6 + (unsigned)(network >> 40) % 14 + guest;
    const size_t header = TCP_FIXED + (kind == OTHER ? 0u : t->options_length);
    const struct packet packet = {
        .number = number,
        .network = network,
        .source = source,
        .hop_limit = (uint8_t)(t->initial - hops),
        .length = (uint16_t)(header + (kind == OTHER ? PAYLOAD : 0)),
    };
    const size_t ip_header = kind == SYN_OVER_IPV6 ? IPV6_HEADER : IPV4_HEADER;
    uint8_t *ip = b->frame + FRAME_HEADER;
    uint8_t *tcp = ip + ip_header;
    struct pcap_pkthdr about = {
        .ts = {1700000000 + (time_t)(number / 10000), (suseconds_t)(number % 10000 * 100)},
        .caplen = (bpf_u_int32)(FRAME_HEADER + ip_header + packet.length),
        .len = (bpf_u_int32)(FRAME_HEADER + ip_header + packet.length),
    };

    memset(b->frame, 0, FRAME_HEADER + ip_header + TCP_FIXED);
    store_u16(b->frame + 12, kind == SYN_OVER_IPV6 ? 0x86dd : 0x0800);
    (kind == SYN_OVER_IPV6 ? write_ipv6 : write_ipv4)(ip, &packet);
    store_u16(tcp, (uint16_t)(1024 + mix(number) % 60000));
    store_u16(tcp + 2, 443);
    store_u32(tcp + 4, (uint32_t)mix(number + 1));
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = kind == OTHER ? 0x10 : 0x02;
    store_u16(tcp + 14, t->window);
    memcpy(tcp + TCP_FIXED, t->options, kind == OTHER ? 0 : t->options_length);
    pcap_dump((u_char *)b->dumper, &about, b->frame);
}

static bool is_kind(int argc, char **argv, enum kind *out)
{
    *out = SYN_OVER_IPV4;
    if (argc == 5 && strcmp(argv[4], "other") == 0)
        *out = OTHER;
    else if (argc == 5 && strcmp(argv[4], "ipv6") == 0)
        *out = SYN_OVER_IPV6;
    return argc == 4 || (argc == 5 && *out != SYN_OVER_IPV4);
}

int main(int argc, char **argv)
{
    static struct bench b;
    pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
    const uint64_t count = argc >= 4 ? strtoull(argv[1], NULL, 10) : 0;
    const uint64_t sources = argc >= 4 ? strtoull(argv[2], NULL, 10) : 0;
    enum kind kind;

    if (count == 0 || sources == 0 || !is_kind(argc, argv, &kind)) {
        fprintf(stderr, "syns: expected COUNT SOURCES FILE [other|ipv6]\n");
        return 2;
    }
    b.dumper = dead != NULL ? pcap_dump_open(dead, argv[3]) : NULL;
    if (b.dumper == NULL) {
        fprintf(stderr, "syns: expected to write %s, found: %s\n", argv[3],
                dead != NULL ? pcap_geterr(dead) : "no memory");
        return 3;
    }
    /* Every source once, in no order of theirs, and then again. */
    for (uint64_t i = 0; i < count; i++)
        write_packet(&b, i, i < sources ? i : mix(i) % sources, kind);
    pcap_dump_close(b.dumper);
    pcap_close(dead);
    return 0;
}
