/*
 * Metrics; see metrics.h. Names and units follow Prometheus' conventions: base units, _total for
 * what only grows.
 */
#include "cli/metrics.h"

struct sink {
    metric_put *put;
    void *to;
};

static void put_plain(const struct sink *sink, enum metric_kind kind, const char *name,
                      const char *help, uint64_t value)
{
    sink->put(&(struct metric){.name = name, .help = help, .kind = kind, .value = (double)value},
              sink->to);
}

static void put_labelled(const struct sink *sink, const char *name, const char *help,
                         const char *label, const char *label_value, uint64_t value)
{
    sink->put(&(struct metric){.name = name,
                               .help = help,
                               .kind = METRIC_COUNTER,
                               .label = {{label, label_value}},
                               .value = (double)value},
              sink->to);
}

static void put_watching(const struct sink *sink, struct watching *watching)
{
    const struct watching_counts counts = watching_counts(watching);

    put_plain(sink, METRIC_COUNTER, "hoptell_capture_packets_total", "Packets that captures gave.",
              counts.packets);
    put_plain(sink, METRIC_COUNTER, "hoptell_capture_dropped_total",
              "Packets that the kernel dropped before a capture could give them.", counts.dropped);
    put_plain(sink, METRIC_COUNTER, "hoptell_observations_total", "Opening packets judged.",
              counts.taken);
    put_labelled(sink, "hoptell_observations_refused_total",
                 "Captured packets that are no opening packets, by reason.", "reason", "not-ip",
                 counts.not_ip);
    for (int i = OBSERVATION_TAKEN + 1; i < OBSERVATION_REFUSAL_COUNT; i++)
        put_labelled(sink, "hoptell_observations_refused_total",
                     "Captured packets that are no opening packets, by reason.", "reason",
                     observation_refusal_name((enum observation_refusal)i), counts.refused[i]);
    for (int i = 0; i < VERDICT_COUNT; i++)
        put_labelled(sink, "hoptell_verdicts_total", "Verdicts given.", "verdict",
                     verdict_name((enum verdict)i), counts.verdict[i]);
}

static void put_telling(const struct sink *sink, struct telling *telling)
{
    const struct teller_counts counts = telling_counts(telling);

    for (int i = 0; i < REASON_COUNT; i++)
        put_labelled(sink, "hoptell_probes_total", "Packets on the device, by what became of them.",
                     "reason", reason_name((enum reason)i), counts.reason[i]);
    put_plain(sink, METRIC_COUNTER, "hoptell_answers_queue_full_total",
              "Delayed answers for which there was no room.", counts.queue_full);
    put_plain(sink, METRIC_COUNTER, "hoptell_answers_not_written_total",
              "Answers that the device did not take.", counts.write_failed);
    put_plain(sink, METRIC_GAUGE, "hoptell_answers_delayed", "Answers on their way now.",
              counts.delayed);
}

static void put_naming(const struct sink *sink, const struct naming *naming)
{
    const struct dns_counts counts = naming_counts(naming);

    put_plain(sink, METRIC_COUNTER, "hoptell_dns_queries_total", "DNS messages received.",
              counts.queries);
    put_plain(sink, METRIC_COUNTER, "hoptell_dns_answers_total", "DNS answers sent.",
              counts.answers);
    put_plain(sink, METRIC_COUNTER, "hoptell_dns_limited_total",
              "DNS messages by UDP over the limit for their source.", counts.limited);
}

static void put_archive(const struct sink *sink, struct archive *archive)
{
    const struct store_queue_counts counts = store_queue_counts(archive_queue(archive));

    put_plain(sink, METRIC_GAUGE, "hoptell_store_queued", "Rows that wait for the store now.",
              counts.queued);
    put_plain(sink, METRIC_COUNTER, "hoptell_store_written_total", "Rows written and committed.",
              counts.written);
    put_plain(sink, METRIC_COUNTER, "hoptell_store_lost_total",
              "Rows for which the queue had no room, or that could not be written.", counts.lost);
}

void metrics_put(const struct metrics_sources *sources, metric_put *put, void *to)
{
    const struct sink sink = {.put = put, .to = to};

    if (sources->watching != NULL)
        put_watching(&sink, sources->watching);
    if (sources->telling != NULL)
        put_telling(&sink, sources->telling);
    if (sources->naming != NULL)
        put_naming(&sink, sources->naming);
    if (sources->archive != NULL)
        put_archive(&sink, sources->archive);
}
