/*
 * Traits of a visitor; see traits.h. A trait's values are words, or the numbers from `least` on.
 */
#include "tale/traits.h"

#include <stdio.h>
#include <string.h>

enum { HOPS_MOST = 63 };

static const struct kind {
    const char *name;
    unsigned values;
    unsigned least;          /* the number that value 1 stands for */
    const char *const *word; /* or what each value is called */
} traits[TRAIT_COUNT] = {
    [TRAIT_VERDICT] = {"verdict", 3, 0, (const char *const[]){"unknown", "direct", "tethered"}},
    [TRAIT_STACK] = {"stack", 7, 0,
                     (const char *const[]){"unknown", "android", "ios", "macos", "windows", "linux",
                                           "other"}},
    [TRAIT_INITIAL] = {"initial", 5, 0, (const char *const[]){"unknown", "32", "64", "128", "255"}},
    [TRAIT_HOPS] = {"hops", HOPS_MOST + 2, 0, NULL},
    [TRAIT_HOP_LIMIT] = {"hop_limit", TRAIT_VALUES_MAX, 1, NULL},
};

const char *trait_name(enum trait trait)
{
    return traits[trait].name;
}

unsigned trait_values(enum trait trait)
{
    return traits[trait].values;
}

const char *trait_text(enum trait trait, unsigned value, char out[TRAIT_TEXT_MAX])
{
    const struct kind *t = &traits[trait];

    if (t->word != NULL)
        snprintf(out, TRAIT_TEXT_MAX, "%s", t->word[value]);
    else if (value == 0)
        snprintf(out, TRAIT_TEXT_MAX, "unknown");
    else
        snprintf(out, TRAIT_TEXT_MAX, "%u", t->least + value - 1);
    return out;
}

static bool is_word(const char *word, const char *text, size_t length)
{
    return strlen(word) == length && memcmp(word, text, length) == 0;
}

bool trait_find(const char *name, size_t length, enum trait *out)
{
    for (unsigned i = 0; i < TRAIT_COUNT; i++)
        if (is_word(traits[i].name, name, length)) {
            *out = (enum trait)i;
            return true;
        }
    return false;
}

bool trait_find_value(enum trait trait, const char *text, size_t length, unsigned *out_value)
{
    char value[TRAIT_TEXT_MAX];

    for (unsigned i = 0; i < traits[trait].values; i++)
        if (is_word(trait_text(trait, i, value), text, length)) {
            *out_value = i;
            return true;
        }
    return false;
}

uint8_t trait_initial(unsigned value)
{
    static const uint8_t initials[] = {0, 32, 64, 128, 255};

    return value < sizeof initials ? initials[value] : 0;
}

struct traits traits_of(uint8_t verdict, uint8_t stack, uint8_t initial, uint8_t hop_limit)
{
    struct traits visitor = {
        .value = {[TRAIT_VERDICT] = verdict, [TRAIT_STACK] = stack, [TRAIT_HOP_LIMIT] = hop_limit}};

    for (uint8_t i = 1; i < traits[TRAIT_INITIAL].values; i++)
        if (trait_initial(i) == initial)
            visitor.value[TRAIT_INITIAL] = i;
    if (initial >= hop_limit && initial - hop_limit <= HOPS_MOST)
        visitor.value[TRAIT_HOPS] = (uint8_t)(initial - hop_limit + 1);
    return visitor;
}

bool traits_parse(const char *text, struct traits *out, const char **out_at)
{
    while (*text != '\0') {
        const size_t name = strcspn(text, "=,");
        const size_t end = strcspn(text, ",");
        enum trait trait;
        unsigned value;

        *out_at = text;
        if (text[name] != '=' || !trait_find(text, name, &trait) ||
            !trait_find_value(trait, text + name + 1, end - name - 1, &value))
            return false;
        out->value[trait] = (uint8_t)value;
        text += end + (text[end] == ',');
    }
    return true;
}
