/*
 * What every command shares. A command is one file here; main.c has the table of them.
 */
#ifndef HOPTELL_CLI_COMMAND_H
#define HOPTELL_CLI_COMMAND_H

#include "base/report.h"
#include "base/sandbox.h"

#include <stddef.h>

enum command_status {
    COMMAND_DONE = 0,
    COMMAND_NO = 1,     /* the answer is no: a bad tale, no such connection */
    COMMAND_USAGE = 2,  /* wrong use */
    COMMAND_FAILED = 3, /* could not */
};

struct options;

/* A table of commands ends with a row without a name. */
struct command {
    const char *name;
    const char *summary;
    /* argv[0] is the command's own name, so that getopt_long(3) works unchanged */
    enum command_status (*run)(int argc, char **argv);
    const struct options *options;
    const struct command *commands; /* its own, instead of options */
};

extern const struct command hoptell_commands[];
extern const struct command stack_commands[];
extern const struct command tale_commands[];

enum command_status command_check(int argc, char **argv);
enum command_status command_completion(int argc, char **argv);
enum command_status command_evaluate(int argc, char **argv);
enum command_status command_export(int argc, char **argv);
enum command_status command_import(int argc, char **argv);
enum command_status command_label(int argc, char **argv);
enum command_status command_lookup(int argc, char **argv);
enum command_status command_networks(int argc, char **argv);
enum command_status command_read(int argc, char **argv);
enum command_status command_run(int argc, char **argv);
enum command_status command_stack(int argc, char **argv);
enum command_status command_subscribers(int argc, char **argv);
enum command_status command_tale(int argc, char **argv);
enum command_status command_top(int argc, char **argv);

extern const struct options check_options;
extern const struct options completion_options;
extern const struct options evaluate_options;
extern const struct options export_options;
extern const struct options import_options;
extern const struct options label_options;
extern const struct options lookup_options;
extern const struct options networks_options;
extern const struct options read_options;
extern const struct options run_options;
extern const struct options subscribers_options;
extern const struct options top_options;

/*
 * Runs the command that argv[1] names; prints help for --help and -h, and says what was expected for
 * anything else. `program` is what comes before the name ("hoptell", "hoptell tale").
 */
enum command_status command_dispatch(const char *program, const struct command *commands, int argc,
                                     char **argv);

/* "hoptell read: ..." on standard error, with a newline; returns the status, for `return`. */
enum command_status command_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum command_status command_failed(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * For a command that reads what strangers wrote: gives up the calls that `purposes` (enum sandbox) do not need. A
 * kernel without filters is no failure of a command. COMMAND_DONE, or the status to end with.
 */
enum command_status command_confine(const char *command, unsigned purposes);

/*
 * Reads the whole of a file, "-" for standard input, NUL-terminated; the caller frees *out. 0, or a
 * negative errno; -EFBIG when it has more than `limit` octets.
 */
int command_load(const char *path, size_t limit, char **out, size_t *out_length);

/*
 * The whole of a file, "-" for standard input, at most `limit` octets, NUL-terminated; the caller
 * frees it. NULL with a message on standard error.
 */
char *command_slurp(const char *command, const char *path, size_t limit, size_t *out_length);

/* Prints every entry of the report on standard error. */
void command_print_report(const struct report *report);

#endif
