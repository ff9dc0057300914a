/*
 * Mappings read by tables, and values with their messages; see keys.h.
 */
#include "tale/keys.h"

#include "base/units.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 200, FOUND_MAX = 70 };

/* "'soon'" or "a list": what stands there, for "found ...". */
static const char *found(struct yaml_node node, char out[FOUND_MAX])
{
    if (yaml_kind(node) != YAML_KIND_TEXT)
        return yaml_kind_words(node);
    if (yaml_is_null(node))
        return "nothing";
    snprintf(out, FOUND_MAX, "'%.60s'", yaml_text(node));
    return out;
}

/* "expected EXPECTED for `KEY`, found FOUND"; returns false, for return. */
static bool mismatch(struct draft *draft, const char *key, struct yaml_node node,
                     const char *expected)
{
    char text[FOUND_MAX];

    report_error(draft->report, yaml_line(node), yaml_column(node),
                 "expected %s for `%s`, found %s", expected, key, found(node, text));
    return false;
}

static const struct key *find_key(const struct keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->key[i].name, name) == 0)
            return &keys->key[i];
    return NULL;
}

static void unknown_key(struct draft *draft, struct yaml_node key, const struct keys *keys)
{
    char words[WORDS_MAX] = "";
    size_t length = 0;

    for (size_t i = 0; i < keys->count && length < sizeof words; i++)
        length += (size_t)snprintf(words + length, sizeof words - length, "%s%s",
                                   i == 0 ? "" : ", ", keys->key[i].name);
    report_error(draft->report, yaml_line(key), yaml_column(key),
                 "expected a key of %s (%s), found '%.30s'", keys->of, words, yaml_text(key));
}

void keys_read(struct draft *draft, struct yaml_node map, const struct keys *keys, void *into)
{
    char text[FOUND_MAX];

    if (yaml_kind(map) != YAML_KIND_MAP) {
        report_error(draft->report, yaml_line(map), yaml_column(map),
                     "expected a mapping for %s, found %s", keys->of, found(map, text));
        return;
    }
    for (size_t i = 0; i < yaml_count(map); i++) {
        const struct key *key = find_key(keys, yaml_text(yaml_key(map, i)));

        if (key != NULL)
            key->read(draft, yaml_value(map, i), into);
        else
            unknown_key(draft, yaml_key(map, i), keys);
    }
}

bool read_text(struct draft *draft, const char *key, struct yaml_node node, const char **out)
{
    if (yaml_kind(node) != YAML_KIND_TEXT)
        return mismatch(draft, key, node, "a text");
    *out = yaml_text(node);
    return true;
}

bool read_number(struct draft *draft, const char *key, struct yaml_node node, uint32_t least,
                 uint32_t most, uint32_t *out)
{
    uint64_t number;
    char expected[64];

    if (yaml_kind(node) == YAML_KIND_TEXT && units_parse_count(yaml_text(node), &number) &&
        number >= least && number <= most) {
        *out = (uint32_t)number;
        return true;
    }
    snprintf(expected, sizeof expected, "a number from %u to %u", least, most);
    return mismatch(draft, key, node, expected);
}

bool read_duration(struct draft *draft, const char *key, struct yaml_node node, uint64_t most_us,
                   uint32_t *out_us)
{
    uint64_t us;
    char most[UNITS_TEXT_MAX];
    char expected[96];

    if (yaml_kind(node) == YAML_KIND_TEXT && units_parse_duration(yaml_text(node), &us) &&
        us <= most_us) {
        *out_us = (uint32_t)us;
        return true;
    }
    snprintf(expected, sizeof expected, "a duration such as 20ms, at most %s",
             units_duration(most_us, most));
    return mismatch(draft, key, node, expected);
}

bool read_share(struct draft *draft, const char *key, struct yaml_node node, uint32_t *out)
{
    double share;

    if (yaml_kind(node) != YAML_KIND_TEXT || !units_parse_share(yaml_text(node), &share))
        return mismatch(draft, key, node, "a share such as 5%, at most 100%");
    *out = share >= 1 ? UINT32_MAX : (uint32_t)(share * 4294967296.0);
    return true;
}

bool read_address(struct draft *draft, const char *key, struct yaml_node node, struct address *out)
{
    struct address address;

    if (yaml_kind(node) != YAML_KIND_TEXT || !units_parse_address(yaml_text(node), &address))
        return mismatch(draft, key, node, "an address");
    if (address_is_special(&address))
        return mismatch(draft, key, node, "an address that packets come from");
    *out = address;
    return true;
}

bool read_prefix(struct draft *draft, const char *key, struct yaml_node node, struct prefix *out)
{
    struct prefix prefix;

    if (yaml_kind(node) != YAML_KIND_TEXT || !units_parse_prefix(yaml_text(node), &prefix))
        return mismatch(draft, key, node, "an address or a prefix, all bits past its length zero,");
    if (address_is_special(&prefix.address))
        return mismatch(draft, key, node, "a prefix of addresses that packets come from");
    *out = prefix;
    return true;
}

bool read_choice(struct draft *draft, const char *key, struct yaml_node node,
                 const char *const *words, unsigned count, unsigned *out)
{
    char expected[WORDS_MAX] = "";
    size_t length = 0;

    for (unsigned i = 0; i < count && yaml_kind(node) == YAML_KIND_TEXT; i++)
        if (strcmp(words[i], yaml_text(node)) == 0) {
            *out = i;
            return true;
        }
    for (unsigned i = 0; i < count && length < sizeof expected; i++)
        length += (size_t)snprintf(expected + length, sizeof expected - length, "%s%s",
                                   i == 0           ? ""
                                   : i + 1 == count ? " or "
                                                    : ", ",
                                   words[i]);
    return mismatch(draft, key, node, expected);
}

void read_each(struct draft *draft, const char *key, struct yaml_node node, size_t most,
               void (*each)(struct draft *draft, struct yaml_node item, void *into), void *into)
{
    const size_t count = yaml_count(node);

    if (yaml_kind(node) != YAML_KIND_LIST) {
        each(draft, node, into);
        return;
    }
    if (count > most)
        report_error(draft->report, yaml_line(node), yaml_column(node),
                     "expected at most %zu entries for `%s`, found %zu", most, key, count);
    for (size_t i = 0; i < count && i < most; i++)
        each(draft, yaml_item(node, i), into);
}
