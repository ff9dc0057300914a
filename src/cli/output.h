/*
 * Files that are there whole or not at all: written beside their place under another name, and put
 * in their place when all is written.
 */
#ifndef HOPTELL_CLI_OUTPUT_H
#define HOPTELL_CLI_OUTPUT_H

#include <stdio.h>

struct output {
    FILE *to; /* NULL once it is in its place or dropped */
    char *path;
    char *temporary; /* NULL for standard output */
};

/* "-" is standard output. 0, or a negative errno with nothing left behind. */
int output_open(const char *path, struct output *out);

/* Closes the file and puts it in its place. 0, or a negative errno with nothing left behind. */
int output_finish(struct output *output);

/* Drops what was written, unless it was finished; a zeroed struct is fine. */
void output_deinit(struct output *output);

#endif
