/*
 * The counts of the listeners as metrics; see serve.h.
 */
#include "serve/serve.h"

static const char *const audience_names[] = {
    [SERVE_VISITORS] = "visitors",
    [SERVE_OPERATORS] = "operators",
};

static uint64_t answers_of_class(const struct serve_counts *counts, unsigned status_class)
{
    return counts->answers[status_class];
}

static uint64_t refused_because(const struct serve_counts *counts, unsigned refusal)
{
    return counts->refused[refusal];
}

static uint64_t connections_accepted(const struct serve_counts *counts, unsigned unused)
{
    (void)unused;
    return counts->connections;
}

static uint64_t connections_open(const struct serve_counts *counts, unsigned unused)
{
    (void)unused;
    return counts->open;
}

static uint64_t requests_waiting(const struct serve_counts *counts, unsigned unused)
{
    (void)unused;
    return counts->waiting;
}

static uint64_t followers_now(const struct serve_counts *counts, unsigned unused)
{
    (void)unused;
    return counts->followers;
}

static uint64_t followers_dropped(const struct serve_counts *counts, unsigned unused)
{
    (void)unused;
    return counts->dropped;
}

#define REFUSED "Requests and connections of strangers refused, by reason."

static const struct count_row {
    const char *name;
    const char *help;
    enum metric_kind kind;
    struct metric_label label; /* beside that of the listener */
    unsigned which;            /* for `value` */
    uint64_t (*value)(const struct serve_counts *counts, unsigned which);
} count_rows[] = {
    {"hoptell_http_answers_total",
     "Answers sent, by class of status.",
     METRIC_COUNTER,
     {"class", "2xx"},
     2,
     answers_of_class},
    {"hoptell_http_answers_total",
     "Answers sent, by class of status.",
     METRIC_COUNTER,
     {"class", "4xx"},
     4,
     answers_of_class},
    {"hoptell_http_answers_total",
     "Answers sent, by class of status.",
     METRIC_COUNTER,
     {"class", "5xx"},
     5,
     answers_of_class},
    {"hoptell_http_refused_total",
     REFUSED,
     METRIC_COUNTER,
     {"reason", "rate"},
     SERVE_REFUSED_RATE,
     refused_because},
    {"hoptell_http_refused_total",
     REFUSED,
     METRIC_COUNTER,
     {"reason", "crowd"},
     SERVE_REFUSED_CROWD,
     refused_because},
    {"hoptell_http_refused_total",
     REFUSED,
     METRIC_COUNTER,
     {"reason", "slow"},
     SERVE_REFUSED_SLOW,
     refused_because},
    {"hoptell_http_refused_total",
     REFUSED,
     METRIC_COUNTER,
     {"reason", "head"},
     SERVE_REFUSED_HEAD,
     refused_because},
    {"hoptell_http_connections_total",
     "Connections accepted.",
     METRIC_COUNTER,
     {NULL, NULL},
     0,
     connections_accepted},
    {"hoptell_http_connections",
     "Connections open now.",
     METRIC_GAUGE,
     {NULL, NULL},
     0,
     connections_open},
    {"hoptell_http_waiting",
     "Requests that wait for an opening packet now.",
     METRIC_GAUGE,
     {NULL, NULL},
     0,
     requests_waiting},
    {"hoptell_http_followers",
     "Clients that follow the events now.",
     METRIC_GAUGE,
     {NULL, NULL},
     0,
     followers_now},
    {"hoptell_http_followers_dropped_total",
     "Followers that were too slow for the events.",
     METRIC_COUNTER,
     {NULL, NULL},
     0,
     followers_dropped},
};

static void put_count(const struct count_row *row, enum serve_audience audience,
                      struct serve *const *listeners, size_t count, metric_put *put, void *to)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        const struct serve_counts counts = serve_counts(listeners[i]);

        if (counts.audience == audience)
            sum += row->value(&counts, row->which);
    }
    put(
        &(struct metric){
            .name = row->name,
            .help = row->help,
            .kind = row->kind,
            .label = {{"listener", audience_names[audience]}, row->label},
            .value = (double)sum,
        },
        to);
}

void serve_metrics(struct serve *const *listeners, size_t count, metric_put *put, void *to)
{
    for (size_t i = 0; i < sizeof count_rows / sizeof count_rows[0]; i++) {
        put_count(&count_rows[i], SERVE_VISITORS, listeners, count, put, to);
        put_count(&count_rows[i], SERVE_OPERATORS, listeners, count, put, to);
    }
}
