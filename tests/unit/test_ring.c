/* Rows in memory: what goes in comes out, over the end of the room as well. */
#include "unit.h"

#include "judgements.h"
#include "scratch.h"
#include "store/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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

/* A directory, and what the ring in it has left. */
struct place {
    char directory[SCRATCH_MAX];
    char path[64];
    int fd;
    unsigned first; /* number that is expected */
    unsigned count;
};

static void place_make(struct place *place)
{
    *place = (struct place){.fd = -1};
    scratch_make(place->directory);
    snprintf(place->path, sizeof place->path, "%s/r", place->directory);
    place->fd = open(place->directory, O_RDONLY | O_DIRECTORY);
    assert_true(place->fd >= 0);
}

static void place_remove(struct place *place)
{
    close(place->fd);
    scratch_remove(place->directory);
}

static void expect(const uint8_t *octets, size_t length, void *context)
{
    struct place *place = context;
    uint8_t expected[ROW_OCTETS_MAX];

    fill(expected, length, place->first + place->count);
    assert_int_equal(length, 40 + (place->first + place->count) % 30);
    assert_memory_equal(octets, expected, length);
    place->count++;
}

static unsigned left_in(struct place *place, unsigned first)
{
    size_t rows;

    place->first = first;
    place->count = 0;
    rows = ring_left(place->fd, "r", expect, place);
    assert_int_equal(rows, place->count);
    return place->count;
}

static bool add(struct ring *ring, unsigned number)
{
    uint8_t octets[ROW_OCTETS_MAX];

    fill(octets, 40 + number % 30, number);
    return ring_add(ring, octets, 40 + number % 30);
}

static void drop(struct ring *ring, unsigned rows)
{
    uint8_t octets[ROW_OCTETS_MAX];
    size_t place = ring_first(ring);

    for (unsigned i = 0; i < rows; i++)
        ring_read(ring, &place, octets);
    ring_drop(ring, rows, place);
}

/* Whoever looks at the file at any time sees what was added and not dropped, over its end as well. */
static void a_ring_in_a_file_can_be_read_by_who_comes_next(void **state)
{
    struct place place;
    struct ring ring;
    unsigned added = 0;
    unsigned dropped = 0;

    (void)state;
    place_make(&place);
    assert_int_equal(left_in(&place, 0), 0);
    assert_int_equal(ring_open(&ring, 32, place.fd, "r"), 0);
    assert_int_equal(left_in(&place, 0), 0);
    for (unsigned turn = 0; turn < 60; turn++) {
        for (unsigned i = 0; i < 9 + turn % 5 && add(&ring, added); i++)
            added++;
        assert_int_equal(left_in(&place, dropped), added - dropped);
        drop(&ring, (added - dropped) / 2);
        dropped += (added - dropped) / 2;
        assert_int_equal(left_in(&place, dropped), added - dropped);
    }
    ring_deinit(&ring); /* with rows */
    assert_int_equal(left_in(&place, dropped), added - dropped);
    assert_int_equal(ring_open(&ring, 32, place.fd, "r"), 0);
    assert_int_equal(left_in(&place, 0), 0);
    ring_deinit(&ring); /* without */
    assert_int_equal(access(place.path, F_OK), -1);
    place_remove(&place);
}

static void nothing_of_what_was_there_stays_in_its_file(void **state)
{
    uint8_t octets[64 + 32 * 176];
    struct place place;
    struct ring ring;
    ssize_t length;
    int fd;

    (void)state;
    place_make(&place);
    assert_int_equal(ring_open(&ring, 32, place.fd, "r"), 0);
    for (unsigned i = 0; i < 20; i++)
        assert_true(add(&ring, i));
    drop(&ring, 19);
    ring_wipe(&ring); /* not yet */
    assert_int_equal(left_in(&place, 19), 1);
    drop(&ring, 1);
    ring_wipe(&ring);
    fd = open(place.path, O_RDONLY);
    length = read(fd, octets, sizeof octets);
    close(fd);
    assert_int_equal(length, sizeof octets);
    for (size_t i = 64; i < sizeof octets; i++)
        assert_int_equal(octets[i], 0);
    ring_deinit(&ring);
    place_remove(&place);
}

/* Each octet of the head but those of used and tail, and the file's length. */
static void a_file_of_another_kind_gives_nothing(void **state)
{
    struct place place;
    struct ring ring;
    char octet;
    int fd;

    (void)state;
    place_make(&place);
    assert_int_equal(ring_open(&ring, 32, place.fd, "r"), 0);
    assert_true(add(&ring, 0));
    ring_deinit(&ring);
    fd = open(place.path, O_RDWR);
    for (off_t i = 0; i < 60; i++) {
        if (i >= 16 && i < 24)
            continue;
        assert_int_equal(pread(fd, &octet, 1, i), 1);
        octet ^= 1;
        assert_int_equal(pwrite(fd, &octet, 1, i), 1);
        assert_int_equal(left_in(&place, 0), 0);
        octet ^= 1;
        assert_int_equal(pwrite(fd, &octet, 1, i), 1);
    }
    assert_int_equal(left_in(&place, 0), 1);
    assert_int_equal(ftruncate(fd, 64 + 32 * 176 - 1), 0);
    assert_int_equal(left_in(&place, 0), 0);
    close(fd);
    place_remove(&place);
}

static void without_a_file_it_is_in_memory_alone(void **state)
{
    struct ring ring;

    (void)state;
    assert_int_equal(ring_open(&ring, 32, -1, "r"), 0);
    assert_null(ring.head);
    assert_true(add(&ring, 0));
    drop(&ring, 1);
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
        cmocka_unit_test(a_ring_in_a_file_can_be_read_by_who_comes_next),
        cmocka_unit_test(nothing_of_what_was_there_stays_in_its_file),
        cmocka_unit_test(a_file_of_another_kind_gives_nothing),
        cmocka_unit_test(without_a_file_it_is_in_memory_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
