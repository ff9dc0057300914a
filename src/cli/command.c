/*
 * What every command shares; see command.h.
 */
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_help(const char *program, const struct command *commands)
{
    printf("Usage: %s COMMAND [OPTION...]\n\nCommands:\n", program);
    for (const struct command *row = commands; row->name != NULL; row++)
        printf("  %-11s %s\n", row->name, row->summary);
    printf("\n'%s COMMAND --help' tells more of each.\n", program);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static void print_names(FILE *to, const struct command *commands)
{
    for (const struct command *row = commands; row->name != NULL; row++)
        fprintf(to, "%s%s", row == commands ? "" : row[1].name == NULL ? " or " : ", ", row->name);
}

enum command_status command_dispatch(const char *program, const struct command *commands, int argc,
                                     char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "%s: expected a command: ", program);
        print_names(stderr, commands);
        fprintf(stderr, "\n");
        return COMMAND_USAGE;
    }
    if (is_help(argv[1])) {
        print_help(program, commands);
        return COMMAND_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("hoptell " HOPTELL_VERSION "\n");
        return COMMAND_DONE;
    }
    for (const struct command *row = commands; row->name != NULL; row++)
        if (strcmp(argv[1], row->name) == 0)
            return row->run(argc - 1, argv + 1);
    fprintf(stderr, "%s: expected a command (", program);
    print_names(stderr, commands);
    fprintf(stderr, "), found '%s'\n", argv[1]);
    return COMMAND_USAGE;
}

static void say(const char *command, const char *format, va_list arguments)
{
    fprintf(stderr, "hoptell %s: ", command);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

enum command_status command_usage(const char *command, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(command, format, arguments);
    va_end(arguments);
    return COMMAND_USAGE;
}

enum command_status command_failed(const char *command, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(command, format, arguments);
    va_end(arguments);
    return COMMAND_FAILED;
}

enum command_status command_confine(const char *command, unsigned purposes)
{
    char error[256];
    const int code = sandbox_enter(purposes, error, sizeof error);

    return code == 0 || code == -ENOSYS ? COMMAND_DONE : command_failed(command, "%s", error);
}

/* Reads until the end or until `limit` + 1 octets, so that the caller can tell "too long". */
static char *slurp(FILE *from, size_t limit, size_t *out_length)
{
    size_t capacity = 4096;
    size_t length = 0;
    char *text = malloc(capacity + 1);

    while (text != NULL && length <= limit) {
        const size_t got = fread(text + length, 1, capacity - length, from);
        char *larger;

        length += got;
        if (got == 0)
            break;
        if (length < capacity)
            continue;
        larger = realloc(text, capacity * 2 + 1);
        if (larger == NULL) {
            free(text);
            return NULL;
        }
        text = larger;
        capacity *= 2;
    }
    if (text != NULL)
        text[length] = '\0';
    *out_length = length;
    return text;
}

int command_load(const char *path, size_t limit, char **out, size_t *out_length)
{
    const bool standard = strcmp(path, "-") == 0;
    FILE *from = standard ? stdin : fopen(path, "re");
    char *text;
    int error = 0;

    if (from == NULL)
        return -errno;
    errno = 0;
    text = slurp(from, limit, out_length);
    if (text == NULL)
        error = -ENOMEM;
    else if (ferror(from))
        error = errno != 0 ? -errno : -EIO;
    else if (*out_length > limit)
        error = -EFBIG;
    if (!standard)
        fclose(from);
    if (error != 0)
        free(text);
    else
        *out = text;
    return error;
}

char *command_slurp(const char *command, const char *path, size_t limit, size_t *out_length)
{
    char *text = NULL;
    const int error = command_load(path, limit, &text, out_length);

    if (error == -EFBIG)
        command_failed(command, "expected at most %zu octets in %s, found more", limit, path);
    else if (error != 0)
        command_failed(command, "expected a file to read, found %s: %s", path, strerror(-error));
    return text;
}

void command_print_report(const struct report *report)
{
    char line[REPORT_TEXT_MAX + 512];
    const unsigned all = report->errors + report->warnings;

    for (unsigned i = 0; i < report->count; i++)
        fprintf(stderr, "%s\n", report_line(report, i, line, sizeof line));
    if (all > report->count)
        fprintf(stderr, "%s: and %u more\n", report->file, all - report->count);
}
