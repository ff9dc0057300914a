/*
 * The table of stacks that a command or the daemon goes by: the one that ships with hoptell, or a
 * file's, and beside it the signatures of a file of p0f's.
 */
#ifndef HOPTELL_CLI_STACKS_H
#define HOPTELL_CLI_STACKS_H

#include "watch/stack.h"

/* A file of stacks or of p0f's has at most so many octets. */
enum { STACKS_FILE_MAX = 4 << 20 };

/*
 * Of the files that are named: NULL or "" stands for the shipped table, and for no signatures. 0 with
 * *out for free(3); -EINVAL when anything is wrong in a file, or another negative errno, after all
 * has been said on standard error.
 */
int stacks_load(const char *stacks, const char *p0f, struct stack_table **out);

#endif
