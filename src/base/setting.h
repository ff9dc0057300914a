/*
 * One setting: a row of the table in settings_table.c, and what can be done with its field of struct
 * settings. Only the settings need this.
 */
#ifndef HOPTELL_BASE_SETTING_H
#define HOPTELL_BASE_SETTING_H

#include "base/report.h"
#include "base/settings.h"
#include "base/yaml.h"

enum setting_type {
    SETTING_TEXT,      /* char * */
    SETTING_COUNT,     /* uint64_t */
    SETTING_SIZE,      /* uint64_t, octets */
    SETTING_DURATION,  /* uint64_t, microseconds */
    SETTING_SHARE,     /* double, 0 to 1 */
    SETTING_CHOICE,    /* int: the index in `choices` */
    SETTING_TEXTS,     /* struct text_list */
    SETTING_PREFIXES,  /* struct prefix_list */
    SETTING_ADDRESSES, /* struct prefix_list, each of a single address */
};

enum { SETTING_LIST_MAX = 1024, SETTING_WORDS_MAX = SETTINGS_EXPECTED_MAX };

struct setting {
    const char *key; /* with dots for nested mappings */
    enum setting_type type;
    bool fixed;           /* a change takes a restart */
    size_t offset;        /* of its field in struct settings */
    const char *fallback; /* the value of a file that does not have it, as YAML */
    const char *least;    /* of counts, sizes, durations and shares: the range, both ends within */
    const char *most;
    const char *const *choices; /* ends with NULL */
    const char *words;          /* of texts and lists: what is expected, as in "a user's name" */
    const char *item;           /* of lists: the same for one entry */
    bool (*good)(const char *text); /* of texts, and of lists' entries; NULL takes all */
    const char *help;               /* sentences; the first is a summary */
};

/* What is expected: "a duration from 1h to 30d"; returns out. */
const char *setting_words(const struct setting *row, char out[SETTING_WORDS_MAX]);

/*
 * Reads `value` into the row's field of `settings`, which is empty before. 0, or -EINVAL with what
 * was expected and found in `report`; the field is then to be cleared like any other.
 */
int setting_parse(const struct setting *row, struct yaml_node value, void *settings,
                  struct report *report);

/* Writes the value as YAML on one line by `put`, piece by piece. */
void setting_print(const struct setting *row, const void *settings,
                   void (*put)(const char *text, void *context), void *context);

bool setting_equal(const struct setting *row, const void *a, const void *b);

/* Frees what the field holds, and empties it. */
void setting_clear(const struct setting *row, void *settings);

#endif
