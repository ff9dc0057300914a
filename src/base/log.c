/*
 * The log: a line a message on standard error; see log.h.
 */
#include "base/log.h"

#include "base/printable.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MESSAGE_MAX = 1024 };

/* The one thing that this file remembers; any thread may log while another sets it. */
static atomic_int level_shown = LOG_LEVEL_NOTICE;

static const struct {
    const char *journal; /* sd-daemon(3) */
    const char *terminal;
} prefixes[] = {
    [LOG_LEVEL_ERROR] = {"<3>", "hoptell: error: "},
    [LOG_LEVEL_WARNING] = {"<4>", "hoptell: warning: "},
    [LOG_LEVEL_NOTICE] = {"<5>", "hoptell: "},
    [LOG_LEVEL_INFO] = {"<6>", "hoptell: "},
    [LOG_LEVEL_DEBUG] = {"<7>", "hoptell: "},
};

/* JOURNAL_STREAM names the device and inode of the journal's socket (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char standard_error[48];
    struct stat status;

    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
        return false;
    snprintf(standard_error, sizeof standard_error, "%ju:%ju", (uintmax_t)status.st_dev,
             (uintmax_t)status.st_ino);
    return strcmp(stream, standard_error) == 0;
}

static void log_at(int level, const char *format, va_list arguments)
{
    char line[MESSAGE_MAX + 2];
    size_t length;

    if (level > atomic_load(&level_shown))
        return;
    length =
        (size_t)snprintf(line, MESSAGE_MAX, "%s",
                         stderr_is_journal() ? prefixes[level].journal : prefixes[level].terminal);
    vsnprintf(line + length, MESSAGE_MAX - length, format, arguments);
    /* It may quote what a stranger sent: it stays on its line and moves no cursor. */
    printable_make(line + length, ' ');
    length = strlen(line);
    line[length++] = '\n';
    /* In one call, so that lines of several threads do not mix; nobody is left to tell of an error. */
    if (write(STDERR_FILENO, line, length) < 0)
        return;
}

void log_set_level(int level)
{
    atomic_store(&level_shown, level);
}

#define DEFINE_LOG(name, level)              \
    void log_##name(const char *format, ...) \
    {                                        \
        va_list arguments;                   \
                                             \
        va_start(arguments, format);         \
        log_at(level, format, arguments);    \
        va_end(arguments);                   \
    }

DEFINE_LOG(error, LOG_LEVEL_ERROR)
DEFINE_LOG(warning, LOG_LEVEL_WARNING)
DEFINE_LOG(notice, LOG_LEVEL_NOTICE)
DEFINE_LOG(info, LOG_LEVEL_INFO)
DEFINE_LOG(debug, LOG_LEVEL_DEBUG)
