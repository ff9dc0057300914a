/*
 * What the commands about tales share. `hoptell tale WORD` is the file tale_WORD.c.
 */
#ifndef HOPTELL_CLI_TALE_H
#define HOPTELL_CLI_TALE_H

#include "cli/command.h"
#include "tale/compile.h"

#include <jansson.h>
#include <stdio.h>

enum { TALE_FILE_MAX = 1024 * 1024 };

enum command_status tale_answer(int argc, char **argv);
enum command_status tale_check(int argc, char **argv);
enum command_status tale_import(int argc, char **argv);
enum command_status tale_show(int argc, char **argv);
enum command_status tale_zone(int argc, char **argv);

/*
 * Reads and compiles the tale in `path` ("-": standard input) and prints what there is to say of
 * it on standard error. The caller frees *out with tale_free. COMMAND_DONE, COMMAND_NO for a bad
 * tale, COMMAND_FAILED where it cannot be read.
 */
enum command_status tale_load(const char *command, const char *path, struct tale **out);

/* The value of --format: true for "json", false for "text"; or COMMAND_USAGE, said. */
enum command_status tale_format(const char *command, const char *word, bool *out_json);

/* Says which option was not expected, or lacks its value, after getopt_long returned '?' or ':'. */
enum command_status tale_bad_option(const char *command, int option, char *const argv[]);

/* Prints the object on one line, and drops it. */
enum command_status tale_print_json(const char *command, FILE *to, json_t *object);

#endif
