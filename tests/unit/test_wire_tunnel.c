#include "unit.h"

#include "tunnels.h"
#include "wire/tunnel.h"

enum { ROWS = sizeof tunnel_rows / sizeof tunnel_rows[0] };

static void the_innermost_packet_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct tunnel_row *row = &tunnel_rows[i];
        struct cursor c = cursor_over(row->octets, row->length);
        const bool found = tunnel_to_ip(LINK_ETHERNET, &c);

        if (found != (row->at >= 0))
            fail_msg("%s: expected %s", row->what, found ? "no IP" : "IP");
        if (found && (c.at - row->octets != row->at || cursor_left(&c) != row->left))
            fail_msg("%s: expected %zu octets at %d, found %zu at %td", row->what, row->left,
                     row->at, cursor_left(&c), c.at - row->octets);
    }
}

static void only_gtp_u_tells_a_subscriber_and_the_identifier_is_in_it(void **state)
{
    unsigned told = 0;

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct tunnel_row *row = &tunnel_rows[i];
        struct cursor c = cursor_over(row->octets, row->length);
        struct address endpoint = {.octets = {0}};
        const uint64_t subscriber = tunnel_subscriber(LINK_ETHERNET, c, &endpoint);

        assert_int_equal(tunnel_is_line(subscriber), subscriber != 0);
        for (size_t length = 0; length < row->length; length++)
            (void)tunnel_subscriber(LINK_ETHERNET, cursor_over(row->octets, length), &endpoint);
        if (subscriber == 0)
            continue;
        told++;
        assert_non_null(strstr(row->what, "GTP"));
        assert_true(subscriber >> 48 == 0 && subscriber >> 32 != 0 && subscriber >> 32 != 0xffff);
    }
    assert_true(told > 0);
}

/* Cut anywhere, a frame leads to an IP packet in it or to none, and never beyond its end. */
static void a_frame_that_is_cut_leads_nowhere_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t length = 0; length < tunnel_rows[i].length; length++) {
            const struct tunnel_row *row = &tunnel_rows[i];
            struct cursor c = cursor_over(row->octets, length);

            if (!tunnel_to_ip(LINK_ETHERNET, &c))
                continue;
            assert_true(c.at - row->octets <= row->at);
            assert_true(c.end <= row->octets + length && c.at <= c.end);
        }
}

static void raw_and_cooked_links_are_looked_through_too(void **state)
{
    static const uint8_t cooked[16] = {[14] = 0x08};

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct tunnel_row *row = &tunnel_rows[i];
        uint8_t octets[sizeof cooked + sizeof row->octets];
        struct cursor raw = cursor_over(row->octets + 14, row->length - 14);
        struct cursor c = cursor_over(octets, row->length + 2);

        if (row->octets[12] != 0x08 || row->octets[13] != 0x00)
            continue;
        assert_true(tunnel_to_ip(LINK_RAW, &raw));
        assert_ptr_equal(raw.at, row->octets + row->at);
        memcpy(octets, cooked, sizeof cooked);
        memcpy(octets + sizeof cooked, row->octets + 14, row->length - 14);
        assert_true(tunnel_to_ip(LINK_COOKED, &c));
        assert_ptr_equal(c.at, octets + row->at + 2);
    }
}

static void as_many_layers_as_may_be_are_looked_through_and_no_more(void **state)
{
    (void)state;
    for (unsigned tags = 0; tags <= TUNNEL_LAYERS_MAX + 2; tags++) {
        uint8_t octets[14 + 4 * (TUNNEL_LAYERS_MAX + 2) + 20] = {0};
        struct cursor c = cursor_over(octets, 14 + (size_t)4 * tags + 20);

        for (unsigned i = 0; i < tags; i++)
            store_u16(octets + 12 + (size_t)4 * i, ETHERTYPE_VLAN);
        store_u16(octets + 12 + (size_t)4 * tags, ETHERTYPE_IPV4);
        assert_int_equal(tunnel_to_ip(LINK_ETHERNET, &c), tags <= TUNNEL_LAYERS_MAX);
        if (tags <= TUNNEL_LAYERS_MAX)
            assert_int_equal(c.at - octets, 14 + 4 * tags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_innermost_packet_is_found),
        cmocka_unit_test(only_gtp_u_tells_a_subscriber_and_the_identifier_is_in_it),
        cmocka_unit_test(a_frame_that_is_cut_leads_nowhere_else),
        cmocka_unit_test(raw_and_cooked_links_are_looked_through_too),
        cmocka_unit_test(as_many_layers_as_may_be_are_looked_through_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
