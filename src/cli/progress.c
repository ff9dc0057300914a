/*
 * The progress bar; see progress.h.
 */
#include "cli/progress.h"

#include "base/clock.h"

#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_US = 700000, /* whatever is done sooner needs no bar */
    REDRAW_US = 100000,
    BAR_WIDTH = 20,
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

const char *progress_line(const char *name, uint64_t octets, uint64_t size, uint64_t packets,
                          uint64_t elapsed_us, char out[PROGRESS_LINE_MAX])
{
    const double seconds = (double)(elapsed_us > 0 ? elapsed_us : 1) / 1e6;
    const double share = size > octets ? (double)octets / (double)size : 1;
    char bar[BAR_WIDTH + 1];
    char done[16];
    char all[16];
    char left[32];

    octets_words(octets, done, sizeof done);
    if (size == 0) {
        snprintf(out, PROGRESS_LINE_MAX, "%.40s  %s  %llu packets  %.0f/s", name, done,
                 (unsigned long long)packets, (double)packets / seconds);
        return out;
    }
    for (unsigned i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (unsigned)(share * BAR_WIDTH) ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    time_words(share > 0 ? seconds / share - seconds : 0, left, sizeof left);
    snprintf(out, PROGRESS_LINE_MAX, "%.40s [%s] %.0f %%  %s of %s  %llu packets  %.0f/s  %s left",
             name, bar, share * 100, done, octets_words(size, all, sizeof all),
             (unsigned long long)packets, (double)packets / seconds, left);
    return out;
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
    progress_line(name, octets, size, packets, now - progress->started_us, line);
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
