/*
 * trippy's simulations: what its tracer is to do, the target, and for each hop limit ("ttl") a host
 * that answers after a while, or none. The last entry is the target itself, or says that it never
 * answers; it goes to the end of the tale.
 */
#include "base/units.h"
#include "tale/import.h"
#include "tale/toml.h"

#include <string.h>

enum { HOPS_MAX = UINT8_MAX, RTT_MOST_MS = 60 * 1000 /* of a hop's delay */ };

enum { HAS_TTL = 1u << 0, HAS_TAG = 1u << 1, HAS_ADDRESS = 1u << 2, HAS_RTT = 1u << 3 };

struct simulated {
    uint32_t line;
    unsigned has; /* HAS_... */
    unsigned ttl;
    bool answers;
    uint32_t rtt_ms;
    uint32_t rtt_line;
    struct address address;
};

struct simulation {
    struct import *import;
    struct report *report;
    bool has_target;
    struct address target;
    uint32_t target_line;
    unsigned count;
    struct simulated hop[HOPS_MAX];
};

static void mismatch(struct simulation *s, const struct toml_value *value, const char *what,
                     const char *key)
{
    if (value->kind == TOML_TEXT)
        report_error(s->report, value->line, value->column, "expected %s for `%s`, found '%.60s'",
                     what, key, value->text);
    else if (value->kind == TOML_TRUTH)
        report_error(s->report, value->line, value->column, "expected %s for `%s`, found %s", what,
                     key, value->number != 0 ? "true" : "false");
    else
        report_error(s->report, value->line, value->column, "expected %s for `%s`, found %lld",
                     what, key, (long long)value->number);
}

static bool read_address(struct simulation *s, const struct toml_value *value, const char *key,
                         struct address *out)
{
    if (value->kind == TOML_TEXT && units_parse_address(value->text, out))
        return true;
    mismatch(s, value, "an address", key);
    return false;
}

/* The hop that is being read, and whether this key of it comes for the first time. */
static struct simulated *hop_of(struct simulation *s, const struct toml_value *value, unsigned has)
{
    struct simulated *hop = s->count > 0 ? &s->hop[s->count - 1] : NULL;

    if (hop == NULL || (hop->has & has) != 0) {
        report_error(s->report, value->line, value->column,
                     hop == NULL ? "expected [[hops]] before the keys of a hop"
                                 : "expected this key once in a hop, found it again");
        return NULL;
    }
    hop->has |= has;
    return hop;
}

static void read_name(struct simulation *s, const struct toml_value *value)
{
    if (value->kind != TOML_TEXT) {
        mismatch(s, value, "a text", "name");
        return;
    }
    import_set_title(s->import, value->text, strlen(value->text));
    if (value->text[0] != '\0')
        draft_set_name(&s->import->draft, value->text, strlen(value->text));
}

static void read_target(struct simulation *s, const struct toml_value *value)
{
    s->has_target = read_address(s, value, "target", &s->target);
    s->target_line = value->line;
}

static void read_protocol(struct simulation *s, const struct toml_value *value)
{
    if (value->kind == TOML_TEXT && strcmp(value->text, "Tcp") == 0)
        s->import->draft.tale->end[PROBE_TCP] = END_REPLY;
    report_warning(s->report, value->line, 1,
                   "a tale answers probes of every protocol, not of one alone: `protocol` is left "
                   "out");
}

/* Said by the key beside it. */
static void read_nothing(struct simulation *s, const struct toml_value *value)
{
    (void)s;
    (void)value;
}

static void read_ttl(struct simulation *s, const struct toml_value *value)
{
    struct simulated *hop = hop_of(s, value, HAS_TTL);

    if (hop == NULL)
        return;
    if (value->kind != TOML_NUMBER || value->number < 1 || value->number > UINT8_MAX)
        mismatch(s, value, "a number from 1 to 255", "ttl");
    else
        hop->ttl = (unsigned)value->number;
}

static void read_tag(struct simulation *s, const struct toml_value *value)
{
    struct simulated *hop = hop_of(s, value, HAS_TAG);

    if (hop == NULL)
        return;
    hop->answers = strcmp(value->text, "SingleHost") == 0;
    if (value->kind != TOML_TEXT || (!hop->answers && strcmp(value->text, "NoResponse") != 0))
        mismatch(s, value, "SingleHost or NoResponse", "tag");
}

static void read_host(struct simulation *s, const struct toml_value *value)
{
    struct simulated *hop = hop_of(s, value, HAS_ADDRESS);

    if (hop != NULL)
        read_address(s, value, "addr", &hop->address);
}

static void read_rtt(struct simulation *s, const struct toml_value *value)
{
    struct simulated *hop = hop_of(s, value, HAS_RTT);

    if (hop == NULL)
        return;
    if (value->kind != TOML_NUMBER || value->number < 0 || value->number > UINT16_MAX) {
        mismatch(s, value, "a number from 0 to 65535", "rtt_ms");
        return;
    }
    hop->rtt_line = value->line;
    hop->rtt_ms = (uint32_t)value->number;
    if (hop->rtt_ms > RTT_MOST_MS) {
        hop->rtt_ms = RTT_MOST_MS;
        report_warning(s->report, value->line, value->column,
                       "expected at most 60000 for `rtt_ms`, found %lld: the delay is 60s",
                       (long long)value->number);
    }
}

static const struct {
    const char *path;
    /* NULL for what is about the tracer and not about the path. */
    void (*read)(struct simulation *s, const struct toml_value *value);
} keys[] = {
    {"name", read_name},
    {"target", read_target},
    {"protocol", read_protocol},
    {"hops.ttl", read_ttl},
    {"hops.resp.tag", read_tag},
    {"hops.resp.addr", read_host},
    {"hops.resp.rtt_ms", read_rtt},
    {"rounds", NULL},
    {"privilege_mode", NULL},
    {"port_direction.tag", NULL},
    {"port_direction.value", read_nothing},
    {"port_direction.value.src", read_nothing},
    {"port_direction.value.dest", read_nothing},
    {"multipath_strategy", NULL},
    {"multipath_strategy.tag", NULL},
    {"icmp_identifier", NULL},
    {"initial_sequence", NULL},
    {"packet_size", NULL},
    {"payload_pattern", NULL},
    {"tos", NULL},
    {"min_round_duration", NULL},
    {"max_round_duration", NULL},
    {"grace_duration", NULL},
};

static void take_value(const char *path, const struct toml_value *value, void *context)
{
    struct simulation *s = context;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i].path, path) == 0) {
            if (keys[i].read != NULL)
                keys[i].read(s, value);
            else
                report_warning(s->report, value->line, 1,
                               "`%s` is about the tracer and not about the path: left out", path);
            return;
        }
    report_warning(s->report, value->line, 1,
                   "expected a key of a simulation, found '%.60s': left "
                   "out",
                   path);
}

static void take_item(const char *path, uint32_t line, uint32_t column, void *context)
{
    struct simulation *s = context;

    if (strcmp(path, "hops") != 0)
        report_warning(s->report, line, column, "expected [[hops]], found '%.60s': left out", path);
    else if (s->count == HOPS_MAX)
        report_error(s->report, line, column, "expected at most %d hops, found one more", HOPS_MAX);
    else
        s->hop[s->count++] = (struct simulated){.line = line};
}

/* What no tale can be made without. */
static void check(struct simulation *s)
{
    if (!s->has_target)
        report_error(s->report, 0, 0, "expected `target`, an address, found none");
    for (unsigned i = 0; i < s->count; i++) {
        const struct simulated *hop = &s->hop[i];

        if ((hop->has & HAS_TTL) == 0 || (hop->has & HAS_TAG) == 0)
            report_error(s->report, hop->line, 1, "expected `ttl` and `resp.tag` of a hop");
        else if (hop->answers && (hop->has & HAS_ADDRESS) == 0)
            report_error(s->report, hop->line, 1, "expected `resp.addr` of a hop that answers");
    }
}

static void add_hop(struct simulation *s, const struct simulated *hop)
{
    const uint32_t delay_us = hop->rtt_ms * 1000;
    struct hop *added = import_add_step(s->import, hop->answers ? &hop->address : NULL, hop->line);

    if (added != NULL && added->silent == 0)
        added->delay_us = delay_us;
}

/* Entries whose ttl leaves a gap, or goes back, are not where their order says. */
static void add_hops(struct simulation *s, unsigned count)
{
    struct tale *tale = s->import->draft.tale;

    for (unsigned i = 0; i < count; i++) {
        const struct simulated *hop = &s->hop[i];

        if (hop->ttl <= tale->hop_count) {
            report_warning(s->report, hop->line, 1, "expected a ttl above %u, found %u: left out",
                           tale->hop_count, hop->ttl);
            continue;
        }
        if (hop->ttl > tale->hop_count + 1u)
            report_warning(s->report, hop->line, 1,
                           "expected the ttl %u, found %u: hops between are silent",
                           tale->hop_count + 1u, hop->ttl);
        while (tale->hop_count + 1u < hop->ttl)
            if (import_add_step(s->import, NULL, hop->line) == NULL)
                return;
        add_hop(s, hop);
    }
}

/* The last entry, where it is the end of the tale. */
static bool is_end(struct simulation *s, const struct simulated *last)
{
    struct tale *tale = s->import->draft.tale;

    if (last->answers && address_equal(&last->address, &s->target)) {
        if (last->rtt_ms > 0)
            report_warning(s->report, last->rtt_line, 1,
                           "the end of a tale answers at once: its `rtt_ms` is left out");
        return true;
    }
    for (unsigned i = 0; i < PROBE_PROTOCOL_COUNT; i++)
        tale->end[i] = END_SILENT;
    if (last->answers)
        report_warning(s->report, last->line, 1,
                       "a hop answers its own ttl alone, not those above: the end is silent");
    return !last->answers;
}

void import_trippy(struct import *import, const char *text, size_t length)
{
    static const struct toml_events events = {take_item, take_value};
    struct simulation s = {.import = import, .report = import->draft.report};
    const struct simulated *last;

    if (!toml_read(text, length, &events, &s, s.report))
        return;
    check(&s);
    if (s.report->errors > 0 || s.count == 0)
        return;
    last = &s.hop[s.count - 1];
    import_set_target(import, &s.target, s.target_line);
    add_hops(&s, is_end(&s, last) ? s.count - 1 : s.count);
}
