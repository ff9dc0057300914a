/*
 * Writes a capture for measuring: opening TCP packets of many sources, or other packets of the
 * same connections.
 *
 *     syns COUNT SOURCES FILE [other]
 *
 * The same arguments give the same file. Four sources share a /24; a network has its own path
 * length and most of its sources the stack of a phone.
 */
#include "wire/checksum.h"
#include "wire/cursor.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IP_HEADER = 20, TCP_FIXED = 20, FRAME_HEADER = 14, PAYLOAD = 512, SOURCES_A_NETWORK = 4 };

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
    uint8_t frame[FRAME_HEADER + IP_HEADER + TCP_FIXED + 40 + PAYLOAD];
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* One in eight of a network's sources is a computer behind a phone: one hop more. */
static void write_packet(struct bench *b, uint64_t number, uint64_t source, bool other)
{
    const uint64_t network = mix(source / SOURCES_A_NETWORK + 1);
    const uint64_t who = mix(source + 0x9e3779b97f4a7c15u);
    const bool guest = who % 8 == 0;
    const struct template *t = &templates[guest ? 2 : who >> 8 & 1];
    const unsigned hops = 6 + (unsigned)(network >> 40) % 14 + guest;
    const size_t header = TCP_FIXED + (other ? 0u : t->options_length);
    const size_t length = IP_HEADER + header + (other ? PAYLOAD : 0);
    uint8_t *ip = b->frame + FRAME_HEADER;
    uint8_t *tcp = ip + IP_HEADER;
    struct pcap_pkthdr about = {
        .ts = {1700000000 + (time_t)(number / 10000), (suseconds_t)(number % 10000 * 100)},
        .caplen = (bpf_u_int32)(FRAME_HEADER + length),
        .len = (bpf_u_int32)(FRAME_HEADER + length),
    };

    memset(b->frame, 0, FRAME_HEADER + IP_HEADER + TCP_FIXED);
    b->frame[12] = 0x08;
    ip[0] = 0x45;
    store_u16(ip + 2, (uint16_t)length);
    store_u16(ip + 4, (uint16_t)number);
    ip[6] = 0x40;
    ip[8] = (uint8_t)(t->initial - hops);
    ip[9] = 6;
    store_u32(ip + 12, 0x0b000000u + ((uint32_t)(network % 0xb00000) << 8) +
                           (uint32_t)(source % SOURCES_A_NETWORK) * 60 + 7);
    store_u32(ip + 16, 0xc6336401);
    store_u16(ip + 10, checksum_fold(checksum_add(0, ip, IP_HEADER)));
    store_u16(tcp, (uint16_t)(1024 + mix(number) % 60000));
    store_u16(tcp + 2, 443);
    store_u32(tcp + 4, (uint32_t)mix(number + 1));
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = other ? 0x10 : 0x02;
    store_u16(tcp + 14, t->window);
    memcpy(tcp + TCP_FIXED, t->options, other ? 0 : t->options_length);
    pcap_dump((u_char *)b->dumper, &about, b->frame);
}

int main(int argc, char **argv)
{
    static struct bench b;
    pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
    const uint64_t count = argc >= 4 ? strtoull(argv[1], NULL, 10) : 0;
    const uint64_t sources = argc >= 4 ? strtoull(argv[2], NULL, 10) : 0;
    const bool other = argc == 5 && strcmp(argv[4], "other") == 0;

    if (count == 0 || sources == 0 || argc > 5 || (argc == 5 && !other)) {
        fprintf(stderr, "syns: expected COUNT SOURCES FILE [other]\n");
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
        write_packet(&b, i, i < sources ? i : mix(i) % sources, other);
    pcap_dump_close(b.dumper);
    pcap_close(dead);
    return 0;
}
