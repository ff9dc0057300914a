/*
 * Records out of a block that pread(2) filled; see savefile.h.
 *
 *     file    | header | record | record | record | rec...
 *     block                     | record | record | rec...|
 *                               start    at               filled
 *
 * A block begins with a record: one of which the last block held a part is read again, in whole,
 * with the next.
 */
#include "edge/savefile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    NANOSECONDS_PER_SECOND = 1000000000,
    MICROSECONDS_PER_SECOND = 1000000,
    LINK_TYPES_END = 0x10000, /* above it stand the length of a frame check sequence, and flags */
};

struct file_header {
    uint32_t magic;
    uint16_t major;
    uint16_t minor;
    uint32_t zone; /* as libpcap does, we do not look at this one and the next */
    uint32_t accuracy;
    uint32_t snapshot_length;
    uint32_t link_type;
};

struct record_header {
    uint32_t seconds;
    uint32_t fraction;
    uint32_t captured; /* octets that follow */
    uint32_t length;   /* that there were on the wire */
};

struct format {
    uint32_t magic;
    uint32_t fractions_per_second;
};

static const struct format formats[] = {
    {0xa1b2c3d4, MICROSECONDS_PER_SECOND},
    {0xa1b23c4d, NANOSECONDS_PER_SECOND},
};

struct savefile {
    int fd;
    size_t length_max;
    uint32_t fractions_per_second;
    uint32_t fraction_ns;
    off_t start;   /* of the block, in the file */
    size_t at;     /* of the next record, in the block */
    size_t filled; /* of the block */
    uint8_t block[SAVEFILE_BLOCK];
};

static const struct format *find_format(const struct file_header *header)
{
    if (header->major != 2 || header->minor != 4 || header->link_type >= LINK_TYPES_END)
        return NULL;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].magic == header->magic)
            return &formats[i];
    return NULL;
}

int savefile_open(int fd, size_t length_max, struct savefile **out)
{
    struct file_header header;
    const ssize_t got = pread(fd, &header, sizeof header, 0);
    const struct format *format = got == sizeof header ? find_format(&header) : NULL;
    struct savefile *savefile;

    if (got < 0)
        return -errno;
    if (format == NULL)
        return -EPROTONOSUPPORT;
    savefile = malloc(sizeof *savefile); /* the block is not to be touched before it is needed */
    if (savefile == NULL)
        return -ENOMEM;
    savefile->fd = fd;
    savefile->length_max = length_max;
    savefile->fractions_per_second = format->fractions_per_second;
    savefile->fraction_ns = NANOSECONDS_PER_SECOND / format->fractions_per_second;
    savefile->start = sizeof header;
    savefile->at = savefile->filled = 0;
    *out = savefile;
    return 0;
}

void savefile_close(struct savefile *savefile)
{
    free(savefile);
}

static bool holds_next(const struct savefile *savefile, struct record_header *out)
{
    const size_t left = savefile->filled - savefile->at;

    if (left < sizeof *out)
        return false;
    memcpy(out, savefile->block + savefile->at, sizeof *out);
    return left - sizeof *out >= out->captured;
}

static bool fill(struct savefile *savefile)
{
    const off_t start = savefile_at(savefile);
    const ssize_t got = pread(savefile->fd, savefile->block, sizeof savefile->block, start);

    if (got < 0)
        return false;
    savefile->start = start;
    savefile->at = 0;
    savefile->filled = (size_t)got;
    return true;
}

/* libpcap takes seconds for signed, and gives fractions of more than a second as they are. */
static bool is_usual(const struct savefile *savefile, const struct record_header *header)
{
    return header->captured <= savefile->length_max && header->seconds <= INT32_MAX &&
           header->fraction < savefile->fractions_per_second;
}

bool savefile_next(struct savefile *savefile, struct savefile_record *out)
{
    struct record_header header;

    if (!holds_next(savefile, &header) && !(fill(savefile) && holds_next(savefile, &header)))
        return false;
    if (!is_usual(savefile, &header))
        return false;
    *out = (struct savefile_record){
        .octets = savefile->block + savefile->at + sizeof header,
        .length = header.captured,
        .time_ns = (uint64_t)header.seconds * NANOSECONDS_PER_SECOND +
                   (uint64_t)header.fraction * savefile->fraction_ns,
    };
    savefile->at += sizeof header + header.captured;
    return true;
}

off_t savefile_at(const struct savefile *savefile)
{
    return savefile->start + (off_t)savefile->at;
}
