/*
 * What the XDP program costs, by runs on a frame in memory (BPF_PROG_TEST_RUN), over the programs of
 * minimal.bpf.c: a hop answered, over swapping addresses; an established flow watched, over letting
 * it pass.
 *
 *     xdp MINIMAL ROUNDS [ROW]
 *
 * Prints a row, as JSON, for each kind. An answer changes its frame, so that between two runs the
 * program `afresh` of minimal.bpf.c makes it a probe again, for the reference too.
 */
#include "edge/xdp.h"
#include "minimal.h"
#include "ours.h"
#include "probe.h"
#include "row.h"
#include "tale/book.h"

#include "../tests/unit/tale_built.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <unistd.h>

enum { ETHERNET = 14 };
enum { RUNS = 3, REPEATS = 20000, HOP_BUDGET_NS = 100, FLOW_BUDGET_NS = 40 };

static struct built built;
static uint8_t frame[2048];
static uint8_t out[4096];

static struct bpf_object *minimal;
static const char *only; /* the row to measure; NULL: all */

static int program(const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(minimal, name));
}

/* What became of a frame. */
struct result {
    uint32_t verdict;
    size_t length;
    double ns;
};

static struct result run(int fd, size_t length, unsigned repeat)
{
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)length,
                .data_out = out, .data_size_out = sizeof out, .repeat = (int)repeat);

    expect(bpf_prog_test_run_opts(fd, &options), "run a program");
    return (struct result){options.retval, options.data_size_out, options.duration};
}

/* The median of a few runs, so that it is not of the one that was interrupted. */
static double time_run(int fd, size_t length)
{
    double values[RUNS];

    for (unsigned i = 0; i < RUNS; i++)
        values[i] = run(fd, length, REPEATS).ns;
    return row_median(values, RUNS);
}

static void set(const char *map, const void *value)
{
    const uint32_t first = 0;
    const int fd = bpf_object__find_map_fd_by_name(minimal, map);

    expect(bpf_map_update_elem(fd, &first, value, BPF_ANY), map);
}

/* How an answer moves its frame's ends. */
struct moved {
    int32_t head;
    int32_t tail;
    int32_t cut; /* see struct renewal */
};

/* Of a program that changes its frame. */
static double time_answers(int fd, size_t length, struct moved moved)
{
    struct renewal renewal = {.head = moved.head, .tail = moved.tail, .cut = moved.cut};
    const int afresh = program("afresh");
    struct result last;
    double values[RUNS];

    memcpy(renewal.octets, frame, RENEWED);
    set("next", &fd);
    for (unsigned i = 0; i < RUNS; i++) {
        set("renewals", &renewal);
        last = run(afresh, length, REPEATS);
        values[i] = last.ns;
        if (last.verdict == XDP_TX && last.length == length + (size_t)(moved.head + moved.tail))
            continue;
        fprintf(stderr, "xdp: expected an answer to the last packet as to the first, found none\n");
        exit(1);
    }
    return row_median(values, RUNS);
}

static size_t write_frame(uint8_t version, uint8_t protocol, uint8_t hop_limit, size_t payload)
{
    static const uint8_t v4[4] = {192, 0, 2, 77};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x99, [15] = 0x77};
    const struct address source = version == 6 ? address_v6(v6) : address_v4(v4);
    const struct probe_order order = {.source = &source,
                                      .destination = &built.tale.target[version == 6].address,
                                      .version = version,
                                      .protocol = protocol,
                                      .hop_limit = hop_limit,
                                      .flow = 40000,
                                      .length = payload};

    memset(frame, 2, ETHERNET);
    store_u16(frame + 12, version == 6 ? 0x86dd : 0x0800);
    return ETHERNET + probe_write(&order, frame + ETHERNET);
}

static bool is_wanted(const char *row)
{
    return !only || strcmp(row, only) == 0;
}

static void measure_hops(int ours, unsigned rounds)
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

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t length =
            write_frame(rows[i].version, rows[i].protocol, rows[i].hop_limit, rows[i].payload);
        double values[ROUNDS_MAX], references[ROUNDS_MAX];
        struct result answer;
        struct moved moved = {0};
        char what[128];

        if (!is_wanted(rows[i].row))
            continue;
        answer = run(ours, length, 1);
        if (answer.verdict != XDP_TX) {
            fprintf(stderr, "xdp: expected an answer to %s, found none\n", rows[i].what);
            exit(1);
        }
        moved.head = (int32_t)ip_header_length(rows[i].version) + ICMP_HEADER;
        moved.tail = (int32_t)answer.length - (int32_t)length - moved.head;
        for (unsigned round = 0; round < rounds; round++) {
            values[round] = time_answers(ours, length, moved);
            /* what was cut off comes back as zeros, which takes its time: so it does there */
            references[round] = time_answers(
                program("swap"), length, (struct moved){.cut = moved.tail < 0 ? moved.tail : 0});
        }
        snprintf(what, sizeof what, "a hop answered in XDP: %s", rows[i].what);
        row_print(&(struct row){rows[i].row, what, "ns", "swapping addresses and sending back",
                                "above", HOP_BUDGET_NS},
                  values, references, rounds);
    }
}

static void measure_flows(int ours, unsigned rounds)
{
    for (uint8_t version = 4; version <= 6; version = (uint8_t)(version + 2)) {
        const size_t length = write_frame(version, PROTOCOL_TCP, 57, 1000);
        uint8_t *bits = frame + ETHERNET + ip_header_length(version) + 13;
        double values[ROUNDS_MAX], references[ROUNDS_MAX];
        const char *row = version == 6 ? "xdp-watch-ipv6" : "xdp-watch-ipv4";

        if (!is_wanted(row))
            continue;

        *bits = TCP_SYN; /* the connection opens, and its subscriber is known */
        (void)run(ours, length, 1);
        *bits = TCP_ACK;
        for (unsigned round = 0; round < rounds; round++) {
            values[round] = time_run(ours, length);
            references[round] = time_run(program("pass"), length);
        }
        row_print(&(struct row){row,
                                version == 6 ? "watching an established flow in XDP: IPv6"
                                             : "watching an established flow in XDP: IPv4",
                                "ns", "XDP_PASS alone", "above", FLOW_BUDGET_NS},
                  values, references, rounds);
    }
}

static void measure(bool tells, void (*rows)(int ours, unsigned rounds), unsigned rounds)
{
    struct xdp *xdp = ours_open(&built, tells, !tells);
    const int ours = ours_program(xdp);

    rows(ours, rounds);
    close(ours);
    xdp_close(xdp);
}

int main(int argc, char **argv)
{
    const unsigned rounds = argc == 3 || argc == 4 ? (unsigned)atoi(argv[2]) : 0;

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "xdp: expected MINIMAL ROUNDS, 1 to %d, and perhaps a ROW\n", ROUNDS_MAX);
        return 2;
    }
    only = argc == 4 ? argv[3] : NULL;
    ours_write_tale(&built);
    minimal = bpf_object__open_file(argv[1], NULL);
    if (!minimal || bpf_object__load(minimal) != 0) {
        fprintf(stderr, "xdp: cannot load %s\n", argv[1]);
        return 1;
    }
    measure(true, measure_hops, rounds);
    measure(false, measure_flows, rounds);
    bpf_object__close(minimal);
    return 0;
}
