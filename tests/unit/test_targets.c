#include "unit.h"

#include "tale/random.h"
#include "tale/targets.h"
#include "tale_built.h"

enum { TALES = 3, TARGETS = 20, ASKED = 4000 };

static struct built built[TALES];
static struct tale *list[TALES];
static struct tales tales = {.count = TALES, .tale = list};

static int set_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TALES; i++) {
        built_empty(&built[i]);
        built[i].tale.target_count = 0;
        list[i] = &built[i].tale;
    }
    return 0;
}

static void add_target(unsigned tale, const struct address *a, uint8_t length)
{
    built[tale].tale.target[built[tale].tale.target_count++] = prefix_of(a, length);
}

static struct address v4(uint32_t number)
{
    uint8_t octets[4];

    store_u32(octets, number);
    return address_v4(octets);
}

static struct address v6(uint64_t high, uint64_t low)
{
    struct address a;

    for (unsigned i = 0; i < 8; i++) {
        a.octets[i] = (uint8_t)(high >> (56 - 8 * i));
        a.octets[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    return a;
}

/* Few bits differ, so that prefixes lie in one another, and at the ends of everything. */
static struct address by_chance(struct random *r)
{
    const uint64_t high[] = {0, 0x20010db800420000u, ~(uint64_t)0};
    const uint64_t low[] = {0, random_next(r) & 3, (uint64_t)1 << 48, ~(uint64_t)0};

    if (random_next(r) & 1)
        return v4((random_next(r) & 1 ? 0xcb007100u : 0) + (uint32_t)(random_next(r) & 0x3ff));
    return v6(high[random_next(r) % 3] + (random_next(r) & 3), low[random_next(r) % 4]);
}

static void assert_found_as_by_search(const struct targets *targets, const struct address *a)
{
    const struct target found = targets_find(targets, address_family(a), a);
    const struct target searched = tales_search(&tales, a);

    assert_ptr_equal(found.tale, searched.tale);
    assert_ptr_equal(found.prefix, searched.prefix);
}

static void places_give_what_going_through_all_targets_gives(void **state)
{
    struct random random = random_seeded(3);

    (void)state;
    for (unsigned count = 0; count <= TARGETS; count++) {
        struct targets *targets;

        set_up(NULL);
        for (unsigned i = 0; i < count; i++) {
            const struct address a = by_chance(&random);
            const uint8_t least = address_is_v4(&a) ? 96 : 0;
            const uint8_t length = (uint8_t)(least + random_next(&random) % (129 - least));

            add_target(i % TALES, &a, length);
        }
        assert_int_equal(targets_new(&tales, &targets), 0);
        for (unsigned i = 0; i < ASKED; i++) {
            const struct address a = by_chance(&random);

            assert_found_as_by_search(targets, &a);
        }
        targets_free(targets);
    }
}

/* Where each target begins and ends, and one before and behind. */
static void a_target_is_found_from_its_first_address_to_its_last(void **state)
{
    const struct address net = v4(0xcb007100), host = v4(0xcb007109), all = {0};
    static const uint32_t asked[] = {0xcb0070ff, 0xcb007100, 0xcb007108, 0xcb007109,
                                     0xcb00710a, 0xcb0071ff, 0xcb007200};
    static const uint8_t length[] = {0, 120, 120, 128, 120, 120, 0};
    struct targets *targets;

    (void)state;
    add_target(0, &net, 120);
    add_target(1, &host, 128);
    add_target(2, &all, 0);
    assert_int_equal(targets_new(&tales, &targets), 0);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const struct address a = v4(asked[i]);
        const struct target found = targets_find(targets, FAMILY_V4, &a);

        assert_int_equal(found.tale != NULL ? found.prefix->length : 0, length[i]);
    }
    for (unsigned i = 0; i < 4; i++) {
        const struct address a = v6(i & 1 ? ~(uint64_t)0 : 0, i & 2 ? ~(uint64_t)0 : 2);

        assert_ptr_equal(targets_find(targets, FAMILY_V6, &a).tale, &built[2].tale);
    }
    targets_free(targets);
}

static void without_targets_none_is_found(void **state)
{
    const struct address four = v4(0), six = v6(0, 2);
    struct targets *targets;

    (void)state;
    assert_int_equal(targets_new(&tales, &targets), 0);
    assert_null(targets_find(targets, FAMILY_V4, &four).tale);
    assert_null(targets_find(targets, FAMILY_V6, &six).tale);
    targets_free(targets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(places_give_what_going_through_all_targets_gives, set_up),
        cmocka_unit_test_setup(a_target_is_found_from_its_first_address_to_its_last, set_up),
        cmocka_unit_test_setup(without_targets_none_is_found, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
