/*
 * The daemon's counts as metrics, for GET /metrics.
 */
#ifndef HOPTELL_CLI_METRICS_H
#define HOPTELL_CLI_METRICS_H

#include "cli/archive.h"
#include "cli/hooks.h"
#include "cli/naming.h"
#include "cli/telling.h"
#include "cli/watching.h"
#include "serve/metric.h"

/* Whose counts; each may be NULL. */
struct metrics_sources {
    double started_s; /* when the program started, since 1970-01-01 UTC */
    struct watching *watching;
    struct telling *telling;
    struct hooks *hooks;
    struct naming *naming;
    struct archive *archive;
};

void metrics_put(const struct metrics_sources *sources, metric_put *put, void *to);

#endif
