/*
 * A command's options as a table: one row gives parsing, help, what shells complete (completion.c),
 * and what is said of wrong use.
 */
#ifndef HOPTELL_CLI_OPTIONS_H
#define HOPTELL_CLI_OPTIONS_H

#include "cli/command.h"
#include "wire/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_row;

/* Reads `value`, NULL for a row without an argument, into `out`; false when it is not one of these. */
typedef bool option_take(const struct option_row *row, const char *value, void *out);

struct option_row {
    const char *name; /* without its two hyphens */
    char letter;      /* 0 for none */
    const char
        *argument; /* as help calls it: FILE, or all that it takes as in text|json; NULL: none */
    const char *help;
    option_take *take;
    size_t member; /* offsetof where `take` puts it */
    const char
        *expected; /* "1 to 1000", for what is said of another value; NULL: from `argument` */
    uint32_t low;  /* of option_number */
    uint32_t high;
};

struct options {
    const char *command;  /* "read" */
    const char *operands; /* as in the usage line: "ADDRESS [PORT]"; "" for none */
    const char *purpose;  /* a sentence for help */
    const struct option_row *rows;
    size_t count;       /* at most OPTIONS_MAX */
    void (*more)(void); /* prints what else help has to say; NULL: nothing */
};

enum { OPTIONS_MAX = 16 };

/*
 * Reads the options of argv into the members of `out` that their rows name, which keep what they were
 * where an option is not given. True with optind at the first operand; false when the command ends
 * here, with *out_status: COMMAND_DONE after --help, COMMAND_USAGE after what has been said.
 */
bool options_take(const struct options *options, int argc, char **argv, void *out,
                  enum command_status *out_status);

/* What rows take: the type of their member is the comment. */
option_take option_flag;    /* bool: true */
option_take option_text;    /* const char *, into argv */
option_take option_choice;  /* int: which of the words of `argument` */
option_take option_number;  /* uint32_t, from row->low to row->high */
option_take option_address; /* struct option_address */
option_take option_prefix;  /* struct option_prefix */

struct option_address {
    bool given;
    struct address address;
};

struct option_prefix {
    bool given;
    struct prefix prefix;
};

/* A plain number between `low` and `high`; false for anything else. */
bool options_number(const char *text, uint32_t low, uint32_t high, uint32_t *out);

#endif
