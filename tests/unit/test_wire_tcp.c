#include "unit.h"

#include "wire/tcp.h"

#include <stdlib.h>

/* The opening packet of a Linux client, port 40001 to 443. */
static const uint8_t linux_syn[] = {
    0x9c, 0x41, 0x01, 0xbb, 0x11, 0x22, 0x33, 0x44, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x02,
    0xfa, 0xf0, 0xab, 0xcd, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x04, 0x02, 0x08, 0x0a,
    0x01, 0x02, 0x03, 0x04, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x07,
};

static void an_opening_packet_is_read_whole(void **state)
{
    static const uint8_t kinds[] = {2, 4, 8, 1, 3};
    struct tcp t;

    (void)state;
    assert_true(tcp_parse(linux_syn, sizeof linux_syn, &t));
    assert_int_equal(t.source_port, 40001);
    assert_int_equal(t.destination_port, 443);
    assert_int_equal(t.sequence, 0x11223344);
    assert_int_equal(t.acknowledgment, 0);
    assert_int_equal(t.header_length, 40);
    assert_int_equal(t.bits, TCP_SYN);
    assert_int_equal(t.window, 64240);
    assert_int_equal(t.urgent, 0);
    assert_int_equal(t.flags, TCP_HAS_MSS | TCP_HAS_WINDOW_SCALE | TCP_HAS_SACK_PERMITTED |
                                  TCP_HAS_TIMESTAMPS);
    assert_int_equal(t.mss, 1460);
    assert_int_equal(t.window_scale, 7);
    assert_int_equal(t.timestamp_value, 0x01020304);
    assert_int_equal(t.timestamp_echo, 0);
    assert_int_equal(t.option_count, sizeof kinds);
    assert_memory_equal(t.option, kinds, sizeof kinds);
}

static void a_header_without_its_fixed_octets_is_none(void **state)
{
    uint8_t octets[sizeof linux_syn];
    struct tcp t;

    (void)state;
    for (size_t length = 0; length < TCP_HEADER_MIN; length++)
        assert_false(tcp_parse(linux_syn, length, &t));
    memcpy(octets, linux_syn, sizeof octets);
    octets[12] = 0x40; /* a data offset of 4 */
    assert_false(tcp_parse(octets, sizeof octets, &t));
}

static void a_capture_that_ends_inside_the_options_keeps_what_it_has(void **state)
{
    struct tcp t;

    (void)state;
    for (size_t length = TCP_HEADER_MIN; length < sizeof linux_syn; length++) {
        uint8_t *exact = malloc(length); /* so that a sanitizer sees a read past the end */

        memcpy(exact, linux_syn, length);
        assert_true(tcp_parse(exact, length, &t));
        assert_true(t.flags & TCP_OPTIONS_CUT);
        assert_false(t.flags & TCP_BAD_OPTIONS);
        assert_int_equal(t.header_length, 40);
        assert_int_equal(!!(t.flags & TCP_HAS_MSS), length >= 24);
        assert_int_equal(!!(t.flags & TCP_HAS_TIMESTAMPS), length >= 36);
        free(exact);
    }
}

enum { ALL = TCP_HAS_MSS | TCP_HAS_WINDOW_SCALE | TCP_HAS_SACK_PERMITTED | TCP_HAS_TIMESTAMPS };

static const struct {
    const char *what;
    uint8_t options[40];
    size_t length;
    uint32_t flags;
    uint8_t count;
    uint8_t padding;
} option_rows[] = {
    {"none", {0}, 0, 0, 0, 0},
    {"no-operations", {1, 1, 1, 1}, 4, 0, 4, 0},
    {"the end, and zeros after it", {4, 2, 0, 0}, 4, TCP_HAS_SACK_PERMITTED, 2, 1},
    {"something after the end",
     {4, 2, 0, 9},
     4,
     TCP_HAS_SACK_PERMITTED | TCP_PADDING_NOT_ZERO,
     2,
     1},
    {"an option after the end is none", {0, 2, 4, 5, 180, 0, 0, 0}, 8, TCP_PADDING_NOT_ZERO, 1, 7},
    {"a length of zero", {2, 0, 5, 180}, 4, TCP_BAD_OPTIONS, 1, 0},
    {"a length of one", {2, 1, 5, 180}, 4, TCP_BAD_OPTIONS, 1, 0},
    {"a length past the header", {2, 5, 5, 180}, 4, TCP_BAD_OPTIONS, 1, 0},
    {"a kind without a length", {1, 1, 1, 2}, 4, TCP_BAD_OPTIONS, 4, 0},
    {"an MSS of one octet",
     {2, 3, 5, 1, 4, 2, 1, 1},
     8,
     TCP_BAD_OPTIONS | TCP_HAS_SACK_PERMITTED,
     5,
     0},
    {"timestamps too short", {8, 6, 1, 2, 3, 4, 1, 1}, 8, TCP_BAD_OPTIONS, 3, 0},
    {"an unknown kind is stepped over", {254, 4, 7, 7, 3, 3, 8, 1}, 8, TCP_HAS_WINDOW_SCALE, 3, 0},
    {"fast open, with and without a cookie", {34, 2, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8}, 12, 0, 2, 0},
    {"no-operation for the last", {3, 3, 7, 1}, 4, TCP_HAS_WINDOW_SCALE, 2, 0},
    {"the end for the last", {3, 3, 7, 0}, 4, TCP_HAS_WINDOW_SCALE, 2, 0},
    {"a kind alone for the last", {3, 3, 7, 254}, 4, TCP_HAS_WINDOW_SCALE | TCP_BAD_OPTIONS, 2, 0},
    {"a scale of two octets", {3, 4, 7, 7}, 4, TCP_BAD_OPTIONS, 1, 0},
    {"a permission with a value", {4, 3, 7, 1}, 4, TCP_BAD_OPTIONS, 2, 0},
    {"the greatest kind, of the least length", {255, 2, 255, 2}, 4, 0, 2, 0},
    {"a length of one for an unknown kind", {254, 1, 4, 2}, 4, TCP_BAD_OPTIONS, 1, 0},
    {"only the last octet after the end is not zero",
     {0, 0, 0, 0, 0, 0, 0, 1},
     8,
     TCP_PADDING_NOT_ZERO,
     1,
     7},
    {"good ones before a bad one are kept",
     {2, 4, 5, 180, 3, 9, 7, 0},
     8,
     TCP_HAS_MSS | TCP_BAD_OPTIONS,
     2,
     0},
    {"40 no-operations: 24 are kept",
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
     40,
     0,
     TCP_OPTIONS_MAX,
     0},
    {"values are read beyond the kinds that are kept",
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,   1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 5, 180, 0},
     32,
     TCP_HAS_MSS,
     TCP_OPTIONS_MAX,
     1},
};

static void options_right_and_wrong_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof option_rows / sizeof option_rows[0]; i++) {
        uint8_t octets[60];
        const size_t length = TCP_HEADER_MIN + option_rows[i].length;
        struct tcp t;

        memcpy(octets, linux_syn, TCP_HEADER_MIN);
        octets[12] = (uint8_t)(length / 4 << 4);
        memcpy(octets + TCP_HEADER_MIN, option_rows[i].options, option_rows[i].length);
        assert_true(tcp_parse(octets, length, &t));
        if (t.flags != option_rows[i].flags || t.option_count != option_rows[i].count ||
            t.padding != option_rows[i].padding)
            fail_msg("%s: flags %#x, %u options, padding %u", option_rows[i].what, t.flags,
                     t.option_count, t.padding);
    }
}

static void parse_options(const uint8_t *options, size_t there, size_t received, struct tcp *out)
{
    uint8_t octets[60];

    memcpy(octets, linux_syn, TCP_HEADER_MIN);
    octets[12] = (uint8_t)((TCP_HEADER_MIN + there) / 4 << 4);
    memcpy(octets + TCP_HEADER_MIN, options, there);
    memset(out, 0xff, sizeof *out); /* all of it is set */
    assert_true(tcp_parse(octets, TCP_HEADER_MIN + received, out));
}

static void of_two_of_a_kind_the_last_good_one_counts(void **state)
{
    static const uint8_t twice[] = {2, 4, 5, 180, 3, 3, 7, 2, 4, 4, 0, 3, 3, 9, 1, 1};
    static const uint8_t second_is_bad[] = {2, 4, 5, 180, 3, 3, 7, 2, 3, 4, 3, 4, 9, 9, 1, 1};
    struct tcp t;

    (void)state;
    parse_options(twice, sizeof twice, sizeof twice, &t);
    assert_int_equal(t.flags, TCP_HAS_MSS | TCP_HAS_WINDOW_SCALE);
    assert_int_equal(t.mss, 1024);
    assert_int_equal(t.window_scale, 9);
    parse_options(second_is_bad, sizeof second_is_bad, sizeof second_is_bad, &t);
    assert_int_equal(t.flags, TCP_HAS_MSS | TCP_HAS_WINDOW_SCALE | TCP_BAD_OPTIONS);
    assert_int_equal(t.mss, 1460);
    assert_int_equal(t.window_scale, 7);
}

static void as_many_kinds_as_there_is_room_for_are_kept(void **state)
{
    uint8_t options[40];
    uint8_t kinds[TCP_OPTIONS_MAX];
    struct tcp t;

    (void)state;
    memset(options, TCP_OPTION_NOP, sizeof options);
    memset(kinds, TCP_OPTION_NOP, sizeof kinds);
    options[TCP_OPTIONS_MAX - 1] = kinds[TCP_OPTIONS_MAX - 1] = 254; /* the last that is kept */
    options[TCP_OPTIONS_MAX] = 2;
    options[TCP_OPTIONS_MAX + 1] = 254; /* and one that is not */
    options[TCP_OPTIONS_MAX + 2] = 2;
    parse_options(options, sizeof options, sizeof options, &t);
    assert_int_equal(t.flags, 0);
    assert_int_equal(t.option_count, TCP_OPTIONS_MAX);
    assert_memory_equal(t.option, kinds, sizeof kinds);
}

static void what_is_not_there_is_zero(void **state)
{
    static const uint8_t options[] = {1, 254, 3, 9};
    static const uint8_t kinds[TCP_OPTIONS_MAX] = {1, 254};
    struct tcp t;

    (void)state;
    parse_options(options, sizeof options, sizeof options, &t);
    assert_int_equal(t.flags, 0);
    assert_int_equal(t.mss, 0);
    assert_int_equal(t.window_scale, 0);
    assert_int_equal(t.timestamp_value, 0);
    assert_int_equal(t.timestamp_echo, 0);
    assert_int_equal(t.padding, 0);
    assert_int_equal(t.option_count, 2);
    assert_memory_equal(t.option, kinds, sizeof kinds);
}

static void a_wrong_length_is_wrong_in_a_cut_header_as_well(void **state)
{
    static const struct {
        uint8_t options[8];
        size_t received;
        uint32_t flags;
    } rows[] = {
        {{2}, 1, TCP_OPTIONS_CUT},                            /* the kind alone */
        {{2, 4, 5}, 3, TCP_OPTIONS_CUT},                      /* and a part of its value */
        {{2, 9, 5}, 3, TCP_OPTIONS_CUT},                      /* whether that is there: who knows */
        {{2, 1}, 2, TCP_OPTIONS_CUT | TCP_BAD_OPTIONS},       /* no length at all */
        {{2, 3, 5, 1}, 4, TCP_OPTIONS_CUT | TCP_BAD_OPTIONS}, /* not that of its kind */
        {{4, 2, 0, 1}, 4, TCP_OPTIONS_CUT | TCP_HAS_SACK_PERMITTED | TCP_PADDING_NOT_ZERO},
    };
    struct tcp t;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        parse_options(rows[i].options, sizeof rows[i].options, rows[i].received, &t);
        assert_int_equal(t.flags, rows[i].flags);
    }
}

static void every_bit_of_the_header_has_its_name(void **state)
{
    uint8_t octets[TCP_HEADER_MIN];
    struct tcp t;

    (void)state;
    memcpy(octets, linux_syn, sizeof octets);
    octets[12] = 0x50;
    octets[13] = 0xff;
    octets[18] = 0x12;
    octets[19] = 0x34;
    assert_true(tcp_parse(octets, sizeof octets, &t));
    assert_int_equal(t.bits,
                     TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK | TCP_URG | TCP_ECE | TCP_CWR);
    assert_int_equal(t.urgent, 0x1234);
    assert_int_equal(t.flags & ALL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_opening_packet_is_read_whole),
        cmocka_unit_test(a_header_without_its_fixed_octets_is_none),
        cmocka_unit_test(a_capture_that_ends_inside_the_options_keeps_what_it_has),
        cmocka_unit_test(options_right_and_wrong_are_told_apart),
        cmocka_unit_test(of_two_of_a_kind_the_last_good_one_counts),
        cmocka_unit_test(as_many_kinds_as_there_is_room_for_are_kept),
        cmocka_unit_test(what_is_not_there_is_zero),
        cmocka_unit_test(a_wrong_length_is_wrong_in_a_cut_header_as_well),
        cmocka_unit_test(every_bit_of_the_header_has_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
