/* When an answer is sent, if it is sent at all: delay, loss, duplication, reordering, rates. */
#include "unit.h"

#include "tale/answer.h"
#include "tale/delay.h"
#include "tale/respond.h"
#include "tale_built.h"

#include <stdlib.h>

enum { SAMPLES = 20000 };

static struct built built;
static struct responder responder;
static struct routers routers;
static uint8_t out[ANSWER_CAPACITY];

/* UDP from 192.0.2.77 to the target with a hop limit of 1 (the row of test_respond.c). */
static const uint8_t probe[] = {0x45, 0x00, 0x00, 0x26, 0x12, 0x34, 0x00, 0x00, 0x01, 0x11,
                                0xa9, 0x3c, 0xc0, 0x00, 0x02, 0x4d, 0xcb, 0x00, 0x71, 0x09,
                                0x9c, 0x40, 0x82, 0x9b, 0x00, 0x12, 0xdd, 0x8c, 0x30, 0x31,
                                0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39};

static int set_up(void **state)
{
    (void)state;
    built_usual(&built);
    routers = (struct routers){.lock = ATOMIC_FLAG_INIT};
    responder = (struct responder){
        .tales = built_tales(&built), .routers = &routers, .random = random_seeded(11)};
    return 0;
}

/* What a test changed at the tale counts from its next probe on. */
static struct answer ask(uint64_t now_ns)
{
    (void)built_tales(&built);
    return respond(&responder, probe, sizeof probe, now_ns, out, sizeof out);
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Each distribution's quantiles, of delay 100 ms and jitter 10 ms, in microseconds. */
static void each_distribution_has_its_quantiles(void **state)
{
    static const struct {
        enum delay_distribution distribution;
        struct {
            double at;
            double expected;
        } quantile[4];
    } rows[] = {
        {DELAY_NORMAL, {{0.1587, 90000}, {0.5, 100000}, {0.8413, 110000}, {0.9772, 120000}}},
        {DELAY_UNIFORM, {{0.001, 90000}, {0.25, 95000}, {0.5, 100000}, {0.999, 110000}}},
        {DELAY_PARETO, {{0.001, 100000}, {0.5, 104142}, {0.75, 110000}, {0.96, 140000}}},
    };
    uint64_t *samples = calloc(SAMPLES, sizeof *samples);
    struct hop hop = {.delay_us = 100000, .jitter_us = 10000};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct random r = random_seeded(i + 1);

        hop.distribution = rows[i].distribution;
        for (unsigned j = 0; j < SAMPLES; j++)
            samples[j] = delay_sample_us(&hop, &r);
        qsort(samples, SAMPLES, sizeof *samples, by_size);
        for (unsigned j = 0; j < 4; j++) {
            const uint64_t found = samples[(size_t)(rows[i].quantile[j].at * SAMPLES)];
            const double expected = rows[i].quantile[j].expected;

            assert_in_range(found, (uint64_t)(expected - 1200), (uint64_t)(expected + 1200));
        }
    }
    free(samples);
}

static void no_delay_is_negative_and_a_pareto_sample_has_an_end(void **state)
{
    struct hop hop = {.delay_us = 10, .jitter_us = 1000, .distribution = DELAY_NORMAL};
    struct random r = random_seeded(2);

    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++)
        assert_in_range(delay_sample_us(&hop, &r), 0, 10 + 6 * 1000);
    hop.distribution = DELAY_PARETO;
    for (unsigned i = 0; i < SAMPLES * 10; i++)
        assert_in_range(delay_sample_us(&hop, &r), 10, 10 + DELAY_PARETO_MAX * 1000);
}

static void a_delay_is_that_of_the_hop_alone(void **state)
{
    (void)state;
    built.hop[0].delay_us = 20000;
    built.hop[1].delay_us = 70000;
    assert_int_equal(ask(1000).due_ns, 1000 + 20000000);
}

static void the_end_answers_at_once(void **state)
{
    (void)state;
    built.hop[0].delay_us = 20000;
    built.hop[0].loss = UINT32_MAX;
    built.tale.step_count = 0;
    assert_int_equal(ask(1000).reason, REASON_END_UNREACHABLE);
    assert_int_equal(ask(1000).due_ns, 1000);
}

static void one_in_four_is_lost_duplicated_and_held_back(void **state)
{
    unsigned lost = 0, twice = 0, late = 0;

    (void)state;
    built.hop[0].loss = 1u << 30;
    built.hop[0].duplicate = 1u << 30;
    built.hop[0].reorder = 1u << 30;
    for (unsigned i = 0; i < SAMPLES; i++) {
        const struct answer answer = ask(i);

        lost += answer.reason == REASON_LOST;
        twice += answer.duplicate;
        late += answer.due_ns == i + DELAY_REORDER_US * 1000ull;
    }
    assert_in_range(lost, SAMPLES / 4 - 250, SAMPLES / 4 + 250);
    assert_in_range(twice, SAMPLES * 3 / 16 - 250, SAMPLES * 3 / 16 + 250);
    assert_in_range(late, SAMPLES * 3 / 16 - 250, SAMPLES * 3 / 16 + 250);
}

static void all_or_none_is_exact(void **state)
{
    (void)state;
    built.hop[0].duplicate = UINT32_MAX;
    for (unsigned i = 0; i < 1000; i++)
        assert_true(ask(i).duplicate);
    built.hop[0].loss = UINT32_MAX;
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(ask(i).reason, REASON_LOST);
}

static void a_simulated_router_keeps_its_rate(void **state)
{
    unsigned answered = 0;

    (void)state;
    built.hop[0].rate = 100;
    built.hop[0].burst = 10;
    for (uint64_t ms = 0; ms < 1000; ms++) {
        const enum reason reason = ask(ms * 1000000).reason;

        assert_true(reason == REASON_TIME_EXCEEDED || reason == REASON_ROUTER_LIMIT);
        answered += reason == REASON_TIME_EXCEEDED;
    }
    assert_in_range(answered, 108, 110);
}

static void two_routers_have_each_their_own(void **state)
{
    uint8_t second[sizeof probe];

    (void)state;
    memcpy(second, probe, sizeof probe);
    second[8] = 2;
    second[10] = 0xa8;
    for (unsigned i = 0; i < 2; i++)
        built.hop[i].rate = 1;
    assert_int_equal(ask(0).reason, REASON_TIME_EXCEEDED);
    assert_int_equal(ask(0).reason, REASON_ROUTER_LIMIT);
    assert_int_equal(respond(&responder, second, sizeof second, 0, out, sizeof out).reason,
                     REASON_TIME_EXCEEDED);
    assert_int_equal(ask(0).reason, REASON_ROUTER_LIMIT);
}

static void a_router_has_one_rate_for_all_threads(void **state)
{
    static struct responder other;

    (void)state;
    built.hop[0].rate = 1;
    other = (struct responder){.tales = built_tales(&built), .routers = &routers};
    assert_int_equal(ask(0).reason, REASON_TIME_EXCEEDED);
    assert_int_equal(respond(&other, probe, sizeof probe, 0, out, sizeof out).reason,
                     REASON_ROUTER_LIMIT);
    other.routers = NULL;
    assert_int_equal(respond(&other, probe, sizeof probe, 0, out, sizeof out).reason,
                     REASON_TIME_EXCEEDED);
}

/* The built tale's first hop is number ROUTERS_MAX + 1, and number 1 is another's. */
static void a_router_does_not_find_the_tokens_of_another_in_its_place(void **state)
{
    static struct built other;
    struct tale *list[2] = {&other.tale, &built.tale};

    (void)state;
    built_usual(&other);
    other.tale.target_count = 0;
    other.tale.hop_count = ROUTERS_MAX;
    responder.tales = (struct tales){.count = 2, .tale = list};
    routers.router[1] = (struct router){.owner = 1, .bucket = {.full_ns = UINT64_MAX}};
    built.hop[0].rate = 1;
    assert_int_equal(ask(0).reason, REASON_TIME_EXCEEDED);
    assert_int_equal(ask(0).reason, REASON_ROUTER_LIMIT);
}

static const struct limit_settings limits = {
    .source_rate = 1, .source_burst = 3, .total_rate = 1000, .total_burst = 1000, .sources = 16};

static void a_source_over_its_limit_gets_nothing(void **state)
{
    (void)state;
    assert_int_equal(limiter_new(&limits, &responder.limiter), 0);
    for (unsigned i = 0; i < 5; i++) {
        const struct answer answer = ask(0);

        assert_int_equal(answer.reason, i < 3 ? REASON_TIME_EXCEEDED : REASON_SOURCE_LIMIT);
        assert_int_equal(answer.length == 0, i >= 3);
    }
    limiter_free(responder.limiter);
}

static void what_is_not_answered_takes_no_token(void **state)
{
    (void)state;
    assert_int_equal(limiter_new(&limits, &responder.limiter), 0);
    built.hop[0].silent = 1u << PROBE_UDP;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(ask(0).reason, REASON_SILENT);
    built.hop[0].silent = 0;
    assert_int_equal(ask(0).reason, REASON_TIME_EXCEEDED);
    limiter_free(responder.limiter);
}

static void a_copy_takes_a_token_too(void **state)
{
    (void)state;
    assert_int_equal(limiter_new(&limits, &responder.limiter), 0);
    built.hop[0].duplicate = UINT32_MAX;
    assert_true(ask(0).duplicate);
    assert_false(ask(0).duplicate);
    assert_int_equal(ask(0).reason, REASON_SOURCE_LIMIT);
    limiter_free(responder.limiter);
}

static void a_seed_gives_the_same_answers_again(void **state)
{
    uint64_t due[100];

    (void)state;
    built.hop[0].jitter_us = 5000;
    built.hop[0].loss = 1u << 30;
    for (unsigned round = 0; round < 2; round++) {
        responder.random = random_seeded(42);
        for (unsigned i = 0; i < 100; i++) {
            const uint64_t found = ask(i).due_ns;

            if (round == 0)
                due[i] = found;
            assert_int_equal(found, due[i]);
        }
    }
}

static void without_room_there_is_no_answer(void **state)
{
    (void)state;
    assert_int_equal(respond(&responder, probe, sizeof probe, 0, out, 20).reason, REASON_NO_ROOM);
}

/* 60 hops: from the 34th on, a base of 64 leaves less than 32 and 255 takes its place. */
static void far_hops_answer_with_a_hop_limit_that_arrives(void **state)
{
    static const struct {
        uint8_t base;
        unsigned position;
        uint8_t expected;
    } rows[] = {{64, 1, 64},   {64, 30, 35},   {64, 33, 32},   {64, 34, 222},  {64, 60, 196},
                {255, 1, 255}, {255, 60, 196}, {255, 224, 32}, {255, 225, 32}, {64, 255, 32}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        built.tale.base_hop_limit = rows[i].base;
        assert_int_equal(answer_hop_limit(&built.tale, rows[i].position), rows[i].expected);
    }
}

static void every_reason_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        assert_true(strlen(reason_name(i)) > 0);
        assert_true(strlen(reason_sentence(i)) > 0);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(reason_name(i), reason_name(j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_distribution_has_its_quantiles, set_up),
        cmocka_unit_test_setup(no_delay_is_negative_and_a_pareto_sample_has_an_end, set_up),
        cmocka_unit_test_setup(a_delay_is_that_of_the_hop_alone, set_up),
        cmocka_unit_test_setup(the_end_answers_at_once, set_up),
        cmocka_unit_test_setup(one_in_four_is_lost_duplicated_and_held_back, set_up),
        cmocka_unit_test_setup(all_or_none_is_exact, set_up),
        cmocka_unit_test_setup(a_simulated_router_keeps_its_rate, set_up),
        cmocka_unit_test_setup(two_routers_have_each_their_own, set_up),
        cmocka_unit_test_setup(a_router_has_one_rate_for_all_threads, set_up),
        cmocka_unit_test_setup(a_router_does_not_find_the_tokens_of_another_in_its_place, set_up),
        cmocka_unit_test_setup(a_source_over_its_limit_gets_nothing, set_up),
        cmocka_unit_test_setup(what_is_not_answered_takes_no_token, set_up),
        cmocka_unit_test_setup(a_copy_takes_a_token_too, set_up),
        cmocka_unit_test_setup(a_seed_gives_the_same_answers_again, set_up),
        cmocka_unit_test_setup(without_room_there_is_no_answer, set_up),
        cmocka_unit_test_setup(far_hops_answer_with_a_hop_limit_that_arrives, set_up),
        cmocka_unit_test_setup(every_reason_has_a_name_and_a_sentence, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
