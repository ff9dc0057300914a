/*
 * The records of a pcap file of the usual kind (pcap-savefile(5): this machine's byte order,
 * version 2.4, microseconds or nanoseconds), where they stand in a block of the file. What is
 * unusual about a file or a record is not said, but left to libpcap, with which edge/capture.c goes
 * on.
 */
#ifndef HOPTELL_EDGE_SAVEFILE_H
#define HOPTELL_EDGE_SAVEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest record, its header of 16 octets included; longer ones are unusual. */
enum { SAVEFILE_BLOCK = 256 * 1024 };

struct savefile;

struct savefile_record {
    const uint8_t *octets; /* valid until the next record */
    size_t length;         /* captured */
    uint64_t time_ns;      /* since 1970-01-01 UTC */
};

/*
 * The regular file `fd`, which stays the caller's and whose offset is not touched; records of more
 * than `length_max` octets captured are unusual. 0 and the first record is next; -EPROTONOSUPPORT
 * for a file of another kind, -ENOMEM, or what pread(2) says.
 */
int savefile_open(int fd, size_t length_max, struct savefile **out);
void savefile_close(struct savefile *savefile); /* NULL is fine */

/*
 * False at the end of the file, and at a record that is unusual, cut short or cannot be read; it
 * stays there.
 */
bool savefile_next(struct savefile *savefile, struct savefile_record *out);

/* Octets from the beginning of the file to the next record. */
off_t savefile_at(const struct savefile *savefile);

#endif
