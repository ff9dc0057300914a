/*
 * Texts that depend on the visitor; see personal.h.
 */
#include "tale/personal.h"

#include "tale/keys.h"

#include <stdio.h>
#include <string.h>

#define NAMES     "{verdict}, {stack}, {initial}, {hops} or {hop_limit}"
#define OTHERWISE "otherwise"

/* The traits whose values are few enough for a text each. */
static const enum trait with_words[] = {TRAIT_VERDICT, TRAIT_STACK, TRAIT_INITIAL};

void personal_read_text(struct draft *draft, const char *text, uint32_t line, uint32_t column,
                        struct personal *out)
{
    const char *open = text;

    out->text = text;
    while ((open = strchr(open, '{')) != NULL) {
        const size_t name = strcspn(++open, "{}");
        enum trait trait;

        if (open[name] != '}')
            continue;
        if (!trait_find(open, name, &trait)) {
            report_warning(draft->report, line, column,
                           "expected " NAMES " in braces, found '{%.*s}', which is shown as it is",
                           (int)(name < 40 ? name : 40), open);
        } else if (out->depends) {
            report_error(draft->report, line, column,
                         "expected one thing of the visitor in a text, found {%s} and {%s}",
                         trait_name(out->trait), trait_name(trait));
            return;
        } else {
            out->depends = true;
            out->trait = trait;
            out->at = (size_t)(open - 1 - text);
            out->length = name + 2;
        }
    }
}

/* The trait that has the value `key`, which is not "unknown": they all have that. */
static bool trait_with(const char *key, enum trait *out)
{
    unsigned value;

    for (size_t i = 0; i < sizeof with_words / sizeof with_words[0]; i++)
        if (trait_find_value(with_words[i], key, strlen(key), &value) && value != 0) {
            *out = with_words[i];
            return true;
        }
    return false;
}

static bool find_trait(struct draft *draft, struct yaml_node map, enum trait *out)
{
    for (size_t i = 0; i < yaml_count(map); i++)
        if (trait_with(yaml_text(yaml_key(map, i)), out))
            return true;
    report_error(
        draft->report, yaml_line(map), yaml_column(map),
        "expected a text for each of direct and tethered, of android, ios, macos, windows, "
        "linux and other, or of 32, 64, 128 and 255, found none of them");
    return false;
}

static void read_entry(struct draft *draft, struct yaml_node key, struct yaml_node value,
                       struct personal *out)
{
    const char *const name = yaml_text(key);
    const char **into = &out->otherwise;
    unsigned which;

    if (strcmp(name, OTHERWISE) != 0) {
        if (!trait_find_value(out->trait, name, strlen(name), &which)) {
            report_error(draft->report, yaml_line(key), yaml_column(key),
                         "expected a value of {%s} or `" OTHERWISE "`, found '%.60s'",
                         trait_name(out->trait), name);
            return;
        }
        into = &out->by_value[which];
    }
    if (!read_text(draft, name, value, into))
        *into = "";
}

static void need_all(struct draft *draft, struct yaml_node map, const struct personal *personal)
{
    char text[TRAIT_TEXT_MAX];

    for (unsigned i = trait_values(personal->trait); i-- > 0;)
        if (personal->otherwise == NULL && personal->by_value[i] == NULL) {
            report_error(draft->report, yaml_line(map), yaml_column(map),
                         "expected a text for `%s`, or `" OTHERWISE "` for all that have none",
                         trait_text(personal->trait, i, text));
            return;
        }
}

void personal_read_map(struct draft *draft, struct yaml_node map, struct personal *out)
{
    if (!find_trait(draft, map, &out->trait))
        return;
    out->depends = true;
    for (size_t i = 0; i < yaml_count(map); i++)
        read_entry(draft, yaml_key(map, i), yaml_value(map, i), out);
    need_all(draft, map, out);
}

const char *personal_text(const struct personal *personal, unsigned value,
                          char out[TALE_TEXT_MAX + 2])
{
    char word[TRAIT_TEXT_MAX];

    if (personal->text == NULL)
        return personal->by_value[value] != NULL ? personal->by_value[value] : personal->otherwise;
    if (value == 0 && personal->otherwise != NULL)
        return personal->otherwise;
    snprintf(out, TALE_TEXT_MAX + 2, "%.*s%s%s", (int)personal->at, personal->text,
             trait_text(personal->trait, value, word),
             personal->text + personal->at + personal->length);
    return out;
}

bool personal_is_new(const struct personal *personal, unsigned value)
{
    if (personal->text != NULL) /* the last value is the longest of them */
        return value == 0 || value + 1 == trait_values(personal->trait);
    for (unsigned i = 0; i < value && personal->by_value[value] == NULL; i++)
        if (personal->by_value[i] == NULL)
            return false;
    return true;
}
