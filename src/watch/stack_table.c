/*
 * Reads the text of a table of likelihoods (stack.h says how it looks).
 */
#include "watch/stack.h"

#include "base/text_lines.h"
#include "base/writer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_PER_LINE = 2 + STACK_FAMILY_COUNT, LINE_MAX_OCTETS = 512 };

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

    if (strcmp(text, "none") == 0)
        *text = '\0';
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
    const struct word *words; /* of its values that have names; NULL: none */
} features[STACK_FEATURE_COUNT] = {
    [STACK_FEATURE_PRIOR] = {"prior", no_word, NULL},
    [STACK_FEATURE_LAYOUT] = {"layout", layout_words, NULL},
    [STACK_FEATURE_WINDOW] = {"window", window_word, window_words},
    [STACK_FEATURE_SCALE] = {"scale", scale_word, scale_words},
    [STACK_FEATURE_ID] = {"id", id_word, id_words},
    [STACK_FEATURE_ECN] = {"ecn", ecn_word, ecn_words},
    [STACK_FEATURE_FLOW] = {"flow", flow_word, flow_words},
    [STACK_FEATURE_QUIRK] = {"quirk", quirk_word, quirk_words},
};

/* Values as text */

static const char *word_of(const struct word *words, uint64_t value)
{
    while (words->name && words->value != value)
        words++;
    return words->name;
}

static void write_layout(struct writer *w, const struct observation *o)
{
    for (unsigned i = 0; i < o->option_count; i++) {
        const char *name = word_of(option_words, o->option[i]);

        writer_put(w, "%s", i > 0 ? "," : "");
        if (o->option[i] == TCP_OPTION_END && o->option_padding > 0)
            writer_put(w, "eol+%u", o->option_padding);
        else if (name)
            writer_put(w, "%s", name);
        else
            writer_put(w, "%u", o->option[i]);
    }
    if (o->option_count == 0)
        writer_put(w, "none");
}

const char *stack_value_text(enum stack_feature feature, const struct observation *observation,
                             char out[STACK_VALUE_TEXT_MAX])
{
    const uint64_t value = stack_value(feature, observation);
    const char *word = features[feature].words ? word_of(features[feature].words, value) : NULL;
    struct writer w = {.out = out, .size = STACK_VALUE_TEXT_MAX};

    out[0] = '\0';
    if (feature == STACK_FEATURE_LAYOUT)
        write_layout(&w, observation);
    else if (word)
        writer_put(&w, "%s", word);
    else if (feature == STACK_FEATURE_WINDOW && value >= STACK_WINDOW_MULTIPLE)
        writer_put(&w, "mss*%u", (unsigned)(value - STACK_WINDOW_MULTIPLE));
    else
        writer_put(&w, "%u", (unsigned)value);
    return out;
}

struct line {
    uint32_t number;
    unsigned words;
    char text[LINE_MAX_OCTETS];
    char *word[WORDS_PER_LINE + 1];
};

/* One text being read. */
struct reading {
    struct report *report;
    void (*each)(const struct stack_line *line, void *context);
    void *context;
    bool has_rows;
    struct line line;
};

static void read_text(struct reading *r, const char *text, size_t length);

static uint32_t column_of(const struct line *line, const char *word)
{
    return (uint32_t)(word - line->text) + 1;
}

static bool likelihood(const char *text, double *out)
{
    char *end;

    if ((text[0] < '0' || text[0] > '9') && text[0] != '.')
        return false;
    *out = strtod(text, &end);
    return *end == '\0' && *out >= 0 && *out <= 1;
}

static bool parse_likelihoods(struct reading *r, struct stack_line *out)
{
    const struct line *line = &r->line;

    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        if (!likelihood(line->word[2 + i], &out->likelihood[i])) {
            report_error(r->report, line->number, column_of(line, line->word[2 + i]),
                         "expected a likelihood from 0 to 1, found '%s'", line->word[2 + i]);
            return false;
        }
    return true;
}

const char *stack_feature_name(enum stack_feature feature)
{
    return features[feature].name;
}

static enum stack_feature feature_of(const char *name)
{
    unsigned i = 0;

    while (i < STACK_FEATURE_COUNT && strcmp(features[i].name, name) != 0)
        i++;
    return (enum stack_feature)i;
}

static void parse_row(struct reading *r)
{
    const struct line *line = &r->line;
    struct stack_line row = {.feature = feature_of(line->word[0]), .text = line->word[1]};
    char value[LINE_MAX_OCTETS];

    r->has_rows = true;
    row.is_rest = strcmp(row.text, "*") == 0;
    if (row.feature == STACK_FEATURE_COUNT) {
        report_error(r->report, line->number, column_of(line, line->word[0]),
                     "expected prior, layout, window, scale, id, ecn, flow or quirk, found '%s'",
                     line->word[0]);
        return;
    }
    memcpy(value, row.text, strlen(row.text) + 1);
    if (!row.is_rest &&
        (strlen(value) >= STACK_VALUE_TEXT_MAX || !features[row.feature].value(value, &row.value)))
        report_error(r->report, line->number, column_of(line, line->word[1]),
                     "expected a value of %s, found '%s'", line->word[0], line->word[1]);
    else if (parse_likelihoods(r, &row))
        r->each(&row, r->context);
}

/* with shipped */
static void parse_with(struct reading *r)
{
    struct reading shipped = {.report = r->report, .each = r->each, .context = r->context};

    if (r->line.words != 2 || strcmp(r->line.word[1], "shipped") != 0)
        report_error(r->report, r->line.number, column_of(&r->line, r->line.word[0]),
                     "expected 'with shipped', found 'with%s%s'", r->line.words > 1 ? " " : "",
                     r->line.words > 1 ? r->line.word[1] : "");
    else if (r->has_rows)
        report_error(r->report, r->line.number, column_of(&r->line, r->line.word[0]),
                     "expected 'with shipped' before all rows, found it after some");
    else
        read_text(&shipped, watch_stacks_txt, strlen(watch_stacks_txt));
    r->has_rows = true;
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

static void parse_line(struct reading *r)
{
    struct line *line = &r->line;

    split(line);
    if (line->words == 0)
        return;
    if (strcmp(line->word[0], "with") == 0)
        parse_with(r);
    else if (line->words != WORDS_PER_LINE)
        report_error(r->report, line->number, column_of(line, line->word[0]),
                     "expected a feature, a value and %d likelihoods, found %u words%s",
                     STACK_FAMILY_COUNT, line->words,
                     line->words > WORDS_PER_LINE ? " or more" : "");
    else
        parse_row(r);
}

static void read_text(struct reading *r, const char *text, size_t length)
{
    struct text_lines lines = {.rest = text, .left = length};

    while (text_lines_next(&lines)) {
        r->line.number = lines.number;
        if (text_lines_string(&lines, r->report, r->line.text, sizeof r->line.text))
            parse_line(r);
    }
}

int stack_lines_each(const char *text, size_t length, struct report *report,
                     void (*each)(const struct stack_line *line, void *context), void *context)
{
    const unsigned errors = report->errors;
    struct reading reading = {.report = report, .each = each, .context = context};

    read_text(&reading, text, length);
    return report->errors == errors ? 0 : -EINVAL;
}

/* The row of a value, a new one at the end of its feature's group; NULL for no room. */
static struct stack_row *row_for(struct stack_table *table, enum stack_feature feature,
                                 uint64_t value)
{
    const unsigned total =
        (unsigned)table->first[STACK_FEATURE_COUNT - 1] + table->count[STACK_FEATURE_COUNT - 1];
    const unsigned at = (unsigned)table->first[feature] + table->count[feature];

    for (unsigned i = table->first[feature]; i < at; i++)
        if (table->row[i].value == value)
            return &table->row[i];
    if (total == STACK_ROWS_MAX)
        return NULL;
    memmove(&table->row[at + 1], &table->row[at], (total - at) * sizeof table->row[0]);
    table->count[feature]++;
    for (unsigned i = feature + 1u; i < STACK_FEATURE_COUNT; i++)
        table->first[i]++;
    return &table->row[at];
}

struct building {
    struct stack_table *table;
    bool is_full;
};

static void put_row(const struct stack_line *line, void *context)
{
    struct building *building = context;
    struct stack_row *row = line->is_rest ? &building->table->other[line->feature]
                                          : row_for(building->table, line->feature, line->value);

    if (!row) {
        building->is_full = true;
        return;
    }
    row->value = line->value;
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        row->log_likelihood[i] = (float)log(fmax(line->likelihood[i], LEAST_LIKELIHOOD));
}

int stack_table_parse(const char *text, size_t length, struct report *report,
                      struct stack_table *out)
{
    const unsigned errors = report->errors;
    struct building building = {.table = out};

    memset(out, 0, sizeof *out);
    (void)stack_lines_each(text, length, report, put_row, &building);
    if (building.is_full)
        report_error(report, 0, 0, "expected at most %d rows, found more", STACK_ROWS_MAX);
    if (report->errors == errors && out->count[STACK_FEATURE_LAYOUT] == 0)
        report_error(report, 0, 0, "expected rows of layout, found none");
    return report->errors == errors ? 0 : -EINVAL;
}
