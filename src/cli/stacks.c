/*
 * The table of stacks from its files; see stacks.h.
 */
#include "cli/stacks.h"

#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_stacks(const char *text, size_t length, struct report *report,
                        struct stack_table *out)
{
    return stack_table_parse(text, length, report, out);
}

static int parse_p0f(const char *text, size_t length, struct report *report,
                     struct stack_table *out)
{
    return p0f_parse(text, length, report, &out->p0f);
}

static int load(const char *path, const char *what,
                int (*parse)(const char *text, size_t length, struct report *report,
                             struct stack_table *out),
                struct stack_table *out)
{
    struct report report;
    char *text = NULL;
    size_t length;
    int error = command_load(path, STACKS_FILE_MAX, &text, &length);

    if (error == -EFBIG)
        fprintf(stderr, "%s: error: expected at most %d octets, found more\n", path,
                STACKS_FILE_MAX);
    else if (error != 0)
        fprintf(stderr, "%s: error: expected %s to read: %s\n", path, what, strerror(-error));
    if (error != 0)
        return error;
    report_init(&report, path);
    error = parse(text, length, &report, out);
    command_print_report(&report);
    free(text);
    return error;
}

static int load_shipped(struct stack_table *out)
{
    struct report report;

    report_init(&report, "stacks.txt");
    return stack_table_parse(watch_stacks_txt, strlen(watch_stacks_txt), &report, out);
}

int stacks_load(const char *stacks, const char *p0f, struct stack_table **out)
{
    struct stack_table *table = calloc(1, sizeof *table);
    int error;

    if (table == NULL) {
        fprintf(stderr, "error: expected memory for the table of stacks, found too little\n");
        return -ENOMEM;
    }
    if (stacks == NULL || stacks[0] == '\0')
        error = load_shipped(table);
    else
        error = load(stacks, "a table of stacks", parse_stacks, table);
    if (error == 0 && p0f != NULL && p0f[0] != '\0')
        error = load(p0f, "signatures of p0f", parse_p0f, table);
    if (error != 0) {
        free(table);
        return error;
    }
    *out = table;
    return 0;
}
