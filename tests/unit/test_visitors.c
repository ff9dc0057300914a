#include "unit.h"

#include "tale/visitors.h"
#include "watch/judgement.h"

static const uint64_t key[2] = {0x0123456789abcdef, 0xfedcba9876543210};
static struct visitors *visitors;

static struct address v4(uint32_t number)
{
    const uint8_t octets[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                               (uint8_t)(number >> 8), (uint8_t)number};

    return address_v4(octets);
}

static struct address v6(uint8_t network, uint8_t interface)
{
    const uint8_t octets[16] = {0x20, 0x01, 0x0d, 0xb8, [7] = network, [15] = interface};

    return address_v6(octets);
}

static int set_up(void **state)
{
    (void)state;
    return visitors_new(key, &visitors);
}

static int tear_down(void **state)
{
    (void)state;
    visitors_free(visitors);
    return 0;
}

static void note(struct address address, struct traits visitor, uint64_t now_s)
{
    visitors_note(visitors, &address, &visitor, now_s);
}

static struct traits find(struct address address)
{
    return visitors_find(visitors, &address);
}

static void assert_same(struct traits found, struct traits expected)
{
    assert_memory_equal(&found, &expected, sizeof found);
}

/* Traits. */

static void the_words_are_those_of_the_judge(void **state)
{
    char text[TRAIT_TEXT_MAX];

    (void)state;
    for (unsigned i = 0; i < VERDICT_COUNT; i++)
        assert_string_equal(trait_text(TRAIT_VERDICT, i, text), verdict_name((enum verdict)i));
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        assert_string_equal(trait_text(TRAIT_STACK, i + 1, text),
                            stack_family_name((enum stack_family)i));
    assert_int_equal(trait_values(TRAIT_VERDICT), VERDICT_COUNT);
    assert_int_equal(trait_values(TRAIT_STACK), STACK_FAMILY_COUNT + 1);
}

static void a_value_is_found_by_its_text(void **state)
{
    char text[TRAIT_TEXT_MAX];

    (void)state;
    for (unsigned t = 0; t < TRAIT_COUNT; t++)
        for (unsigned i = 0; i < trait_values((enum trait)t); i++) {
            unsigned found = 999;

            trait_text((enum trait)t, i, text);
            assert_true(trait_find_value((enum trait)t, text, strlen(text), &found));
            assert_int_equal(found, i);
        }
}

static void hops_are_what_was_taken_of_the_initial(void **state)
{
    static const struct {
        uint8_t initial, hop_limit;
        const char *hops;
    } rows[] = {
        {64, 51, "13"}, {64, 64, "0"}, {128, 65, "63"}, {128, 64, "unknown"}, {0, 9, "unknown"}};
    char text[TRAIT_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct traits visitor = traits_of(0, 0, rows[i].initial, rows[i].hop_limit);

        assert_string_equal(trait_text(TRAIT_HOPS, visitor.value[TRAIT_HOPS], text), rows[i].hops);
        assert_int_equal(trait_initial(visitor.value[TRAIT_INITIAL]), rows[i].initial);
    }
}

static void words_are_parsed_or_refused(void **state)
{
    static const char *const wrong[] = {"verdict",      "verdict=",    "verdict=maybe",
                                        "colour=red",   "hop_limit=0", "hop_limit=256",
                                        "hops=64",      "=1",          "verdict=direct,,hops=1",
                                        "hop_limit=051"};
    struct traits visitor = {0};
    const char *at;

    (void)state;
    assert_true(
        traits_parse("verdict=tethered,stack=ios,initial=64,hops=13,hop_limit=51", &visitor, &at));
    assert_same(visitor, traits_of(VERDICT_TETHERED, STACK_IOS + 1, 64, 51));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(traits_parse(wrong[i], &visitor, &at));
}

/* The table. */

static void the_newest_of_a_subscriber_is_found(void **state)
{
    const struct traits phone = traits_of(1, 1, 64, 52);
    const struct traits laptop = traits_of(2, 4, 128, 115);

    (void)state;
    assert_same(find(v4(7)), (struct traits){0});
    note(v4(7), phone, 0);
    note(v6(7, 1), phone, 0);
    assert_same(find(v4(7)), phone);
    assert_same(find(v6(7, 99)), phone);
    assert_same(find(v6(8, 1)), (struct traits){0});
    assert_same(find(v4(8)), (struct traits){0});
    note(v4(7), laptop, 1);
    assert_same(find(v4(7)), laptop);
    assert_same(find(v6(7, 1)), phone);
}

static void who_is_forgotten_is_unknown(void **state)
{
    const struct traits phone = traits_of(1, 1, 64, 52);
    const struct address forgotten = v4(7);
    const struct address stranger = v4(9);

    (void)state;
    note(v4(7), phone, 0);
    note(v4(8), phone, 0);
    visitors_forget(visitors, &forgotten);
    visitors_forget(visitors, &stranger);
    assert_same(find(v4(7)), (struct traits){0});
    assert_same(find(v4(8)), phone);
}

static void every_value_is_kept(void **state)
{
    (void)state;
    for (unsigned verdict = 0; verdict < 3; verdict++)
        for (unsigned stack = 0; stack < 7; stack++)
            for (unsigned initial = 0; initial < 5; initial++)
                for (unsigned hop_limit = 0; hop_limit < 256; hop_limit++) {
                    const struct traits visitor =
                        traits_of((uint8_t)verdict, (uint8_t)stack, trait_initial(initial),
                                  (uint8_t)hop_limit);

                    note(v4(1), visitor, 0);
                    assert_same(find(v4(1)), visitor);
                }
}

static unsigned known_of(unsigned count, struct traits expected)
{
    unsigned known = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct traits found = find(v4(i));

        known += memcmp(&found, &expected, sizeof found) == 0;
    }
    return known;
}

static void a_flood_of_whom_nothing_is_known_leaves_the_others(void **state)
{
    enum { VISITORS = 5000 };
    const struct traits direct = traits_of(VERDICT_DIRECT, 1, 64, 52);
    const struct traits unknown = traits_of(VERDICT_UNKNOWN, 0, 64, 40);

    (void)state;
    for (uint32_t i = 0; i < VISITORS; i++)
        note(v4(i), direct, 100);
    for (uint32_t i = 0; i < 20 * VISITORS_MAX; i++)
        note(v4(0x80000000u + i), unknown, 101 + i / 10000);
    assert_int_equal(known_of(VISITORS, direct), VISITORS);
}

static void the_oldest_makes_room(void **state)
{
    const struct traits early = traits_of(VERDICT_DIRECT, 1, 64, 52);
    const struct traits late = traits_of(VERDICT_TETHERED, 1, 64, 51);

    (void)state;
    for (uint32_t i = 0; i < 2 * VISITORS_MAX; i++)
        note(v4(0x80000000u + i), early, 100);
    for (uint32_t i = 0; i < VISITORS_MAX / 8; i++)
        note(v4(i), late, 200);
    assert_int_equal(known_of(VISITORS_MAX / 8, late), VISITORS_MAX / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_are_those_of_the_judge),
        cmocka_unit_test(a_value_is_found_by_its_text),
        cmocka_unit_test(hops_are_what_was_taken_of_the_initial),
        cmocka_unit_test(words_are_parsed_or_refused),
        cmocka_unit_test_setup_teardown(the_newest_of_a_subscriber_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_forgotten_is_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_value_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_of_whom_nothing_is_known_leaves_the_others, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_makes_room, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
