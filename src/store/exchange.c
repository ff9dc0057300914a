/*
 * Baselines as lines of JSON; see exchange.h.
 */
#include "store/exchange.h"

#include "base/text_lines.h"
#include "base/units.h"
#include "watch/network.h"
#include "watch/subscriber.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 16 };

/* Writing */

static size_t dump(json_t *object, char text[EXCHANGE_LINE_MAX])
{
    const size_t length =
        object ? json_dumpb(object, text, EXCHANGE_LINE_MAX - 1, JSON_REAL_PRECISION(DIGITS)) : 0;

    json_decref(object);
    if (length == 0 || length >= EXCHANGE_LINE_MAX - 1)
        return 0;
    text[length] = '\n';
    return length + 1;
}

size_t exchange_head(char text[EXCHANGE_LINE_MAX])
{
    return dump(json_pack("{s:s, s:i}", "hoptell", "baselines", "version", EXCHANGE_VERSION), text);
}

size_t exchange_site_line(const char *id, uint64_t as_of_us, char text[EXCHANGE_LINE_MAX])
{
    return dump(json_pack("{s:s, s:f}", "site", id, "as_of", (double)as_of_us / 1e6), text);
}

size_t exchange_end_line(size_t count, char text[EXCHANGE_LINE_MAX])
{
    return dump(json_pack("{s:I}", "baselines", (json_int_t)count), text);
}

static json_t *network_json(const struct network *network)
{
    char prefix[PREFIX_TEXT_MAX];
    json_t *list = json_array();

    for (unsigned i = 0; i < network->cell_count; i++) {
        const struct network_cell *cell = &network->cell[i];

        json_array_append_new(
            list, json_pack("{s:i, s:i, s:f, s:f}", "hop_limit", (int)cell->hop_limit, "count",
                            (int)cell->count, "weight", (double)cell->weight / NETWORK_WEIGHT_ONE,
                            "computers", (double)cell->computer / NETWORK_WEIGHT_ONE));
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:i, s:{s:I, s:i, s:i}, s:o}", "network",
                     units_prefix(&network->prefix, prefix), "seen", (json_int_t)network->seen,
                     "updated", (json_int_t)network->updated_s, "decayed",
                     (json_int_t)network->decayed_s, "highest", (int)network->highest, "moved",
                     "at", (json_int_t)network->moved_s, "from", (int)network->moved_from, "to",
                     (int)network->moved_to, "hop_limits", list);
}

static json_t *subscriber_json(const struct subscriber *subscriber)
{
    const struct prefix prefix = subscriber_prefix(subscriber->key);
    char text[PREFIX_TEXT_MAX];
    json_t *list = json_array();
    json_t *stacks = json_object();

    for (unsigned i = 0; i < SUBSCRIBER_CELLS; i++)
        if (subscriber->count[i] > 0)
            json_array_append_new(list, json_pack("{s:i, s:i}", "hop_limit",
                                                  (int)subscriber->hop_limit[i], "count",
                                                  (int)subscriber->count[i]));
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        json_object_set_new(stacks, stack_family_name((enum stack_family)i),
                            json_integer(subscriber->family[i]));
    return json_pack(
        "{s:s, s:i, s:I, s:I, s:I, s:i, s:I, s:o, s:o}", "subscriber",
        prefix.length == 128 ? units_address(&prefix.address, text) : units_prefix(&prefix, text),
        "seen", (int)subscriber->seen, "updated", (json_int_t)subscriber->updated_s, "decayed",
        (json_int_t)subscriber->decayed_s, "clocks", (json_int_t)subscriber->clocks, "clock_server",
        (int)subscriber->clock_server, "makes", (json_int_t)subscriber->signatures, "stacks",
        stacks, "hop_limits", list);
}

size_t exchange_baseline_line(const struct baseline *baseline, char text[EXCHANGE_LINE_MAX])
{
    struct network network;
    struct subscriber subscriber;

    if (baseline->subscriber)
        return subscriber_restore(baseline, &subscriber) == 0
                   ? dump(subscriber_json(&subscriber), text)
                   : 0;
    return network_restore(baseline, &network) == 0 ? dump(network_json(&network), text) : 0;
}

/* Reading */

struct reading {
    struct report *report;
    struct exchange *out;
    uint32_t line;
    uint64_t now_s;
    bool is_open; /* the newest site: its count is still to come */
    size_t room;  /* for baselines of that site */
    bool no_memory;
};

static bool wrong(struct reading *r, const char *expected, const char *found)
{
    report_error(r->report, r->line, 1, "expected %s, found %s", expected, found);
    return false;
}

/* Of json_unpack_ex: which member it is about. */
static bool misfit(struct reading *r, const char *what, const json_error_t *error)
{
    report_error(r->report, r->line, 1, "expected %s: %s", what, error->text);
    return false;
}

/* Whether a time may be: one in the future is an error. */
static bool has_come(struct reading *r, const char *name, uint64_t time_s)
{
    char expected[64];
    char found[64];

    if (time_s <= r->now_s + EXCHANGE_SKEW_S)
        return true;
    snprintf(expected, sizeof expected, "a time in %s that has come", name);
    snprintf(found, sizeof found, "%llu, %llu seconds from now", (unsigned long long)time_s,
             (unsigned long long)(time_s - r->now_s));
    return wrong(r, expected, found);
}

static bool in_range(json_int_t value, json_int_t most)
{
    return value >= 0 && value <= most;
}

/* A weight as it is kept, in sixteenths. */
static bool weight_of(double value, uint16_t *out)
{
    if (!(value >= 0 && value * NETWORK_WEIGHT_ONE <= UINT16_MAX))
        return false;
    *out = (uint16_t)lround(value * NETWORK_WEIGHT_ONE);
    return true;
}

static bool take_cells(struct reading *r, json_t *list, struct network *out)
{
    json_t *entry;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > NETWORK_CELLS)
        return wrong(r, "a list of at most 12 in hop_limits", "something else");
    json_array_foreach(list, i, entry)
    {
        struct network_cell *cell = &out->cell[out->cell_count++];
        json_error_t error;
        double weight;
        double computers;
        int hop_limit;
        int count;

        if (json_unpack_ex(entry, &error, 0, "{s:i, s:i, s:F, s:F !}", "hop_limit", &hop_limit,
                           "count", &count, "weight", &weight, "computers", &computers) != 0)
            return misfit(r, "a hop limit of a network", &error);
        if (!in_range(hop_limit, UINT8_MAX) || !in_range(count, UINT16_MAX) ||
            !weight_of(weight, &cell->weight) || !weight_of(computers, &cell->computer))
            return wrong(r, "numbers of hop limits in their range", "one that is not");
        cell->hop_limit = (uint8_t)hop_limit;
        cell->count = (uint16_t)count;
    }
    return true;
}

static bool take_network(struct reading *r, json_t *line, struct baseline *out)
{
    struct network network = {.cell_count = 0};
    json_error_t error;
    const char *prefix;
    json_t *cells;
    json_int_t seen;
    json_int_t updated;
    json_int_t decayed;
    json_int_t moved;
    int highest;
    int from;
    int to;

    if (json_unpack_ex(line, &error, 0, "{s:s, s:I, s:I, s:I, s:i, s:{s:I, s:i, s:i !}, s:o !}",
                       "network", &prefix, "seen", &seen, "updated", &updated, "decayed", &decayed,
                       "highest", &highest, "moved", "at", &moved, "from", &from, "to", &to,
                       "hop_limits", &cells) != 0)
        return misfit(r, "a network's baseline", &error);
    if (!units_parse_prefix(prefix, &network.prefix))
        return wrong(r, "a prefix as 203.0.113.0/24 or 2001:db8::/48 in network", prefix);
    if (seen < 1 || !in_range(updated, UINT32_MAX) || !in_range(decayed, UINT32_MAX) ||
        !in_range(moved, UINT32_MAX) || !in_range(highest, UINT8_MAX) ||
        !in_range(from, UINT8_MAX) || !in_range(to, UINT8_MAX))
        return wrong(r, "numbers of a network in their range", "one that is not");
    if (!has_come(r, "updated", (uint64_t)updated) || !has_come(r, "decayed", (uint64_t)decayed) ||
        !has_come(r, "moved", (uint64_t)moved))
        return false;
    network.seen = (uint64_t)seen;
    network.updated_s = (uint32_t)updated;
    network.decayed_s = (uint32_t)decayed;
    network.moved_s = (uint32_t)moved;
    network.highest = (uint8_t)highest;
    network.moved_from = (uint8_t)from;
    network.moved_to = (uint8_t)to;
    if (!take_cells(r, cells, &network))
        return false;
    network_save(&network, out);
    return network_restore(out, &network) == 0
               ? true
               : wrong(r, "each hop limit of a network once, with no more computers than weight",
                       "otherwise");
}

static bool take_counts(struct reading *r, json_t *list, struct subscriber *out)
{
    json_t *entry;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > SUBSCRIBER_SAVED_CELLS)
        return wrong(r, "a list of at most 5 in hop_limits", "something else");
    json_array_foreach(list, i, entry)
    {
        json_error_t error;
        int hop_limit;
        int count;

        if (json_unpack_ex(entry, &error, 0, "{s:i, s:i !}", "hop_limit", &hop_limit, "count",
                           &count) != 0)
            return misfit(r, "a hop limit of a subscriber", &error);
        if (!in_range(hop_limit, UINT8_MAX) || !in_range(count, UINT16_MAX))
            return wrong(r, "numbers of hop limits in their range", "one that is not");
        if (subscriber_count(out, (uint8_t)hop_limit) > 0)
            return wrong(r, "each hop limit of a subscriber once", "one twice");
        if (count > 0)
            subscriber_add_count(out, (uint8_t)hop_limit, (unsigned)count);
    }
    return true;
}

static bool take_families(struct reading *r, const json_t *stacks, struct subscriber *out)
{
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++) {
        const json_t *count = json_object_get(stacks, stack_family_name((enum stack_family)i));

        if (!json_is_integer(count) || !in_range(json_integer_value(count), UINT8_MAX))
            return wrong(r, "a count of at most 255 for each of six stacks", "otherwise");
        out->family[i] = (uint8_t)json_integer_value(count);
    }
    return true;
}

/* "203.0.113.7" or "2001:db8:1:2::/64" */
static bool take_key(const char *text, struct subscriber *out)
{
    struct prefix prefix;
    struct prefix own;

    if (!units_parse_prefix(text, &prefix))
        return false;
    out->key = subscriber_key(&prefix.address);
    own = subscriber_prefix(out->key);
    return own.length == prefix.length && address_equal(&own.address, &prefix.address);
}

static bool take_subscriber(struct reading *r, json_t *line, struct baseline *out)
{
    struct subscriber subscriber = {.key = 0};
    json_error_t error;
    const char *text;
    json_t *counts;
    json_t *stacks;
    json_int_t updated;
    json_int_t decayed;
    json_int_t clocks;
    json_int_t makes;
    int clock_server;
    int seen;

    if (json_unpack_ex(line, &error, 0, "{s:s, s:i, s:I, s:I, s:I, s:i, s:I, s:o, s:o !}",
                       "subscriber", &text, "seen", &seen, "updated", &updated, "decayed", &decayed,
                       "clocks", &clocks, "clock_server", &clock_server, "makes", &makes, "stacks",
                       &stacks, "hop_limits", &counts) != 0)
        return misfit(r, "a subscriber's baseline", &error);
    if (!take_key(text, &subscriber))
        return wrong(r, "an IPv4 address or an IPv6 /64 in subscriber", text);
    if (!in_range(seen, UINT16_MAX) || !in_range(updated, UINT32_MAX) ||
        !in_range(decayed, UINT32_MAX) || !in_range(clocks, UINT32_MAX) ||
        !in_range(makes, UINT32_MAX) || !in_range(clock_server, UINT8_MAX))
        return wrong(r, "numbers of a subscriber in their range", "one that is not");
    if (!has_come(r, "updated", (uint64_t)updated) || !has_come(r, "decayed", (uint64_t)decayed))
        return false;
    subscriber.seen = (uint16_t)seen;
    subscriber.updated_s = (uint32_t)updated;
    subscriber.decayed_s = (uint32_t)decayed;
    subscriber.clocks = (uint32_t)clocks;
    subscriber.clock_server = (uint8_t)clock_server;
    subscriber.signatures = (uint32_t)makes;
    memset(subscriber.recent, 0xff, sizeof subscriber.recent);
    if (!take_counts(r, counts, &subscriber) || !take_families(r, stacks, &subscriber))
        return false;
    subscriber_save(&subscriber, out);
    return subscriber_restore(out, &subscriber) == 0
               ? true
               : wrong(r, "a subscriber that was seen, and each hop limit once", "otherwise");
}

static struct baseline *add_baseline(struct reading *r)
{
    struct exchange_site *site = &r->out->site[r->out->count - 1];

    if (site->count == r->room) {
        const size_t room = r->room == 0 ? 64 : 2 * r->room;
        struct baseline *larger = realloc(site->baseline, room * sizeof larger[0]);

        if (!larger) {
            r->no_memory = true;
            return NULL;
        }
        site->baseline = larger;
        r->room = room;
    }
    return &site->baseline[site->count];
}

static bool take_baseline(struct reading *r, json_t *line)
{
    struct baseline *baseline;

    baseline = add_baseline(r);
    if (!baseline)
        return false;
    if (!(json_object_get(line, "network") ? take_network : take_subscriber)(r, line, baseline))
        return false;
    r->out->site[r->out->count - 1].count++;
    return true;
}

static bool is_site(const char *id)
{
    const size_t length = strlen(id);

    return length > 0 && length < SITE_TEXT_MAX && strspn(id, "0123456789abcdef") == length;
}

static bool take_end(struct reading *r, json_t *line)
{
    const size_t count = r->out->site[r->out->count - 1].count;
    char expected[64];
    char found[64];
    json_error_t error;
    json_int_t said;

    if (json_unpack_ex(line, &error, 0, "{s:I !}", "baselines", &said) != 0)
        return misfit(r, "the number of a site's baselines", &error);
    r->is_open = false;
    if ((size_t)said == count)
        return true;
    snprintf(expected, sizeof expected, "%lld baselines of this site", (long long)said);
    snprintf(found, sizeof found, "%zu", count);
    return wrong(r, expected, found);
}

static bool is_ended(struct reading *r)
{
    return r->is_open ? wrong(r, "a line with the number of the site's baselines", "none") : true;
}

static bool take_site(struct reading *r, json_t *line)
{
    struct exchange_site *site = &r->out->site[r->out->count];
    json_error_t error;
    const char *id;
    double as_of;

    if (!is_ended(r))
        return false;
    if (r->out->count == EXCHANGE_SITES_MAX)
        return wrong(r, "at most 64 sites", "more");
    if (json_unpack_ex(line, &error, 0, "{s:s, s:F !}", "site", &id, "as_of", &as_of) != 0)
        return misfit(r, "a site", &error);
    if (!is_site(id))
        return wrong(r, "a site's id of at most 32 hexadecimal digits", id);
    if (!(as_of > 0 && as_of < 1e11))
        return wrong(r, "a time in seconds since 1970 in as_of", "another number");
    if (!has_come(r, "as_of", (uint64_t)as_of))
        return false;
    for (size_t i = 0; i < r->out->count; i++)
        if (strcmp(r->out->site[i].id, id) == 0)
            return wrong(r, "each site once", id);
    *site = (struct exchange_site){.as_of_us = (uint64_t)llround(as_of * 1e6)};
    snprintf(site->id, sizeof site->id, "%s", id);
    r->is_open = true;
    r->room = 0;
    r->out->count++;
    return true;
}

static bool take_head(struct reading *r, json_t *line)
{
    const char *what = json_string_value(json_object_get(line, "hoptell"));
    const json_t *version = json_object_get(line, "version");
    char found[64];

    if (!what || strcmp(what, "baselines") != 0 || !json_is_integer(version))
        return wrong(r, "{\"hoptell\": \"baselines\", \"version\": 1}", "something else");
    snprintf(found, sizeof found, "version %lld", (long long)json_integer_value(version));
    return json_integer_value(version) == EXCHANGE_VERSION ? true : wrong(r, "version 1", found);
}

static bool take_line(struct reading *r, const char *text, size_t length)
{
    json_error_t error;
    json_t *line = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    bool good;

    if (!line) {
        report_error(r->report, r->line, error.column > 0 ? (uint32_t)error.column : 1,
                     "expected a line of JSON: %s", error.text);
        return false;
    }
    if (r->line == 1)
        good = take_head(r, line);
    else if (json_object_get(line, "site"))
        good = take_site(r, line);
    else if (!r->is_open)
        good = wrong(r, "a site before its baselines", "none");
    else if (json_object_get(line, "baselines"))
        good = take_end(r, line);
    else
        good = take_baseline(r, line);
    json_decref(line);
    return good;
}

int exchange_parse(const char *text, size_t length, uint64_t now_s, struct report *report,
                   struct exchange *out)
{
    struct text_lines lines = {.rest = text, .left = length};
    struct reading r = {.report = report, .out = out, .now_s = now_s};
    bool good = true;

    *out = (struct exchange){.count = 0};
    if (length == 0) {
        r.line = 1;
        good = wrong(&r, "{\"hoptell\": \"baselines\", \"version\": 1}", "an empty file");
    }
    while (good && text_lines_next(&lines)) {
        r.line = lines.number;
        good = take_line(&r, lines.line, lines.length);
    }
    if (good && is_ended(&r))
        return 0;
    exchange_deinit(out);
    return r.no_memory ? -ENOMEM : -EINVAL;
}

void exchange_deinit(struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->count; i++)
        free(exchange->site[i].baseline);
    exchange->count = 0;
}
