/*
 * Errors and warnings about a file, kept in the order in which they were found, for whoever
 * called to print. Used by settings, tales and imports.
 */
#ifndef HOPTELL_BASE_REPORT_H
#define HOPTELL_BASE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPORT_ENTRIES_MAX = 64, REPORT_TEXT_MAX = 256 };

struct report_entry {
    bool is_error; /* or else a warning */
    uint32_t line; /* from 1; 0 when it is about the file as a whole */
    uint32_t column;
    char text[REPORT_TEXT_MAX]; /* printable, whatever of the file it quotes */
};

struct report {
    const char *file; /* not owned */
    unsigned errors;  /* all of them, also those beyond REPORT_ENTRIES_MAX */
    unsigned warnings;
    unsigned count;
    struct report_entry entry[REPORT_ENTRIES_MAX];
};

void report_init(struct report *report, const char *file);

void report_error(struct report *report, uint32_t line, uint32_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void report_warning(struct report *report, uint32_t line, uint32_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "file:line:column: error: text", without a newline; returns out. */
const char *report_line(const struct report *report, unsigned index, char *out, size_t size);

#endif
