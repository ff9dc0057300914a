/*
 * The log: standard error, a line a message, with the priority prefix of sd-daemon(3) when standard
 * error is the journal (JOURNAL_STREAM), and no time of its own, which the journal adds.
 */
#ifndef HOPTELL_BASE_LOG_H
#define HOPTELL_BASE_LOG_H

#include "base/settings.h"

void log_set_level(int level); /* enum log_level_setting */

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
