/*
 * How far a capture has been read, as one line that is written over itself on a terminal.
 */
#ifndef HOPTELL_CLI_PROGRESS_H
#define HOPTELL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *to;            /* NULL: nobody looks */
    uint64_t started_us; /* by the monotonic clock */
    uint64_t drawn_us;
    bool drawn;
};

enum { PROGRESS_LINE_MAX = 160 };

/* Draws on `to`, unless NULL or no terminal, and not before some time has gone by. */
void progress_start(struct progress *progress, FILE *to);
void progress_show(struct progress *progress, const char *name, uint64_t octets, uint64_t size,
                   uint64_t packets);
void progress_clear(struct progress *progress); /* takes the line away again */

/*
 * The line itself: octets of `size` (0: not known), packets, packets a second, time left; of a file
 * whose size is known with its name and a bar, as far as `columns` have room for them. Returns out.
 */
const char *progress_line(const char *name, uint64_t octets, uint64_t size, uint64_t packets,
                          uint64_t elapsed_us, unsigned columns, char out[PROGRESS_LINE_MAX]);

#endif
