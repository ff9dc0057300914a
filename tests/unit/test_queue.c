#include "unit.h"

#include "tale/queue.h"
#include "tale/random.h"
#include "tale/respond.h"

#include <stdlib.h>

static struct answer_queue *queue_of(size_t answers, size_t octets)
{
    struct answer_queue *q = NULL;

    assert_int_equal(answer_queue_new(answers, octets, &q), 0);
    return q;
}

static void answers_come_out_by_time_and_then_by_arrival(void **state)
{
    static const struct {
        uint64_t due;
        const char *text;
    } rows[] = {{30, "d"}, {10, "a"}, {20, "b"}, {20, "c"}, {40, "e"}};
    struct answer_queue *q = queue_of(8, 8192);
    uint64_t due;
    size_t length;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_true(answer_queue_push(q, rows[i].due, (const uint8_t *)rows[i].text, 1));
    assert_int_equal(answer_queue_next_due(q), 10);
    for (char expected = 'a'; expected <= 'e'; expected++) {
        const uint8_t *octets = answer_queue_pop(q, 100, &length, &due);

        assert_non_null(octets);
        assert_int_equal(octets[0], expected);
        assert_int_equal(length, 1);
    }
    assert_int_equal(answer_queue_next_due(q), UINT64_MAX);
    answer_queue_free(q);
}

static void nothing_comes_out_before_it_is_due(void **state)
{
    struct answer_queue *q = queue_of(8, 8192);
    uint64_t due;
    size_t length;

    (void)state;
    assert_true(answer_queue_push(q, 1000, (const uint8_t *)"x", 1));
    assert_null(answer_queue_pop(q, 999, &length, &due));
    assert_non_null(answer_queue_pop(q, 1000, &length, &due));
    assert_int_equal(due, 1000);
    answer_queue_free(q);
}

static void what_is_over_the_number_is_refused(void **state)
{
    struct answer_queue *q = queue_of(2, 8192);

    (void)state;
    assert_true(answer_queue_push(q, 1, (const uint8_t *)"x", 1));
    assert_true(answer_queue_push(q, 1, (const uint8_t *)"x", 1));
    assert_false(answer_queue_push(q, 1, (const uint8_t *)"x", 1));
    assert_int_equal(answer_queue_length(q), 2);
    answer_queue_free(q);
}

static void what_is_over_the_octets_is_refused_until_there_is_room_again(void **state)
{
    enum { BLOCK = ANSWER_QUEUE_BLOCK };
    struct answer_queue *q = queue_of(100, 4 * BLOCK);
    uint8_t octets[4 * BLOCK + 1] = {0};
    uint64_t due;
    size_t length;

    (void)state;
    assert_false(answer_queue_push(q, 1, octets, 4 * BLOCK + 1));
    assert_true(answer_queue_push(q, 1, octets, 2 * BLOCK + 1));
    assert_false(answer_queue_push(q, 1, octets, BLOCK + 1));
    assert_true(answer_queue_push(q, 2, octets, BLOCK));
    assert_false(answer_queue_push(q, 1, octets, 1));
    assert_non_null(answer_queue_pop(q, 1, &length, &due));
    assert_true(answer_queue_push(q, 1, octets, 3 * BLOCK));
    assert_false(answer_queue_push(q, 1, octets, 1));
    answer_queue_free(q);
}

static void an_answer_larger_than_any_is_refused(void **state)
{
    struct answer_queue *q = queue_of(4, 1u << 20);
    uint8_t *octets = calloc(1, ANSWER_QUEUE_LONGEST + 1);

    (void)state;
    assert_false(answer_queue_push(q, 1, octets, ANSWER_QUEUE_LONGEST + 1));
    assert_true(answer_queue_push(q, 1, octets, ANSWER_QUEUE_LONGEST));
    free(octets);
    answer_queue_free(q);
}

static void fill(uint8_t *octets, size_t length, uint64_t seed)
{
    struct random r = random_seeded(seed);

    for (size_t i = 0; i < length; i++)
        octets[i] = (uint8_t)random_next(&r);
}

/* Each answer's first eight octets are the seed of the others. */
static void every_octet_comes_out_as_it_went_in(void **state)
{
    enum { ROUNDS = 20000, LENGTH_MAX = 3000 };
    struct answer_queue *q = queue_of(512, 24u << 10);
    struct random r = random_seeded(3);
    uint8_t octets[LENGTH_MAX], expected[LENGTH_MAX];
    uint64_t now = 0, last = 0, due, seed;
    size_t length, refused = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const uint8_t *popped;

        length = 8 + random_next(&r) % (LENGTH_MAX - 8);
        seed = random_next(&r);
        memcpy(octets, &seed, 8);
        fill(octets + 8, length - 8, seed);
        refused += !answer_queue_push(q, now + random_next(&r) % 100, octets, length);
        now += 5;
        while ((popped = answer_queue_pop(q, now, &length, &due)) != NULL) {
            assert_true(due >= last && due <= now);
            last = due;
            memcpy(&seed, popped, 8);
            fill(expected, length - 8, seed);
            assert_memory_equal(popped + 8, expected, length - 8);
        }
    }
    assert_true(answer_queue_length(q) < 40);
    assert_in_range(refused, 1, ROUNDS / 2);
    answer_queue_free(q);
}

static void ten_thousand_answers_are_on_their_way_at_once(void **state)
{
    struct answer_queue *q = queue_of(16384, 16384 * 576);
    uint8_t octets[576] = {0};
    uint64_t last = 0, due;
    size_t length, popped = 0;
    struct random r = random_seeded(4);

    (void)state;
    for (unsigned i = 0; i < 10000; i++)
        assert_true(answer_queue_push(q, random_next(&r) % 1000000, octets, sizeof octets));
    while (answer_queue_pop(q, 1000000, &length, &due)) {
        assert_true(due >= last);
        last = due;
        popped++;
    }
    assert_int_equal(popped, 10000);
    answer_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_out_by_time_and_then_by_arrival),
        cmocka_unit_test(nothing_comes_out_before_it_is_due),
        cmocka_unit_test(what_is_over_the_number_is_refused),
        cmocka_unit_test(what_is_over_the_octets_is_refused_until_there_is_room_again),
        cmocka_unit_test(an_answer_larger_than_any_is_refused),
        cmocka_unit_test(every_octet_comes_out_as_it_went_in),
        cmocka_unit_test(ten_thousand_answers_are_on_their_way_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
