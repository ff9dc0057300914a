#include "unit.h"

#include "wire/frame.h"

#define MACS        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
#define OCTETS(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

struct row {
    const char *what;
    enum link link;
    uint8_t octets[40];
    size_t length;
    int header; /* octets before the IP packet; -1: no IP packet */
};

static const struct row rows[] = {
    {"ethernet, IPv4", LINK_ETHERNET, OCTETS(MACS, 0x08, 0x00, 0x45), 14},
    {"ethernet, IPv6", LINK_ETHERNET, OCTETS(MACS, 0x86, 0xdd, 0x60), 14},
    {"ethernet, ARP", LINK_ETHERNET, OCTETS(MACS, 0x08, 0x06, 0x00), -1},
    {"ethernet, an 802.3 length", LINK_ETHERNET, OCTETS(MACS, 0x00, 0x2e, 0x42), -1},
    {"ethernet, cut in its type", LINK_ETHERNET, OCTETS(MACS, 0x08), -1},
    {"ethernet, header alone", LINK_ETHERNET, OCTETS(MACS, 0x08, 0x00), 14},
    {"one VLAN tag", LINK_ETHERNET, OCTETS(MACS, 0x81, 0x00, 0, 42, 0x08, 0x00, 0x45), 18},
    {"two VLAN tags", LINK_ETHERNET,
     OCTETS(MACS, 0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 42, 0x86, 0xdd, 0x60), 22},
    {"three VLAN tags", LINK_ETHERNET,
     OCTETS(MACS, 0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 42, 0x81, 0x00, 0, 1, 0x08, 0x00, 0x45), -1},
    {"a VLAN tag, cut", LINK_ETHERNET, OCTETS(MACS, 0x81, 0x00, 0, 42, 0x08), -1},
    {"cooked, IPv4", LINK_COOKED, OCTETS(0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x08, 0x00), 16},
    {"cooked, IPv6", LINK_COOKED, OCTETS(0, 0, 2, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x86, 0xdd), 16},
    {"cooked, VLAN", LINK_COOKED,
     OCTETS(0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x81, 0x00, 0, 42, 0x08, 0x00), 20},
    {"cooked, ARP", LINK_COOKED, OCTETS(0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x08, 0x06), -1},
    {"cooked, cut", LINK_COOKED, OCTETS(0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x08), -1},
    {"cooked 2, IPv4", LINK_COOKED2,
     OCTETS(0x08, 0x00, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0), 20},
    {"cooked 2, cut", LINK_COOKED2,
     OCTETS(0x08, 0x00, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0), -1},
    {"loopback, IPv4, little-endian", LINK_LOOPBACK, OCTETS(2, 0, 0, 0, 0x45), 4},
    {"loopback, IPv4, big-endian", LINK_LOOPBACK, OCTETS(0, 0, 0, 2, 0x45), 4},
    {"loopback, IPv6 of OpenBSD", LINK_LOOPBACK, OCTETS(0, 0, 0, 24, 0x60), 4},
    {"loopback, IPv6 of FreeBSD", LINK_LOOPBACK, OCTETS(28, 0, 0, 0, 0x60), 4},
    {"loopback, IPv6 of Darwin", LINK_LOOPBACK, OCTETS(30, 0, 0, 0, 0x60), 4},
    {"loopback, IPv6 of Linux", LINK_LOOPBACK, OCTETS(10, 0, 0, 0, 0x60), 4},
    {"loopback, another family", LINK_LOOPBACK, OCTETS(7, 0, 0, 0, 0x45), -1},
    {"loopback, no family", LINK_LOOPBACK, OCTETS(2, 0, 0, 2, 0x45), -1},
    {"loopback, cut", LINK_LOOPBACK, OCTETS(2, 0, 0), -1},
    {"raw", LINK_RAW, OCTETS(0x45, 0, 0, 20), 0},
};

static void the_ip_packet_of_every_link_type_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct cursor c = cursor_over(row->octets, row->length);

        if (frame_to_ip(row->link, &c) != (row->header >= 0))
            fail_msg("%s: expected %s", row->what, row->header >= 0 ? "IP" : "no IP");
        if (row->header >= 0 && c.at != row->octets + row->header)
            fail_msg("%s: expected %d octets, found %td", row->what, row->header,
                     c.at - row->octets);
    }
}

static void a_frame_without_octets_is_no_ip_packet_but_for_raw_links(void **state)
{
    (void)state;
    for (enum link link = LINK_ETHERNET; link < LINK_RAW; link++) {
        struct cursor c = cursor_over(NULL, 0);

        assert_false(frame_to_ip(link, &c));
    }
}

static void a_header_is_turned_around(void **state)
{
    uint8_t ethernet[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x81, 0, 0, 42, 8, 0};
    static const uint8_t ethernet_back[] = {7, 8, 9, 10,   11, 12, 1,  2, 3,
                                            4, 5, 6, 0x81, 0,  0,  42, 8, 0};
    uint8_t cooked[] = {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 9, 9, 8, 0};
    static const uint8_t cooked_back[] = {0, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0};
    uint8_t cooked2[] = {8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 9, 9};
    static const uint8_t cooked2_back[] = {8, 0, 0, 0, 0, 0, 0, 3, 0, 1,
                                           4, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    uint8_t loopback[] = {0, 0, 0, 2};
    static const uint8_t loopback_back[] = {0, 0, 0, 2};

    (void)state;
    frame_turn_around(LINK_ETHERNET, ethernet);
    assert_memory_equal(ethernet, ethernet_back, sizeof ethernet);
    frame_turn_around(LINK_COOKED, cooked);
    assert_memory_equal(cooked, cooked_back, sizeof cooked);
    frame_turn_around(LINK_COOKED2, cooked2);
    assert_memory_equal(cooked2, cooked2_back, sizeof cooked2);
    frame_turn_around(LINK_LOOPBACK, loopback);
    assert_memory_equal(loopback, loopback_back, sizeof loopback);
    frame_turn_around(LINK_RAW, NULL);
}

static void a_read_past_the_end_gives_zero_and_sticks(void **state)
{
    static const uint8_t octets[] = {0x12, 0x34, 0x56};
    struct cursor c = cursor_over(octets, sizeof octets);

    (void)state;
    assert_int_equal(cursor_u16(&c), 0x1234);
    assert_int_equal(cursor_u32(&c), 0);
    assert_true(c.failed);
    assert_int_equal(cursor_left(&c), 1);
    assert_int_equal(cursor_u8(&c), 0);
    assert_null(cursor_take(&c, 0));
}

static void numbers_are_in_network_byte_order(void **state)
{
    uint8_t octets[4];

    (void)state;
    store_u32(octets, 0xdeadbeef);
    assert_memory_equal(octets, ((uint8_t[]){0xde, 0xad, 0xbe, 0xef}), 4);
    assert_int_equal(load_u32(octets), 0xdeadbeef);
    assert_int_equal(load_u16(octets + 2), 0xbeef);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ip_packet_of_every_link_type_is_found),
        cmocka_unit_test(a_frame_without_octets_is_no_ip_packet_but_for_raw_links),
        cmocka_unit_test(a_header_is_turned_around),
        cmocka_unit_test(a_read_past_the_end_gives_zero_and_sticks),
        cmocka_unit_test(numbers_are_in_network_byte_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
