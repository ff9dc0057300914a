#include "unit.h"

#include "edge/capture.h"
#include "scratch.h"
#include "wire/checksum.h"
#include "wire/tunnel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t ipv4[] = {0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};

struct fixture {
    char directory[SCRATCH_MAX];
    char path[64];
    char error[512];
    unsigned count;
    uint16_t port;
    size_t ip_length; /* of the newest packet, 0 when its frame held none */
    struct captured newest;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    scratch_make(f->directory);
    snprintf(f->path, sizeof f->path, "%s/capture", f->directory);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    scratch_remove(f->directory);
    free(f);
    return 0;
}

static void take(const struct captured *captured, void *context)
{
    struct fixture *f = context;
    struct cursor c = cursor_over(captured->octets, captured->length);

    f->count++;
    f->newest = *captured;
    f->ip_length = frame_to_ip(captured->link, &c) ? cursor_left(&c) : 0;
    if (f->ip_length >= sizeof ipv4)
        assert_memory_equal(c.at, ipv4, sizeof ipv4);
}

/* `count` packets, each `header` and then the IP packet, at 1700000000.123456789. */
static void write_pcap(const struct fixture *f, int dlt, const uint8_t *header, size_t length,
                       unsigned count, unsigned precision)
{
    pcap_t *dead = pcap_open_dead_with_tstamp_precision(dlt, 65535, precision);
    pcap_dumper_t *dumper = pcap_dump_open(dead, f->path);
    uint8_t frame[128];
    struct pcap_pkthdr about = {
        .ts = {1700000000, precision == PCAP_TSTAMP_PRECISION_NANO ? 123456789 : 123456},
        .caplen = (bpf_u_int32)(length + sizeof ipv4),
        .len = (bpf_u_int32)(length + sizeof ipv4),
    };

    assert_non_null(dumper);
    if (length > 0)
        memcpy(frame, header, length);
    memcpy(frame + length, ipv4, sizeof ipv4);
    for (unsigned i = 0; i < count; i++)
        pcap_dump((u_char *)dumper, &about, frame);
    pcap_dump_close(dumper);
    pcap_close(dead);
}

static void write_octets(const struct fixture *f, const void *octets, size_t length)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void every_link_type_leads_to_its_ip_packet(void **state)
{
    static const struct {
        int dlt;
        enum link link;
        size_t length;
        uint8_t header[24];
    } rows[] = {
        {DLT_EN10MB, LINK_ETHERNET, 14, {[12] = 0x08}},
        {DLT_EN10MB, LINK_ETHERNET, 18, {[12] = 0x81, [15] = 7, [16] = 0x08}},
        {DLT_EN10MB, LINK_ETHERNET, 22, {[12] = 0x88, [13] = 0xa8, [16] = 0x81, [20] = 0x08}},
        {DLT_LINUX_SLL, LINK_COOKED, 16, {[14] = 0x08}},
        {DLT_LINUX_SLL2, LINK_COOKED2, 20, {[0] = 0x08}},
        {DLT_NULL, LINK_LOOPBACK, 4, {2}},
        {DLT_LOOP, LINK_LOOPBACK, 4, {[3] = 2}},
        {DLT_RAW, LINK_RAW, 0, {0}},
        {DLT_IPV4, LINK_RAW, 0, {0}},
        {DLT_IPV6, LINK_RAW, 0, {0}},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct capture *capture = NULL;

        write_pcap(f, rows[i].dlt, rows[i].header, rows[i].length, 1, PCAP_TSTAMP_PRECISION_MICRO);
        assert_int_equal(capture_open_file(f->path, &capture, f->error, sizeof f->error), 0);
        assert_int_equal(capture_read(capture, 0, take, f), 1);
        assert_int_equal(f->newest.link, rows[i].link);
        assert_int_equal(f->ip_length, sizeof ipv4);
        assert_int_equal(capture_read(capture, 0, take, f), 0);
        capture_close(capture);
    }
}

static void times_are_nanoseconds_whatever_the_file_holds(void **state)
{
    static const struct {
        unsigned precision;
        uint64_t expected;
    } rows[] = {
        {PCAP_TSTAMP_PRECISION_MICRO, 1700000000123456000},
        {PCAP_TSTAMP_PRECISION_NANO, 1700000000123456789},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct capture *capture = NULL;

        write_pcap(f, DLT_RAW, NULL, 0, 1, rows[i].precision);
        assert_int_equal(capture_open_file(f->path, &capture, f->error, sizeof f->error), 0);
        assert_int_equal(capture_read(capture, 0, take, f), 1);
        assert_int_equal(f->newest.time_ns, rows[i].expected);
        capture_close(capture);
    }
}

static void a_limit_is_kept_and_reading_goes_on_after_it(void **state)
{
    struct fixture *f = *state;
    struct capture *capture = NULL;

    write_pcap(f, DLT_RAW, NULL, 0, 5, PCAP_TSTAMP_PRECISION_MICRO);
    assert_int_equal(capture_open_file(f->path, &capture, f->error, sizeof f->error), 0);
    assert_int_equal(capture_read(capture, 3, take, f), 3);
    assert_int_equal(capture_read(capture, 3, take, f), 2);
    assert_int_equal(capture_read(capture, 3, take, f), 0);
    assert_int_equal(capture_counts(capture).received, 5);
    assert_int_equal(capture_progress(capture).packets, 5);
    assert_int_equal(capture_progress(capture).octets, 24 + 5 * (16 + sizeof ipv4));
    assert_int_equal(capture_progress(capture).size, 24 + 5 * (16 + sizeof ipv4));
    assert_int_equal(capture_descriptor(capture), -1);
    capture_close(capture);
}

static void what_came_before_a_cut_is_given(void **state)
{
    struct fixture *f = *state;
    struct capture *capture = NULL;

    write_pcap(f, DLT_RAW, NULL, 0, 3, PCAP_TSTAMP_PRECISION_MICRO);
    assert_int_equal(truncate(f->path, 24 + 3 * (16 + sizeof ipv4) - 1), 0);
    assert_int_equal(capture_open_file(f->path, &capture, f->error, sizeof f->error), 0);
    assert_int_equal(capture_read(capture, 0, take, f), -EIO);
    assert_int_equal(f->count, 2);
    assert_non_null(strstr(capture_error(capture), f->path));
    assert_non_null(strstr(capture_error(capture), "expected a whole packet 3, found: truncated"));
    capture_close(capture);
}

static void what_is_no_capture_is_refused_with_what_was_found(void **state)
{
    static const struct {
        const char *octets;
        size_t length;
        const char *found;
    } rows[] = {
        {"", 0, "expected a pcap or pcapng capture, found an empty file"},
        {"hello, this is a text", 21,
         "expected a pcap or pcapng capture, found another kind of file"},
        {"\xd4\xc3\xb2\xa1", 4, "expected a pcap or pcapng capture, found truncated dump file"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct capture *capture = NULL;

        write_octets(f, rows[i].octets, rows[i].length);
        assert_int_equal(capture_open_file(f->path, &capture, f->error, sizeof f->error), -EINVAL);
        assert_null(capture);
        assert_non_null(strstr(f->error, f->path));
        assert_non_null(strstr(f->error, rows[i].found));
    }
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
    struct fixture *f = *state;
    struct capture *capture = NULL;

    assert_int_equal(capture_open_file(f->path, &capture, f->error, sizeof f->error), -ENOENT);
    assert_non_null(strstr(f->error, "No such file"));
    assert_int_equal(capture_open_file(f->directory, &capture, f->error, sizeof f->error), -EISDIR);
    assert_non_null(strstr(f->error, "found a directory"));
}

static void a_link_type_that_is_not_read_is_named(void **state)
{
    struct fixture *f = *state;
    struct capture *capture = NULL;

    write_pcap(f, DLT_IEEE802_11_RADIO, NULL, 0, 1, PCAP_TSTAMP_PRECISION_MICRO);
    assert_int_equal(capture_open_file(f->path, &capture, f->error, sizeof f->error),
                     -EPROTONOSUPPORT);
    assert_non_null(strstr(f->error, "found link type 127 (IEEE802_11_RADIO)"));
}

static void an_interface_that_is_not_there_is_named(void **state)
{
    struct fixture *f = *state;
    struct capture *capture = NULL;
    const int result = capture_open_live("no-such-if0", false, &capture, f->error, sizeof f->error);

    assert_null(capture);
    assert_true(result == -ENODEV || result == -EPERM); /* the right is asked for first */
    assert_non_null(strstr(f->error, "no-such-if0: expected "));
}

/* Opening packets have SYN and no ACK; the port is that of the test's own connection. */
static void count_openings(const struct captured *captured, void *context)
{
    struct fixture *f = context;
    struct cursor c = cursor_over(captured->octets, captured->length);
    const uint8_t *tcp;

    assert_true(frame_to_ip(captured->link, &c));
    if (c.at[0] != 0x45)
        return; /* somebody else's */
    tcp = c.at + 20;
    assert_int_equal(tcp[13] & 0x12, 0x02);
    if (load_u16(tcp) == f->port)
        f->count++;
}

/* A connection to a port where nobody listens: one SYN, one RST. Returns the port it came from. */
static uint16_t try_to_connect(void)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(1),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct sockaddr_in from = to;
    socklen_t length = sizeof from;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    from.sin_port = 0;
    assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&from, &length), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), -1);
    close(fd);
    return ntohs(from.sin_port);
}

static void live_gives_each_opening_packet_once(void **state)
{
    struct fixture *f = *state;
    struct capture *capture = NULL;
    const int result = capture_open_live("lo", false, &capture, f->error, sizeof f->error);
    struct pollfd waiting;

    if (result == -EPERM) {
        print_message("%s\n", f->error);
        skip();
    }
    assert_int_equal(result, 0);
    /* it does not wait, and gives at most what others open */
    assert_in_range(capture_read(capture, 1, count_openings, f), 0, 1);
    f->port = try_to_connect();
    waiting = (struct pollfd){.fd = capture_descriptor(capture), .events = POLLIN};
    while (f->count == 0) {
        assert_int_equal(poll(&waiting, 1, 5000), 1);
        assert_true(capture_read(capture, 0, count_openings, f) >= 0);
    }
    (void)capture_read(capture, 0, count_openings, f);
    assert_int_equal(f->count, 1);
    assert_true(capture_counts(capture).received >= 1);
    capture_close(capture);
}

/* An opening packet from 203.0.113.7 behind MPLS in Ethernet in VXLAN, the last by a socket. */
static void send_in_vxlan(void)
{
    static const uint8_t vxlan[] = {
        8,    0,    0, 0,    0,    0, 9, 0, 2, 0, 0, 0, 0,    1, 2,   0,   0,   0,  0,   2,
        0x88, 0x47, 0, 1,    0x11, 9, /* below: IPv4, TCP */
        0x45, 0,    0, 40,   0,    1, 0, 0, 9, 6, 0, 0, 203,  0, 113, 7,   198, 51, 100, 1,
        0x9c, 0x41, 1, 0xbb, 0,    0, 0, 7, 0, 0, 0, 0, 0x50, 2, 255, 255, 0,   0,  0,   0};
    uint8_t packet[sizeof vxlan];
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(4789),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);

    memcpy(packet, vxlan, sizeof packet);
    store_u16(packet + 36, checksum_fold(checksum_add(0, packet + 26, 20)));
    assert_int_equal(sendto(fd, packet, sizeof packet, 0, (const struct sockaddr *)&to, sizeof to),
                     sizeof packet);
    close(fd);
}

static void count_inner(const struct captured *captured, void *context)
{
    struct fixture *f = context;
    struct cursor c = cursor_over(captured->octets, captured->length);

    assert_true(tunnel_to_ip(captured->link, &c));
    if (cursor_left(&c) < 40 || c.at[0] != 0x45)
        return; /* somebody else's */
    if (memcmp(c.at + 12, (uint8_t[]){203, 0, 113, 7}, 4) == 0)
        f->count++;
    if (load_u16(c.at + 20) == f->port)
        f->port = 0;
}

/* Whether such a packet comes up within the time that one certainly takes. */
static unsigned tunnelled_count(struct fixture *f, struct capture *capture)
{
    struct pollfd waiting = {.fd = capture_descriptor(capture), .events = POLLIN};

    send_in_vxlan();
    f->port = try_to_connect(); /* comes up behind it in any case, and makes this 0 */
    while (f->port != 0) {
        assert_int_equal(poll(&waiting, 1, 5000), 1);
        assert_true(capture_read(capture, 0, count_inner, f) >= 0);
    }
    return f->count;
}

static void a_tap_gives_tunnels_and_other_interfaces_do_not(void **state)
{
    struct fixture *f = *state;

    for (unsigned tunnels = 0; tunnels < 2; tunnels++) {
        struct capture *capture = NULL;
        const int result =
            capture_open_live("lo", tunnels != 0, &capture, f->error, sizeof f->error);

        if (result == -EPERM) {
            print_message("%s\n", f->error);
            skip();
        }
        assert_int_equal(result, 0);
        assert_int_equal(tunnelled_count(f, capture), tunnels);
        capture_close(capture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_link_type_leads_to_its_ip_packet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_are_nanoseconds_whatever_the_file_holds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_limit_is_kept_and_reading_goes_on_after_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_came_before_a_cut_is_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_capture_is_refused_with_what_was_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_says_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_type_that_is_not_read_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interface_that_is_not_there_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(live_gives_each_opening_packet_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tap_gives_tunnels_and_other_interfaces_do_not, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
