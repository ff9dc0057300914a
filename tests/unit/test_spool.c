#include "unit.h"

#include "judgements.h"
#include "scratch.h"
#include "serve/json.h"
#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 64 << 20, FIRST_RECORD = 12 };

struct fixture {
    char directory[SCRATCH_MAX];
    char path[64];
    char error[512];
    struct spool *spool;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    scratch_make(f->directory);
    snprintf(f->path, sizeof f->path, "%s/spool", f->directory);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    spool_close(f->spool);
    scratch_remove(f->directory);
    free(f);
    return 0;
}

static void open_spool(struct fixture *f, uint64_t size)
{
    spool_close(f->spool);
    f->spool = NULL;
    if (spool_open(f->path, size, &f->spool, f->error, sizeof f->error) != 0)
        fail_msg("%s", f->error);
}

static struct row row_numbered(unsigned number)
{
    struct row row = {.kind = ROW_JUDGEMENT, .judgement = judgement_example()};

    row.judgement.observation.time_ns += number;
    return row;
}

static unsigned number_of(const struct row *row)
{
    return (unsigned)(row->judgement.observation.time_ns - judgement_example().observation.time_ns);
}

static void append_numbered(struct fixture *f, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        const struct row row = row_numbered(i);

        assert_int_equal(spool_append(f->spool, &row), 0);
    }
    assert_int_equal(spool_sync(f->spool), 0);
}

/* Takes `count` rows, which must be numbered from `first` on. */
static void assert_next_are(struct fixture *f, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count;) {
        struct row row;

        if (spool_peek(f->spool, &row) != 0) {
            assert_true(spool_rows(f->spool) > 0);
            spool_delivered(f->spool);
            continue;
        }
        assert_int_equal(number_of(&row), i);
        spool_step(f->spool);
        i++;
    }
}

/* Rows */

static struct row any_row(uint64_t *random)
{
    struct row row = {.kind = (enum row_kind)(1 + judgement_random(random) % ROW_FORGET_BASELINES)};
    const struct judgement judgement = judgement_any(random);

    switch (row.kind) {
    case ROW_JUDGEMENT:
        row.judgement = judgement;
        break;
    case ROW_BASELINE:
        row.baseline.prefix = judgement.network.prefix;
        row.baseline.subscriber = judgement.network.known;
        row.baseline.updated_ns = judgement_random(random);
        row.baseline.length = (uint16_t)(judgement_random(random) % (BASELINE_OCTETS_MAX + 1));
        memset(row.baseline.octets, (int)(judgement_random(random) & 255), row.baseline.length);
        break;
    case ROW_LABEL:
        row.label.address = judgement.observation.client;
        row.label.port = judgement.observation.client_port;
        row.label.verdict = judgement.verdict;
        row.label.labelled_ns = judgement_random(random);
        break;
    case ROW_FORGET_SUBSCRIBER:
        row.forget_subscriber = judgement.network.prefix;
        break;
    case ROW_FORGET_BASELINES:
        row.forget_baselines.networks_since_ns = judgement_random(random);
        row.forget_baselines.networks = judgement_random(random);
        row.forget_baselines.subscribers = judgement_random(random);
        break;
    default:
        row.forget_before_ns = judgement_random(random);
    }
    return row;
}

static void any_row_comes_back_as_it_went_in(void **state)
{
    uint64_t random = 1;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        const struct row row = any_row(&random);
        struct row back;
        uint8_t octets[2][ROW_OCTETS_MAX];
        const size_t length = row_encode(&row, octets[0]);

        assert_int_equal(row_decode(octets[0], length, &back), 0);
        assert_int_equal(row_encode(&back, octets[1]), length);
        assert_memory_equal(octets[0], octets[1], length);
        assert_int_equal(row_decode(octets[0], length - 1, &back), -EINVAL);
        assert_int_equal(row_decode(octets[0], length + 1, &back), -EINVAL);
    }
}

static void a_judgement_keeps_all_that_a_store_keeps(void **state)
{
    static char line[2][JSON_LINE_MAX];
    uint64_t random = 7;
    uint8_t octets[ROW_OCTETS_MAX];

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct row row = {.kind = ROW_JUDGEMENT, .judgement = judgement_any(&random)};
        struct row back;

        assert_int_equal(row_decode(octets, row_encode(&row, octets), &back), 0);
        json_judgement_line(&row.judgement, line[0], JSON_LINE_MAX);
        json_judgement_line(&back.judgement, line[1], JSON_LINE_MAX);
        assert_string_equal(line[0], line[1]);
        assert_memory_equal(&row.judgement.stack.probability, &back.judgement.stack.probability,
                            sizeof row.judgement.stack.probability);
        assert_int_equal(row.judgement.observation.time_ns, back.judgement.observation.time_ns);
    }
}

/* The spool */

static void rows_come_out_in_order_also_after_a_restart(void **state)
{
    struct fixture *f = *state;

    open_spool(f, SIZE);
    append_numbered(f, 0, 20000); /* several files */
    assert_true(scratch_each_file(f->path, ".spool", NULL) > 2);
    open_spool(f, SIZE);
    assert_int_equal(spool_rows(f->spool), 20000);
    append_numbered(f, 20000, 10);
    assert_next_are(f, 0, 20010);
    spool_delivered(f->spool);
    assert_int_equal(spool_rows(f->spool), 0);
    assert_int_equal(scratch_each_file(f->path, ".spool", NULL), 0);
    assert_int_equal(spool_broken(f->spool), 0);
}

static void what_was_not_delivered_comes_again(void **state)
{
    struct fixture *f = *state;

    open_spool(f, SIZE);
    append_numbered(f, 0, 10);
    assert_next_are(f, 0, 4);
    spool_delivered(f->spool);
    assert_next_are(f, 4, 3);
    spool_rewind(f->spool);
    assert_int_equal(spool_rows(f->spool), 6);
    assert_next_are(f, 4, 6);
    spool_rewind(f->spool);
    append_numbered(f, 10, 5);
    assert_next_are(f, 4, 11);
    spool_delivered(f->spool);
    assert_int_equal(spool_rows(f->spool), 0);
}

static void a_full_spool_takes_no_more_until_something_is_delivered(void **state)
{
    struct fixture *f = *state;
    const struct row more = row_numbered(0);
    unsigned count = 0;

    open_spool(f, 1 << 20);
    while (spool_append(f->spool, &more) == 0)
        count++;
    assert_in_range(count, 4000, 8000);
    assert_int_equal(spool_append(f->spool, &more), -ENOSPC);
    assert_int_equal(spool_rows(f->spool), count);
    while (spool_rows(f->spool) > 0) {
        struct row row;

        if (spool_peek(f->spool, &row) == 0)
            spool_step(f->spool);
        else
            spool_delivered(f->spool);
    }
    assert_int_equal(spool_append(f->spool, &more), 0);
}

static char damaged_file[384];

static void remember_file(const char *path)
{
    if (damaged_file[0] == '\0' || strcmp(path, damaged_file) < 0)
        snprintf(damaged_file, sizeof damaged_file, "%s", path);
}

/* The first file as text, changed by `length` octets at `offset` or cut there. */
static void damage(struct fixture *f, off_t offset, const void *octets, size_t length)
{
    int fd;

    damaged_file[0] = '\0';
    scratch_each_file(f->path, ".spool", remember_file);
    fd = open(damaged_file, O_RDWR);
    assert_true(fd >= 0);
    if (octets == NULL)
        assert_int_equal(ftruncate(fd, offset), 0);
    else
        assert_int_equal(pwrite(fd, octets, length, offset), length);
    close(fd);
}

static void a_record_that_was_cut_is_no_row(void **state)
{
    struct fixture *f = *state;
    struct stat status;

    open_spool(f, SIZE);
    append_numbered(f, 0, 3);
    damage(f, 0, "h", 1);
    assert_int_equal(stat(damaged_file, &status), 0);
    damage(f, status.st_size - 1, NULL, 0);
    open_spool(f, SIZE);
    assert_int_equal(spool_rows(f->spool), 2);
    append_numbered(f, 3, 1); /* into a file of its own */
    assert_next_are(f, 0, 2);
    assert_next_are(f, 3, 1);
    spool_delivered(f->spool);
    assert_int_equal(spool_broken(f->spool), 0);
    assert_int_equal(scratch_each_file(f->path, ".spool", NULL), 0);
}

static void an_octet_that_the_disk_changed_is_told_once(void **state)
{
    struct fixture *f = *state;
    struct row row;
    uint8_t octets[ROW_OCTETS_MAX];
    off_t record;

    row = row_numbered(0);
    record = 6 + (off_t)row_encode(&row, octets);
    open_spool(f, SIZE);
    append_numbered(f, 0, 5);
    damage(f, FIRST_RECORD + 2 * record + 20, "\xff\xfe", 2);
    open_spool(f, SIZE);
    append_numbered(f, 5, 2);
    for (unsigned i = 0; i < 3; i++) {
        assert_next_are(f, 0, 2);
        assert_int_equal(spool_peek(f->spool, &row), -ENOENT);
        spool_rewind(f->spool);
    }
    assert_next_are(f, 0, 2);
    assert_next_are(f, 5, 2); /* the rest of the first file is gone, the second is not */
    spool_delivered(f->spool);
    assert_int_equal(spool_broken(f->spool), 1);
    assert_int_equal(spool_rows(f->spool), 0);
}

static void another_version_is_left_alone(void **state)
{
    struct fixture *f = *state;

    open_spool(f, SIZE);
    append_numbered(f, 0, 1);
    damage(f, 8, "\0\0\0\377", 4);
    spool_close(f->spool);
    f->spool = NULL;
    assert_int_equal(spool_open(f->path, SIZE, &f->spool, f->error, sizeof f->error), -ENOTSUP);
    assert_non_null(strstr(f->error, "found version 255"));
    assert_null(f->spool);
    assert_int_equal(scratch_each_file(f->path, ".spool", NULL), 1);
}

static void two_do_not_share_a_spool(void **state)
{
    struct fixture *f = *state;
    struct spool *other = NULL;
    struct stat status;

    open_spool(f, SIZE);
    assert_int_equal(spool_open(f->path, SIZE, &other, f->error, sizeof f->error), -EBUSY);
    assert_int_equal(stat(f->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    snprintf(f->error, sizeof f->error, "%s/not/there", f->directory);
    assert_int_equal(spool_open(f->error, SIZE, &other, f->error, sizeof f->error), -ENOENT);
}

int main(void)
{
#define SPOOL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_row_comes_back_as_it_went_in),
        cmocka_unit_test(a_judgement_keeps_all_that_a_store_keeps),
        SPOOL_TEST(rows_come_out_in_order_also_after_a_restart),
        SPOOL_TEST(what_was_not_delivered_comes_again),
        SPOOL_TEST(a_full_spool_takes_no_more_until_something_is_delivered),
        SPOOL_TEST(a_record_that_was_cut_is_no_row),
        SPOOL_TEST(an_octet_that_the_disk_changed_is_told_once),
        SPOOL_TEST(another_version_is_left_alone),
        SPOOL_TEST(two_do_not_share_a_spool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
