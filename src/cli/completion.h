/*
 * What shells complete of hoptell's commands, out of the tables that parse them: each shell's own
 * script is completion_SHELL.c.
 */
#ifndef HOPTELL_CLI_COMPLETION_H
#define HOPTELL_CLI_COMPLETION_H

#include "cli/options.h"

#include <stdio.h>

/* A command as it is typed behind "hoptell". */
struct completion_command {
    const char *path; /* "tale check" */
    const struct command *command;
};

/* What can stand for a word of a usage line. */
enum completion_kind {
    COMPLETION_NOTHING, /* that a shell could guess */
    COMPLETION_WORDS,
    COMPLETION_FILE,
    COMPLETION_DIRECTORY,
};

enum { COMPLETION_TEXT_MAX = 256 };

struct completion_operand {
    char name[COMPLETION_TEXT_MAX]; /* "PORT"; "direct|tethered" */
    bool repeats;                   /* "FILE..." */
};

/* Calls `each` for every command, those that have commands of their own before these. */
void completion_each(void (*each)(const struct completion_command *command, FILE *to), FILE *to);

/* Takes the next word off *operands ("ADDRESS [PORT]"); false when none is left. */
bool completion_next(const char **operands, struct completion_operand *out);

enum completion_kind completion_kind(const char *argument);

/* "text|json" as "text json". */
const char *completion_words(const char *argument, char out[COMPLETION_TEXT_MAX]);

/* Prints `text` with a backslash before each of `special`, and `quote` for each single quote. */
void completion_quoted(const char *text, const char *special, const char *quote, FILE *to);

void completion_bash(FILE *to);
void completion_fish(FILE *to);
void completion_zsh(FILE *to);

#endif
