/*
 * Established flows in the kernel, by runs on frames in memory: a hop limit is told when it is new,
 * once, and of subscribers alone.
 */
#include "unit.h"

#include "edge/xdp.h"
#include "wire/ip.h"
#include "wire/tcp.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

enum { ETHERNET = 14, FRAME_MAX = ETHERNET + IPV6_HEADER + TCP_HEADER_MIN, USUAL = 57 };

static struct xdp *xdp;
static uint8_t frame[FRAME_MAX];
static uint8_t out[FRAME_MAX + 256];
static unsigned told;
static unsigned openings_told;
static uint8_t told_hop_limit;

static int open_it(void **state)
{
    const struct xdp_orders orders = {
        .watches = true, .limit_sets = 1, .connections = 64, .subscribers = 64};
    char error[512];
    const int code = xdp_open(&orders, &xdp, error, sizeof error);

    (void)state;
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

static void skip_without_rights(void)
{
    if (!xdp)
        skip();
}

static void on_seen(const struct xdp_seen *seen, void *context)
{
    (void)context;
    openings_told += seen->kind == XDP_SEEN_OPENING;
    if (seen->kind != XDP_SEEN_HOP_LIMIT)
        return;
    told++;
    told_hop_limit = seen->octets[seen->octets[0] >> 4 == 4 ? 8 : 7];
}

static struct address subscriber(unsigned version, uint8_t number)
{
    const uint8_t v4[4] = {192, 0, 2, number};
    const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [7] = number, [15] = 1};

    return version == 6 ? address_v6(v6) : address_v4(v4);
}

/* `count` packets of the subscriber; how many were told of, but for opening packets. */
static unsigned send(unsigned version, uint8_t number, uint8_t bits, uint8_t hop_limit,
                     unsigned count)
{
    const struct address source = subscriber(version, number);
    const struct address destination = subscriber(version, 250);
    const struct ip_header ip = {.source = &source,
                                 .destination = &destination,
                                 .version = (uint8_t)version,
                                 .hop_limit = hop_limit,
                                 .protocol = PROTOCOL_TCP};
    uint8_t *tcp = frame + ETHERNET + ip_header_length(ip.version);
    struct xdp_run run = {.frame = frame,
                          .length = (size_t)(tcp - frame) + TCP_HEADER_MIN,
                          .repeat = count,
                          .out = out,
                          .capacity = sizeof out};

    memset(frame, 2, sizeof frame);
    store_u16(frame + 12, version == 6 ? 0x86dd : 0x0800);
    ip_header_write(&ip, TCP_HEADER_MIN, frame + ETHERNET);
    tcp[12] = TCP_HEADER_MIN / 4 << 4;
    tcp[13] = bits;
    told = 0;
    assert_int_equal(xdp_run(xdp, &run), 0);
    assert_int_equal(run.out_verdict, XDP_PASS);
    xdp_read_seen(xdp, on_seen, NULL);
    return told;
}

static void the_hop_limit_of_the_opening_packet_is_not_told_again(void **state)
{
    (void)state;
    skip_without_rights();
    for (unsigned version = 4; version <= 6; version += 2) {
        assert_int_equal(send(version, 1, TCP_SYN, USUAL, 1), 0);
        assert_int_equal(send(version, 1, TCP_ACK, USUAL, 1000), 0);
    }
}

static void a_new_one_is_told_once(void **state)
{
    (void)state;
    skip_without_rights();
    for (unsigned version = 4; version <= 6; version += 2) {
        (void)send(version, 2, TCP_SYN, USUAL, 1);
        (void)send(version, 2, TCP_ACK, USUAL, 10);
        assert_int_equal(send(version, 2, TCP_ACK, USUAL - 1, 1000), 1);
        assert_int_equal(told_hop_limit, USUAL - 1);
        assert_int_equal(send(version, 2, TCP_ACK, USUAL, 1000), 0);
        assert_int_equal(send(version, 2, TCP_ACK, USUAL - 1, 1000), 0);
        assert_int_equal(send(version, 2, TCP_ACK, 255, 1000), 1);
    }
}

static void of_those_who_opened_nothing_nothing_is_told(void **state)
{
    (void)state;
    skip_without_rights();
    for (unsigned version = 4; version <= 6; version += 2) {
        assert_int_equal(send(version, 3, TCP_ACK, USUAL, 1000), 0);
        assert_int_equal(send(version, 3, TCP_SYN, USUAL, 1), 0);
        assert_int_equal(send(version, 3, TCP_ACK, USUAL - 1, 1000), 1);
    }
}

static void what_one_subscriber_showed_is_new_of_another(void **state)
{
    (void)state;
    skip_without_rights();
    for (unsigned version = 4; version <= 6; version += 2)
        for (uint8_t number = 10; number < 40; number++) {
            (void)send(version, number, TCP_SYN, USUAL, 1);
            assert_int_equal(send(version, number, TCP_ACK, USUAL - 1, 100), 1);
        }
}

/* Nobody reads meanwhile: of each opening packet it is known whether it was told or lost. */
static void what_the_ring_has_no_room_for_is_counted(void **state)
{
    enum { OPENINGS = 2 * XDP_RING_OCTETS / XDP_SEEN_OCTETS };
    uint64_t opening, lost;

    (void)state;
    skip_without_rights();
    (void)send(4, 41, TCP_SYN, USUAL, 1);
    opening = xdp_count(xdp, XDP_COUNT_OPENING);
    lost = xdp_count(xdp, XDP_COUNT_OPENING_LOST);
    for (uint32_t i = 0; i < OPENINGS; i++) {
        struct xdp_run run = {.frame = frame,
                              .length = ETHERNET + IPV4_HEADER_MIN + TCP_HEADER_MIN,
                              .repeat = 1,
                              .out = out,
                              .capacity = sizeof out};

        store_u32(frame + ETHERNET + IPV4_HEADER_MIN + 4, 1 + i); /* its sequence number */
        assert_int_equal(xdp_run(xdp, &run), 0);
    }
    openings_told = 0;
    while (xdp_read_seen(xdp, on_seen, NULL) > 0)
        ;
    opening = xdp_count(xdp, XDP_COUNT_OPENING) - opening;
    lost = xdp_count(xdp, XDP_COUNT_OPENING_LOST) - lost;
    assert_int_equal(opening, OPENINGS);
    assert_in_range(lost, 1, OPENINGS - 1);
    assert_int_equal(openings_told, OPENINGS - lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hop_limit_of_the_opening_packet_is_not_told_again),
        cmocka_unit_test(a_new_one_is_told_once),
        cmocka_unit_test(of_those_who_opened_nothing_nothing_is_told),
        cmocka_unit_test(what_one_subscriber_showed_is_new_of_another),
        cmocka_unit_test(what_the_ring_has_no_room_for_is_counted),
    };

    return cmocka_run_group_tests(tests, open_it, close_it);
}
