#include "unit.h"

#include "tale/limit.h"
#include "tale/limit_set.h"
#include "tale/random.h"

#define SECOND_NS 1000000000u

static const struct limit_settings usual = {
    .source_rate = 10,
    .source_burst = 5,
    .total_rate = 1000000,
    .total_burst = 1000000,
    .sources = 64,
    .hash_key = {1, 2},
};

static struct address source(uint32_t number)
{
    const uint8_t octets[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                               (uint8_t)number};

    return address_v4(octets);
}

static struct limiter *limiter_of(const struct limit_settings *settings)
{
    struct limiter *l = NULL;

    assert_int_equal(limiter_new(settings, &l), 0);
    return l;
}

/* How many of `count` probes at one moment are allowed. */
static unsigned allowed(struct limiter *l, struct address a, unsigned count, uint64_t now_ns)
{
    unsigned yes = 0;

    for (unsigned i = 0; i < count; i++)
        yes += limiter_take(l, &a, now_ns) == LIMIT_ALLOWED;
    return yes;
}

static void a_source_gets_its_burst_and_then_its_rate(void **state)
{
    struct limiter *l = limiter_of(&usual);

    (void)state;
    assert_int_equal(allowed(l, source(1), 20, 0), 5);
    assert_int_equal(limiter_take(l, &(struct address){0}, 0), LIMIT_ALLOWED);
    assert_int_equal(allowed(l, source(1), 20, SECOND_NS / 10 - 1), 0);
    assert_int_equal(allowed(l, source(1), 20, SECOND_NS / 10), 1);
    assert_int_equal(allowed(l, source(1), 20, SECOND_NS / 2), 4);
    assert_int_equal(allowed(l, source(1), 20, 100ull * SECOND_NS), 5);
    limiter_free(l);
}

static void the_rate_holds_over_a_long_time(void **state)
{
    struct limiter *l = limiter_of(&usual);
    unsigned yes = 0;

    (void)state;
    for (uint64_t ms = 0; ms < 100000; ms++)
        yes += allowed(l, source(1), 1, ms * 1000000);
    assert_in_range(yes, 1000, 1005);
    limiter_free(l);
}

static void one_sources_probes_leave_another_its_own(void **state)
{
    struct limiter *l = limiter_of(&usual);

    (void)state;
    assert_int_equal(allowed(l, source(1), 20, 0), 5);
    assert_int_equal(allowed(l, source(2), 20, 0), 5);
    limiter_free(l);
}

static void the_hosts_of_an_ipv6_64_are_one_source(void **state)
{
    static const uint8_t one[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, [15] = 1};
    static const uint8_t two[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, [15] = 2};
    static const uint8_t next[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 3, [15] = 1};
    struct limiter *l = limiter_of(&usual);

    (void)state;
    assert_int_equal(allowed(l, address_v6(one), 20, 0), 5);
    assert_int_equal(allowed(l, address_v6(two), 20, 0), 0);
    assert_int_equal(allowed(l, address_v6(next), 20, 0), 5);
    limiter_free(l);
}

static void the_total_limits_all_and_takes_no_token_of_the_refused_source(void **state)
{
    struct limit_settings settings = usual;
    struct limiter *l;
    struct address last = source(9);

    (void)state;
    settings.total_rate = 1;
    settings.total_burst = 8;
    l = limiter_of(&settings);
    assert_int_equal(allowed(l, source(1), 5, 0), 5);
    assert_int_equal(allowed(l, source(2), 5, 0), 3);
    assert_int_equal(limiter_take(l, &last, 0), LIMIT_TOTAL);
    settings.total_burst = 100;
    limiter_reconfigure(l, &settings);
    assert_int_equal(allowed(l, last, 20, 0), 5);
    limiter_free(l);
}

static void a_source_over_its_limit_takes_nothing_of_the_total(void **state)
{
    struct limit_settings settings = usual;
    struct limiter *l;
    struct address first = source(1);

    (void)state;
    settings.total_rate = 1;
    settings.total_burst = 8;
    l = limiter_of(&settings);
    assert_int_equal(allowed(l, first, 100, 0), 5);
    assert_int_equal(limiter_take(l, &first, 0), LIMIT_SOURCE);
    assert_int_equal(allowed(l, source(2), 5, 0), 3);
    limiter_free(l);
}

static void a_rate_of_zero_is_no_limit(void **state)
{
    const struct limit_settings settings = {.sources = 1};
    struct limiter *l = limiter_of(&settings);

    (void)state;
    assert_int_equal(allowed(l, source(1), 1000, 0), 1000);
    limiter_free(l);
}

/*
 * The attacker sends from many false sources to push the visitor out, and so to make its bucket
 * full again: it comes back with a single token, however often.
 */
static void pushing_a_source_out_gains_one_token(void **state)
{
    struct limit_settings settings = usual;
    struct limiter *l;
    uint32_t next = 100;

    (void)state;
    settings.sources = 7; /* one set */
    l = limiter_of(&settings);
    assert_int_equal(allowed(l, source(1), 20, 0), 5);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 50; i++)
            (void)allowed(l, source(next++), 20, 0);
        assert_in_range(allowed(l, source(1), 20, 0), 0, 1);
    }
    limiter_free(l);
}

/* Once everybody who was pushed out would be full again, newcomers are newcomers. */
static void after_a_flood_a_new_source_has_its_burst_again(void **state)
{
    struct limit_settings settings = usual;
    struct limiter *l;

    (void)state;
    settings.sources = 7;
    l = limiter_of(&settings);
    for (unsigned i = 0; i < 50; i++)
        (void)allowed(l, source(i), 20, 0);
    assert_int_equal(allowed(l, source(999), 20, SECOND_NS), 5);
    limiter_free(l);
}

/* However alike they are: neighbours, and one of each network. */
static void sources_spread_over_the_sets(void **state)
{
    static const unsigned shifts[] = {0, 8, 11};
    static const uint64_t key[2] = {0x0123456789abcdefu, 0xf0e1d2c3b4a59687u};
    enum { SETS = 1024, EACH = 7 };

    (void)state;
    for (size_t s = 0; s < sizeof shifts / sizeof shifts[0]; s++) {
        unsigned found[SETS] = {0};

        for (uint32_t i = 0; i < SETS * EACH; i++) {
            const struct address a = source(i << shifts[s]);

            found[limit_hash_source(key, &a) % SETS]++;
        }
        for (unsigned i = 0; i < SETS; i++)
            assert_in_range(found[i], 0, 4 * EACH);
    }
}

static void a_flood_of_false_sources_gets_no_more_than_the_total(void **state)
{
    struct limit_settings settings = usual;
    struct limiter *l;
    struct random r = random_seeded(5);
    unsigned yes = 0;

    (void)state;
    settings.total_rate = 1000;
    settings.total_burst = 100;
    l = limiter_of(&settings);
    for (unsigned i = 0; i < 200000; i++) /* in two seconds */
        yes += allowed(l, source((uint32_t)random_next(&r) & 0xffffff), 1, i * 10000ull);
    assert_in_range(yes, 2000, 2100);
    limiter_free(l);
}

static uint64_t hash_of(uint8_t first, uint8_t last, uint64_t secret)
{
    const uint64_t key[2] = {secret, secret * 3};
    const uint8_t octets[16] = {0x20, first, [7] = last, [15] = 1};
    const struct address a = address_v6(octets);

    return limit_hash_source(key, &a);
}

static void sources_fall_into_other_sets_under_another_key(void **state)
{
    unsigned same = 0;

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        assert_true(hash_of(1, (uint8_t)i, 77) != hash_of(2, (uint8_t)i, 77));
        same += ((hash_of(1, (uint8_t)i, 77) ^ hash_of(1, (uint8_t)i, 78)) & 0xff) == 0;
    }
    assert_in_range(same, 0, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_gets_its_burst_and_then_its_rate),
        cmocka_unit_test(the_rate_holds_over_a_long_time),
        cmocka_unit_test(one_sources_probes_leave_another_its_own),
        cmocka_unit_test(the_hosts_of_an_ipv6_64_are_one_source),
        cmocka_unit_test(the_total_limits_all_and_takes_no_token_of_the_refused_source),
        cmocka_unit_test(sources_spread_over_the_sets),
        cmocka_unit_test(a_source_over_its_limit_takes_nothing_of_the_total),
        cmocka_unit_test(sources_fall_into_other_sets_under_another_key),
        cmocka_unit_test(a_rate_of_zero_is_no_limit),
        cmocka_unit_test(pushing_a_source_out_gains_one_token),
        cmocka_unit_test(after_a_flood_a_new_source_has_its_burst_again),
        cmocka_unit_test(a_flood_of_false_sources_gets_no_more_than_the_total),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
