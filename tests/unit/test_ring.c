/* Rows in memory: what goes in comes out, over the end of the room as well. */
#include "unit.h"

#include "judgements.h"
#include "store/ring.h"

#include <errno.h>

static void fill(uint8_t *octets, size_t length, unsigned number)
{
    for (size_t i = 0; i < length; i++)
        octets[i] = (uint8_t)(number + i * 7);
}

static void rows_come_out_in_order_also_over_the_end_of_the_room(void **state)
{
    uint64_t random = 9;
    struct ring ring;
    unsigned given = 0;
    unsigned taken = 0;
    size_t lengths[64];

    (void)state;
    assert_int_equal(ring_init(&ring, 16), 0);
    while (taken < 20000) {
        uint8_t octets[ROW_OCTETS_MAX];
        uint8_t found[ROW_OCTETS_MAX];
        size_t place = ring_first(&ring);
        const size_t length = 1 + judgement_random(&random) % ROW_OCTETS_MAX;

        fill(octets, length, given);
        if (judgement_random(&random) % 2 && ring_add(&ring, octets, length))
            lengths[given++ % 64] = length;
        for (unsigned i = 0; i < ring.rows; i++) {
            const size_t expected = lengths[(taken + i) % 64];

            assert_int_equal(ring_read(&ring, &place, found), expected);
            fill(octets, expected, taken + i);
            assert_memory_equal(found, octets, expected);
        }
        if (ring.rows > 0 && judgement_random(&random) % 2) {
            place = ring_first(&ring);
            ring_read(&ring, &place, found);
            ring_drop(&ring, 1, place);
            taken++;
        }
        assert_int_equal(ring.rows, given - taken);
    }
    ring_deinit(&ring);
}

static void it_takes_as_many_rows_as_it_has_room_for(void **state)
{
    uint8_t octets[ROW_OCTETS_MAX] = {0};
    struct ring ring;
    unsigned count = 0;

    (void)state;
    assert_int_equal(ring_init(&ring, 8), 0);
    while (ring_add(&ring, octets, 20))
        count++;
    assert_int_equal(count, 8);
    ring_drop(&ring, 8, 0);
    for (count = 0; ring_add(&ring, octets, ROW_OCTETS_MAX); count++)
        assert_true(ring.used <= ring.size);
    assert_in_range(count, 2, 7);
    ring_deinit(&ring);
}

static void the_longest_row_fits_into_the_smallest(void **state)
{
    uint8_t octets[ROW_OCTETS_MAX] = {0};
    struct ring ring;

    (void)state;
    assert_int_equal(ring_init(&ring, 1), 0);
    assert_true(ring_add(&ring, octets, ROW_OCTETS_MAX));
    assert_false(ring_add(&ring, octets, 1));
    ring_deinit(&ring);
}

/* So that as little memory is in use as rows have ever waited at once. */
static void an_empty_one_begins_at_its_start_again(void **state)
{
    uint8_t octets[ROW_OCTETS_MAX] = {0};
    struct ring ring;
    size_t place;

    (void)state;
    assert_int_equal(ring_init(&ring, 100), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_true(ring_add(&ring, octets, 50));
    place = ring_first(&ring);
    for (unsigned i = 0; i < 3; i++)
        ring_read(&ring, &place, octets);
    assert_true(place > 0);
    ring_drop(&ring, 3, place);
    assert_int_equal(ring_first(&ring), 0);
    assert_int_equal(ring.used, 0);
    ring_deinit(&ring);
}

static void one_without_room_is_refused(void **state)
{
    struct ring ring;

    (void)state;
    assert_int_equal(ring_init(&ring, 0), -EINVAL);
    assert_int_equal(ring_init(&ring, SIZE_MAX / 4), -EINVAL);
    ring_deinit(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_out_in_order_also_over_the_end_of_the_room),
        cmocka_unit_test(it_takes_as_many_rows_as_it_has_room_for),
        cmocka_unit_test(the_longest_row_fits_into_the_smallest),
        cmocka_unit_test(an_empty_one_begins_at_its_start_again),
        cmocka_unit_test(one_without_room_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
