/*
 * Packets with their stacks as CSV; see labelled.h.
 */
#include "watch/labelled.h"

#include "base/text_lines.h"
#include "watch/pattern.h"
#include "watch/stack_learn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_OCTETS_MAX = 512, FIELDS_MAX = 8, COUNT_MOST = 1000000000 };

enum column { COLUMN_SIGNATURE, COLUMN_STACK, COLUMN_COUNT, COLUMNS };

static const char *const columns[COLUMNS] = {"signature", "stack", "count"};

struct field {
    char *text;
    uint32_t column; /* of the text in the line, from 1 */
};

struct reading {
    struct report *report;
    uint32_t line;
    unsigned fields;         /* of each line */
    unsigned place[COLUMNS]; /* of a column among the fields; FIELDS_MAX: not there */
    char text[LINE_OCTETS_MAX];
    struct field field[FIELDS_MAX];
};

/* Ends the field that begins at `at`, without its quotes; what comes after it, or NULL. */
static char *take_field(char *at, struct field *out)
{
    char *to = at;
    bool quoted = *at == '"';

    out->text = at;
    if (quoted)
        at++;
    for (; *at != '\0' && (quoted || *at != ','); at++) {
        if (*at == '"' && quoted && *++at != '"') {
            quoted = false;
            if (*at == ',' || *at == '\0')
                break;
        }
        *to++ = *at;
    }
    at = *at == ',' ? at + 1 : NULL;
    *to = '\0';
    return at;
}

/* How many fields the line has, FIELDS_MAX + 1 for more than that. */
static unsigned split(struct reading *r)
{
    char *at = r->text;
    unsigned count = 0;

    while (at && count < FIELDS_MAX) {
        r->field[count].column = (uint32_t)(at - r->text) + 1 + (*at == '"');
        at = take_field(at, &r->field[count++]);
    }
    return at ? FIELDS_MAX + 1 : count;
}

static bool take_header(struct reading *r, unsigned fields)
{
    for (unsigned i = 0; i < COLUMNS; i++)
        r->place[i] = FIELDS_MAX;
    for (unsigned i = 0; i < fields && i < FIELDS_MAX; i++)
        for (unsigned c = 0; c < COLUMNS; c++)
            if (strcmp(r->field[i].text, columns[c]) == 0)
                r->place[c] = i;
    r->fields = fields;
    for (unsigned c = 0; c < COLUMN_COUNT; c++)
        if (r->place[c] == FIELDS_MAX) {
            report_error(r->report, r->line, 1,
                         "expected a header with the columns signature and stack, found none of %s",
                         columns[c]);
            return false;
        }
    return true;
}

static bool take_signature(struct reading *r, struct observation *out)
{
    const struct field *field = &r->field[r->place[COLUMN_SIGNATURE]];
    struct pattern_fault fault;
    struct pattern pattern;

    if (!pattern_parse(field->text, strlen(field->text), &pattern, &fault))
        report_error(r->report, r->line, field->column + (uint32_t)fault.offset,
                     "expected %s, found '%.*s'", fault.expected, (int)fault.length,
                     field->text + fault.offset);
    else if (!pattern_observation(&pattern, out))
        report_error(r->report, r->line, field->column,
                     "expected a packet's signature without * and %%, found '%s'", field->text);
    else
        return true;
    return false;
}

static bool take_stack(struct reading *r, enum stack_family *out)
{
    const struct field *field = &r->field[r->place[COLUMN_STACK]];

    *out = stack_family_of(field->text);
    if (*out != STACK_UNKNOWN)
        return true;
    report_error(r->report, r->line, field->column,
                 "expected android, ios, macos, windows, linux or other, found '%s'", field->text);
    return false;
}

static bool take_count(struct reading *r, uint64_t *out)
{
    const struct field *field = &r->field[r->place[COLUMN_COUNT]];
    char *end;

    *out = strtoull(field->text, &end, 10);
    if (field->text[0] >= '0' && field->text[0] <= '9' && *end == '\0' && *out > 0 &&
        *out <= COUNT_MOST)
        return true;
    report_error(r->report, r->line, field->column, "expected a count from 1 to %d, found '%s'",
                 COUNT_MOST, field->text);
    return false;
}

static bool take_line(struct reading *r, unsigned fields, struct labelled *out)
{
    *out = (struct labelled){.count = 1};
    if (fields != r->fields) {
        report_error(r->report, r->line, 1,
                     "expected %u fields as in the header, found %s%u (a signature stands in "
                     "quotation marks)",
                     r->fields, fields > FIELDS_MAX ? "at least " : "", fields);
        return false;
    }
    return take_signature(r, &out->observation) && take_stack(r, &out->family) &&
           (r->place[COLUMN_COUNT] == FIELDS_MAX || take_count(r, &out->count));
}

int labelled_parse(const char *text, size_t length, struct report *report,
                   void (*each)(const struct labelled *labelled, void *context), void *context)
{
    const unsigned errors = report->errors;
    struct text_lines lines = {.rest = text, .left = length};
    struct reading r = {.report = report};
    struct labelled labelled;
    bool has_header = false;

    while (text_lines_next(&lines)) {
        const bool is_text = text_lines_string(&lines, report, r.text, sizeof r.text);

        r.line = lines.number;
        if (is_text && r.text[0] != '\0') {
            const unsigned fields = split(&r);

            if (has_header) {
                if (take_line(&r, fields, &labelled))
                    each(&labelled, context);
            } else if (!take_header(&r, fields)) {
                break;
            }
            has_header = true;
        } else if (!is_text && !has_header) {
            break;
        }
    }
    if (!has_header && report->errors == errors)
        report_error(report, 1, 1,
                     "expected a header with the columns signature and stack, found "
                     "an empty file");
    return report->errors == errors ? 0 : -EINVAL;
}
