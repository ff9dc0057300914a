/* Which program sent a probe: rows of the first octets that each was seen to send. */
#include "unit.h"

#include "tale/client.h"

#include <stdio.h>
#include <stdlib.h>

static const struct row {
    const char *name;
    enum probe_client client;
    const char *packet; /* from its IP header on, cut where nothing more matters */
} rows[] = {
    {"tr-udp4", CLIENT_TRACEROUTE,
     "4500003cc76e00000111b63900000000cb007109ebb4829a00286040404142434445464748494a4b4c4d4e4f"
     "505152535455565758595a5b5c5d5e5f"},
    {"tr-udp6", CLIENT_TRACEROUTE,
     "6001de6900281101fe800000000000007f5bf3c68340b98620010db80042000000000000000000099b5d829a"
     "00281033404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"},
    {"tr-icmp4", CLIENT_TRACEROUTE,
     "4500003c6be70000010111d100000000cb007109080036a04bd9000148494a4b4c4d4e4f5051525354555657"
     "58595a5b5c5d5e5f6061626364656667"},
    {"tr-icmp6", CLIENT_TRACEROUTE,
     "600fcfe700283a01fe800000000000007f5bf3c68340b98620010db80042000000000000000000098000d07e"
     "5d29000148494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f6061626364656667"},
    {"tr-tcp4", CLIENT_TRACEROUTE,
     "4500003ca58500000106d82d00000000cb007109c1e700501bbdf27100000000a00216d082140000020405b4"
     "0402080abda4e50b0000000001030302"},
    {"tr-tcp6", CLIENT_TRACEROUTE,
     "6000793000280601fe800000000000007f5bf3c68340b98620010db8004200000000000000000009c8c30050"
     "f2a7e90b00000000a0021680ba890000020405a00402080affd7f6010000000001030302"},
    {"mtr-icmp4", CLIENT_MTR,
     "4500004039b200000101440200000000cb007109080020a7567080e800000000000000000000000000000000"
     "0000000000000000000000000000000000000000"},
    {"mtr-icmp6", CLIENT_MTR,
     "6006ad6300183a0120010db800010000000000000000000120010db800420000000000000000000980009091"
     "127480e800000000000000000000000000000000"},
    {"mtr-udp4", CLIENT_MTR,
     "45000040bf8000000111be2300000000cb00710956e780e8002cebbc00000000000000000000000000000000"
     "0000000000000000000000000000000000000000"},
    {"mtr-udp6", CLIENT_MTR,
     "600be1280018110120010db800010000000000000000000120010db8004200000000000000000009131180e8"
     "0018100600000000000000000000000000000000"},
    {"mtr-tcp4", CLIENT_MTR,
     "4500003c220f400001061ba400000000cb00710980e80050c5d0969600000000a002faf08fd80000020405b4"
     "0402080add9ac5ef000000000103030a"},
    {"tracepath4", CLIENT_TRACEPATH,
     "450005dc000040000111380800000000cb007109eb13ad9c05c8ec180100000000000000052f000000000000"
     "7343ba1800000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000"},
    {"tracepath6", CLIENT_TRACEPATH,
     "60006dc305b41101fe800000000000007f5bf3c68340b98620010db8004200000000000000000009a3f0ad9c"
     "05b479160100000000000000472f000000000000c12e44160000000000000000000000000000000000000000"
     "0000000000000000"},
    {"ping4", CLIENT_PING,
     "450000544c9040004001b20f00000000cb0071090800acfe5b7c00010e27026b00000000121f0e0000000000"
     "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"},
    {"ping6", CLIENT_PING,
     "600fcfe700403a40fe800000000000007f5bf3c68340b98620010db8004200000000000000000009800008e3"
     "5d7a00013c27026b0000000032530d0000000000101112131415161718191a1b1c1d1e1f2021222324252627"
     "28292a2b2c2d2e2f"},
    {"scamper-udp4", CLIENT_SCAMPER,
     "4500002c0001400001117bb5c0000201cb00710993c4829b0018eb5200000000000000000000000000000000"},
    {"scamper-udp-paris4", CLIENT_SCAMPER,
     "4500002c0001400001117bb5c0000201cb0071099401829b00180001eb140000000000000000000000000000"},
    {"scamper-udp-paris6", CLIENT_SCAMPER,
     "60051d250014110120010db800010000000000000000000120010db800420000000000000000000995af829b"
     "001400018bbb00000000000000000000"},
    {"scamper-icmp4", CLIENT_SCAMPER,
     "4500002c0001400001017bc5c0000201cb007109080063b89447000000000000000000000000000000000000"},
    {"scamper-icmp-paris4", CLIENT_SCAMPER,
     "4500002c0001400001017bc5c0000201cb0071090800949a949a0000ceca0000000000000000000000000000"},
    {"scamper-icmp-paris6", CLIENT_SCAMPER,
     "6006ad6300143a0120010db800010000000000000000000120010db8004200000000000000000009800095bb"
     "95bb0000f87a00000000000000000000"},
    {"tcptr4", CLIENT_TCPTRACEROUTE,
     "450000289e6200000106df6400000000cb007109a48700502b41f57d0000000050020000ae420000"},
    {"inet-udp", CLIENT_INETUTILS,
     "45000025e0c2400001115cfc00000000cb007109e4d2829a0011251f53555045524d414e00"},
    {"inet-icmp", CLIENT_INETUTILS,
     "45000034759440000101c82b00000000cb0071090800b47d5e91000008090a0b0c0d0e0f1011121314151617"
     "18191a1b1c1d1e1f"},
    {"bb", CLIENT_BUSYBOX,
     "4500002e4f6240000111ee5300000000cb007109ea17829b001a55fc01010000000000000000000000000000"
     "0000"},
    {"hping", CLIENT_HPING, "4500001cfddf0000011100e77f000001cb007109092a829a0008b90e"},
    {"hpingS", CLIENT_HPING,
     "450000289f26000001065f9f7f000001cb00710904860050422f20c40e7fbfce50020200bcc00000"},
    {"hpingI", CLIENT_HPING, "4500001c44a600000101ba307f000001cb00710908003897be680100"},
    {"scamper-icmp6", CLIENT_UNKNOWN,
     "6006ad6300143a0120010db800010000000000000000000120010db800420000000000000000000980008e3c"
     "95b50000000000000000000000000000"},
    {"scamper-udp6", CLIENT_UNKNOWN,
     "600ea4950014110120010db800010000000000000000000120010db8004200000000000000000009959d829b"
     "00148bce000000000000000000000000"},
    {"tracert of Windows", CLIENT_TRACERT,
     "4500005c000500000301b945c000024dcb0071090800f7f50001000900000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "00000000"},
    {"traceroute of the BSDs", CLIENT_BSD_TRACEROUTE,
     "45000028000500000311b969c000024dcb0071098f31829d0014ef9f000000000000000000000000"},
    {"traceroute -I of the BSDs", CLIENT_BSD_TRACEROUTE,
     "45000028000500000301b979c000024dcb007109080068c58f310009000000000000000000000000"},
    {"paris-traceroute", CLIENT_PARIS_TRACEROUTE,
     "4500001e000500000311b973c000024dcb00710982b082b1000ae9ec1234"},
    {"any UDP", CLIENT_UNKNOWN,
     "45000026000500000311b96bc000024dcb0071099c40829b0012dd8c30313233343536373839"},
};

static size_t octets_of(const char *hex, uint8_t out[256])
{
    const size_t count = strlen(hex) / 2;

    for (size_t i = 0; i < count; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return count;
}

static void each_program_is_known_by_its_probes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t octets[256];
        const size_t length = octets_of(rows[i].packet, octets);
        struct packet packet;

        assert_int_equal(packet_parse(octets, length, &packet), PACKET_OK);
        if (client_of(&packet) != rows[i].client)
            fail_msg("%s: expected %s, found %s", rows[i].name, client_name(rows[i].client),
                     client_name(client_of(&packet)));
    }
}

/* What is cut short at any place is still looked at without a step outside (sanitizers watch). */
static void what_is_cut_short_is_looked_at_all_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t octets[256];
        const size_t length = octets_of(rows[i].packet, octets);

        for (size_t cut = 0; cut < length; cut++) {
            uint8_t *exact = malloc(cut + 1);
            struct packet packet;

            assert_non_null(exact);
            memcpy(exact + 1, octets, cut);
            if (packet_parse(exact + 1, cut, &packet) == PACKET_OK)
                assert_in_range(client_of(&packet), CLIENT_UNKNOWN, CLIENT_COUNT - 1);
            free(exact);
        }
    }
}

static void every_client_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CLIENT_COUNT; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(client_name((enum probe_client)i),
                                    client_name((enum probe_client)j));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_program_is_known_by_its_probes),
        cmocka_unit_test(what_is_cut_short_is_looked_at_all_the_same),
        cmocka_unit_test(every_client_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
