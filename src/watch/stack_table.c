/*
 * Reads the text of a table of likelihoods (stack.h says how it looks).
 */
#include "watch/stack.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_PER_LINE = 2 + STACK_FAMILY_COUNT, WORD_MAX = 96, LINE_MAX_OCTETS = 512 };

/* Zero would forbid a family for ever because of one odd packet. */
#define LEAST_LIKELIHOOD 0.0002

struct word {
    const char *name;
    uint64_t value;
};

static const struct word option_words[] = {
    {"eol", TCP_OPTION_END},
    {"nop", TCP_OPTION_NOP},
    {"mss", TCP_OPTION_MSS},
    {"ws", TCP_OPTION_WINDOW_SCALE},
    {"sok", TCP_OPTION_SACK_PERMITTED},
    {"ts", TCP_OPTION_TIMESTAMPS},
    {"fo", TCP_OPTION_FAST_OPEN},
    {NULL, 0},
};
static const struct word window_words[] = {{"near64k", STACK_WINDOW_NEAR_64K}, {NULL, 0}};
static const struct word scale_words[] = {{"none", STACK_VALUE_NONE}, {NULL, 0}};
static const struct word id_words[] = {
    {"df,id+", STACK_ID_DF | STACK_ID_SET},
    {"df,id0", STACK_ID_DF},
    {"id+", STACK_ID_SET},
    {"id0", 0},
    {"v6", STACK_ID_V6},
    {NULL, 0},
};
static const struct word ecn_words[] = {{"asked", 1}, {"no", 0}, {NULL, 0}};
static const struct word flow_words[] = {{"+", 1}, {"0", 0}, {"v4", STACK_VALUE_NONE}, {NULL, 0}};
static const struct word quirk_words[] = {
    {"none", STACK_VALUE_NONE},     {"echo", STACK_QUIRK_ECHO}, {"padding", STACK_QUIRK_PADDING},
    {"urgent", STACK_QUIRK_URGENT}, {"ack", STACK_QUIRK_ACK},   {NULL, 0},
};

static bool number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    *out = strtoul(text, &end, 10);
    return *end == '\0' && *out <= most;
}

static bool find_word(const struct word *words, const char *text, uint64_t *out)
{
    for (; words->name; words++)
        if (strcmp(words->name, text) == 0) {
            *out = words->value;
            return true;
        }
    return false;
}

/* The next piece of *rest that holds none of `between`, ended where it stood; NULL for no more. */
static char *next_piece(char **rest, const char *between)
{
    char *piece = *rest + strspn(*rest, between);
    char *end = piece + strcspn(piece, between);

    *rest = *end ? end + 1 : end;
    *end = '\0';
    return end > piece ? piece : NULL;
}

/* The same FNV-1a as over the packet's own kinds, padding last. */
static bool layout_words(char *text, uint64_t *out)
{
    uint64_t hash = 0xcbf29ce484222325u;
    uint64_t padding = 0;

    for (char *kind; (kind = next_piece(&text, ",")) != NULL;) {
        uint64_t value;

        if (strncmp(kind, "eol+", 4) == 0) {
            if (!number(kind + 4, 40, &padding))
                return false;
            value = TCP_OPTION_END;
        } else if (!find_word(option_words, kind, &value) && !number(kind, 255, &value)) {
            return false;
        }
        hash = (hash ^ value) * 0x100000001b3u;
    }
    *out = (hash ^ padding) * 0x100000001b3u;
    return true;
}

static bool window_word(char *text, uint64_t *out)
{
    if (strncmp(text, "mss*", 4) == 0 && number(text + 4, 64, out)) {
        *out += STACK_WINDOW_MULTIPLE;
        return true;
    }
    return find_word(window_words, text, out) || number(text, UINT16_MAX, out);
}

static bool scale_word(char *text, uint64_t *out)
{
    return find_word(scale_words, text, out) || number(text, UINT8_MAX, out);
}

static bool id_word(char *text, uint64_t *out)
{
    return find_word(id_words, text, out);
}

static bool ecn_word(char *text, uint64_t *out)
{
    return find_word(ecn_words, text, out);
}

static bool flow_word(char *text, uint64_t *out)
{
    return find_word(flow_words, text, out);
}

static bool quirk_word(char *text, uint64_t *out)
{
    return find_word(quirk_words, text, out);
}

static bool no_word(char *text, uint64_t *out)
{
    (void)text;
    (void)out;
    return false;
}

static const struct {
    const char *name;
    bool (*value)(char *text, uint64_t *out);
} features[STACK_FEATURE_COUNT] = {
    [STACK_FEATURE_PRIOR] = {"prior", no_word},
    [STACK_FEATURE_LAYOUT] = {"layout", layout_words},
    [STACK_FEATURE_WINDOW] = {"window", window_word},
    [STACK_FEATURE_SCALE] = {"scale", scale_word},
    [STACK_FEATURE_ID] = {"id", id_word},
    [STACK_FEATURE_ECN] = {"ecn", ecn_word},
    [STACK_FEATURE_FLOW] = {"flow", flow_word},
    [STACK_FEATURE_QUIRK] = {"quirk", quirk_word},
};

struct line {
    uint32_t number;
    unsigned words;
    char text[LINE_MAX_OCTETS];
    char *word[WORDS_PER_LINE + 1];
};

static bool likelihood(const char *text, float *out)
{
    char *end;
    double value;

    if ((text[0] < '0' || text[0] > '9') && text[0] != '.')
        return false;
    value = strtod(text, &end);
    if (*end != '\0' || !(value >= 0 && value <= 1))
        return false;
    *out = (float)log(value > LEAST_LIKELIHOOD ? value : LEAST_LIKELIHOOD);
    return true;
}

static bool parse_likelihoods(const struct line *line, struct report *report, struct stack_row *out)
{
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        if (!likelihood(line->word[2 + i], &out->log_likelihood[i])) {
            report_error(report, line->number, 1, "expected a likelihood from 0 to 1, found '%s'",
                         line->word[2 + i]);
            return false;
        }
    return true;
}

static enum stack_feature feature_of(const char *name)
{
    unsigned i = 0;

    while (i < STACK_FEATURE_COUNT && strcmp(features[i].name, name) != 0)
        i++;
    return (enum stack_feature)i;
}

/* Puts a row at the end of its feature's group. */
static int insert_row(struct stack_table *table, enum stack_feature feature,
                      const struct stack_row *row)
{
    const unsigned total =
        (unsigned)table->first[STACK_FEATURE_COUNT - 1] + table->count[STACK_FEATURE_COUNT - 1];
    const unsigned at = (unsigned)table->first[feature] + table->count[feature];

    if (total == STACK_ROWS_MAX)
        return -ENOSPC;
    memmove(&table->row[at + 1], &table->row[at], (total - at) * sizeof table->row[0]);
    table->row[at] = *row;
    table->count[feature]++;
    for (unsigned i = feature + 1u; i < STACK_FEATURE_COUNT; i++)
        table->first[i]++;
    return 0;
}

static void parse_row(struct stack_table *table, const struct line *line, struct report *report)
{
    const enum stack_feature feature = feature_of(line->word[0]);
    struct stack_row row = {0};
    char value[LINE_MAX_OCTETS];

    if (feature == STACK_FEATURE_COUNT) {
        report_error(report, line->number, 1,
                     "expected prior, layout, window, scale, id, ecn, flow or quirk, found '%s'",
                     line->word[0]);
        return;
    }
    if (!parse_likelihoods(line, report, &row))
        return;
    if (strcmp(line->word[1], "*") == 0) {
        table->other[feature] = row;
        return;
    }
    memcpy(value, line->word[1], strlen(line->word[1]) + 1);
    if (!features[feature].value(value, &row.value))
        report_error(report, line->number, 1, "expected a value of %s, found '%s'", line->word[0],
                     line->word[1]);
    else if (insert_row(table, feature, &row) < 0)
        report_error(report, line->number, 1, "expected at most %d rows, found more",
                     STACK_ROWS_MAX);
}

static void split(struct line *line)
{
    char *rest = line->text;
    char *word;

    line->words = 0;
    line->text[strcspn(line->text, "#")] = '\0';
    while (line->words <= WORDS_PER_LINE && (word = next_piece(&rest, " \t\r")) != NULL)
        line->word[line->words++] = word;
}

static void parse_line(struct stack_table *table, struct line *line, const char *text,
                       size_t length, struct report *report)
{
    line->number++;
    if (length >= sizeof line->text || memchr(text, '\0', length)) {
        report_error(report, line->number, 1, "expected a line of text of at most %zu octets",
                     sizeof line->text - 1);
        return;
    }
    memcpy(line->text, text, length);
    line->text[length] = '\0';
    split(line);
    if (line->words == 0)
        return;
    if (line->words != WORDS_PER_LINE)
        report_error(report, line->number, 1,
                     "expected a feature, a value and %d likelihoods, found %u words%s",
                     STACK_FAMILY_COUNT, line->words,
                     line->words > WORDS_PER_LINE ? " or more" : "");
    else
        parse_row(table, line, report);
}

int stack_table_parse(const char *text, size_t length, struct report *report,
                      struct stack_table *out)
{
    const unsigned errors = report->errors;
    struct line line = {0};

    *out = (struct stack_table){0};
    while (length > 0) {
        const char *newline = memchr(text, '\n', length);
        const size_t taken = newline ? (size_t)(newline - text) : length;

        parse_line(out, &line, text, taken, report);
        text += taken + (newline != NULL);
        length -= taken + (newline != NULL);
    }
    if (report->errors == errors && out->count[STACK_FEATURE_LAYOUT] == 0)
        report_error(report, 0, 0, "expected rows of layout, found none");
    return report->errors == errors ? 0 : -EINVAL;
}
