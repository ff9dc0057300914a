/*
 * Metrics; see metrics.h. Names and units follow Prometheus' conventions: base units, _total for
 * what only grows.
 */
#include "cli/metrics.h"

#include <time.h>

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

/* As Prometheus' own libraries name them. */
static void put_process(const struct sink *sink, double started_s)
{
    struct timespec used = {0};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    sink->put(&(struct metric){.name = "hoptell_build_info",
                               .help = "Always 1; the version that runs.",
                               .kind = METRIC_GAUGE,
                               .label = {{"version", HOPTELL_VERSION}},
                               .value = 1},
              sink->to);
    sink->put(&(struct metric){.name = "process_start_time_seconds",
                               .help = "When it started, since 1970-01-01 UTC.",
                               .kind = METRIC_GAUGE,
                               .value = started_s},
              sink->to);
    sink->put(&(struct metric){.name = "process_cpu_seconds_total",
                               .help = "Processor time of all its threads.",
                               .kind = METRIC_COUNTER,
                               .value = (double)used.tv_sec + (double)used.tv_nsec / 1e9},
              sink->to);
}

static void put_refused(const struct sink *sink, const char *reason, uint64_t count)
{
    put_labelled(sink, "hoptell_observations_refused_total",
                 "Captured packets that are no opening packets, by reason.", "reason", reason,
                 count);
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
    put_refused(sink, "not-ip", counts.not_ip);
    put_refused(sink, "probe", counts.probes);
    for (int i = OBSERVATION_TAKEN + 1; i < OBSERVATION_REFUSAL_COUNT; i++)
        put_refused(sink, observation_refusal_name((enum observation_refusal)i), counts.refused[i]);
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

static void put_hooks(const struct sink *sink, const struct hooks *hooks)
{
    static const struct {
        unsigned which;
        const char *name;
        const char *help;
    } counts[] = {
        {XDP_COUNT_FRAMES, "hoptell_xdp_frames_total", "Frames that the XDP programs saw."},
        {XDP_COUNT_IN_USE, "hoptell_xdp_in_use_total",
         "Packets to an address of a tale that a socket of this machine waited for."},
        {XDP_COUNT_HANDED, "hoptell_xdp_handed_total", "Probes handed to user space."},
        {XDP_COUNT_OPENING, "hoptell_xdp_openings_total", "Opening packets told to user space."},
        {XDP_COUNT_OPENING_AGAIN, "hoptell_xdp_openings_again_total",
         "Opening packets that came once more, and were not told."},
        {XDP_COUNT_OPENING_LOST, "hoptell_xdp_ring_lost_total",
         "Records for which the ring to user space had no room."},
        {XDP_COUNT_NEW_HOP_LIMIT, "hoptell_xdp_hop_limits_total",
         "Hop limits that a subscriber's connections showed for the first time."},
    };

    if (hooks_count(hooks) == 0)
        return;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        put_plain(sink, METRIC_COUNTER, counts[i].name, counts[i].help,
                  hooks_count_of(hooks, counts[i].which));
    put_plain(sink, METRIC_COUNTER, "hoptell_xdp_handed_lost_total",
              "Probes for which there was no room on their way to user space.",
              hooks_count_of(hooks, XDP_COUNT_HANDED_LOST) + hooks_handed_lost(hooks));
    for (int i = 0; i < REASON_COUNT; i++)
        put_labelled(sink, "hoptell_xdp_packets_total",
                     "Packets that the XDP programs decided on, by what became of them.", "reason",
                     reason_name((enum reason)i), hooks_count_of(hooks, (unsigned)i));
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
    put_plain(sink, METRIC_COUNTER, "hoptell_dns_refused_connections_total",
              "DNS connections by TCP over the limit for their source, or closed to make room.",
              counts.refused_connections);
}

static void put_archive(const struct sink *sink, struct archive *archive)
{
    const struct store_queue_counts counts = store_queue_counts(archive_queue(archive));

    put_plain(sink, METRIC_GAUGE, "hoptell_store_queued", "Rows that wait for the store now.",
              counts.queued);
    put_plain(sink, METRIC_GAUGE, "hoptell_store_spooled",
              "Rows that wait on disk now until the store takes them.", counts.spooled);
    put_plain(sink, METRIC_COUNTER, "hoptell_store_written_total", "Rows written and committed.",
              counts.written);
    put_plain(sink, METRIC_COUNTER, "hoptell_store_lost_total",
              "Rows for which queue or spool had no room, or that could not be written.",
              counts.lost);
    put_plain(sink, METRIC_COUNTER, "hoptell_store_spool_broken_total",
              "Places of the spool that could not be read again.", counts.broken);
}

void metrics_put(const struct metrics_sources *sources, metric_put *put, void *to)
{
    const struct sink sink = {.put = put, .to = to};

    put_process(&sink, sources->started_s);
    if (sources->watching != NULL)
        put_watching(&sink, sources->watching);
    if (sources->telling != NULL)
        put_telling(&sink, sources->telling);
    put_hooks(&sink, sources->hooks);
    if (sources->naming != NULL)
        put_naming(&sink, sources->naming);
    if (sources->archive != NULL)
        put_archive(&sink, sources->archive);
}
