#include "unit.h"

#include "watch/observation.h"

/* 203.0.113.7:40001 > 198.51.100.1:443, SYN, mss 1460, sok, ts, nop, ws 8; hop limit 51 */
static const uint8_t syn_v4[] = {
    0x45, 0x00, 0x00, 0x3c, 0xab, 0xcd, 0x40, 0x00, 0x33, 0x06, 0x00, 0x00, 203,  0,    113,
    7,    198,  51,   100,  1,    0x9c, 0x41, 0x01, 0xbb, 0x11, 0x22, 0x33, 0x44, 0x00, 0x00,
    0x00, 0x00, 0xa0, 0x02, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x04,
    0x02, 0x08, 0x0a, 0x00, 0x00, 0x10, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x08,
};

enum {
    AT_FRAGMENT = 6,
    AT_HOP_LIMIT = 8,
    AT_PROTOCOL = 9,
    AT_CHECKSUM = 10,
    AT_SOURCE = 12,
    AT_BITS = 33
};

static void mend_checksum(uint8_t *ip)
{
    store_u16(ip + AT_CHECKSUM, 0);
    store_u16(ip + AT_CHECKSUM, checksum_fold(checksum_add(0, ip, 20)));
}

/* The same with this octet at this place. */
static void make_syn(uint8_t packet[sizeof syn_v4], unsigned at, uint8_t octet)
{
    memcpy(packet, syn_v4, sizeof syn_v4);
    packet[at] = octet;
    mend_checksum(packet);
}

static void a_syn_is_observed_with_all_that_it_shows(void **state)
{
    static const uint8_t kinds[] = {2, 4, 8, 1, 3};
    uint8_t packet[sizeof syn_v4];
    struct observation o;

    (void)state;
    memcpy(packet, syn_v4, sizeof packet);
    mend_checksum(packet);
    assert_int_equal(observation_from_packet(packet, sizeof packet, 77, &o), OBSERVATION_TAKEN);
    assert_int_equal(o.time_ns, 77);
    assert_memory_equal(address_wire(&o.client), packet + 12, 4);
    assert_memory_equal(address_wire(&o.server), packet + 16, 4);
    assert_int_equal(o.client_port, 40001);
    assert_int_equal(o.server_port, 443);
    assert_int_equal(o.hop_limit, 51);
    assert_int_equal(o.version, 4);
    assert_int_equal(o.ip_id, 0xabcd);
    assert_int_equal(o.window, 65535);
    assert_int_equal(o.mss, 1460);
    assert_int_equal(o.window_scale, 8);
    assert_int_equal(o.timestamp_value, 0x1001);
    assert_int_equal(o.sequence, 0x11223344);
    assert_int_equal(o.tcp_bits, TCP_SYN);
    assert_int_equal(o.option_count, sizeof kinds);
    assert_memory_equal(o.option, kinds, sizeof kinds);
    assert_int_equal(o.flags, OBSERVATION_HAS_MSS | OBSERVATION_HAS_WINDOW_SCALE |
                                  OBSERVATION_HAS_SACK_PERMITTED | OBSERVATION_HAS_TIMESTAMPS |
                                  OBSERVATION_DONT_FRAGMENT);
}

/* All but the gaps between the fields, of which there are two. */
static void nothing_of_an_earlier_observation_is_left(void **state)
{
    uint8_t packet[sizeof syn_v4];
    struct observation fresh;
    struct observation used;

    (void)state;
    make_syn(packet, 32, 0x50); /* no options */
    memset(&fresh, 0, sizeof fresh);
    memset(&used, 0xff, sizeof used);
    assert_int_equal(observation_from_packet(packet, 40, 77, &fresh), OBSERVATION_TAKEN);
    assert_int_equal(observation_from_packet(packet, 40, 77, &used), OBSERVATION_TAKEN);
    assert_memory_equal(&used, &fresh, offsetof(struct observation, ip_options) + 1);
    assert_memory_equal(&used.timestamp_value, &fresh.timestamp_value,
                        offsetof(struct observation, urgent) + sizeof used.urgent -
                            offsetof(struct observation, timestamp_value));
    assert_memory_equal(&used.line, &fresh.line, sizeof used - offsetof(struct observation, line));
}

static void every_flag_has_its_own_bits(void **state)
{
    static const uint32_t flags[] = {
        OBSERVATION_HAS_MSS,        OBSERVATION_HAS_WINDOW_SCALE, OBSERVATION_HAS_SACK_PERMITTED,
        OBSERVATION_HAS_TIMESTAMPS, OBSERVATION_BAD_OPTIONS,      OBSERVATION_PADDING,
        OBSERVATION_PAYLOAD,        OBSERVATION_DONT_FRAGMENT,    OBSERVATION_RESERVED_BIT,
        OBSERVATION_IP_OPTIONS,
    };
    uint32_t seen = 0;

    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        assert_true(flags[i] != 0);
        assert_int_equal(seen & flags[i], 0);
        seen |= flags[i];
    }
}

static void what_the_headers_show_beside_values_is_in_the_flags(void **state)
{
    static const struct {
        unsigned at;
        uint8_t octet;
        uint32_t flags;
    } rows[] = {
        {AT_FRAGMENT, 0x00, 0},
        {AT_FRAGMENT, 0x40, OBSERVATION_DONT_FRAGMENT},
        {AT_FRAGMENT, 0x80, OBSERVATION_RESERVED_BIT},
        {AT_FRAGMENT, 0xc0, OBSERVATION_DONT_FRAGMENT | OBSERVATION_RESERVED_BIT},
        {32, 0x90, OBSERVATION_DONT_FRAGMENT | OBSERVATION_PAYLOAD},
        {41, 3, OBSERVATION_DONT_FRAGMENT | OBSERVATION_BAD_OPTIONS},
        {56, 0, OBSERVATION_DONT_FRAGMENT | OBSERVATION_PADDING},
    };
    enum {
        LOOKED_AT = OBSERVATION_DONT_FRAGMENT | OBSERVATION_RESERVED_BIT | OBSERVATION_IP_OPTIONS |
                    OBSERVATION_PAYLOAD | OBSERVATION_PADDING,
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t packet[sizeof syn_v4];
        struct observation o;

        make_syn(packet, rows[i].at, rows[i].octet);
        assert_int_equal(observation_from_packet(packet, sizeof packet, 0, &o), OBSERVATION_TAKEN);
        assert_int_equal(o.flags & LOOKED_AT, rows[i].flags & LOOKED_AT);
        assert_int_equal((o.flags & OBSERVATION_BAD_OPTIONS) != 0,
                         (rows[i].flags & OBSERVATION_BAD_OPTIONS) != 0);
    }
}

/* Two NOPs and an end before the TCP header, and none of the bits of a packet that are no flags. */
static void options_of_ip_are_in_the_flags_and_counted(void **state)
{
    enum { OPTIONS = 4, HEADER = 20 };
    uint8_t packet[sizeof syn_v4 + OPTIONS] = {0};
    struct observation o;

    (void)state;
    memcpy(packet, syn_v4, HEADER);
    memset(packet + HEADER, 1, OPTIONS - 1);
    memcpy(packet + HEADER + OPTIONS, syn_v4 + HEADER, sizeof syn_v4 - HEADER);
    packet[0] = 0x46;
    store_u16(packet + 2, 1500); /* more than there is: it was cut */
    store_u16(packet + AT_CHECKSUM, checksum_fold(checksum_add(0, packet, HEADER + OPTIONS)));
    assert_int_equal(observation_from_packet(packet, sizeof packet, 0, &o), OBSERVATION_TAKEN);
    assert_int_equal(o.ip_options, OPTIONS);
    assert_int_equal(o.flags, OBSERVATION_HAS_MSS | OBSERVATION_HAS_WINDOW_SCALE |
                                  OBSERVATION_HAS_SACK_PERMITTED | OBSERVATION_HAS_TIMESTAMPS |
                                  OBSERVATION_DONT_FRAGMENT | OBSERVATION_IP_OPTIONS);
}

static void what_is_not_an_opening_is_refused_by_its_reason(void **state)
{
    static const struct {
        unsigned at;
        uint8_t octet;
        enum observation_refusal refusal;
    } rows[] = {
        {AT_BITS, TCP_SYN | TCP_ACK, OBSERVATION_NOT_OPENING},
        {AT_BITS, TCP_SYN | TCP_RST, OBSERVATION_NOT_OPENING},
        {AT_BITS, TCP_SYN | TCP_FIN, OBSERVATION_NOT_OPENING},
        {AT_BITS, TCP_ACK, OBSERVATION_NOT_OPENING},
        {AT_BITS, TCP_SYN | TCP_ECE | TCP_CWR, OBSERVATION_TAKEN},
        {AT_BITS, TCP_SYN | TCP_PSH, OBSERVATION_TAKEN},
        {AT_PROTOCOL, PROTOCOL_UDP, OBSERVATION_NOT_TCP},
        {AT_FRAGMENT, 0x20, OBSERVATION_FRAGMENT},
        {AT_FRAGMENT, 0x01, OBSERVATION_FRAGMENT},
        {0, 0x44, OBSERVATION_BROKEN},
        {0, 0x75, OBSERVATION_BROKEN},
        {32, 0x40, OBSERVATION_BROKEN},
        {AT_SOURCE, 224, OBSERVATION_BROKEN}, /* a multicast group sends nothing */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t packet[sizeof syn_v4];
        struct observation o;

        make_syn(packet, rows[i].at, rows[i].octet);
        assert_int_equal(observation_from_packet(packet, sizeof packet, 0, &o), rows[i].refusal);
    }
}

static void a_wrong_checksum_of_the_header_is_broken(void **state)
{
    uint8_t packet[sizeof syn_v4];
    struct observation o;

    (void)state;
    memcpy(packet, syn_v4, sizeof packet);
    mend_checksum(packet);
    packet[AT_HOP_LIMIT]++;
    assert_int_equal(observation_from_packet(packet, sizeof packet, 0, &o), OBSERVATION_BROKEN);
}

static void a_packet_cut_short_is_never_read_past_its_end(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof syn_v4; length++) {
        uint8_t *packet = test_malloc(length + 1);
        uint8_t whole[sizeof syn_v4];
        struct observation o;
        enum observation_refusal refusal;

        memcpy(whole, syn_v4, sizeof whole);
        mend_checksum(whole);
        memcpy(packet, whole, length);
        refusal = observation_from_packet(packet, length, 0, &o);
        assert_int_equal(refusal, length < 40 ? OBSERVATION_BROKEN : OBSERVATION_TAKEN);
        if (refusal == OBSERVATION_TAKEN)
            assert_true(o.flags & OBSERVATION_BAD_OPTIONS);
        test_free(packet);
    }
}

static void the_initial_is_the_next_one_at_or_above(void **state)
{
    static const struct {
        uint8_t hop_limit;
        uint8_t initial;
    } rows[] = {{0, 32},   {1, 32},    {32, 32},   {33, 64},   {51, 64},   {64, 64},
                {65, 128}, {115, 128}, {128, 128}, {129, 255}, {243, 255}, {255, 255}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(observation_initial(rows[i].hop_limit), rows[i].initial);
}

static void every_refusal_has_a_word(void **state)
{
    (void)state;
    for (int i = 0; i < OBSERVATION_REFUSAL_COUNT; i++)
        assert_true(strlen(observation_refusal_name((enum observation_refusal)i)) > 0);
    assert_string_equal(observation_refusal_name(OBSERVATION_NOT_OPENING), "not-opening");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_syn_is_observed_with_all_that_it_shows),
        cmocka_unit_test(nothing_of_an_earlier_observation_is_left),
        cmocka_unit_test(every_flag_has_its_own_bits),
        cmocka_unit_test(what_the_headers_show_beside_values_is_in_the_flags),
        cmocka_unit_test(options_of_ip_are_in_the_flags_and_counted),
        cmocka_unit_test(what_is_not_an_opening_is_refused_by_its_reason),
        cmocka_unit_test(a_wrong_checksum_of_the_header_is_broken),
        cmocka_unit_test(a_packet_cut_short_is_never_read_past_its_end),
        cmocka_unit_test(the_initial_is_the_next_one_at_or_above),
        cmocka_unit_test(every_refusal_has_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
