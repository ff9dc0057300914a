/*
 * What the commands about tales share. `hoptell tale WORD` is the file tale_WORD.c.
 */
#ifndef HOPTELL_CLI_TALE_H
#define HOPTELL_CLI_TALE_H

#include "cli/options.h"
#include "tale/compile.h"

#include <jansson.h>
#include <stdio.h>

enum { TALE_FILE_MAX = 1024 * 1024 };

enum command_status tale_answer(int argc, char **argv);
enum command_status tale_check(int argc, char **argv);
enum command_status tale_import(int argc, char **argv);
enum command_status tale_show(int argc, char **argv);
enum command_status tale_zone(int argc, char **argv);

extern const struct options tale_answer_options;
extern const struct options tale_check_options;
extern const struct options tale_import_options;
extern const struct options tale_show_options;
extern const struct options tale_zone_options;

/*
 * Reads and compiles the tale in `path` ("-": standard input) and prints what there is to say of
 * it on standard error. The caller frees *out with tale_free. COMMAND_DONE, COMMAND_NO for a bad
 * tale, COMMAND_FAILED where it cannot be read.
 */
enum command_status tale_load(const char *command, const char *path, struct tale **out);

/* Takes "verdict=tethered,hop_limit=51" into a struct traits: who a personal tale is for. */
option_take tale_take_visitor;
#define TALE_VISITOR_EXPECTED                                                       \
    "what is known of a visitor (verdict, stack, initial, hops, hop_limit), as in " \
    "verdict=tethered,hop_limit=51,"

/* Prints the object on one line, and drops it. */
enum command_status tale_print_json(const char *command, FILE *to, json_t *object);

#endif
