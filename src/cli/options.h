/*
 * A command's options as a table: one row gives parsing, help and what is said of wrong use.
 */
#ifndef HOPTELL_CLI_OPTIONS_H
#define HOPTELL_CLI_OPTIONS_H

#include <stddef.h>

struct option_row {
    const char *name;     /* without its two hyphens */
    char letter;          /* 0 for none */
    const char *argument; /* as help calls it, NULL for none */
    const char *help;
};

struct options {
    const char *command;   /* "read" */
    const char *arguments; /* as in the usage line: "[OPTION...] FILE..." */
    const char *purpose;   /* a sentence for help */
    const struct option_row *rows;
    size_t count; /* at most OPTIONS_MAX */
};

enum { OPTIONS_MAX = 16 };

enum { OPTIONS_END = -1, OPTIONS_HELP = -2, OPTIONS_WRONG = -3 };

/*
 * The next option of argv: the index of its row, with its argument in *out_value. OPTIONS_END once
 * there are no more, with optind at the first operand; OPTIONS_HELP for --help or -h, which has been
 * printed; OPTIONS_WRONG for anything else, which has been said on standard error.
 */
int options_next(const struct options *options, int argc, char **argv, const char **out_value);

/*
 * Which of `choices`, which ends with NULL, `value` is; OPTIONS_WRONG when it is none, which has been
 * said on standard error.
 */
int options_choice(const struct options *options, const char *option, const char *value,
                   const char *const *choices);

#endif
