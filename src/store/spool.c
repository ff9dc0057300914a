/*
 * The spool; see spool.h. Files have the numbers from `first` to before `next`; the last of them is
 * written to while `fd` is open, the first is in `text` while it is read:
 *
 *     first                         next
 *      |                             |
 *      v                             v
 *    [ delivered | read | not ]  ...  (the next file)
 *                ^      ^
 *                done   reading.at
 */
#include "store/spool.h"

#include "store/ring.h"
#include "wire/crc32c.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_OCTETS = 256 << 10, /* of one file, about; what is delivered twice after a fault at most */
    FILE_OCTETS_MAX = 2 << 20, /* that is read, also of what an older hoptell has written */
    HEAD_OCTETS = 12,
    RECORD_HEAD_OCTETS = 6,
    NAME_MAX_OCTETS = 32,
};

static const char magic[8] = {'h', 'o', 'p', 's', 'p', 'o', 'o', 'l'};

struct spool {
    int directory;
    uint64_t size;   /* of all files, at most */
    uint64_t octets; /* of all files */
    uint64_t rows;
    uint64_t broken;
    uint64_t first;
    uint64_t next;
    int fd; /* of the file that is written to; -1: the next row begins a new one */
    uint64_t fd_octets;
    uint64_t unsynced; /* the first file that may be */
    uint64_t named;    /* the first file whose name may not be on the disk */
    uint8_t *text;     /* of the first file; NULL: not read yet */
    size_t text_octets;
    struct cursor reading;
    const uint8_t *done;   /* up to here it is delivered */
    const uint8_t *looked; /* up to here broken places are counted */
    uint64_t stepped;      /* rows between done and reading.at */
    bool peeked;           /* reading.at is before a row that was seen */
    size_t peeked_octets;
};

static uint32_t checksum(const uint8_t *octets, size_t length)
{
    return ~crc32c_add(UINT32_MAX, octets, length);
}

int spool_take(struct cursor *c, struct row *out)
{
    const uint16_t length = cursor_u16(c);
    const uint32_t expected = cursor_u32(c);
    const uint8_t *octets = cursor_take(c, length);

    if (octets == NULL || length == 0)
        return -ENOENT;
    if (checksum(octets, length) != expected)
        return -EBADMSG;
    return row_decode(octets, length, out);
}

/* Files */

static const char *file_name(uint64_t number, char out[NAME_MAX_OCTETS])
{
    snprintf(out, NAME_MAX_OCTETS, "%016" PRIx64 ".spool", number);
    return out;
}

/* False for a name that is no file of a spool. */
static bool file_number(const char *name, uint64_t *out)
{
    char again[NAME_MAX_OCTETS];

    *out = strtoull(name, NULL, 16);
    return strcmp(file_name(*out, again), name) == 0;
}

/* What is there of the file, up to `most` octets; how many, or a negative errno. */
static ssize_t read_octets(int fd, uint8_t *out, size_t most)
{
    size_t octets = 0;
    ssize_t got = 1;

    while (got > 0 && octets < most) {
        got = read(fd, out + octets, most - octets);
        octets += got > 0 ? (size_t)got : 0;
    }
    return got < 0 ? -errno : (ssize_t)octets;
}

/* As much of the file as one can have. 0 and *out for free, or a negative errno. */
static int read_file(const struct spool *spool, uint64_t number, uint8_t **out, size_t *out_octets)
{
    char name[NAME_MAX_OCTETS];
    const int fd = openat(spool->directory, file_name(number, name), O_RDONLY | O_CLOEXEC);
    size_t most = FILE_OCTETS_MAX;
    struct stat status;
    uint8_t *text;
    ssize_t octets;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) == 0 && status.st_size < FILE_OCTETS_MAX)
        most = (size_t)status.st_size;
    text = malloc(most + 1);
    if (text == NULL) {
        close(fd);
        return -ENOMEM;
    }
    octets = read_octets(fd, text, most);
    close(fd);
    if (octets < 0) {
        free(text);
        return (int)octets;
    }
    *out = text;
    *out_octets = (size_t)octets;
    return 0;
}

static bool has_head(const uint8_t *text, size_t octets)
{
    return octets >= HEAD_OCTETS && memcmp(text, magic, sizeof magic) == 0;
}

static struct cursor records_of(const uint8_t *text, size_t octets)
{
    if (!has_head(text, octets))
        return cursor_over(NULL, 0);
    return cursor_over(text + HEAD_OCTETS, octets - HEAD_OCTETS);
}

/* Calls `each` for every whole row of a file's text. */
static void each_row(const uint8_t *text, size_t octets,
                     void (*each)(const struct row *row, void *context), void *context)
{
    struct cursor c = records_of(text, octets);
    struct row row;
    int result;

    while ((result = spool_take(&c, &row)) == 0 || result == -EINVAL)
        if (result == 0)
            each(&row, context);
}

/* Opening */

static void count_row(const struct row *row, void *context)
{
    uint64_t *count = context;

    (void)row;
    ++*count;
}

static int add_file(struct spool *spool, uint64_t number, char *error, size_t error_size)
{
    uint8_t *text = NULL;
    size_t octets = 0;
    const int result = read_file(spool, number, &text, &octets);

    if (result == -ENOENT)
        return 0;
    if (result != 0) {
        snprintf(error, error_size, "expected to read file %016" PRIx64 ".spool, found: %s", number,
                 strerror(-result));
        return result;
    }
    if (has_head(text, octets) && load_u32(text + sizeof magic) != ROW_VERSION) {
        snprintf(error, error_size,
                 "expected version %d in file %016" PRIx64 ".spool, found version %" PRIu32
                 ", which another hoptell has made",
                 ROW_VERSION, number, load_u32(text + sizeof magic));
        free(text);
        return -ENOTSUP;
    }
    each_row(text, octets, count_row, &spool->rows);
    spool->octets += octets;
    free(text);
    return 0;
}

/* Finds the numbers of the oldest and the newest file; those between them may be missing. */
static int find_files(struct spool *spool)
{
    const int fd = dup(spool->directory);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    uint64_t number;

    if (directory == NULL) {
        const int error = errno;

        if (fd >= 0)
            close(fd);
        return -error;
    }
    /* cppcheck-suppress readdirCalled ; nobody else reads this DIR */
    while ((entry = readdir(directory)) != NULL) {
        if (!file_number(entry->d_name, &number))
            continue;
        if (spool->first == spool->next || number < spool->first)
            spool->first = number;
        if (number >= spool->next)
            spool->next = number + 1;
    }
    closedir(directory);
    return 0;
}

static int open_directory(const char *path, char *error, size_t error_size)
{
    int directory;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        directory = -errno;
    else if ((directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        directory = -errno;
    else if (faccessat(directory, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
        close(directory);
        directory = -EACCES;
    }
    if (directory < 0) {
        snprintf(error, error_size,
                 "expected a directory for the spool to read and write, found: %s",
                 strerror(-directory));
        return directory;
    }
    if (flock(directory, LOCK_EX | LOCK_NB) != 0) {
        snprintf(error, error_size,
                 "expected a directory for this spool alone, found another "
                 "hoptell at work in it");
        close(directory);
        return -EBUSY;
    }
    return directory;
}

static int load(struct spool *spool, char *error, size_t error_size)
{
    int result = find_files(spool);

    if (result != 0)
        snprintf(error, error_size, "expected to list the spool, found: %s", strerror(-result));
    for (uint64_t i = spool->first; result == 0 && i < spool->next; i++)
        result = add_file(spool, i, error, error_size);
    return result;
}

int spool_open(const char *path, uint64_t size, struct spool **out, char *error, size_t error_size)
{
    struct spool *spool = calloc(1, sizeof *spool);
    char words[256];
    int result = -ENOMEM;

    snprintf(words, sizeof words, "%s", strerror(ENOMEM));
    if (spool != NULL) {
        spool->size = size;
        spool->fd = -1;
        spool->directory = open_directory(path, words, sizeof words);
        result = spool->directory < 0 ? spool->directory : load(spool, words, sizeof words);
    }
    if (result == 0) {
        spool->unsynced = spool->next;
        spool->named = spool->next;
        *out = spool;
        return 0;
    }
    snprintf(error, error_size, "%s: %s", path, words);
    spool_close(spool);
    return result;
}

void spool_close(struct spool *spool)
{
    if (spool == NULL)
        return;
    if (spool->fd >= 0)
        close(spool->fd);
    if (spool->directory >= 0)
        close(spool->directory);
    free(spool->text);
    free(spool);
}

/* Writing */

static void end_file(struct spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = -1;
}

/* All or nothing: what is there of it is cut off again. */
static int write_octets(struct spool *spool, const uint8_t *octets, size_t length)
{
    ssize_t written = write(spool->fd, octets, length);

    if (written == (ssize_t)length) {
        spool->fd_octets += length;
        spool->octets += length;
        return 0;
    }
    written = written < 0 ? -errno : -ENOSPC;
    if (ftruncate(spool->fd, (off_t)spool->fd_octets) != 0)
        end_file(spool); /* nothing may follow a cut record */
    return (int)written;
}

static int begin_file(struct spool *spool)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC;
    uint8_t head[HEAD_OCTETS];
    char name[NAME_MAX_OCTETS];
    int result;

    spool->fd = openat(spool->directory, file_name(spool->next, name), flags, 0600);
    if (spool->fd < 0)
        return -errno;
    spool->next++;
    spool->fd_octets = 0;
    memcpy(head, magic, sizeof magic);
    store_u32(head + sizeof magic, ROW_VERSION);
    result = write_octets(spool, head, sizeof head);
    if (result != 0) {
        end_file(spool);
        unlinkat(spool->directory, file_name(--spool->next, name), 0);
    }
    return result;
}

size_t spool_record(const uint8_t *octets, size_t length, uint8_t out[SPOOL_RECORD_MAX])
{
    store_u16(out, (uint16_t)length);
    store_u32(out + 2, checksum(octets, length));
    memcpy(out + RECORD_HEAD_OCTETS, octets, length);
    return RECORD_HEAD_OCTETS + length;
}

/* Whatever the size may be at most. */
static int append(struct spool *spool, const uint8_t *records, size_t octets, size_t rows)
{
    int result = 0;

    if (spool->fd < 0)
        result = begin_file(spool);
    if (result == 0)
        result = write_octets(spool, records, octets);
    if (result != 0)
        return result;
    spool->rows += rows;
    if (spool->fd_octets >= FILE_OCTETS)
        end_file(spool);
    return 0;
}

int spool_append_records(struct spool *spool, const uint8_t *records, size_t octets, size_t rows)
{
    const size_t head = spool->fd < 0 ? HEAD_OCTETS : 0;

    if (spool->octets + head + octets > spool->size)
        return -ENOSPC;
    return append(spool, records, octets, rows);
}

int spool_append(struct spool *spool, const struct row *row)
{
    uint8_t octets[ROW_OCTETS_MAX];
    uint8_t record[SPOOL_RECORD_MAX];
    const size_t length = spool_record(octets, row_encode(row, octets), record);

    return spool_append_records(spool, record, length, 1);
}

static void take_left(const uint8_t *octets, size_t length, void *context)
{
    struct spool *spool = context;
    uint8_t record[SPOOL_RECORD_MAX];

    if (append(spool, record, spool_record(octets, length, record), 1) != 0)
        spool->broken++;
}

void spool_take_left(struct spool *spool, const char *name)
{
    if (ring_left(spool->directory, name, take_left, spool) > 0)
        unlinkat(spool->directory, name, 0);
}

int spool_directory(const struct spool *spool)
{
    return spool->directory;
}

struct spool_files spool_unsynced(const struct spool *spool)
{
    const uint64_t first = spool->unsynced > spool->first ? spool->unsynced : spool->first;

    return (struct spool_files){.first = first, .end = spool->next, .named = spool->named};
}

/* One that is gone was delivered. */
static int sync_file(const struct spool *spool, uint64_t number)
{
    char name[NAME_MAX_OCTETS];
    const int fd = openat(spool->directory, file_name(number, name), O_RDONLY | O_CLOEXEC);
    int result = 0;

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fdatasync(fd) != 0)
        result = -errno;
    close(fd);
    return result;
}

int spool_sync_files(const struct spool *spool, const struct spool_files *files)
{
    int result = 0;

    for (uint64_t i = files->first; result == 0 && i < files->end; i++)
        result = sync_file(spool, i);
    if (result == 0 && files->named < files->end && fsync(spool->directory) != 0)
        result = -errno;
    return result;
}

/* The last of them may have grown. */
void spool_synced(struct spool *spool, const struct spool_files *files)
{
    spool->named = files->end;
    if (files->end > 0 && files->end - 1 > spool->unsynced)
        spool->unsynced = files->end - 1;
}

int spool_sync(struct spool *spool)
{
    const struct spool_files files = spool_unsynced(spool);
    const int result = spool_sync_files(spool, &files);

    if (result == 0)
        spool_synced(spool, &files);
    return result;
}

/* Reading */

static void start_reading(struct spool *spool, uint8_t *text, size_t octets)
{
    spool->text = text;
    spool->text_octets = octets;
    spool->reading = records_of(text, octets);
    spool->done = spool->reading.at;
    spool->looked = spool->reading.at;
    spool->stepped = 0;
    spool->peeked = false;
}

/*
 * The first file in memory; from now on nothing is added to it. One that cannot be read stays where
 * it is, for the next start, and those after it come first.
 */
static int load_first(struct spool *spool)
{
    uint8_t *text = NULL;
    size_t octets = 0;

    while (spool->text == NULL && spool->first < spool->next) {
        int result;

        if (spool->first + 1 == spool->next)
            end_file(spool);
        result = read_file(spool, spool->first, &text, &octets);
        if (result == 0)
            start_reading(spool, text, octets);
        else
            spool->first++;
        spool->broken += result != 0 && result != -ENOENT;
    }
    return spool->text != NULL ? 0 : -ENOENT;
}

/* A place that the disk did not keep is counted once, however often it is read. */
static void count_broken(struct spool *spool)
{
    if (spool->reading.at < spool->looked)
        return;
    spool->looked = spool->reading.at + 1;
    spool->broken++;
}

int spool_peek(struct spool *spool, struct row *out)
{
    struct cursor ahead;
    int result = load_first(spool);

    spool->peeked = false;
    while (result == 0) {
        ahead = spool->reading;
        result = spool_take(&ahead, out);
        if (result == 0) {
            spool->peeked = true;
            spool->peeked_octets = (size_t)(ahead.at - spool->reading.at);
            return 0;
        }
        if (result != -ENOENT)
            count_broken(spool);
        spool->reading.at = result == -EINVAL ? ahead.at : spool->reading.end;
        result = result == -EINVAL ? 0 : -ENOENT;
    }
    return -ENOENT;
}

void spool_step(struct spool *spool)
{
    if (!spool->peeked)
        return;
    spool->reading.at += spool->peeked_octets;
    spool->peeked = false;
    spool->stepped++;
}

static void remove_first(struct spool *spool)
{
    char name[NAME_MAX_OCTETS];

    unlinkat(spool->directory, file_name(spool->first, name), 0);
    spool->octets -= spool->text_octets < spool->octets ? spool->text_octets : spool->octets;
    free(spool->text);
    spool->text = NULL;
    spool->first++;
}

void spool_delivered(struct spool *spool)
{
    struct row row;

    spool->rows -= spool->stepped < spool->rows ? spool->stepped : spool->rows;
    spool->stepped = 0;
    spool->done = spool->reading.at;
    if (spool->text != NULL && spool_peek(spool, &row) == -ENOENT)
        remove_first(spool);
    if (spool->first == spool->next)
        spool->rows = 0; /* also of what could be read once, and no more */
}

void spool_rewind(struct spool *spool)
{
    if (spool->text == NULL)
        return;
    spool->reading.at = spool->done;
    spool->peeked = false;
    spool->stepped = 0;
}

void spool_each(struct spool *spool, void (*each)(const struct row *row, void *context),
                void *context)
{
    for (uint64_t i = spool->first; i < spool->next; i++) {
        uint8_t *text = NULL;
        size_t octets = 0;

        if (read_file(spool, i, &text, &octets) != 0)
            continue;
        each_row(text, octets, each, context);
        free(text);
    }
}

uint64_t spool_rows(const struct spool *spool)
{
    return spool->rows;
}

uint64_t spool_broken(const struct spool *spool)
{
    return spool->broken;
}
