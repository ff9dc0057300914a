#include "unit.h"

#include "wire/packet.h"

#include <stdlib.h>

static const uint8_t v4_header[] = {0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x33, 0x06,
                                    0xbe, 0xe6, 0xac, 0x10, 0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c};

/* An IPv6 header: traffic class 0xb8, flow label 0x12345, hop limit 51. */
#define V6(payload_length, next)                                                                  \
    0x6b, 0x81, 0x23, 0x45, (payload_length) >> 8, (payload_length)&0xff, next, 51, 0x20, 0x01,   \
        0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, \
        0, 0, 0, 0, 0, 2

/* Parsed from a copy without an octet to spare, so that a sanitizer sees a read past the end. */
static uint8_t *copy;

static enum packet_fault parse(const uint8_t *octets, size_t length, struct packet *out)
{
    free(copy);
    copy = malloc(length + 1);
    memcpy(copy + 1, octets, length);
    memset(out, 0xff, sizeof *out); /* all of it is set */
    return packet_parse(copy + 1, length, out);
}

static int forget_copy(void **state)
{
    (void)state;
    free(copy);
    copy = NULL;
    return 0;
}

static void an_ipv4_packet_is_read_whole(void **state)
{
    uint8_t octets[60] = {0};
    struct packet p;

    (void)state;
    memcpy(octets, v4_header, sizeof v4_header);
    assert_int_equal(parse(octets, sizeof octets, &p), PACKET_OK);
    assert_int_equal(p.version, 4);
    assert_int_equal(packet_family(&p), FAMILY_V4);
    assert_int_equal(p.length, 60);
    assert_int_equal(p.id, 0x1c46);
    assert_int_equal(p.flow_label, 0);
    assert_int_equal(p.traffic_class, 0);
    assert_int_equal(p.hop_limit, 51);
    assert_int_equal(p.protocol, PROTOCOL_TCP);
    assert_int_equal(p.flags, PACKET_DONT_FRAGMENT);
    assert_memory_equal(address_wire(&p.source), ((uint8_t[]){172, 16, 10, 99}), 4);
    assert_memory_equal(address_wire(&p.destination), ((uint8_t[]){172, 16, 10, 12}), 4);
    assert_int_equal(packet_header_length(&p), 20);
    assert_int_equal(packet_payload_length(&p), 40);
}

struct v4_row {
    const char *what;
    uint8_t at, value; /* one octet of the header that is another; 0: none */
    uint8_t received;
    enum packet_fault fault;
    uint32_t flags;
    uint8_t header, payload;
};

static const struct v4_row v4_rows[] = {
    {"padded by Ethernet", 0, 0x45, 64, PACKET_OK, PACKET_DONT_FRAGMENT, 20, 40},
    {"cut short", 0, 0x45, 44, PACKET_OK, PACKET_DONT_FRAGMENT | PACKET_TRUNCATED, 20, 24},
    {"header alone", 3, 20, 60, PACKET_OK, PACKET_DONT_FRAGMENT, 20, 0},
    {"nothing", 0, 0x45, 0, PACKET_FAULT_SHORT, 0, 0, 0},
    {"one octet", 0, 0x45, 1, PACKET_FAULT_SHORT, 0, 0, 0},
    {"a header cut short", 0, 0x45, 19, PACKET_FAULT_SHORT, 0, 0, 0},
    {"options", 0, 0x46, 60, PACKET_OK, PACKET_DONT_FRAGMENT | PACKET_OPTIONS, 24, 36},
    {"options, cut short", 0, 0x4f, 59, PACKET_FAULT_SHORT, 0, 0, 0},
    {"options up to the end", 0, 0x4f, 60, PACKET_OK, PACKET_DONT_FRAGMENT | PACKET_OPTIONS, 60, 0},
    {"a header of 16", 0, 0x44, 60, PACKET_FAULT_HEADER, 0, 0, 0},
    {"a header of 0", 0, 0x40, 60, PACKET_FAULT_HEADER, 0, 0, 0},
    {"shorter in all than its header", 3, 19, 60, PACKET_FAULT_HEADER, 0, 0, 0},
    {"of length 0, as offload leaves it", 3, 0, 60, PACKET_FAULT_HEADER, 0, 0, 0},
    {"version 5", 0, 0x55, 60, PACKET_FAULT_VERSION, 0, 0, 0},
    {"version 0", 0, 0x05, 60, PACKET_FAULT_VERSION, 0, 0, 0},
    {"the reserved bit", 6, 0xc0, 60, PACKET_OK, PACKET_DONT_FRAGMENT | PACKET_RESERVED_BIT, 20,
     40},
    {"may be fragmented", 6, 0x00, 60, PACKET_OK, 0, 20, 40},
    {"a first fragment", 6, 0x20, 60, PACKET_OK, PACKET_FRAGMENT_FIRST, 20, 40},
    {"a fragment in the middle", 6, 0x21, 60, PACKET_OK, PACKET_FRAGMENT_LATER, 20, 40},
    {"a last fragment", 7, 0x01, 60, PACKET_OK, PACKET_DONT_FRAGMENT | PACKET_FRAGMENT_LATER, 20,
     40},
    {"a fragment whose offset has one bit", 6, 0x10, 60, PACKET_OK, PACKET_FRAGMENT_LATER, 20, 40},
    {"a last fragment of the greatest offset", 6, 0x1f, 60, PACKET_OK, PACKET_FRAGMENT_LATER, 20,
     40},
};

static void ipv4_headers_right_and_wrong_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof v4_rows / sizeof v4_rows[0]; i++) {
        const struct v4_row *row = &v4_rows[i];
        uint8_t octets[64] = {0};
        struct packet p;
        enum packet_fault fault;

        memcpy(octets, v4_header, sizeof v4_header);
        octets[row->at] = row->value;
        fault = parse(octets, row->received, &p);
        if (fault != row->fault)
            fail_msg("%s: expected fault %d, found %d", row->what, row->fault, fault);
        if (fault == PACKET_OK &&
            ((p.flags & ~(uint32_t)PACKET_BAD_CHECKSUM) != row->flags ||
             packet_header_length(&p) != row->header || packet_payload_length(&p) != row->payload))
            fail_msg("%s: flags %#x, header %zu, payload %zu", row->what, p.flags,
                     packet_header_length(&p), packet_payload_length(&p));
    }
}

static void a_wrong_checksum_is_told(void **state)
{
    uint8_t octets[60] = {0};
    unsigned told = 0;
    struct packet p;

    (void)state;
    memcpy(octets, v4_header, sizeof v4_header);
    for (size_t i = 0; i < sizeof v4_header; i++) {
        octets[i] ^= i == 0 ? 0 : 1;
        if (parse(octets, sizeof octets, &p) == PACKET_OK) {
            assert_int_equal(!!(p.flags & PACKET_BAD_CHECKSUM), i != 0);
            told += i != 0;
        }
        octets[i] ^= i == 0 ? 0 : 1;
    }
    /* in its length another octet is wrong in another way */
    assert_in_range(told, sizeof v4_header - 3, sizeof v4_header - 1);
}

static void the_checksum_counts_the_options(void **state)
{
    uint8_t octets[60] = {0};
    struct packet p;

    (void)state;
    memcpy(octets, v4_header, sizeof v4_header);
    octets[0] = 0x46;
    memcpy(octets + 20, ((uint8_t[]){0x94, 0x04, 0x00, 0x00}), 4); /* router alert */
    store_u16(octets + 10, 0);
    store_u16(octets + 10, checksum_fold(checksum_add(0, octets, 24)));
    assert_int_equal(parse(octets, sizeof octets, &p), PACKET_OK);
    assert_int_equal(p.flags, PACKET_DONT_FRAGMENT | PACKET_OPTIONS);
}

static void an_ipv6_packet_is_read_whole(void **state)
{
    static const uint8_t octets[] = {V6(4, PROTOCOL_UDP), 1, 2, 3, 4, 'p', 'a', 'd'};
    struct packet p;

    (void)state;
    assert_int_equal(parse(octets, sizeof octets, &p), PACKET_OK);
    assert_int_equal(p.version, 6);
    assert_int_equal(packet_family(&p), FAMILY_V6);
    assert_int_equal(p.flags, PACKET_V6);
    assert_int_equal(p.length, 44);
    assert_int_equal(p.traffic_class, 0xb8);
    assert_int_equal(p.flow_label, 0x12345);
    assert_int_equal(p.id, 0);
    assert_int_equal(p.hop_limit, 51);
    assert_int_equal(p.protocol, PROTOCOL_UDP);
    assert_int_equal(p.source.octets[15], 1);
    assert_int_equal(p.destination.octets[15], 2);
    assert_int_equal(packet_header_length(&p), 40);
    assert_int_equal(packet_payload_length(&p), 4);
}

struct v6_row {
    const char *what;
    uint8_t octets[160];
    size_t received;
    enum packet_fault fault;
    uint32_t flags; /* but for PACKET_V6 */
    uint8_t protocol;
    uint8_t header;
    uint8_t payload;
};

#define OCTETS(...)   {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})
#define EIGHT(next)   next, 0, 1, 4, 0, 0, 0, 0 /* hop-by-hop or destination options: padding */
#define ROUTING(next) next, 0, 4, 0, 0, 0, 0, 0
#define FRAGMENT(next, offset, more) \
    next, 0, ((offset) << 3) >> 8, (((offset) << 3) & 0xff) | (more), 0xde, 0xad, 0xbe, 0xef
#define UDP 1, 2, 3, 4, 0, 8, 0, 0

static const struct v6_row v6_rows[] = {
    {"no payload", OCTETS(V6(0, PROTOCOL_NO_NEXT)), PACKET_OK, 0, PROTOCOL_NO_NEXT, 40, 0},
    {"a header cut short", {V6(0, 59)}, 39, PACKET_FAULT_SHORT, 0, 0, 0, 0},
    {"a payload cut short", OCTETS(V6(9, 17), UDP), PACKET_OK, PACKET_TRUNCATED, 17, 40, 8},
    {"hop-by-hop options", OCTETS(V6(16, 0), EIGHT(17), UDP), PACKET_OK, PACKET_OPTIONS, 17, 48, 8},
    {"hop-by-hop options of 16",
     OCTETS(V6(24, 0), 17, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UDP), PACKET_OK,
     PACKET_OPTIONS, 17, 56, 8},
    {"hop-by-hop, routing, destination options",
     OCTETS(V6(32, 0), EIGHT(43), ROUTING(60), EIGHT(17), UDP), PACKET_OK, PACKET_OPTIONS, 17, 64,
     8},
    {"hop-by-hop options that are not the first", OCTETS(V6(24, 60), EIGHT(0), EIGHT(17), UDP),
     PACKET_FAULT_HEADER, 0, 0, 0, 0},
    {"an extension that goes on past the packet", OCTETS(V6(8, 60), 17, 1, 1, 4, 0, 0, 0, 0, UDP),
     PACKET_FAULT_SHORT, 0, 0, 0, 0},
    {"an extension that the capture cuts", OCTETS(V6(16, 60), 17, 0, 1, 4), PACKET_FAULT_SHORT, 0,
     0, 0, 0},
    {"an extension that the packet ends before", OCTETS(V6(0, 60), EIGHT(17)), PACKET_FAULT_SHORT,
     0, 0, 0, 0},
    {"a jumbogram (RFC 2675)", OCTETS(V6(0, 0), 17, 0, 0xc2, 4, 0, 1, 0, 0, UDP),
     PACKET_FAULT_SHORT, 0, 0, 0, 0},
    {"authentication (RFC 4302)",
     OCTETS(V6(24, 51), 17, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, UDP), PACKET_OK,
     PACKET_OPTIONS, 17, 56, 8},
    {"a first fragment", OCTETS(V6(16, 44), FRAGMENT(17, 0, 1), UDP), PACKET_OK,
     PACKET_OPTIONS | PACKET_FRAGMENT_FIRST, 17, 48, 8},
    {"an atomic fragment (RFC 6946)", OCTETS(V6(16, 44), FRAGMENT(17, 0, 0), UDP), PACKET_OK,
     PACKET_OPTIONS | PACKET_ATOMIC, 17, 48, 8},
    {"a last fragment", OCTETS(V6(16, 44), FRAGMENT(17, 1, 0), UDP), PACKET_OK,
     PACKET_OPTIONS | PACKET_FRAGMENT_LATER, 17, 48, 8},
    {"a fragment of the greatest offset", OCTETS(V6(16, 44), FRAGMENT(17, 0x1fff, 1), UDP),
     PACKET_OK, PACKET_OPTIONS | PACKET_FRAGMENT_LATER, 17, 48, 8},
    {"reserved bits of a fragment are no offset", OCTETS(V6(16, 44), 17, 0, 0, 6, 0, 0, 0, 1, UDP),
     PACKET_OK, PACKET_OPTIONS | PACKET_ATOMIC, 17, 48, 8},
    {"a first fragment with options behind its header",
     OCTETS(V6(24, 44), FRAGMENT(60, 0, 1), EIGHT(17), UDP), PACKET_OK,
     PACKET_OPTIONS | PACKET_FRAGMENT_FIRST, 17, 56, 8},
    {"a later fragment is not walked", OCTETS(V6(16, 44), FRAGMENT(60, 5, 1), UDP), PACKET_OK,
     PACKET_OPTIONS | PACKET_FRAGMENT_LATER, 60, 48, 8},
    {"eight extensions",
     OCTETS(V6(72, 60), EIGHT(60), EIGHT(60), EIGHT(60), EIGHT(60), EIGHT(60), EIGHT(60), EIGHT(60),
            EIGHT(17), UDP),
     PACKET_OK, PACKET_OPTIONS, 17, 104, 8},
    {"nine extensions",
     OCTETS(V6(80, 60), EIGHT(60), EIGHT(60), EIGHT(60), EIGHT(60), EIGHT(60), EIGHT(60), EIGHT(60),
            EIGHT(60), EIGHT(17), UDP),
     PACKET_FAULT_HEADER, 0, 0, 0, 0},
    {"a protocol that is no extension ends the walk", OCTETS(V6(8, 50), UDP), PACKET_OK, 0, 50, 40,
     8},
};

static void ipv6_headers_right_and_wrong_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof v6_rows / sizeof v6_rows[0]; i++) {
        const struct v6_row *row = &v6_rows[i];
        struct packet p;
        const enum packet_fault fault = parse(row->octets, row->received, &p);

        if (fault != row->fault)
            fail_msg("%s: expected fault %d, found %d", row->what, row->fault, fault);
        if (fault == PACKET_OK &&
            (p.flags != (row->flags | PACKET_V6) || p.protocol != row->protocol ||
             packet_header_length(&p) != row->header || packet_payload_length(&p) != row->payload))
            fail_msg("%s: flags %#x, protocol %u, header %zu, payload %zu", row->what, p.flags,
                     p.protocol, packet_header_length(&p), packet_payload_length(&p));
    }
}

/* RFC 4942, 2.2: taken for what it says, the packet would have addresses of the other family. */
static void a_mapped_address_on_the_wire_is_a_fault(void **state)
{
    uint8_t octets[] = {V6(8, PROTOCOL_UDP), UDP};
    struct packet p;

    (void)state;
    for (size_t at = 8; at <= 24; at += 16) {
        uint8_t before[16];

        memcpy(before, octets + at, 16);
        memcpy(octets + at, ((uint8_t[16]){[10] = 0xff, [11] = 0xff, 203, 0, 113, 7}), 16);
        assert_int_equal(parse(octets, sizeof octets, &p), PACKET_FAULT_HEADER);
        memcpy(octets + at, before, 16);
    }
    assert_int_equal(parse(octets, sizeof octets, &p), PACKET_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_packet_is_read_whole),
        cmocka_unit_test(ipv4_headers_right_and_wrong_are_told_apart),
        cmocka_unit_test(a_wrong_checksum_is_told),
        cmocka_unit_test(the_checksum_counts_the_options),
        cmocka_unit_test(an_ipv6_packet_is_read_whole),
        cmocka_unit_test(ipv6_headers_right_and_wrong_are_told_apart),
        cmocka_unit_test(a_mapped_address_on_the_wire_is_a_fault),
    };

    return cmocka_run_group_tests(tests, NULL, forget_copy);
}
