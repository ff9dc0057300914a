/*
 * The progress bar; see progress.h.
 */
#include "cli/progress.h"

#include "base/clock.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_US = 700000, /* whatever is done sooner needs no bar */
    REDRAW_US = 100000,
    BAR_LEAST = 5,
    BAR_MOST = 20,
    NAME_LEAST = 8, /* of a shorter piece nobody would know it */
    NAME_MOST = 40,
    NARROW = 72,        /* the whole of it has no room then, and what matters most comes first */
    COLUMNS_USUAL = 79, /* of a terminal that does not say */
};

/* "1.2 GiB": people read progress, so one decimal is enough. */
static const char *octets_words(uint64_t octets, char *out, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)octets;
    unsigned unit = 0;

    while (value >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        unit++;
    }
    snprintf(out, size, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return out;
}

static const char *time_words(double seconds, char *out, size_t size)
{
    const unsigned long whole = (unsigned long)(seconds + 0.5);

    if (whole >= 3600)
        snprintf(out, size, "%lu h %lu min", whole / 3600, whole % 3600 / 60);
    else if (whole >= 60)
        snprintf(out, size, "%lu min %lu s", whole / 60, whole % 60);
    else
        snprintf(out, size, "%lu s", whole);
    return out;
}

/* "capture.pcap [####......] ": the bar before the name, and both as wide as there is room. */
static size_t write_head(const char *name, double share, size_t room, char *out)
{
    const size_t width = room < BAR_MOST + 3 ? room - 3 : BAR_MOST;
    const size_t left = room - width - 3;
    size_t length = 0;

    if (left > NAME_LEAST)
        length = (size_t)sprintf(out, "%.*s ", left <= NAME_MOST ? (int)left - 1 : NAME_MOST, name);
    out[length++] = '[';
    for (size_t i = 0; i < width; i++)
        out[length++] = i < (size_t)(share * (double)width) ? '#' : '.';
    return length + (size_t)sprintf(out + length, "] ");
}

/* Never wider than the terminal: a line that is broken could not be written over. */
const char *progress_line(const char *name, uint64_t octets, uint64_t size, uint64_t packets,
                          uint64_t elapsed_us, unsigned columns, char out[PROGRESS_LINE_MAX])
{
    const double seconds = (double)(elapsed_us > 0 ? elapsed_us : 1) / 1e6;
    const double share = size > octets ? (double)octets / (double)size : 1;
    const size_t most = columns < PROGRESS_LINE_MAX ? columns : PROGRESS_LINE_MAX - 1;
    char rest[PROGRESS_LINE_MAX];
    char done[16];
    char all[16];
    char left[32];
    size_t head = 0;
    int length;

    octets_words(octets, done, sizeof done);
    time_words(share > 0 ? seconds / share - seconds : 0, left, sizeof left);
    if (size == 0)
        length = snprintf(rest, sizeof rest, "%.*s  %s  %llu packets  %.0f/s", NAME_MOST, name,
                          done, (unsigned long long)packets, (double)packets / seconds);
    else if (columns < NARROW)
        length =
            snprintf(rest, sizeof rest, "%.0f %%  %s left  %s  %llu packets  %.0f/s", share * 100,
                     left, done, (unsigned long long)packets, (double)packets / seconds);
    else
        length = snprintf(rest, sizeof rest, "%.0f %%  %s of %s  %llu packets  %.0f/s  %s left",
                          share * 100, done, octets_words(size, all, sizeof all),
                          (unsigned long long)packets, (double)packets / seconds, left);
    if (size > 0 && (size_t)length + BAR_LEAST + 3 <= most)
        head = write_head(name, share, most - (size_t)length, out);
    snprintf(out + head, most - head + 1, "%s", rest);
    return out;
}

static unsigned columns_of(FILE *terminal)
{
    struct winsize size;

    return ioctl(fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u
                                                                              : COLUMNS_USUAL;
}

void progress_start(struct progress *progress, FILE *to)
{
    *progress = (struct progress){.started_us = clock_monotonic_ns() / 1000};
    if (to != NULL && isatty(fileno(to)))
        progress->to = to;
}

void progress_show(struct progress *progress, const char *name, uint64_t octets, uint64_t size,
                   uint64_t packets)
{
    char line[PROGRESS_LINE_MAX];
    uint64_t now;

    if (progress->to == NULL)
        return;
    now = clock_monotonic_ns() / 1000;
    if (now - progress->started_us < PATIENCE_US || now - progress->drawn_us < REDRAW_US)
        return;
    progress_line(name, octets, size, packets, now - progress->started_us, columns_of(progress->to),
                  line);
    fprintf(progress->to, "\r\033[K%s", line);
    fflush(progress->to);
    progress->drawn_us = now;
    progress->drawn = true;
}

void progress_clear(struct progress *progress)
{
    if (progress->drawn) {
        fprintf(progress->to, "\r\033[K");
        fflush(progress->to);
    }
    progress->drawn = false;
}
