/*
 * Errors and warnings about a file; see report.h.
 */
#include "base/report.h"

#include "base/printable.h"

#include <stdarg.h>
#include <stdio.h>

void report_init(struct report *report, const char *file)
{
    *report = (struct report){.file = file};
}

static void report_add(struct report *report, bool is_error, uint32_t line, uint32_t column,
                       const char *format, va_list arguments)
{
    struct report_entry *entry;

    if (is_error)
        report->errors++;
    else
        report->warnings++;
    if (report->count == REPORT_ENTRIES_MAX)
        return;
    entry = &report->entry[report->count++];
    entry->is_error = is_error;
    entry->line = line;
    entry->column = column;
    vsnprintf(entry->text, sizeof entry->text, format, arguments);
    printable_make(entry->text, '?');
}

void report_error(struct report *report, uint32_t line, uint32_t column, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_add(report, true, line, column, format, arguments);
    va_end(arguments);
}

void report_warning(struct report *report, uint32_t line, uint32_t column, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_add(report, false, line, column, format, arguments);
    va_end(arguments);
}

const char *report_line(const struct report *report, unsigned index, char *out, size_t size)
{
    const struct report_entry *entry = &report->entry[index];
    const char *kind = entry->is_error ? "error" : "warning";

    if (entry->line == 0)
        snprintf(out, size, "%s: %s: %s", report->file, kind, entry->text);
    else
        snprintf(out, size, "%s:%u:%u: %s: %s", report->file, entry->line, entry->column, kind,
                 entry->text);
    return out;
}
