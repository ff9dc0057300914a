/*
 * What the XDP program costs, by runs on a frame in memory (BPF_PROG_TEST_RUN), over the programs of
 * minimal.bpf.c: a hop answered, over swapping addresses; an established flow watched, over letting
 * it pass.
 *
 *     xdp MINIMAL ROUNDS
 *
 * Prints a row, as JSON, for each kind. An answer changes its frame, so that each is a run of its own,
 * timed by the kernel; their median is a round's value.
 */
#include "edge/xdp.h"
#include "tale/book.h"
#include "wire/reply.h"

#include "../tests/unit/tale_built.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 99, RUNS = 1001, REPEATS = 100000, HOP_BUDGET_NS = 100, FLOW_BUDGET_NS = 40 };

static struct built built;
static uint8_t frame[2048];
static uint8_t out[4096];

/* A program under test: ours, or one of the minimal ones by its descriptor. */
struct subject {
    struct xdp *xdp; /* or */
    int minimal;
};

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double run(const struct subject *s, size_t length, unsigned repeat, uint32_t *out_verdict)
{
    struct xdp_run ours = {
        .frame = frame, .length = length, .repeat = repeat, .out = out, .capacity = sizeof out};
    LIBBPF_OPTS(bpf_test_run_opts, other, .data_in = frame, .data_size_in = (uint32_t)length,
                .data_out = out, .data_size_out = sizeof out, .repeat = (int)repeat);
    const int code = s->xdp ? xdp_run(s->xdp, &ours) : bpf_prog_test_run_opts(s->minimal, &other);

    if (code != 0) {
        fprintf(stderr, "xdp: a test run failed: %s\n", strerror(abs(code)));
        exit(1);
    }
    *out_verdict = s->xdp ? ours.out_verdict : other.retval;
    return s->xdp ? ours.out_ns : other.duration;
}

/* Of runs that each begin with the frame as it came. */
static double time_single(const struct subject *s, size_t length)
{
    double values[RUNS];
    uint32_t verdict;

    for (unsigned i = 0; i < RUNS; i++)
        values[i] = run(s, length, 1, &verdict);
    qsort(values, RUNS, sizeof values[0], by_size);
    return values[RUNS / 2];
}

static double time_many(const struct subject *s, size_t length)
{
    uint32_t verdict;

    return run(s, length, REPEATS, &verdict);
}

static size_t write_frame(uint8_t version, uint8_t protocol, uint8_t hop_limit, size_t payload)
{
    static const uint8_t v4[4] = {192, 0, 2, 77};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x99, [15] = 0x77};
    const struct address source = version == 6 ? address_v6(v6) : address_v4(v4);
    const struct ip_header ip = {.source = &source,
                                 .destination = &built.tale.target[version == 6].address,
                                 .version = version,
                                 .hop_limit = hop_limit,
                                 .protocol = protocol};
    uint8_t *data = frame + 14 + ip_header_length(version);

    memset(frame, 2, 12);
    store_u16(frame + 12, version == 6 ? 0x86dd : 0x0800);
    ip_header_write(&ip, payload, frame + 14);
    memset(data, 0x40, payload);
    if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6)
        store_u32(data, version == 6 ? 128u << 24 : 8u << 24);
    if (protocol == PROTOCOL_TCP) {
        data[12] = 5 << 4;
        data[13] = TCP_ACK;
    }
    return 14 + ip_header_length(version) + payload;
}

static void print_list(const char *name, const double *values, unsigned count)
{
    printf(", \"%s\": [", name);
    for (unsigned i = 0; i < count; i++)
        printf("%s%.1f", i > 0 ? ", " : "", values[i]);
    printf("]");
}

static void print_row(const char *row, const char *what, const char *reference, int budget,
                      const double *values, const double *references, unsigned rounds)
{
    printf("{\"row\": \"%s\", \"what\": \"%s\", \"unit\": \"ns\", \"reference\": \"%s\", "
           "\"kind\": \"above\", \"budget\": %d",
           row, what, reference, budget);
    print_list("values", values, rounds);
    print_list("references", references, rounds);
    printf("}\n");
}

static void measure_hops(struct xdp *xdp, int swap, unsigned rounds)
{
    static const struct {
        const char *row;
        const char *what;
        uint8_t version;
        uint8_t protocol;
        uint8_t hop_limit;
        size_t payload;
    } rows[] = {
        {"xdp-ipv4-udp", "IPv4 UDP at the 1st hop", 4, PROTOCOL_UDP, 1, 40},
        {"xdp-ipv4-echo", "IPv4 echo at the 12th hop", 4, PROTOCOL_ICMP, 12, 64},
        {"xdp-ipv6-udp", "IPv6 UDP at the 1st hop", 6, PROTOCOL_UDP, 1, 40},
        {"xdp-ipv4-mpls", "IPv4 UDP at a hop with labels", 4, PROTOCOL_UDP, 2, 40},
        {"xdp-ipv4-576", "IPv4 UDP of 576 octets at the 1st hop", 4, PROTOCOL_UDP, 1, 556},
    };
    const struct subject ours = {.xdp = xdp};
    const struct subject least = {.minimal = swap};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t length =
            write_frame(rows[i].version, rows[i].protocol, rows[i].hop_limit, rows[i].payload);
        double values[ROUNDS_MAX], references[ROUNDS_MAX];
        uint32_t verdict;
        char what[128];

        (void)run(&ours, length, 1, &verdict);
        if (verdict != 3) { /* XDP_TX */
            fprintf(stderr, "xdp: expected an answer to %s, found none\n", rows[i].what);
            exit(1);
        }
        for (unsigned round = 0; round < rounds; round++) {
            values[round] = time_single(&ours, length);
            references[round] = time_single(&least, length);
        }
        snprintf(what, sizeof what, "a hop answered in XDP: %s", rows[i].what);
        print_row(rows[i].row, what, "swapping addresses and sending back", HOP_BUDGET_NS, values,
                  references, rounds);
    }
}

static void measure_flows(struct xdp *xdp, int pass, unsigned rounds)
{
    const struct subject ours = {.xdp = xdp};
    const struct subject least = {.minimal = pass};

    for (uint8_t version = 4; version <= 6; version = (uint8_t)(version + 2)) {
        const size_t length = write_frame(version, PROTOCOL_TCP, 57, 1000);
        uint8_t *bits = frame + 14 + ip_header_length(version) + 13;
        double values[ROUNDS_MAX], references[ROUNDS_MAX];
        uint32_t verdict;

        *bits = TCP_SYN; /* the connection opens, and its subscriber is known */
        (void)run(&ours, length, 1, &verdict);
        *bits = TCP_ACK;
        for (unsigned round = 0; round < rounds; round++) {
            values[round] = time_many(&ours, length);
            references[round] = time_many(&least, length);
        }
        print_row(version == 6 ? "xdp-watch-ipv6" : "xdp-watch-ipv4",
                  version == 6 ? "watching an established flow in XDP: IPv6"
                               : "watching an established flow in XDP: IPv4",
                  "XDP_PASS alone", FLOW_BUDGET_NS, values, references, rounds);
    }
}

static struct xdp *open_ours(bool tells, bool watches)
{
    const struct xdp_orders orders = {.tells = tells,
                                      .watches = watches,
                                      .limit_sets = 16384,
                                      .connections = 65536,
                                      .subscribers = 65536};
    const struct limit_settings limits = {.source_rate = 10000000,
                                          .source_burst = 10000000,
                                          .total_rate = 100000000,
                                          .total_burst = 100000000};
    char error[512];
    struct xdp *xdp = NULL;

    if (xdp_open(&orders, &xdp, error, sizeof error) != 0 ||
        book_write(&built.tales, NULL, 0, &limits, xdp_book(xdp), error, sizeof error) != 0) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    xdp_turn(xdp);
    return xdp;
}

int main(int argc, char **argv)
{
    const unsigned rounds = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
    struct bpf_object *minimal;
    struct xdp *xdp;

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "xdp: expected MINIMAL ROUNDS, 1 to %d\n", ROUNDS_MAX);
        return 2;
    }
    built_usual(&built);
    for (unsigned i = 3; i < 12; i++)
        (void)built_add_hop(&built);
    minimal = bpf_object__open_file(argv[1], NULL);
    if (!minimal || bpf_object__load(minimal) != 0) {
        fprintf(stderr, "xdp: cannot load %s\n", argv[1]);
        return 1;
    }
    xdp = open_ours(true, false);
    measure_hops(xdp, bpf_program__fd(bpf_object__find_program_by_name(minimal, "swap")), rounds);
    xdp_close(xdp);
    xdp = open_ours(false, true);
    measure_flows(xdp, bpf_program__fd(bpf_object__find_program_by_name(minimal, "pass")), rounds);
    xdp_close(xdp);
    bpf_object__close(minimal);
    return 0;
}
