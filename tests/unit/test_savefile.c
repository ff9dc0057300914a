/*
 * Records of capture files: whatever a file holds, capture_read has to give what libpcap alone
 * gives, octet by octet, with its counts, its progress and its words; and what is usual must not
 * need it.
 */
#include "unit.h"

#include <unistd.h>

static ssize_t pread_as_set(int fd, void *octets, size_t length, off_t at);

#define pread pread_as_set
#include "edge/savefile.c"
#undef pread

#include "edge/capture.h"
#include "scratch.h"

#include <fcntl.h>
#include <pcap/pcap.h>

#define MICROSECONDS 0xa1b2c3d4u
#define NANOSECONDS  0xa1b23c4du

enum {
    RAW = 101, /* LINKTYPE_RAW */
    HEADER = sizeof(struct record_header),
    LONGEST = SAVEFILE_BLOCK - HEADER,
    LIBPCAP_MOST = 262144, /* octets of a packet */
    IMAGE_MAX = 1024 * 1024,
};

static size_t pread_most = SIZE_MAX;
static int pread_error; /* a positive errno */

static ssize_t pread_as_set(int fd, void *octets, size_t length, off_t at)
{
    errno = pread_error;
    return pread_error != 0 ? -1 : pread(fd, octets, length < pread_most ? length : pread_most, at);
}

struct fixture {
    char directory[SCRATCH_MAX];
    char path[64];
    uint32_t random;
    size_t length; /* of the image of a file */
    uint8_t image[IMAGE_MAX];
};

static int set_up(void **state)
{
    struct fixture *f = malloc(sizeof *f);

    scratch_make(f->directory);
    snprintf(f->path, sizeof f->path, "%s/capture", f->directory);
    f->random = 1;
    f->length = 0;
    pread_most = SIZE_MAX;
    pread_error = 0;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    scratch_remove(f->directory);
    free(f);
    return 0;
}

/* xorshift: the same numbers in every run. */
static uint32_t random_below(struct fixture *f, uint32_t end)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 17;
    f->random ^= f->random << 5;
    return f->random % end;
}

static void add(struct fixture *f, const void *octets, size_t length)
{
    assert_true(length <= IMAGE_MAX - f->length);
    memcpy(f->image + f->length, octets, length);
    f->length += length;
}

static void begin(struct fixture *f, struct file_header header)
{
    f->length = 0;
    if (header.major == 0)
        header.major = 2, header.minor = 4;
    add(f, &header, sizeof header);
}

static void begin_usual(struct fixture *f)
{
    begin(f, (struct file_header){
                 .magic = MICROSECONDS, .snapshot_length = 1 << 20, .link_type = RAW});
}

/* A record whose octets no other has. */
static void add_record(struct fixture *f, struct record_header header)
{
    add(f, &header, sizeof header);
    assert_true(header.captured <= IMAGE_MAX - f->length);
    for (uint32_t i = 0; i < header.captured; i++)
        f->image[f->length + i] = (uint8_t)(i + f->length * 7 + (f->length >> 8));
    f->length += header.captured;
}

static void add_octets(struct fixture *f, uint32_t captured)
{
    add_record(f, (struct record_header){1700000000, 999999, captured, captured});
}

static void write_image(const struct fixture *f, size_t length)
{
    const int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, f->image, length), length);
    close(fd);
}

/* The same file by capture_read and by libpcap alone. */
struct twins {
    struct capture *capture;
    pcap_t *plain;
    unsigned count;
};

static void take(const struct captured *captured, void *context)
{
    struct twins *t = context;
    const struct capture_progress progress = capture_progress(t->capture);
    struct pcap_pkthdr *header;
    const u_char *octets;

    assert_int_equal(pcap_next_ex(t->plain, &header, &octets), 1);
    assert_int_equal(captured->length, header->caplen);
    assert_memory_equal(captured->octets, octets, header->caplen);
    assert_true(captured->time_ns == (uint64_t)header->ts.tv_sec * NANOSECONDS_PER_SECOND +
                                         (uint64_t)header->ts.tv_usec);
    assert_int_equal(progress.packets, ++t->count);
    assert_int_equal(progress.octets, ftello(pcap_file(t->plain)));
}

static void open_twins(const struct fixture *f, struct twins *out)
{
    char error[512];

    *out = (struct twins){.plain = pcap_open_offline_with_tstamp_precision(
                              f->path, PCAP_TSTAMP_PRECISION_NANO, error)};
    assert_non_null(out->plain);
    assert_int_equal(capture_open_file(f->path, &out->capture, error, sizeof error), 0);
}

static void close_twins(struct twins *t)
{
    capture_close(t->capture);
    pcap_close(t->plain);
}

/* Both are at their end, or at the same fault. */
static void compare_ends(struct twins *t, long got)
{
    struct pcap_pkthdr *header;
    const u_char *octets;
    char words[512];

    if (got == 0) {
        assert_int_equal(pcap_next_ex(t->plain, &header, &octets), PCAP_ERROR_BREAK);
        assert_int_equal(capture_progress(t->capture).octets, ftello(pcap_file(t->plain)));
        return;
    }
    assert_int_equal(got, -EIO);
    assert_int_equal(pcap_next_ex(t->plain, &header, &octets), PCAP_ERROR);
    snprintf(words, sizeof words, "expected a whole packet %u, found: %s", t->count + 1,
             pcap_geterr(t->plain));
    assert_non_null(strstr(capture_error(t->capture), words));
}

static long read_twins(struct twins *t, size_t limit)
{
    const unsigned before = t->count;
    const long got = capture_read(t->capture, limit, take, t);

    assert_true(limit == 0 || t->count - before <= limit);
    if (got > 0)
        assert_int_equal(got, t->count - before);
    return got;
}

/* How many of the records need no libpcap. */
static unsigned count_usual(const struct fixture *f, size_t length_max)
{
    const int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    struct savefile *savefile = NULL;
    struct savefile_record record;
    unsigned count = 0;

    assert_true(fd >= 0);
    if (savefile_open(fd, length_max, &savefile) == 0)
        while (savefile_next(savefile, &record))
            count++;
    savefile_close(savefile);
    close(fd);
    return count;
}

/* Reads the first `length` octets of the image in both ways; returns how many packets there are. */
static unsigned compare(const struct fixture *f, size_t length, size_t limit, unsigned *out_usual)
{
    struct twins t;
    long got;

    write_image(f, length);
    open_twins(f, &t);
    *out_usual = count_usual(f, (size_t)pcap_snapshot(t.plain));
    do
        got = read_twins(&t, limit);
    while (got > 0);
    compare_ends(&t, got);
    close_twins(&t);
    return t.count;
}

static void micro_and_nanoseconds_are_read_with_their_times(void **state)
{
    static const struct {
        uint32_t magic;
        uint32_t fraction;
        uint64_t expected;
    } rows[] = {
        {MICROSECONDS, 123456, 1700000000123456000},
        {NANOSECONDS, 123456789, 1700000000123456789},
        {MICROSECONDS, 999999, 1700000000999999000},
        {NANOSECONDS, 999999999, 1700000000999999999},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct savefile *savefile;
        struct savefile_record record;
        unsigned usual;
        int fd;

        begin(f, (struct file_header){rows[i].magic, 2, 4, 0, 0, 65535, RAW});
        add_record(f, (struct record_header){1700000000, rows[i].fraction, 40, 1500});
        assert_int_equal(compare(f, f->length, 0, &usual), 1);
        assert_int_equal(usual, 1);
        fd = open(f->path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(savefile_open(fd, 65535, &savefile), 0);
        assert_int_equal(savefile_at(savefile), 24);
        assert_true(savefile_next(savefile, &record));
        assert_true(record.time_ns == rows[i].expected);
        assert_int_equal(record.length, 40);
        assert_int_equal(savefile_at(savefile), 24 + 16 + 40);
        assert_false(savefile_next(savefile, &record));
        savefile_close(savefile);
        close(fd);
    }
}

static void a_record_may_lie_across_the_end_of_a_block_at_any_octet(void **state)
{
    enum { ACROSS = 60 };
    struct fixture *f = *state;

    for (uint32_t inside = 0; inside <= HEADER + ACROSS + 1; inside++) {
        unsigned usual;

        begin_usual(f);
        add_octets(f, 100000);
        add_octets(f, SAVEFILE_BLOCK - inside - 100000 - 2 * HEADER);
        add_octets(f, ACROSS);
        add_octets(f, 0);
        add_octets(f, inside);
        assert_int_equal(compare(f, f->length, 0, &usual), 5);
        assert_int_equal(usual, 5);
    }
}

static void records_of_every_length_cross_blocks(void **state)
{
    struct fixture *f = *state;
    unsigned usual;
    unsigned count = 0;

    begin_usual(f);
    for (uint32_t length = 0; f->length < IMAGE_MAX - 2000; length = (length + 1) % 1500, count++)
        add_octets(f, length);
    assert_int_equal(compare(f, f->length, 100, &usual), count);
    assert_int_equal(usual, count);
}

static void a_record_that_fills_a_block_is_the_longest(void **state)
{
    static const struct {
        uint32_t captured;
        unsigned usual;
        unsigned count;
    } rows[] = {
        {LONGEST - 1, 3, 3},  {LONGEST, 3, 3},          {LONGEST + 1, 1, 3},
        {LIBPCAP_MOST, 1, 3}, {LIBPCAP_MOST + 1, 1, 1},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned usual;

        begin_usual(f);
        add_octets(f, 60);
        add_octets(f, rows[i].captured);
        add_octets(f, 60);
        assert_int_equal(compare(f, f->length, 0, &usual), rows[i].count);
        assert_int_equal(usual, rows[i].usual);
    }
}

static void a_file_that_is_cut_is_read_up_to_the_cut_wherever_that_is(void **state)
{
    struct fixture *f = *state;
    const size_t record = HEADER + 40;

    begin_usual(f);
    for (unsigned i = 0; i < 3; i++)
        add_octets(f, 40);
    for (size_t length = sizeof(struct file_header); length <= f->length; length++) {
        const unsigned whole = (unsigned)((length - sizeof(struct file_header)) / record);
        unsigned usual;

        assert_int_equal(compare(f, length, 0, &usual), whole);
        assert_int_equal(usual, whole);
    }
}

static void from_an_unusual_record_on_it_is_libpcap_that_reads(void **state)
{
    static const struct {
        const char *what;
        uint32_t magic;
        uint32_t snapshot_length;
        struct record_header record;
        unsigned count;
    } rows[] = {
        {"the snapshot length", MICROSECONDS, 100, {1, 2, 101, 101}, 4},
        {"the snapshot length, many times", MICROSECONDS, 100, {1, 2, 10000, 10000}, 4},
        {"seconds", MICROSECONDS, 100, {INT32_MAX + 1u, 2, 40, 40}, 4},
        {"all seconds", NANOSECONDS, 100, {UINT32_MAX, 2, 40, 40}, 4},
        {"a second in microseconds", MICROSECONDS, 100, {1, 1000000, 40, 40}, 4},
        {"a second in nanoseconds", NANOSECONDS, 100, {1, 1000000000, 40, 40}, 4},
        {"all microseconds", MICROSECONDS, 100, {1, UINT32_MAX, 40, 40}, 4},
        {"libpcap's own limit", MICROSECONDS, 0, {1, 2, LIBPCAP_MOST + 1, 0}, 2},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned usual;

        begin(f, (struct file_header){rows[i].magic, 2, 4, 0, 0, rows[i].snapshot_length, RAW});
        add_octets(f, 100);
        add_octets(f, 40);
        add_record(f, rows[i].record);
        add_octets(f, 40);
        if (compare(f, f->length, 0, &usual) != rows[i].count || usual != 2)
            fail_msg("%s: %u usual", rows[i].what, usual);
    }
}

static void the_lengths_of_the_header_are_taken_as_libpcap_takes_them(void **state)
{
    static const struct {
        uint32_t snapshot_length;
        uint32_t captured;
        unsigned usual;
    } rows[] = {
        {0, 2000, 1}, {0, LONGEST, 1}, {UINT32_MAX, 2000, 1}, {1, 1, 1}, {1, 2, 0}, {96, 96, 1},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned usual;

        begin(f, (struct file_header){
                     .magic = MICROSECONDS,
                     .snapshot_length = rows[i].snapshot_length,
                     .link_type = RAW,
                     .zone = 3600,
                     .accuracy = 7,
                 });
        add_octets(f, rows[i].captured);
        assert_int_equal(compare(f, f->length, 0, &usual), 1);
        assert_int_equal(usual, rows[i].usual);
    }
}

static void a_file_of_another_kind_is_left_to_libpcap(void **state)
{
    static const struct {
        const char *what;
        struct file_header header;
        unsigned count;
    } rows[] = {
        {"version 2.3", {MICROSECONDS, 2, 3, 0, 0, 65535, RAW}, 2},
        {"version 2.2", {MICROSECONDS, 2, 2, 0, 0, 65535, RAW}, 2},
        {"DG/UX", {MICROSECONDS, 543, 0, 0, 0, 65535, RAW}, 2},
        {"another header of records", {0xa1b2cd34, 2, 4, 0, 0, 65535, RAW}, 1},
        {"a frame check sequence", {MICROSECONDS, 2, 4, 0, 0, 65535, 0x24000000 | RAW}, 2},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned usual;

        begin(f, rows[i].header);
        add_octets(f, 40);
        add_octets(f, 40);
        if (compare(f, f->length, 0, &usual) != rows[i].count || usual != 0)
            fail_msg("%s: %u usual", rows[i].what, usual);
    }
}

static void add_turned(struct fixture *f, uint32_t value)
{
    value = __builtin_bswap32(value);
    add(f, &value, sizeof value);
}

static void a_file_in_the_other_byte_order_is_left_to_libpcap(void **state)
{
    static const uint32_t magics[] = {MICROSECONDS, NANOSECONDS};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        const uint16_t version[] = {__builtin_bswap16(2), __builtin_bswap16(4)};
        unsigned usual;

        f->length = 0;
        add_turned(f, magics[i]);
        add(f, version, sizeof version);
        for (unsigned j = 0; j < 4; j++)
            add_turned(f, (const uint32_t[]){0, 0, 65535, RAW}[j]);
        for (unsigned j = 0; j < 4; j++) /* a record that would be usual in our order, too */
            add_turned(f, (const uint32_t[]){0x01000002, 0x100, 0, 0}[j]);
        for (unsigned j = 0; j < 4; j++)
            add_turned(f, (const uint32_t[]){1700000000, 5, 4, 4}[j]);
        add(f, "octs", 4);
        assert_int_equal(compare(f, f->length, 0, &usual), 2);
        assert_int_equal(usual, 0);
    }
}

static void pcapng_is_left_to_libpcap(void **state)
{
    static const uint32_t blocks[] = {
        0x0a0d0d0a, 28, 0x1a2b3c4d, 1,     UINT32_MAX, UINT32_MAX, 28, /* section */
        1,          20, RAW,        65535, 20,                         /* interface */
        6,          36, 0,          0,     1000000,    4,          4,  0x7374636f, 36, /* packet */
    };
    struct fixture *f = *state;
    unsigned usual;

    f->length = 0;
    add(f, blocks, sizeof blocks);
    assert_int_equal(compare(f, f->length, 0, &usual), 1);
    assert_int_equal(usual, 0);
}

static void a_limit_is_kept_across_blocks_and_where_libpcap_takes_over(void **state)
{
    struct fixture *f = *state;

    begin_usual(f);
    for (unsigned i = 0; i < 9; i++)
        add_octets(f, 100000 + i);
    add_record(f, (struct record_header){1, 1000000, 40, 40});
    add_octets(f, 40);
    add_octets(f, 40);
    write_image(f, f->length);
    for (size_t limit = 1; limit <= 13; limit++) {
        struct twins t;

        open_twins(f, &t);
        for (size_t left = 12; left > 0; left -= left < limit ? left : limit)
            assert_int_equal(read_twins(&t, limit), left < limit ? left : limit);
        assert_int_equal(capture_counts(t.capture).received, 12);
        compare_ends(&t, read_twins(&t, limit));
        close_twins(&t);
    }
}

static void a_file_that_grows_is_read_as_far_as_it_is_there(void **state)
{
    struct fixture *f = *state;
    struct twins t;
    size_t length;

    begin_usual(f);
    add_octets(f, 40);
    add_octets(f, 41);
    write_image(f, f->length);
    open_twins(f, &t);
    assert_int_equal(read_twins(&t, 2), 2);
    add_octets(f, 42);
    length = f->length;
    add_octets(f, 43);
    write_image(f, length + 20); /* in the middle of a packet */
    assert_int_equal(read_twins(&t, 1), 1);
    compare_ends(&t, read_twins(&t, 1));
    close_twins(&t);
}

static void a_read_that_brings_little_or_fails_leaves_the_rest_to_libpcap(void **state)
{
    static const size_t most[] = {0, 23, 24, 39, 40, 79, 80, 81, 200, 1000};
    struct fixture *f = *state;
    struct savefile_record record;
    unsigned usual;

    begin_usual(f);
    for (uint32_t i = 0; i < 60; i++)
        add_octets(f, i);
    for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
        pread_most = most[i];
        assert_int_equal(compare(f, f->length, 7, &usual), 60);
    }
    pread_most = SIZE_MAX;
    for (unsigned before = 0; before < 3; before++) { /* a read fails after so many records */
        struct twins t;

        open_twins(f, &t);
        if (before > 0)
            assert_int_equal(read_twins(&t, before), before);
        pread_error = EIO;
        while (read_twins(&t, 7) > 0)
            ;
        pread_error = 0;
        assert_int_equal(t.count, 60);
        compare_ends(&t, 0);
        close_twins(&t);
    }
    assert_false(savefile_next(
        &(struct savefile){.fd = -1, .length_max = 100, .fractions_per_second = 1}, &record));
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
    struct fixture *f = *state;
    struct savefile *savefile = NULL;
    int fd;

    assert_int_equal(savefile_open(-1, 65535, &savefile), -EBADF);
    write_image(f, 0);
    fd = open(f->path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(savefile_open(fd, 65535, &savefile), -EPROTONOSUPPORT);
    assert_null(savefile);
    savefile_close(savefile);
    close(fd);
}

static void close_the_file(const struct captured *captured, void *context)
{
    const int *fd = context;

    (void)captured;
    close(*fd);
}

static void a_file_on_which_libpcap_cannot_go_on_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct capture *capture = NULL;
    char error[512];
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    begin_usual(f);
    add_octets(f, LONGEST); /* more than libpcap's stream has read when it is opened */
    add_octets(f, LONGEST);
    write_image(f, f->length);
    close(fd); /* the next to be opened gets this number */
    assert_int_equal(capture_open_file(f->path, &capture, error, sizeof error), 0);
    for (unsigned i = 0; i < 2; i++) { /* it stays so */
        assert_int_equal(capture_read(capture, 0, close_the_file, &fd), -EIO);
        assert_non_null(strstr(capture_error(capture),
                               "expected a whole packet 2, found: Bad file descriptor"));
        assert_int_equal(capture_progress(capture).packets, 1);
    }
    capture_close(capture);
}

/* Files with anything in them, mostly usual; of some, octets are changed and the end is cut. */
static void make_at_random(struct fixture *f)
{
    const uint32_t most = 1u << random_below(f, 17);
    const uint32_t count = random_below(f, 200);

    begin(f, (struct file_header){
                 .magic = random_below(f, 2) ? MICROSECONDS : NANOSECONDS,
                 .snapshot_length = random_below(f, 4) == 0 ? most : 0,
                 .link_type = RAW,
             });
    for (uint32_t i = 0; i < count && f->length < IMAGE_MAX - most - 100; i++) {
        const uint32_t captured = random_below(f, most + 1);

        add_record(f, (struct record_header){random_below(f, INT32_MAX), random_below(f, 1000000),
                                             captured, captured + random_below(f, 2)});
    }
}

static void change_at_random(struct fixture *f)
{
    const size_t from = sizeof(struct file_header);

    if (f->length == from)
        return;
    for (uint32_t i = random_below(f, 3); i > 0; i--)
        f->image[from + random_below(f, (uint32_t)(f->length - from))] =
            (uint8_t)random_below(f, 256);
    if (random_below(f, 3) == 0)
        f->length = from + random_below(f, (uint32_t)(f->length - from));
}

static void files_at_random_are_read_as_libpcap_reads_them(void **state)
{
    struct fixture *f = *state;
    unsigned usual;
    unsigned usual_files = 0;

    for (unsigned i = 0; i < 300; i++) {
        make_at_random(f);
        change_at_random(f);
        if (compare(f, f->length, random_below(f, 50), &usual) == usual)
            usual_files++;
    }
    assert_in_range(usual_files, 100, 299); /* both are met */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(micro_and_nanoseconds_are_read_with_their_times),
        TEST(a_record_may_lie_across_the_end_of_a_block_at_any_octet),
        TEST(records_of_every_length_cross_blocks),
        TEST(a_record_that_fills_a_block_is_the_longest),
        TEST(a_file_that_is_cut_is_read_up_to_the_cut_wherever_that_is),
        TEST(from_an_unusual_record_on_it_is_libpcap_that_reads),
        TEST(the_lengths_of_the_header_are_taken_as_libpcap_takes_them),
        TEST(a_file_of_another_kind_is_left_to_libpcap),
        TEST(a_file_in_the_other_byte_order_is_left_to_libpcap),
        TEST(pcapng_is_left_to_libpcap),
        TEST(a_limit_is_kept_across_blocks_and_where_libpcap_takes_over),
        TEST(a_file_that_grows_is_read_as_far_as_it_is_there),
        TEST(a_read_that_brings_little_or_fails_leaves_the_rest_to_libpcap),
        TEST(a_file_that_cannot_be_read_says_why),
        TEST(a_file_on_which_libpcap_cannot_go_on_is_an_error),
        TEST(files_at_random_are_read_as_libpcap_reads_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
