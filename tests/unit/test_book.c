#include "unit.h"

#include "tale/book.h"
#include "tale/random.h"
#include "tale/targets.h"
#include "tale_built.h"

#include <errno.h>

enum { TALES = 5, TARGETS = 9, ADDRESSES = 20000 };

static struct book book;
static struct built built[TALES];
static struct tale *list[TALES];
static const struct limit_settings limits = {.source_rate = 10, .source_burst = 5};
static char error[128];

static const struct book_range *look_up(const struct address *a)
{
    const uint64_t high = address_half(a, 0);
    const uint64_t low = address_half(a, 1);

    for (uint32_t i = 0; i < book.range_count; i++) {
        const struct book_range *r = &book.range[i];
        const bool begins = r->first[0] < high || (r->first[0] == high && r->first[1] <= low);
        const bool reaches = r->last[0] > high || (r->last[0] == high && r->last[1] >= low);

        if (begins && reaches)
            return r->family == address_family(a) ? r : NULL;
    }
    return NULL;
}

static bool is_within_span(const struct address *a)
{
    const struct book_span *span = &book.span[address_family(a)];
    const uint64_t high = address_half(a, 0);
    const uint64_t low = address_half(a, 1);

    return (span->first[0] < high || (span->first[0] == high && span->first[1] <= low)) &&
           (span->last[0] > high || (span->last[0] == high && span->last[1] >= low));
}

/* Few bits differ, so that prefixes lie in one another. */
static struct address near(struct random *r)
{
    const uint8_t v4[4] = {203, 0, (uint8_t)(random_next(r) % 3), (uint8_t)random_next(r)};
    const uint8_t v6[16] = {
        0x20, 0x01, [7] = (uint8_t)(random_next(r) % 3), [15] = (uint8_t)random_next(r)};

    return random_next(r) & 1 ? address_v4(v4) : address_v6(v6);
}

static struct tales tales_by_chance(struct random *r)
{
    for (unsigned i = 0; i < TALES; i++) {
        built_usual(&built[i]);
        built[i].tale.target_count = TARGETS;
        for (unsigned j = 0; j < TARGETS; j++) {
            const struct address a = near(r);
            const uint8_t least = address_is_v4(&a) ? 96 : 0;

            built[i].tale.target[j] =
                prefix_of(&a, (uint8_t)(least + random_next(r) % (129 - least)));
        }
        list[i] = &built[i].tale;
    }
    return (struct tales){.count = TALES, .tale = list};
}

static void an_address_has_the_tale_that_tales_find_gives(void **state)
{
    struct random random = random_seeded(7);

    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        const struct tales tales = tales_by_chance(&random);
        struct address own[3];

        for (unsigned i = 0; i < 3; i++)
            own[i] = near(&random);
        assert_int_equal(book_write(&tales, own, 3, &limits, &book, error, sizeof error), 0);
        for (unsigned i = 0; i < ADDRESSES / 20; i++) {
            const struct address a = i < 3 ? own[i] : near(&random);
            const struct book_range *range = look_up(&a);
            const struct tale *tale = tales_find(&tales, address_family(&a), &a).tale;

            assert_ptr_equal(range ? list[range->tale] : NULL, tale);
            if (range)
                assert_true(is_within_span(&a));
            if (range)
                assert_int_equal(range->own, address_equal(&a, &own[0]) ||
                                                 address_equal(&a, &own[1]) ||
                                                 address_equal(&a, &own[2]));
        }
    }
}

static void ranges_are_sorted_and_apart(void **state)
{
    struct random random = random_seeded(3);
    const struct tales tales = tales_by_chance(&random);

    (void)state;
    assert_int_equal(book_write(&tales, NULL, 0, &limits, &book, error, sizeof error), 0);
    for (uint32_t i = 1; i < book.range_count; i++) {
        const struct book_range *a = &book.range[i - 1];
        const struct book_range *b = &book.range[i];

        assert_true(a->last[0] < b->first[0] ||
                    (a->last[0] == b->first[0] && a->last[1] < b->first[1]));
    }
}

static void write_one(void)
{
    const struct tales tales = built_tales(&built[0]);

    assert_int_equal(book_write(&tales, NULL, 0, &limits, &book, error, sizeof error), 0);
}

static void a_family_without_targets_has_a_span_that_holds_nothing(void **state)
{
    const uint8_t octets[4] = {203, 0, 113, 9};
    const struct address first = address_v4((const uint8_t[4]){0, 0, 0, 0});
    const struct address target = address_v4(octets);

    (void)state;
    built_usual(&built[0]);
    built[0].tale.target_count = 1;
    built[0].tale.target[0] = prefix_of(&target, 128);
    write_one();
    assert_true(is_within_span(&target));
    assert_false(is_within_span(&first));
    assert_true(book.span[FAMILY_V6].first[0] > book.span[FAMILY_V6].last[0]);
}

static void a_range_that_is_the_only_one_of_its_family_is_named(void **state)
{
    (void)state;
    built_usual(&built[0]); /* a target of each family */
    write_one();
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        const struct book_span *span = &book.span[family];

        assert_in_range(span->only, 1, book.range_count);
        assert_int_equal(book.range[span->only - 1].family, family);
    }
    built[0].tale.target[built[0].tale.target_count++] =
        prefix_of(&(struct address){.octets = {0x20, 0x02}}, 48);
    write_one();
    assert_int_not_equal(book.span[FAMILY_V4].only, 0);
    assert_int_equal(book.span[FAMILY_V6].only, 0);
}

/* What may be answered without a look at sockets, at broadcasts' and at others' addresses. */
static void what_is_usual_is_known_by_the_target(void **state)
{
    enum { ALL = 1u << PROBE_ICMP | 1u << PROBE_UDP | 1u << PROBE_TCP };
    static const struct {
        uint8_t address[4];
        uint8_t length;
        bool own;
        uint8_t usual;
    } rows[] = {
        {{203, 0, 113, 9}, 32, false, ALL}, {{203, 0, 113, 9}, 32, true, 1u << PROBE_ICMP},
        {{203, 0, 113, 0}, 24, false, ALL}, {{127, 0, 0, 1}, 32, false, 0},
        {{126, 0, 0, 0}, 7, false, 0},      {{0, 0, 0, 0}, 1, false, 0},
        {{192, 0, 0, 0}, 2, false, 0},      {{223, 255, 255, 255}, 32, false, ALL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct address target = address_v4(rows[i].address);
        struct tales tales;

        built_usual(&built[0]);
        built[0].tale.target_count = 1;
        built[0].tale.target[0] = prefix_of(&target, (uint8_t)(96 + rows[i].length));
        tales = built_tales(&built[0]);
        assert_int_equal(
            book_write(&tales, &target, rows[i].own, &limits, &book, error, sizeof error), 0);
        assert_int_equal(look_up(&target)->usual, rows[i].usual);
    }
}

static void a_hop_is_usual_where_it_answers_every_such_probe(void **state)
{
    (void)state;
    built_usual(&built[0]);
    built[0].hop[0].silent = 1u << PROBE_TCP;
    built[0].hop[0].mtu = 1400;
    built[0].hop[1].address[FAMILY_V6] = (struct address){0};
    built[0].hop[2].delay_us = 1;
    write_one();
    assert_int_equal(book.step[0].usual[FAMILY_V4], UINT16_MAX);
    assert_int_equal(book.step[1].usual[FAMILY_V4], 1400);
    assert_false(book.hop[0].usual[FAMILY_V4] & 1u << PROBE_TCP);
    assert_true(book.hop[0].usual[FAMILY_V4] & 1u << PROBE_UDP);
    assert_true(book.hop[1].usual[FAMILY_V4] & 1u << PROBE_UDP);
    assert_int_equal(book.hop[1].usual[FAMILY_V6], 0);
    assert_int_equal(book.hop[2].usual[FAMILY_V4], 0);
}

static void a_step_of_several_hops_is_not_usual(void **state)
{
    static const uint16_t alike[] = {1, 1};

    (void)state;
    built_empty(&built[0]);
    (void)built_add_fork(&built[0], FORK_FLOW, 2, alike);
    write_one();
    assert_int_equal(book.step[0].usual[FAMILY_V4], 0);
    assert_int_equal(book.step[0].usual[FAMILY_V6], 0);
}

static void processors_keep_back_a_quarter_of_a_burst_at_most(void **state)
{
    static const struct {
        uint32_t burst;
        uint64_t batch;
    } rows[] = {{0, 1}, {1, 1}, {1023, 1}, {2048, 2}, {16384, 16}, {40000, 16}, {UINT32_MAX, 16}};

    struct tales tales;

    (void)state;
    built_usual(&built[0]);
    tales = built_tales(&built[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct limit_settings these = {.total_rate = 1000, .total_burst = rows[i].burst};

        assert_int_equal(book_write(&tales, NULL, 0, &these, &book, error, sizeof error), 0);
        assert_int_equal(book.limits.total_batch, rows[i].batch);
    }
}

static void all_of_the_usual_tale_is_for_the_kernel(void **state)
{
    (void)state;
    built_usual(&built[0]);
    write_one();
    assert_int_equal(book.tale[0].steps, 3);
    assert_int_equal(book.tale[0].rest, BOOK_REST_END);
    for (unsigned i = 0; i < 3; i++)
        assert_false(book.hop[i].user_space);
    assert_int_equal(book.hop[1].extension_length[FAMILY_V4], 16);
}

static void hops_with_delay_or_loss_are_for_user_space(void **state)
{
    (void)state;
    built_usual(&built[0]);
    built[0].hop[0].delay_us = 1;
    built[0].hop[2].loss = 1;
    write_one();
    assert_true(book.hop[0].user_space);
    assert_false(book.hop[1].user_space);
    assert_true(book.hop[2].user_space);
}

static void past_branches_of_different_length_user_space_decides(void **state)
{
    static const uint16_t unlike[] = {1, 2};

    (void)state;
    built_usual(&built[0]);
    (void)built_add_fork(&built[0], FORK_FLOW, 2, unlike);
    (void)built_add_hop(&built[0]);
    write_one();
    assert_int_equal(book.tale[0].steps, 4);
    assert_int_equal(book.tale[0].longest, 6);
    assert_int_equal(book.tale[0].rest, BOOK_REST_USER_SPACE);
}

static void nothing_comes_past_a_hop_that_refuses(void **state)
{
    (void)state;
    built_usual(&built[0]);
    built[0].hop[1].refuse = REFUSE_ADMIN;
    write_one();
    assert_int_equal(book.tale[0].steps, 2);
    assert_int_equal(book.tale[0].rest, BOOK_REST_REFUSED);
}

static void too_many_tales_are_refused_with_a_sentence(void **state)
{
    static struct tale *many[BOOK_TALES + 1];
    const struct tales tales = {.count = BOOK_TALES + 1, .tale = many};

    (void)state;
    built_usual(&built[0]);
    for (unsigned i = 0; i <= BOOK_TALES; i++)
        many[i] = &built[0].tale;
    assert_int_equal(book_write(&tales, NULL, 0, &limits, &book, error, sizeof error), -E2BIG);
    assert_string_equal(error, "expected at most 256 tales with 'datapath: xdp', found 257");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_the_tale_that_tales_find_gives),
        cmocka_unit_test(ranges_are_sorted_and_apart),
        cmocka_unit_test(a_family_without_targets_has_a_span_that_holds_nothing),
        cmocka_unit_test(a_range_that_is_the_only_one_of_its_family_is_named),
        cmocka_unit_test(what_is_usual_is_known_by_the_target),
        cmocka_unit_test(a_hop_is_usual_where_it_answers_every_such_probe),
        cmocka_unit_test(a_step_of_several_hops_is_not_usual),
        cmocka_unit_test(processors_keep_back_a_quarter_of_a_burst_at_most),
        cmocka_unit_test(all_of_the_usual_tale_is_for_the_kernel),
        cmocka_unit_test(hops_with_delay_or_loss_are_for_user_space),
        cmocka_unit_test(past_branches_of_different_length_user_space_decides),
        cmocka_unit_test(nothing_comes_past_a_hop_that_refuses),
        cmocka_unit_test(too_many_tales_are_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
