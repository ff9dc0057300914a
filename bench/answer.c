/*
 * What an answer costs in user space, over copying its octets: parsing, finding the target, choosing
 * the hop, the limits, writing, checksums, counting.
 *
 *     answer ROUNDS
 *
 * Prints a row, as JSON, for each kind of probe. Probes come as traceroutes send them: some visitors,
 * each asking hop after hop. The runs of a round are many and short, and their median is taken, so
 * that whoever else uses the machine does not count.
 */
#include "probe.h"
#include "row.h"
#include "tale/compile.h"
#include "tale/respond.h"
#include "tale/targets.h"

#include <time.h>

enum {
    RUNS = 101,
    TURNS = 10, /* through all probes in a run */
    HOPS = 12,
    VISITORS = 5,
    PROBES = HOPS * VISITORS,
    OCTETS_MAX = 1280,
    BUDGET_NS = 60,
    BETWEEN_NS = 1000, /* from probe to probe */
};

#define TARGETS       "targets: [203.0.113.9, '2001:db8:42::9']\n"
#define ADDRESSES     "addresses: [198.51.100.16/28, '2001:db8:43::/64']\n"
#define LABELS        "mpls: [{label: 24001, tc: 5}, {label: 16, ttl: 254}]"
#define INTERFACE     "interface: {name: xe-0/0/1, index: 7, mtu: 1500, address: own}"
#define HOP_LIST(hop) "hops: [" hop ", {loop: 1, times: 11}]\n"

static const char *const tales[] = {
    TARGETS ADDRESSES HOP_LIST("{say: plain}"),
    TARGETS ADDRESSES HOP_LIST("{say: labels, " LABELS "}"),
    TARGETS ADDRESSES HOP_LIST("{say: interface, " INTERFACE "}"),
};

enum { PLAIN, WITH_LABELS, WITH_INTERFACE };

struct kind {
    const char *row;
    const char *what;
    unsigned tale;
    uint8_t version;
    uint8_t protocol;
    uint16_t length; /* behind the IP header */
    bool at_end;
};

static const struct kind kinds[] = {
    {"answer-ipv4-udp", "IPv4 UDP at a hop", PLAIN, 4, PROTOCOL_UDP, 40, false},
    {"answer-ipv4-echo", "IPv4 echo at a hop", PLAIN, 4, PROTOCOL_ICMP, 64, false},
    {"answer-ipv4-tcp", "IPv4 TCP at a hop", PLAIN, 4, PROTOCOL_TCP, 20, false},
    {"answer-ipv6-udp", "IPv6 UDP at a hop", PLAIN, 6, PROTOCOL_UDP, 40, false},
    {"answer-ipv6-echo", "IPv6 echo at a hop", PLAIN, 6, PROTOCOL_ICMPV6, 64, false},
    {"answer-ipv6-tcp", "IPv6 TCP at a hop", PLAIN, 6, PROTOCOL_TCP, 20, false},
    {"answer-ipv4-mpls", "IPv4 UDP at a hop with labels", WITH_LABELS, 4, PROTOCOL_UDP, 40, false},
    {"answer-ipv6-mpls", "IPv6 UDP at a hop with labels", WITH_LABELS, 6, PROTOCOL_UDP, 40, false},
    {"answer-ipv4-interface", "IPv4 UDP at a hop with an interface", WITH_INTERFACE, 4,
     PROTOCOL_UDP, 40, false},
    {"answer-ipv6-interface", "IPv6 UDP at a hop with an interface", WITH_INTERFACE, 6,
     PROTOCOL_UDP, 40, false},
    {"answer-ipv4-576", "IPv4 UDP of 576 octets at a hop", PLAIN, 4, PROTOCOL_UDP, 556, false},
    {"answer-ipv6-1280", "IPv6 UDP of 1280 octets at a hop", PLAIN, 6, PROTOCOL_UDP, 1240, false},
    {"answer-ipv4-udp-end", "IPv4 UDP at the end", PLAIN, 4, PROTOCOL_UDP, 40, true},
    {"answer-ipv4-echo-end", "IPv4 echo at the end", PLAIN, 4, PROTOCOL_ICMP, 64, true},
    {"answer-ipv4-tcp-end", "IPv4 TCP at the end", PLAIN, 4, PROTOCOL_TCP, 20, true},
    {"answer-ipv6-udp-end", "IPv6 UDP at the end", PLAIN, 6, PROTOCOL_UDP, 40, true},
    {"answer-ipv6-echo-end", "IPv6 echo at the end", PLAIN, 6, PROTOCOL_ICMPV6, 64, true},
    {"answer-ipv6-tcp-end", "IPv6 TCP at the end", PLAIN, 6, PROTOCOL_TCP, 20, true},
};

/* Probes, and the answers that they got. */
struct exchange {
    size_t probe_length;
    size_t answer_length;
    uint8_t probe[OCTETS_MAX];
    uint8_t answer[OCTETS_MAX];
};

static struct exchange exchanges[PROBES];
static struct responder responder;
static uint8_t out[ANSWER_CAPACITY];
static uint64_t now;

static double clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "answer: %s: %s\n", what, why);
    exit(1);
}

static void write_probes(const struct kind *kind, const struct address *destination)
{
    for (unsigned i = 0; i < PROBES; i++) {
        const uint8_t visitor = (uint8_t)(i / HOPS + 1);
        const struct address source =
            kind->version == 6
                ? address_v6((const uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, 0, 0x99, 0, visitor, 1})
                : address_v4((const uint8_t[4]){192, 0, 2, visitor});
        const struct probe_order order = {
            .source = &source,
            .destination = destination,
            .version = kind->version,
            .protocol = kind->protocol,
            .hop_limit = (uint8_t)(kind->at_end ? HOPS + 1 : i % HOPS + 1),
            .flow = (uint16_t)(40000 + i),
            .length = kind->length,
        };

        exchanges[i].probe_length = probe_write(&order, exchanges[i].probe);
    }
}

/* Each probe once, and its answer kept. */
static void take_answers(const struct kind *kind)
{
    for (unsigned i = 0; i < PROBES; i++) {
        struct exchange *e = &exchanges[i];
        const struct answer answer =
            respond(&responder, e->probe, e->probe_length, now += BETWEEN_NS, out, sizeof out);

        if (answer.length == 0)
            fail(kind->what, reason_sentence(answer.reason));
        e->answer_length = answer.length;
        memcpy(e->answer, out, answer.length);
    }
}

static double time_answers(void)
{
    double runs[RUNS];

    for (unsigned run = 0; run < RUNS; run++) {
        const double start = clock_ns();

        for (unsigned turn = 0; turn < TURNS; turn++)
            for (const struct exchange *e = exchanges; e < exchanges + PROBES; e++)
                (void)respond(&responder, e->probe, e->probe_length, now += BETWEEN_NS, out,
                              sizeof out);
        runs[run] = (clock_ns() - start) / (TURNS * PROBES);
    }
    return row_median(runs, RUNS);
}

static double time_copies(void)
{
    double runs[RUNS];

    for (unsigned run = 0; run < RUNS; run++) {
        const double start = clock_ns();

        for (unsigned turn = 0; turn < TURNS; turn++)
            for (const struct exchange *e = exchanges; e < exchanges + PROBES; e++) {
                memcpy(out, e->answer, e->answer_length);
                __asm__ volatile("" ::"r"(out) : "memory");
            }
        runs[run] = (clock_ns() - start) / (TURNS * PROBES);
    }
    return row_median(runs, RUNS);
}

static void measure(const struct kind *kind, unsigned rounds)
{
    double answers[ROUNDS_MAX], copies[ROUNDS_MAX];
    char what[128];

    take_answers(kind);
    for (unsigned round = 0; round < rounds; round++) {
        answers[round] = time_answers();
        copies[round] = time_copies();
    }
    snprintf(what, sizeof what, "an answer in user space: %s", kind->what);
    row_print(&(struct row){kind->row, what, "ns", "copying its octets", "above", BUDGET_NS},
              answers, copies, rounds);
}

static struct tale *compile(const char *text)
{
    struct report report;
    struct tale *tale;

    report_init(&report, "bench.yaml");
    tale = tale_compile(text, strlen(text), "bench.yaml", &report);
    if (tale == NULL)
        fail(text, report.entry[0].text);
    return tale;
}

/* Limits as the daemon has them, but too high to be reached. */
static struct limiter *open_limiter(void)
{
    const struct limit_settings limits = {
        .source_rate = 100000000,
        .source_burst = 100000000,
        .total_rate = 100000000,
        .total_burst = 100000000,
        .sources = 65536,
        .hash_key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u},
    };
    struct limiter *limiter;

    if (limiter_new(&limits, &limiter) != 0)
        fail("the limits", "not enough memory");
    return limiter;
}

int main(int argc, char **argv)
{
    const unsigned rounds = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    struct limiter *limiter;

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "answer: expected ROUNDS, 1 to %d\n", ROUNDS_MAX);
        return 2;
    }
    limiter = open_limiter();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct tale *const tale = compile(tales[kinds[i].tale]);
        struct tales its = {.count = 1, .tale = &tale};
        struct targets *targets;

        if (targets_new(&its, &targets) != 0)
            fail("the targets", "not enough memory");
        its.targets = targets;

        responder = (struct responder){
            .tales = its,
            .limiter = limiter,
            .random = random_seeded(1),
        };
        write_probes(&kinds[i], &tale->target[kinds[i].version == 6].address);
        measure(&kinds[i], rounds);
        targets_free(targets);
        tale_free(tale);
    }
    limiter_free(limiter);
    return 0;
}
