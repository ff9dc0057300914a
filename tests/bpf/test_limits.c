/*
 * The limits in the kernel, by runs on frames in memory: the same buckets as in user space, but for
 * the batches in which processors take tokens of the total.
 */
#include "unit.h"

#include "edge/xdp.h"
#include "tale/book.h"
#include "tale/respond.h"
#include "tale_built.h"
#include "wire/icmp.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

enum { PROBE = 14 + IPV4_HEADER_MIN + 8, LONG_BURST = 2048 };

static struct xdp *xdp;
static struct built built;
static uint8_t frame[PROBE];
static uint8_t out[256];

/* Runs stay on one processor, whose tokens they use up. */
static int open_it(void **state)
{
    const struct xdp_orders orders = {
        .tells = true, .limit_sets = 16, .connections = 16, .subscribers = 16};
    char error[512];
    cpu_set_t first;
    int code;

    (void)state;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    (void)sched_setaffinity(0, sizeof first, &first);
    code = xdp_open(&orders, &xdp, error, sizeof error);
    if (code == 0)
        return 0;
    print_message("# skipped: %s\n", error);
    return geteuid() == 0 && code != -EOPNOTSUPP ? -1 : 0;
}

static int close_it(void **state)
{
    (void)state;
    xdp_close(xdp);
    xdp = NULL;
    return 0;
}

/* The buckets are as they were left, so that each test has sources of its own and waits for none. */
static void set_limits(const struct limit_settings *limits)
{
    struct tales tales;
    char error[128];

    if (!xdp)
        skip();
    built_usual(&built);
    tales = built_tales(&built);
    assert_int_equal(book_write(&tales, NULL, 0, limits, xdp_book(xdp), error, sizeof error), 0);
    xdp_turn(xdp);
}

static void write_probe(uint32_t number)
{
    const uint8_t octets[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                               (uint8_t)number};
    const struct address source = address_v4(octets);
    const struct ip_header ip = {.source = &source,
                                 .destination = &built.tale.target[0].address,
                                 .version = 4,
                                 .hop_limit = 1,
                                 .protocol = PROTOCOL_UDP};

    store_u16(frame + 12, 0x0800);
    ip_header_write(&ip, 8, frame + 14);
}

/* How many of `count` probes of a source are answered. */
static unsigned answered(uint32_t source, unsigned count)
{
    struct xdp_run run = {
        .frame = frame, .length = PROBE, .repeat = 1, .out = out, .capacity = sizeof out};
    unsigned yes = 0;

    write_probe(source);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(xdp_run(xdp, &run), 0);
        yes += run.out_verdict == XDP_TX;
    }
    return yes;
}

static void a_source_gets_its_burst(void **state)
{
    /* a token a second, so that few come while this runs */
    const struct limit_settings limits = {.source_rate = 1, .source_burst = 5};
    const uint64_t before = xdp ? xdp_count(xdp, REASON_SOURCE_LIMIT) : 0;
    unsigned yes;

    (void)state;
    set_limits(&limits);
    yes = answered(1, 20);
    assert_in_range(yes, 5, 12);
    assert_int_equal(answered(2, 3), 3);
    assert_int_equal(xdp_count(xdp, REASON_SOURCE_LIMIT) - before, 20 - yes);
}

static void all_together_get_the_total_and_a_batch(void **state)
{
    const struct limit_settings limits = {
        .source_rate = 1000, .source_burst = 1000, .total_rate = 1, .total_burst = LONG_BURST};
    const uint64_t before = xdp ? xdp_count(xdp, REASON_TOTAL_LIMIT) : 0;
    unsigned yes = 0;

    (void)state;
    set_limits(&limits);
    for (uint32_t i = 0; i < 30; i++)
        yes += answered(100 + i, 100);
    /* two in a batch, and a token or two may come */
    assert_in_range(yes, LONG_BURST, LONG_BURST + 10);
    assert_int_equal(xdp_count(xdp, REASON_TOTAL_LIMIT) - before, 3000 - yes);
}

static void a_source_that_the_total_refuses_keeps_its_tokens(void **state)
{
    const struct limit_settings none_left = {
        .source_rate = 1, .source_burst = 5, .total_rate = 1, .total_burst = 1};
    const struct limit_settings limits = {.source_rate = 1, .source_burst = 5};

    (void)state;
    set_limits(&none_left);
    (void)answered(1000, 5);
    assert_in_range(answered(1001, 20), 0, 7);
    set_limits(&limits);
    assert_in_range(answered(1001, 20), 3, 12);
}

static void no_limit_is_no_limit(void **state)
{
    const struct limit_settings none = {0};

    (void)state;
    set_limits(&none);
    assert_int_equal(answered(2000, 5000), 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_gets_its_burst),
        cmocka_unit_test(all_together_get_the_total_and_a_batch),
        cmocka_unit_test(a_source_that_the_total_refuses_keeps_its_tokens),
        cmocka_unit_test(no_limit_is_no_limit),
    };

    return cmocka_run_group_tests(tests, open_it, close_it);
}
