#include "unit.h"

#include "wire/checksum.h"

static void the_example_of_rfc_1071_adds_up(void **state)
{
    static const uint8_t octets[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

    (void)state;
    assert_int_equal(checksum_fold(checksum_add(0, octets, sizeof octets)), 0xffff & ~0xddf2);
}

/* A real header: 172.16.10.99 to 172.16.10.12, checksum 0xb1e6 */
static const uint8_t header[] = {0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06,
                                 0xb1, 0xe6, 0xac, 0x10, 0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c};

static void a_header_with_its_checksum_folds_to_zero(void **state)
{
    uint8_t blank[sizeof header];

    (void)state;
    assert_int_equal(checksum_fold(checksum_add(0, header, sizeof header)), 0);
    memcpy(blank, header, sizeof header);
    store_u16(blank + 10, 0);
    assert_int_equal(checksum_fold(checksum_add(0, blank, sizeof blank)), 0xb1e6);
}

static void an_odd_last_octet_is_padded_with_zero(void **state)
{
    static const uint8_t octets[] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0x00};

    (void)state;
    for (size_t length = 1; length < sizeof octets; length += 2) {
        uint8_t padded[sizeof octets] = {0};

        memcpy(padded, octets, length);
        assert_int_equal(checksum_fold(checksum_add(0, octets, length)),
                         checksum_fold(checksum_add(0, padded, length + 1)));
    }
    assert_int_equal(checksum_fold(checksum_add(0, octets, 1)), 0xffff & ~0x1200);
}

static void carries_come_round_however_many_there_are(void **state)
{
    static uint8_t ones[65535];

    (void)state;
    memset(ones, 0xff, sizeof ones);
    assert_int_equal(checksum_fold(checksum_add(0, ones, 65534)), 0);
    assert_int_equal(checksum_fold(0), 0xffff);
    assert_int_equal(checksum_fold(UINT64_MAX), 0);
    assert_int_equal(checksum_fold(0x1ffffffffu), 0xfffe);
}

/* One UDP datagram a family, with the checksum that another implementation gave it. */
static void pseudo_headers_of_both_families_count(void **state)
{
    static const uint8_t v4_from[] = {192, 0, 2, 1}, v4_to[] = {198, 51, 100, 2};
    static const uint8_t v6_from[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    static const uint8_t v6_to[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};
    static const uint8_t udp[] = {0x82, 0x9b, 0x82, 0x9b, 0, 11, 0, 0, 'a', 'b', 'c'};
    const struct address from4 = address_v4(v4_from), to4 = address_v4(v4_to);
    const struct address from6 = address_v6(v6_from), to6 = address_v6(v6_to);
    uint64_t sum;

    (void)state;
    sum = checksum_add(checksum_pseudo(&from4, &to4, 17, sizeof udp), udp, sizeof udp);
    assert_int_equal(checksum_fold(sum), 0x4a07);
    sum = checksum_add(checksum_pseudo(&from6, &to6, 17, sizeof udp), udp, sizeof udp);
    assert_int_equal(checksum_fold(sum), 0xdac9);
}

static void a_hop_limit_that_is_taken_down_needs_no_new_sum(void **state)
{
    uint8_t octets[sizeof header];

    (void)state;
    memcpy(octets, header, sizeof header);
    for (unsigned hop_limit = octets[8]; hop_limit > 0; hop_limit--) {
        const uint16_t before = load_u16(octets + 8);

        octets[8]--;
        store_u16(octets + 10,
                  checksum_update(load_u16(octets + 10), before, load_u16(octets + 8)));
        assert_int_equal(checksum_fold(checksum_add(0, octets, sizeof octets)), 0);
    }
}

/* RFC 1624, 4: the older equation gives 0xffff here, which a receiver would not take for right. */
static void the_example_of_rfc_1624_stays_right(void **state)
{
    (void)state;
    assert_int_equal(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}

static void a_copy_has_the_octets_and_their_sum(void **state)
{
    uint8_t from[400], to[401];

    (void)state;
    for (unsigned i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)(i * 37 + 200);
    for (size_t length = 8; length <= sizeof from; length++) {
        memset(to, 0xee, sizeof to);
        assert_int_equal(checksum_copy(5, from, length, to), checksum_add(5, from, length));
        assert_memory_equal(to, from, length);
        assert_int_equal(to[length], 0xee);
    }
}

/* Word by word, as RFC 1071 writes it, against many octets at a time. */
static void any_length_sums_as_word_by_word(void **state)
{
    uint8_t octets[400];

    (void)state;
    for (unsigned i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 151 + 77);
    for (size_t length = 0; length <= sizeof octets; length++) {
        uint64_t sum = 0;

        for (size_t i = 0; i < length; i += 2)
            sum += (uint64_t)octets[i] << 8 | (i + 1 < length ? octets[i + 1] : 0);
        assert_int_equal(checksum_fold(checksum_add(0, octets, length)), checksum_fold(sum));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_has_the_octets_and_their_sum),
        cmocka_unit_test(any_length_sums_as_word_by_word),
        cmocka_unit_test(the_example_of_rfc_1071_adds_up),
        cmocka_unit_test(a_header_with_its_checksum_folds_to_zero),
        cmocka_unit_test(an_odd_last_octet_is_padded_with_zero),
        cmocka_unit_test(carries_come_round_however_many_there_are),
        cmocka_unit_test(pseudo_headers_of_both_families_count),
        cmocka_unit_test(a_hop_limit_that_is_taken_down_needs_no_new_sum),
        cmocka_unit_test(the_example_of_rfc_1624_stays_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
