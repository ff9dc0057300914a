/*
 * From a tale's text to struct tale; see compile.h. `tale_key` is the list of what a tale has.
 */
#include "tale/compile.h"

#include "base/units.h"
#include "tale/draft.h"
#include "tale/hop.h"
#include "tale/keys.h"
#include "tale/pool.h"
#include "tale/steps.h"
#include "tale/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum { ZONE_MAX = 240 /* leaves room for the server's own name in it */ };

static void read_name(struct draft *draft, struct yaml_node value, void *into)
{
    struct tale *tale = into;
    const char *name = "";

    if (!read_text(draft, "name", value, &name))
        return;
    if (name[0] == '\0' || strlen(name) >= sizeof tale->name ||
        name[strspn(name, DRAFT_NAME_CHARACTERS)] != '\0')
        report_error(draft->report, yaml_line(value), yaml_column(value),
                     "expected 1 to %zu letters, digits, '-', '_' and '.' for `name`, found "
                     "'%.60s'",
                     sizeof tale->name - 1, name);
    else
        strcpy(tale->name, name);
}

static void read_target(struct draft *draft, struct yaml_node item, void *into)
{
    struct tale *tale = into;
    struct prefix prefix;

    if (!read_prefix(draft, "targets", item, &prefix))
        return;
    for (unsigned i = 0; i < tale->target_count; i++)
        if (tale->target[i].length == prefix.length &&
            address_equal(&tale->target[i].address, &prefix.address))
            report_error(draft->report, yaml_line(item), yaml_column(item),
                         "expected each target once, found '%.60s' again", yaml_text(item));
    tale->target[tale->target_count++] = prefix;
}

static void read_targets(struct draft *draft, struct yaml_node value, void *into)
{
    read_each(draft, "targets", value, TALE_TARGETS_MAX, read_target, into);
}

static void read_pool(struct draft *draft, struct yaml_node item, void *into)
{
    struct tale *tale = into;
    struct prefix prefix;
    char text[PREFIX_TEXT_MAX];

    if (!read_prefix(draft, "addresses", item, &prefix))
        return;
    for (unsigned i = 0; i < tale->pool_count; i++)
        if (prefix_contains(&tale->pool[i], &prefix.address) ||
            prefix_contains(&prefix, &tale->pool[i].address))
            report_error(draft->report, yaml_line(item), yaml_column(item),
                         "expected prefixes apart from each other, found '%.60s', which overlaps "
                         "%s",
                         yaml_text(item), units_prefix(&tale->pool[i], text));
    tale->pool[tale->pool_count++] = prefix;
}

static void read_pools(struct draft *draft, struct yaml_node value, void *into)
{
    read_each(draft, "addresses", value, TALE_POOLS_MAX, read_pool, into);
}

static void read_zone(struct draft *draft, struct yaml_node value, void *into)
{
    struct tale *tale = into;
    char zone[ZONE_MAX + 2];
    const char *text = "";
    size_t length;

    if (!read_text(draft, "zone", value, &text))
        return;
    length = strlen(text);
    snprintf(zone, sizeof zone, "%s", text);
    if (length > 0 && length <= ZONE_MAX && zone[length - 1] == '.')
        zone[length - 1] = '\0';
    if (length > ZONE_MAX || !units_is_host_name(zone))
        report_error(draft->report, yaml_line(value), yaml_column(value),
                     "expected a domain name of letters, digits and hyphens, at most %d octets, "
                     "for `zone`, found '%.60s'",
                     ZONE_MAX, text);
    else
        strcpy(tale->zone, zone);
}

static void read_hops(struct draft *draft, struct yaml_node value, void *into)
{
    (void)into;
    steps_read(draft, value);
}

static void read_base(struct draft *draft, struct yaml_node value, void *into)
{
    static const char *const words[] = {"64", "255"};
    static const uint8_t means[] = {64, 255};
    struct tale *tale = into;
    unsigned which;

    if (read_choice(draft, "base_hop_limit", value, words, COUNT(words), &which))
        tale->base_hop_limit = means[which];
}

/* The end: a word for each kind of probe, or one for all. */

static const char *const end_words[] = {
    "reply", "open", "unreachable", "reset", "silent", "pass",
};
static const enum end_answer end_means[] = {
    END_REPLY, END_REPLY, END_UNREACHABLE, END_RESET, END_SILENT, END_PASS,
};

#define END_BOTH "silent", "pass"

/* What each kind of probe can get; "open" is TCP's word for a reply. */
static const struct {
    const char *key;
    unsigned count;
    const char *words[5];
} end_kinds[PROBE_PROTOCOL_COUNT] = {
    [PROBE_ICMP] = {"echo", 4, {"reply", "unreachable", END_BOTH}},
    [PROBE_UDP] = {"udp", 4, {"unreachable", "reply", END_BOTH}},
    [PROBE_TCP] = {"tcp", 5, {"reset", "open", "unreachable", END_BOTH}},
    [PROBE_OTHER] = {"other", 4, {"unreachable", "reset", END_BOTH}},
};

static enum end_answer end_meaning(const char *word)
{
    for (size_t i = 0; i < COUNT(end_words); i++)
        if (strcmp(end_words[i], word) == 0)
            return end_means[i];
    return END_SILENT;
}

static void read_end_kind(struct draft *draft, struct yaml_node value, struct tale *tale,
                          enum probe_protocol kind)
{
    unsigned which;

    if (read_choice(draft, end_kinds[kind].key, value, end_kinds[kind].words, end_kinds[kind].count,
                    &which))
        tale->end[kind] = end_meaning(end_kinds[kind].words[which]);
}

static void read_end_echo(struct draft *draft, struct yaml_node value, void *into)
{
    read_end_kind(draft, value, into, PROBE_ICMP);
}

static void read_end_udp(struct draft *draft, struct yaml_node value, void *into)
{
    read_end_kind(draft, value, into, PROBE_UDP);
}

static void read_end_tcp(struct draft *draft, struct yaml_node value, void *into)
{
    read_end_kind(draft, value, into, PROBE_TCP);
}

static void read_end_other(struct draft *draft, struct yaml_node value, void *into)
{
    read_end_kind(draft, value, into, PROBE_OTHER);
}

static const struct key end_key[] = {
    {"echo", read_end_echo},
    {"udp", read_end_udp},
    {"tcp", read_end_tcp},
    {"other", read_end_other},
};
static const struct keys end_keys = {"the end", COUNT(end_key), end_key};

static void read_end(struct draft *draft, struct yaml_node value, void *into)
{
    static const char *const all[] = {END_BOTH};
    struct tale *tale = into;
    unsigned which;

    if (yaml_kind(value) == YAML_KIND_MAP)
        keys_read(draft, value, &end_keys, tale);
    else if (read_choice(draft, "end", value, all, COUNT(all), &which))
        for (unsigned i = 0; i < PROBE_PROTOCOL_COUNT; i++)
            tale->end[i] = end_meaning(all[which]);
}

static const struct key tale_key[] = {
    {"name", read_name},           {"targets", read_targets}, {"addresses", read_pools},
    {"zone", read_zone},           {"hops", read_hops},       {"end", read_end},
    {"base_hop_limit", read_base},
};
static const struct keys tale_keys = {"a tale", COUNT(tale_key), tale_key};

static bool is_tale_key(const char *line, size_t length)
{
    for (size_t i = 0; i < COUNT(tale_key); i++) {
        const size_t name = strlen(tale_key[i].name);

        if (length > name && memcmp(line, tale_key[i].name, name) == 0 && line[name] == ':')
            return true;
    }
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text);

    return length >= strlen(end) && strcasecmp(text + length - strlen(end), end) == 0;
}

/* The file's name decides; or else a line that begins with a key of a tale. */
static bool is_yaml(const char *text, size_t length, const char *file)
{
    const char *const end = text + length;

    if (ends_with(file, ".yaml") || ends_with(file, ".yml"))
        return true;
    if (ends_with(file, ".txt"))
        return false;
    for (const char *line = text; line < end;) {
        const char *const newline = memchr(line, '\n', (size_t)(end - line));

        if (is_tale_key(line, (size_t)(end - line)) || line[0] == '{')
            return true;
        line = newline != NULL ? newline + 1 : end;
    }
    return false;
}

static void read_yaml(struct draft *draft, const char *text, size_t length)
{
    struct yaml_tree *tree = yaml_parse(text, length, draft->report);
    struct yaml_node root;

    if (tree == NULL)
        return;
    root = yaml_root(tree);
    keys_read(draft, root, &tale_keys, draft->tale);
    if (yaml_kind(root) == YAML_KIND_MAP) {
        if (!yaml_exists(yaml_find(root, "targets")))
            report_error(draft->report, 0, 0,
                         "expected `targets`, the addresses that run the tale, found none");
        if (!yaml_exists(yaml_find(root, "hops")))
            report_error(draft->report, 0, 0, "expected `hops`, a list, found none");
    }
    yaml_tree_free(tree);
}

struct tale *tale_compile(const char *text, size_t length, const char *file, struct report *report)
{
    struct draft draft;
    struct tale *tale = NULL;

    if (draft_init(&draft, report) != 0) {
        report_error(report, 0, 0, "not enough memory for the tale");
        return NULL;
    }
    draft_set_defaults(&draft, file);
    if (is_yaml(text, length, file))
        read_yaml(&draft, text, length);
    else
        text_read(&draft, text, length);
    if (report->errors == 0)
        steps_check(&draft);
    if (report->errors == 0)
        pool_assign(&draft);
    if (report->errors == 0)
        tale = draft_finish(&draft);
    draft_deinit(&draft);
    return tale;
}
