/*
 * One setting of any type: read, written, compared, freed; see setting.h. A type is a row of
 * `types` below.
 */
#include "base/setting.h"

#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXCERPT_MAX = 60 };

typedef void put_function(const char *text, void *context);

struct type {
    bool is_list;
    bool (*in_range)(const struct setting *row, const void *field); /* NULL: no range */
    /* Takes a text, or one more entry of a list. 0, -EINVAL or -ENOMEM. */
    int (*take)(const struct setting *row, const char *text, void *field);
    void (*print)(const struct setting *row, const void *field, put_function *put, void *context);
    bool (*equal)(const void *a, const void *b);
    void (*clear)(void *field);
};

/* Texts */

/*
 * What a text may hold, so that it can be printed on one line in quotes: no control characters
 * (also U+0080 to U+009F), and none of the few others that YAML does not take as they are.
 */
static bool is_printable(const char *text)
{
    static const char *const unprintable[] = {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf",
                                              "\xef\xbf\xbe", "\xef\xbf\xbf"};

    for (const char *p = text; *p != '\0'; p++) {
        const unsigned char c = (unsigned char)*p;

        if (c < ' ' || c == 0x7f || (c == 0xc2 && (unsigned char)p[1] < 0xa0))
            return false;
    }
    for (size_t i = 0; i < sizeof unprintable / sizeof unprintable[0]; i++)
        if (strstr(text, unprintable[i]) != NULL)
            return false;
    return true;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Whatever is not plainly safe without quotes gets them. */
static bool needs_quotes(const char *text)
{
    const bool good_start = text[0] == '/' || strspn(text, LETTERS) > 0;

    return !good_start || text[strspn(text, LETTERS "0123456789_./-")] != '\0' ||
           strcmp(text, "null") == 0;
}

static void print_string(const char *text, put_function *put, void *context)
{
    char piece[2] = "";

    if (!needs_quotes(text)) {
        put(text, context);
        return;
    }
    put("\"", context);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            put("\\", context);
        piece[0] = *text;
        put(piece, context);
    }
    put("\"", context);
}

static bool is_good_text(const struct setting *row, const char *text)
{
    return is_printable(text) && (row->good == NULL || row->good(text));
}

static int text_take(const struct setting *row, const char *text, void *field)
{
    char **out = field;

    if (!is_good_text(row, text))
        return -EINVAL;
    *out = strdup(text);
    return *out == NULL ? -ENOMEM : 0;
}

static void text_print(const struct setting *row, const void *field, put_function *put,
                       void *context)
{
    char *const *text = field;

    (void)row;
    print_string(*text, put, context);
}

static bool text_equal(const void *a, const void *b)
{
    char *const *one = a;
    char *const *other = b;

    return strcmp(*one, *other) == 0;
}

static void text_clear(void *field)
{
    char **text = field;

    free(*text);
    *text = NULL;
}

/* Numbers */

static bool number_in_range(const struct setting *row, const void *field,
                            bool (*parse)(const char *, uint64_t *))
{
    const uint64_t *value = field;
    uint64_t least = 0;
    uint64_t most = UINT64_MAX;

    return parse(row->least, &least) && parse(row->most, &most) && *value >= least &&
           *value <= most;
}

static bool number_equal(const void *a, const void *b)
{
    const uint64_t *one = a;
    const uint64_t *other = b;

    return *one == *other;
}

static bool count_in_range(const struct setting *row, const void *field)
{
    return number_in_range(row, field, units_parse_count);
}

static int count_take(const struct setting *row, const char *text, void *field)
{
    (void)row;
    return units_parse_count(text, field) ? 0 : -EINVAL;
}

static void count_print(const struct setting *row, const void *field, put_function *put,
                        void *context)
{
    const uint64_t *value = field;
    char text[UNITS_TEXT_MAX];

    (void)row;
    put(units_count(*value, text), context);
}

static bool size_in_range(const struct setting *row, const void *field)
{
    return number_in_range(row, field, units_parse_size);
}

static int size_take(const struct setting *row, const char *text, void *field)
{
    (void)row;
    return units_parse_size(text, field) ? 0 : -EINVAL;
}

static void size_print(const struct setting *row, const void *field, put_function *put,
                       void *context)
{
    const uint64_t *value = field;
    char text[UNITS_TEXT_MAX];

    (void)row;
    put(units_size(*value, text), context);
}

static bool duration_in_range(const struct setting *row, const void *field)
{
    return number_in_range(row, field, units_parse_duration);
}

static int duration_take(const struct setting *row, const char *text, void *field)
{
    (void)row;
    return units_parse_duration(text, field) ? 0 : -EINVAL;
}

static void duration_print(const struct setting *row, const void *field, put_function *put,
                           void *context)
{
    const uint64_t *value = field;
    char text[UNITS_TEXT_MAX];

    (void)row;
    put(units_duration(*value, text), context);
}

static bool share_in_range(const struct setting *row, const void *field)
{
    const double *value = field;
    double least = 0;
    double most = 1;

    return units_parse_share(row->least, &least) && units_parse_share(row->most, &most) &&
           *value >= least && *value <= most;
}

static int share_take(const struct setting *row, const char *text, void *field)
{
    (void)row;
    return units_parse_share(text, field) ? 0 : -EINVAL;
}

static void share_print(const struct setting *row, const void *field, put_function *put,
                        void *context)
{
    const double *value = field;
    char text[UNITS_TEXT_MAX];

    (void)row;
    put(units_share(*value, text), context);
}

static bool share_equal(const void *a, const void *b)
{
    const double *one = a;
    const double *other = b;

    return *one <= *other && *one >= *other;
}

static int choice_take(const struct setting *row, const char *text, void *field)
{
    int *out = field;

    for (int i = 0; row->choices[i] != NULL; i++)
        if (strcmp(text, row->choices[i]) == 0) {
            *out = i;
            return 0;
        }
    return -EINVAL;
}

static void choice_print(const struct setting *row, const void *field, put_function *put,
                         void *context)
{
    const int *value = field;

    put(row->choices[*value], context);
}

static bool choice_equal(const void *a, const void *b)
{
    const int *one = a;
    const int *other = b;

    return *one == *other;
}

/* Lists */

static int texts_take(const struct setting *row, const char *text, void *field)
{
    struct text_list *list = field;
    char **larger;

    if (!is_good_text(row, text))
        return -EINVAL;
    larger = realloc(list->item, (list->count + 1) * sizeof list->item[0]);
    if (larger == NULL)
        return -ENOMEM;
    list->item = larger;
    larger[list->count] = strdup(text);
    if (larger[list->count] == NULL)
        return -ENOMEM;
    list->count++;
    return 0;
}

static void texts_print(const struct setting *row, const void *field, put_function *put,
                        void *context)
{
    const struct text_list *list = field;

    (void)row;
    put("[", context);
    for (size_t i = 0; i < list->count; i++) {
        put(i == 0 ? "" : ", ", context);
        print_string(list->item[i], put, context);
    }
    put("]", context);
}

static bool texts_equal(const void *a, const void *b)
{
    const struct text_list *one = a;
    const struct text_list *other = b;

    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++)
        if (strcmp(one->item[i], other->item[i]) != 0)
            return false;
    return true;
}

static void texts_clear(void *field)
{
    struct text_list *list = field;

    for (size_t i = 0; i < list->count; i++)
        free(list->item[i]);
    free(list->item);
    *list = (struct text_list){0};
}

static int prefixes_take(const struct setting *row, const char *text, void *field)
{
    struct prefix_list *list = field;
    struct prefix prefix;
    struct prefix *larger;

    if (!units_parse_prefix(text, &prefix) ||
        (row->type == SETTING_ADDRESSES && prefix.length != 128))
        return -EINVAL;
    larger = realloc(list->item, (list->count + 1) * sizeof list->item[0]);
    if (larger == NULL)
        return -ENOMEM;
    list->item = larger;
    larger[list->count++] = prefix;
    return 0;
}

static void prefixes_print(const struct setting *row, const void *field, put_function *put,
                           void *context)
{
    const struct prefix_list *list = field;
    char text[PREFIX_TEXT_MAX];

    put("[", context);
    for (size_t i = 0; i < list->count; i++) {
        put(i == 0 ? "" : ", ", context);
        print_string(row->type == SETTING_ADDRESSES ? units_address(&list->item[i].address, text)
                                                    : units_prefix(&list->item[i], text),
                     put, context);
    }
    put("]", context);
}

static bool prefixes_equal(const void *a, const void *b)
{
    const struct prefix_list *one = a;
    const struct prefix_list *other = b;

    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++)
        if (one->item[i].length != other->item[i].length ||
            !address_equal(&one->item[i].address, &other->item[i].address))
            return false;
    return true;
}

static void prefixes_clear(void *field)
{
    struct prefix_list *list = field;

    free(list->item);
    *list = (struct prefix_list){0};
}

static const struct type types[] = {
    [SETTING_TEXT] = {false, NULL, text_take, text_print, text_equal, text_clear},
    [SETTING_COUNT] = {false, count_in_range, count_take, count_print, number_equal, NULL},
    [SETTING_SIZE] = {false, size_in_range, size_take, size_print, number_equal, NULL},
    [SETTING_DURATION] = {false, duration_in_range, duration_take, duration_print, number_equal,
                          NULL},
    [SETTING_SHARE] = {false, share_in_range, share_take, share_print, share_equal, NULL},
    [SETTING_CHOICE] = {false, NULL, choice_take, choice_print, choice_equal, NULL},
    [SETTING_TEXTS] = {true, NULL, texts_take, texts_print, texts_equal, texts_clear},
    [SETTING_PREFIXES] = {true, NULL, prefixes_take, prefixes_print, prefixes_equal,
                          prefixes_clear},
    [SETTING_ADDRESSES] = {true, NULL, prefixes_take, prefixes_print, prefixes_equal,
                           prefixes_clear},
};

/* Any type */

static void choices_words(const struct setting *row, char out[SETTING_WORDS_MAX])
{
    size_t length = 0;

    out[0] = '\0';
    for (size_t i = 0; row->choices[i] != NULL && length < SETTING_WORDS_MAX; i++) {
        const char *joint = i == 0 ? "" : row->choices[i + 1] == NULL ? " or " : ", ";

        length += (size_t)snprintf(out + length, SETTING_WORDS_MAX - length, "%s%s", joint,
                                   row->choices[i]);
    }
}

const char *setting_words(const struct setting *row, char out[SETTING_WORDS_MAX])
{
    static const char *const numbers[] = {
        [SETTING_COUNT] = "a number",
        [SETTING_SIZE] = "a size",
        [SETTING_DURATION] = "a duration",
        [SETTING_SHARE] = "a share",
    };

    if (row->type == SETTING_CHOICE)
        choices_words(row, out);
    else if (row->words != NULL)
        snprintf(out, SETTING_WORDS_MAX, "%s", row->words);
    else
        snprintf(out, SETTING_WORDS_MAX, "%s from %s to %s", numbers[row->type], row->least,
                 row->most);
    return out;
}

/* "expected EXPECTED, found ..." where the value stands. */
static int refuse(const struct setting *row, const char *expected, struct yaml_node found,
                  struct report *report)
{
    const bool is_text = yaml_kind(found) == YAML_KIND_TEXT && !yaml_is_null(found);

    report_error(report, yaml_line(found), yaml_column(found), "%s: expected %s, found %s%.*s%s",
                 row->key, expected, is_text ? "'" : "", EXCERPT_MAX,
                 is_text ? yaml_text(found) : yaml_kind_words(found), is_text ? "'" : "");
    return -EINVAL;
}

static int take(const struct setting *row, const char *expected, struct yaml_node value,
                void *field, struct report *report)
{
    const struct type *type = &types[row->type];
    int error;

    if (yaml_kind(value) != YAML_KIND_TEXT || yaml_is_null(value))
        return refuse(row, expected, value, report);
    error = type->take(row, yaml_text(value), field);
    if (error == -ENOMEM) {
        report_error(report, 0, 0, "not enough memory to read it");
        return -EINVAL;
    }
    if (error != 0 || (type->in_range != NULL && !type->in_range(row, field)))
        return refuse(row, expected, value, report);
    return 0;
}

/* Whether the text of entry `index` already stands in the list before it. */
static bool is_repeated(struct yaml_node list, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(yaml_text(yaml_item(list, i)), yaml_text(yaml_item(list, index))) == 0)
            return true;
    return false;
}

static int parse_list(const struct setting *row, struct yaml_node list, void *field,
                      struct report *report)
{
    const size_t count = yaml_count(list);
    int error = 0;

    if (count > SETTING_LIST_MAX) {
        report_error(report, yaml_line(list), yaml_column(list),
                     "%s: expected at most %d entries, found %zu", row->key, SETTING_LIST_MAX,
                     count);
        return -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        struct yaml_node item = yaml_item(list, i);

        if (take(row, row->item, item, field, report) != 0) {
            error = -EINVAL;
        } else if (is_repeated(list, i)) {
            report_error(report, yaml_line(item), yaml_column(item),
                         "%s: expected each entry once, found '%.*s' again", row->key, EXCERPT_MAX,
                         yaml_text(item));
            error = -EINVAL;
        }
    }
    return error;
}

static void *field_of(const struct setting *row, void *settings)
{
    return (char *)settings + row->offset;
}

static const void *constant_field_of(const struct setting *row, const void *settings)
{
    return (const char *)settings + row->offset;
}

int setting_parse(const struct setting *row, struct yaml_node value, void *settings,
                  struct report *report)
{
    void *field = field_of(row, settings);
    char words[SETTING_WORDS_MAX];

    if (!types[row->type].is_list)
        return take(row, setting_words(row, words), value, field, report);
    if (yaml_kind(value) != YAML_KIND_LIST)
        return refuse(row, setting_words(row, words), value, report);
    return parse_list(row, value, field, report);
}

void setting_print(const struct setting *row, const void *settings, put_function *put,
                   void *context)
{
    types[row->type].print(row, constant_field_of(row, settings), put, context);
}

bool setting_equal(const struct setting *row, const void *a, const void *b)
{
    return types[row->type].equal(constant_field_of(row, a), constant_field_of(row, b));
}

void setting_clear(const struct setting *row, void *settings)
{
    if (types[row->type].clear != NULL)
        types[row->type].clear(field_of(row, settings));
}
