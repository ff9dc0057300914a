/*
 * The spool: rows on disk that a store does not take at the moment, in the order they came.
 *
 * It is a directory of numbered files. A file is written once, from its start to its end, and
 * removed when all of it has been delivered; after a fault the oldest file is delivered from its
 * start once more, which is why rows have to be such that the same one twice is one.
 *
 *     file:    "hopspool" 8 | version 4 | records
 *     record:  length 2 | CRC-32C of the octets 4 | the octets of a row (row.h)
 *
 * All in network byte order. A record that is cut at the end of a file was never acknowledged.
 * Calls come from one thread at a time.
 */
#ifndef HOPTELL_STORE_SPOOL_H
#define HOPTELL_STORE_SPOOL_H

#include "store/row.h"
#include "wire/cursor.h"

struct spool;

/*
 * Opens the spool in the directory `path`, which is made if need be, readable for its owner alone;
 * all files together have at most `size` octets. 0, or a negative errno with a sentence in `error`.
 * The caller closes *out with spool_close.
 */
int spool_open(const char *path, uint64_t size, struct spool **out, char *error, size_t error_size);
void spool_close(struct spool *spool); /* NULL is fine; the rows stay on disk */

/*
 * Puts a row at the end. -ENOSPC when it has no room, neither here nor on the disk; another negative
 * errno when it could not be written. A crash of hoptell leaves it there; one of the machine when
 * spool_sync has returned 0.
 */
int spool_append(struct spool *spool, const struct row *row);
int spool_sync(struct spool *spool);

/*
 * The same for many at once: `rows` records that spool_record has written one after the other, not
 * more than SPOOL_RECORDS_MAX octets; all of them, or none.
 */
enum { SPOOL_RECORD_MAX = 6 + ROW_OCTETS_MAX, SPOOL_RECORDS_MAX = 32 << 10 };
int spool_append_records(struct spool *spool, const uint8_t *records, size_t octets, size_t rows);

/* Makes a record of a row's octets (row.h); how long it is. */
size_t spool_record(const uint8_t *octets, size_t length, uint8_t out[SPOOL_RECORD_MAX]);

/*
 * Puts the rows that a process has left in the ring `name` of the directory at the end, even beyond the
 * spool's size, after which it is gone; what the disk does not take is counted as broken.
 */
void spool_take_left(struct spool *spool, const char *name);

int spool_directory(const struct spool *spool); /* a descriptor, open until spool_close */

/*
 * spool_sync in three parts: the second may be called while others are at work with the spool, and
 * takes long. What was appended after the first is not synced.
 */
struct spool_files {
    uint64_t first;
    uint64_t end;
    uint64_t named; /* the first whose name may not be on the disk */
};
struct spool_files spool_unsynced(const struct spool *spool);
int spool_sync_files(const struct spool *spool, const struct spool_files *files);
void spool_synced(struct spool *spool, const struct spool_files *files);

/*
 * The next row: 0, or -ENOENT where a file ends and spool_delivered is to be called; spool_step goes
 * past it.
 */
int spool_peek(struct spool *spool, struct row *out);
void spool_step(struct spool *spool);

/* What was stepped over is delivered; or it was not, and comes again. */
void spool_delivered(struct spool *spool);
void spool_rewind(struct spool *spool);

/* Calls `each` for every row, oldest first, and takes none out. Not between step and delivered. */
void spool_each(struct spool *spool, void (*each)(const struct row *row, void *context),
                void *context);

uint64_t spool_rows(const struct spool *spool);   /* that are not delivered */
uint64_t spool_broken(const struct spool *spool); /* places that the disk did not keep */

/*
 * Takes one record off a file's text, after its head. 0; -ENOENT at its end, which may be in the
 * middle of a record; -EBADMSG for a record whose checksum is wrong, after which nothing can be
 * read; -EINVAL for one that is no row, after which the next begins.
 */
int spool_take(struct cursor *c, struct row *out);

#endif
