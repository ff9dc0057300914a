/*
 * What an answer costs in user space, over copying its octets: parsing, choosing the hop, writing,
 * checksums, counting.
 *
 *     answer ROUNDS
 *
 * Prints a row, as JSON, for each kind of probe. The runs of a round are many and short, and their
 * median is taken, so that whoever else uses the machine does not count.
 */
#include "tale/respond.h"

#include "../tests/unit/tale_built.h"
#include "wire/ip.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 99, RUNS = 101, TIMES = 500, BUDGET_NS = 60 };

static struct built built;
static struct responder responder;
static uint8_t out[ANSWER_CAPACITY];

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A probe of `data` octets behind an eight-octet header of UDP or ICMP echo; returns its length. */
static size_t write_probe(uint8_t version, uint8_t protocol, uint8_t hop_limit, size_t data,
                          uint8_t *packet)
{
    static const uint8_t v4[4] = {192, 0, 2, 77};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x99, [15] = 0x77};
    const struct address source = version == 6 ? address_v6(v6) : address_v4(v4);
    const struct ip_header ip = {.source = &source,
                                 .destination = &built.tale.target[version == 6].address,
                                 .version = version,
                                 .hop_limit = hop_limit,
                                 .protocol = protocol};
    uint8_t *payload = packet + ip_header_length(version);
    const size_t length = 8 + data;

    memset(payload, 0x40, length);
    if (protocol == PROTOCOL_UDP) {
        store_u16(payload + 4, (uint16_t)length);
        store_u16(payload + 6, 0);
        store_u16(payload + 6, ip_payload_checksum(&ip, payload, length));
    } else {
        store_u32(payload, version == 6 ? 128u << 24 : 8u << 24);
        store_u16(payload + 2, version == 6 ? ip_payload_checksum(&ip, payload, length)
                                            : checksum_fold(checksum_add(0, payload, length)));
    }
    ip_header_write(&ip, length, packet);
    return ip_header_length(version) + length;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *runs)
{
    qsort(runs, RUNS, sizeof *runs, by_size);
    return runs[RUNS / 2];
}

static double time_answers(const uint8_t *probe, size_t length, size_t *out_length)
{
    double runs[RUNS];

    for (unsigned run = 0; run < RUNS; run++) {
        const double start = now_ns();

        for (unsigned i = 0; i < TIMES; i++)
            *out_length = respond(&responder, probe, length, i, out, sizeof out).length;
        runs[run] = (now_ns() - start) / TIMES;
    }
    return median(runs);
}

static double time_copies(size_t length)
{
    static uint8_t from[ANSWER_CAPACITY];
    double runs[RUNS];

    for (unsigned run = 0; run < RUNS; run++) {
        const double start = now_ns();

        for (unsigned i = 0; i < TIMES; i++) {
            memcpy(out, from, length);
            __asm__ volatile("" ::"r"(out), "r"(from), "r"(&length) : "memory");
        }
        runs[run] = (now_ns() - start) / TIMES;
    }
    return median(runs);
}

static void print_list(const char *name, const double *values, unsigned count)
{
    printf(", \"%s\": [", name);
    for (unsigned i = 0; i < count; i++)
        printf("%s%.1f", i > 0 ? ", " : "", values[i]);
    printf("]");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *row;
        const char *what;
        uint8_t version;
        uint8_t protocol;
        uint8_t hop_limit;
        size_t data;
    } rows[] = {
        {"ipv4-udp-hop", "IPv4 UDP at the 1st hop", 4, PROTOCOL_UDP, 1, 32},
        {"ipv4-echo-hop", "IPv4 echo at the 12th hop", 4, PROTOCOL_ICMP, 12, 56},
        {"ipv6-udp-hop", "IPv6 UDP at the 1st hop", 6, PROTOCOL_UDP, 1, 32},
        {"ipv6-echo-hop", "IPv6 echo at the 12th hop", 6, PROTOCOL_ICMPV6, 12, 56},
        {"ipv4-mpls", "IPv4 UDP at a hop with labels", 4, PROTOCOL_UDP, 2, 32},
        {"ipv4-interface", "IPv4 UDP at a hop with an interface", 4, PROTOCOL_UDP, 3, 32},
        {"ipv4-echo-end", "IPv4 echo at the end", 4, PROTOCOL_ICMP, 64, 56},
        {"ipv6-udp-end", "IPv6 UDP at the end", 6, PROTOCOL_UDP, 64, 32},
        {"ipv4-576", "IPv4 UDP of 576 octets at the 1st hop", 4, PROTOCOL_UDP, 1, 520},
        {"ipv6-1280", "IPv6 UDP of 1280 octets at the 1st hop", 6, PROTOCOL_UDP, 1, 1232 - 40},
    };
    const unsigned rounds = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    uint8_t probe[2048];

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "answer: expected ROUNDS, 1 to %d\n", ROUNDS_MAX);
        return 2;
    }
    built_usual(&built);
    for (unsigned i = 3; i < 12; i++)
        (void)built_add_hop(&built);
    built.tale.straight = tale_is_straight(&built.tale); /* as tale_compile does */
    responder = (struct responder){.tales = built.tales, .random = random_seeded(1)};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t length =
            write_probe(rows[i].version, rows[i].protocol, rows[i].hop_limit, rows[i].data, probe);
        double answer[ROUNDS_MAX], copy[ROUNDS_MAX];
        size_t answered;

        for (unsigned round = 0; round < rounds; round++) {
            answer[round] = time_answers(probe, length, &answered);
            copy[round] = time_copies(answered);
        }
        printf("{\"row\": \"answer-%s\", \"what\": \"an answer in user space: %s\", "
               "\"unit\": \"ns\", \"reference\": \"copying its octets\", "
               "\"kind\": \"above\", \"budget\": %d",
               rows[i].row, rows[i].what, BUDGET_NS);
        print_list("values", answer, rounds);
        print_list("references", copy, rounds);
        printf("}\n");
    }
    return 0;
}
