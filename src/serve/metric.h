/*
 * Metrics in the text format of Prometheus (version 0.0.4): one row a value, from a list that the
 * owner of the numbers gives. Labels never hold addresses.
 */
#ifndef HOPTELL_SERVE_METRIC_H
#define HOPTELL_SERVE_METRIC_H

#include "serve/buffer.h"

enum { METRIC_LABELS_MAX = 2 };

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *name; /* "hoptell_observations_total" */
    const char *help; /* one line */
    enum metric_kind kind;
    struct metric_label {
        const char *name; /* NULL: no such label */
        const char *value;
    } label[METRIC_LABELS_MAX];
    double value;
};

/* Takes one row. Rows of one name follow each other, so that help and type are said once. */
typedef void metric_put(const struct metric *metric, void *to);

/* Where rows become text; give metric_text as `put` and a pointer to this as `to`. */
struct metric_page {
    struct buffer *buffer;
    const char *name; /* of the row before; NULL at first */
};

metric_put metric_text;

#endif
