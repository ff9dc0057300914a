/*
 * libpcap, the other way: packets into a capture file, with times to the nanosecond.
 */
#ifndef HOPTELL_EDGE_DUMP_H
#define HOPTELL_EDGE_DUMP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct dump;

/*
 * Begins a capture of libpcap's link type `link_type` in `to`, which stays the caller's and must
 * not be written to meanwhile. 0 or a negative errno.
 */
int dump_open(FILE *to, int link_type, struct dump **out);

/* Adds a frame; a fault in writing is kept for dump_close. */
void dump_write(struct dump *dump, uint64_t time_ns, const uint8_t *octets, size_t length);

/* 0 when everything was written, or a negative errno. NULL is fine, and 0. */
int dump_close(struct dump *dump);

#endif
