/*
 * All settings, read, written and compared; see settings.h. The table of them is settings_table.c.
 */
#include "base/settings.h"

#include "base/settings_table.h"
#include "base/typo.h"
#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A reading: which rows the file has, and where. */
struct reading {
    struct settings *settings;
    struct report *report;
    struct yaml_node *found; /* by the table's index */
};

/* Unknown keys */

static const char *last_part(const char *key)
{
    const char *dot = strrchr(key, '.');

    return dot != NULL ? dot + 1 : key;
}

/* The group that a key belongs to; "" for none. */
static const char *group_of(const char *key, char out[TYPO_LENGTH_MAX + 1])
{
    snprintf(out, TYPO_LENGTH_MAX + 1, "%.*s", (int)(last_part(key) - key), key);
    if (out[0] != '\0')
        out[strlen(out) - 1] = '\0';
    return out;
}

/*
 * The key or group nearest to `key`, "" when none is near: somebody mistyped it, or wrote it in the
 * wrong group, which counts like one wrong letter.
 */
static const char *nearest_key(const char *key, char out[TYPO_LENGTH_MAX + 1])
{
    unsigned best = 2 + (unsigned)strlen(last_part(key)) / 3; /* nearer than this */

    out[0] = '\0';
    for (size_t i = 0; i < settings_count; i++) {
        const char *candidate = settings_table[i].key;
        char group[TYPO_LENGTH_MAX + 1];
        unsigned distance = typo_distance(last_part(key), last_part(candidate)) + 1;

        if (typo_distance(key, candidate) < distance)
            distance = typo_distance(key, candidate);
        if (distance < best) {
            best = distance;
            snprintf(out, TYPO_LENGTH_MAX + 1, "%s", candidate);
        }
        distance = typo_distance(key, group_of(candidate, group));
        if (distance < best) {
            best = distance;
            snprintf(out, TYPO_LENGTH_MAX + 1, "%s", group);
        }
    }
    return out;
}

static void report_unknown(struct reading *reading, struct yaml_node key, const char *full)
{
    char nearest[TYPO_LENGTH_MAX + 1] = "";

    if (reading->report->count < REPORT_ENTRIES_MAX) /* or else nobody will see it */
        nearest_key(full, nearest);
    report_error(reading->report, yaml_line(key), yaml_column(key),
                 "expected a setting, found '%.60s'%s%s%s", full,
                 nearest[0] != '\0' ? "; did you mean '" : "", nearest,
                 nearest[0] != '\0' ? "'?" : "");
}

/* Reading */

static bool is_group(const char *key)
{
    char group[TYPO_LENGTH_MAX + 1];

    for (size_t i = 0; i < settings_count; i++)
        if (strcmp(group_of(settings_table[i].key, group), key) == 0)
            return true;
    return false;
}

static void read_value(struct reading *reading, struct yaml_node key, const char *full,
                       struct yaml_node value)
{
    for (size_t i = 0; i < settings_count; i++)
        if (strcmp(settings_table[i].key, full) == 0) {
            reading->found[i] = value;
            setting_parse(&settings_table[i], value, reading->settings, reading->report);
            return;
        }
    report_unknown(reading, key, full);
}

static void read_group(struct reading *reading, const char *group, struct yaml_node map)
{
    if (yaml_kind(map) != YAML_KIND_MAP && !yaml_is_null(map)) {
        report_error(reading->report, yaml_line(map), yaml_column(map),
                     "%s: expected a mapping, found %s", group, yaml_kind_words(map));
        return;
    }
    for (size_t i = 0; i < yaml_count(map); i++) {
        struct yaml_node key = yaml_key(map, i);
        char full[2 * TYPO_LENGTH_MAX];

        snprintf(full, sizeof full, "%s.%s", group, yaml_text(key));
        read_value(reading, key, full, yaml_value(map, i));
    }
}

static void read_root(struct reading *reading, struct yaml_node root)
{
    if (yaml_kind(root) != YAML_KIND_MAP) {
        report_error(reading->report, yaml_line(root), yaml_column(root),
                     "expected a mapping of settings, found %s", yaml_kind_words(root));
        return;
    }
    for (size_t i = 0; i < yaml_count(root); i++) {
        struct yaml_node key = yaml_key(root, i);
        const char *text = yaml_text(key);

        if (is_group(text))
            read_group(reading, text, yaml_value(root, i));
        else if (strchr(text, '.') != NULL) /* one form only, or else a key could come twice */
            report_error(reading->report, yaml_line(key), yaml_column(key),
                         "expected groups as mappings, as in 'watch: {interfaces: [any]}', found "
                         "'%.60s'",
                         text);
        else
            read_value(reading, key, text, yaml_value(root, i));
    }
}

static void read_fallback(const struct setting *row, struct reading *reading)
{
    struct yaml_tree *tree = yaml_parse(row->fallback, strlen(row->fallback), reading->report);

    if (tree != NULL)
        setting_parse(row, yaml_root(tree), reading->settings, reading->report);
    yaml_tree_free(tree);
}

/* What does not go together */

/* Where the file has the setting whose field this is; no node when it has it not. */
static struct yaml_node place_of(const struct reading *reading, const void *field)
{
    const size_t offset = (size_t)((const char *)field - (const char *)reading->settings);

    for (size_t i = 0; i < settings_count; i++)
        if (settings_table[i].offset == offset)
            return reading->found[i];
    return (struct yaml_node){.tree = NULL};
}

static bool list_has(const struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], text) == 0)
            return true;
    return false;
}

static bool is_for_this_machine(const char *listen)
{
    struct address address;
    uint16_t port;

    return !units_parse_endpoint(listen, &address, &port) || address_is_loopback(&address);
}

/* Operators see addresses of other people, so that not everybody may be one. */
static void check_token(const struct reading *reading)
{
    const struct settings *s = reading->settings;
    const struct yaml_node place = place_of(reading, &s->operators_listen);
    const bool has_token = s->operators_token_file != NULL && s->operators_token_file[0] != '\0';

    for (size_t i = 0; !has_token && i < s->operators_listen.count; i++)
        if (!is_for_this_machine(s->operators_listen.item[i]))
            report_error(reading->report, yaml_line(place), yaml_column(place),
                         "operators.listen: expected operators.token_file for %s, which others "
                         "than this machine reach, found none",
                         s->operators_listen.item[i]);
}

static void check_listeners(const struct reading *reading)
{
    const struct settings *s = reading->settings;
    struct yaml_node place = place_of(reading, &s->operators_listen);

    if (!yaml_exists(place))
        place = place_of(reading, &s->visitors_listen);
    for (size_t i = 0; i < s->operators_listen.count; i++)
        if (list_has(&s->visitors_listen, s->operators_listen.item[i]))
            report_error(reading->report, yaml_line(place), yaml_column(place),
                         "operators.listen: expected an address and port of its own, found %s, "
                         "which is in visitors.listen",
                         s->operators_listen.item[i]);
}

static void check_xdp(const struct reading *reading)
{
    const struct settings *s = reading->settings;
    struct yaml_node place = place_of(reading, &s->datapath);

    if (s->datapath == DATAPATH_XDP && s->xdp_interfaces.count == 0)
        report_error(reading->report, yaml_line(place), yaml_column(place),
                     "datapath: expected an interface in xdp.interfaces to answer on, found none");
    place = place_of(reading, &s->watch_datapath);
    if (s->watch_datapath == WATCH_XDP && list_has(&s->watch_interfaces, "any"))
        report_error(reading->report, yaml_line(place), yaml_column(place),
                     "watch.datapath: expected watch.interfaces by name with xdp, found any");
    place = place_of(reading, &s->watch_tunnels);
    if (s->watch_datapath == WATCH_XDP && s->watch_tunnels)
        report_error(reading->report, yaml_line(place), yaml_column(place),
                     "watch.tunnels: expected watch.datapath: pcap with true, found xdp");
}

static void check_together(const struct reading *reading)
{
    const struct settings *s = reading->settings;
    struct report *report = reading->report;
    struct yaml_node place = place_of(reading, &s->watch_interfaces);

    if (list_has(&s->watch_interfaces, "any") && s->watch_interfaces.count > 1)
        report_error(report, yaml_line(place), yaml_column(place),
                     "watch.interfaces: expected any alone, found it among others");
    place = place_of(reading, &s->names_resolver);
    if (s->names_resolver == RESOLVER_SYSTEM && s->names_listen.count == 0)
        report_error(report, yaml_line(place), yaml_column(place),
                     "names.resolver: expected an address in names.listen to ask, found none");
    place = place_of(reading, &s->limit_source_rate);
    if (!yaml_exists(place))
        place = place_of(reading, &s->limit_total_rate);
    if (s->limit_source_rate > s->limit_total_rate)
        report_warning(report, yaml_line(place), yaml_column(place),
                       "limit.source_rate is above limit.total_rate: one source can use up all");
    place = place_of(reading, &s->watch_subscriber);
    if (s->watch_subscriber == SUBSCRIBER_TUNNEL && !s->watch_tunnels)
        report_warning(report, yaml_line(place), yaml_column(place),
                       "watch.subscriber is tunnel, and without watch.tunnels: true none is seen");
    check_listeners(reading);
    check_token(reading);
    check_xdp(reading);
}

int settings_parse(const char *text, size_t length, struct report *report, struct settings **out)
{
    struct reading reading = {.report = report};
    const unsigned errors_before = report->errors;
    struct yaml_tree *tree = yaml_parse(text, length, report);

    if (tree == NULL)
        return -EINVAL;
    reading.settings = calloc(1, sizeof *reading.settings);
    reading.found = calloc(settings_count, sizeof reading.found[0]);
    if (reading.settings == NULL || reading.found == NULL) {
        report_error(report, 0, 0, "not enough memory to read it");
        goto out;
    }
    read_root(&reading, yaml_root(tree));
    for (size_t i = 0; i < settings_count; i++)
        if (!yaml_exists(reading.found[i]))
            read_fallback(&settings_table[i], &reading);
    if (report->errors == errors_before)
        check_together(&reading);
out:
    free(reading.found);
    yaml_tree_free(tree);
    if (report->errors > errors_before) {
        settings_free(reading.settings);
        return -EINVAL;
    }
    *out = reading.settings;
    return 0;
}

void settings_free(struct settings *settings)
{
    if (settings == NULL)
        return;
    for (size_t i = 0; i < settings_count; i++)
        setting_clear(&settings_table[i], settings);
    free(settings);
}

/* Writing */

enum { COMMENT_WIDTH = 90 };

/* A comment in lines of at most COMMENT_WIDTH letters, each with the indent of what it is about. */
static void print_comment(const char *indent, const char *text,
                          void (*put)(const char *text, void *context), void *context)
{
    while (*text != '\0') {
        size_t length = strlen(text);
        char line[COMMENT_WIDTH + 1];

        if (length > COMMENT_WIDTH) {
            length = COMMENT_WIDTH;
            while (text[length] != ' ' && length > 1)
                length--;
        }
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        put(indent, context);
        put("# ", context);
        put(line, context);
        put("\n", context);
        text += length;
        text += *text == ' ';
    }
}

static void print_row(const struct setting *row, const struct settings *settings,
                      void (*put)(const char *text, void *context), void *context)
{
    const char *indent = strchr(row->key, '.') != NULL ? "  " : "";
    char words[SETTING_WORDS_MAX];
    char expected[SETTING_WORDS_MAX + 64];

    snprintf(expected, sizeof expected, "Expected: %s%s.", setting_words(row, words),
             row->fixed ? "; a change takes a restart" : "");
    print_comment(indent, row->help, put, context);
    print_comment(indent, expected, put, context);
    put(indent, context);
    put(last_part(row->key), context);
    put(": ", context);
    setting_print(row, settings, put, context);
    put("\n", context);
}

void settings_print(const struct settings *settings, void (*put)(const char *text, void *context),
                    void *context)
{
    char group_before[TYPO_LENGTH_MAX + 1] = "";

    for (size_t i = 0; i < settings_count; i++) {
        char group[TYPO_LENGTH_MAX + 1];

        if (i > 0)
            put("\n", context);
        if (strcmp(group_of(settings_table[i].key, group), group_before) != 0) {
            put(group, context);
            put(":\n", context);
            memcpy(group_before, group, sizeof group);
        }
        print_row(&settings_table[i], settings, put, context);
    }
}

const char *settings_fixed_difference(const struct settings *now, const struct settings *next)
{
    for (size_t i = 0; i < settings_count; i++)
        if (settings_table[i].fixed && !setting_equal(&settings_table[i], now, next))
            return settings_table[i].key;
    return NULL;
}

bool settings_describe(size_t index, struct settings_description *out)
{
    const struct setting *row = &settings_table[index < settings_count ? index : 0];

    *out = (struct settings_description){
        .key = row->key, .fallback = row->fallback, .help = row->help, .fixed = row->fixed};
    setting_words(row, out->expected);
    return index < settings_count;
}
