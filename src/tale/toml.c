/*
 * A reader of TOML; see toml.h. It goes once over the text, and an error sticks: after it nothing is
 * read and nothing told.
 */
#include "tale/toml.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH_MAX = 8 /* of tables and arrays in each other */ };

struct toml {
    const char *at;
    const char *end;
    const char *line_start;
    uint32_t line;
    bool is_bad;
    unsigned depth;
    struct report *report;
    const struct toml_events *events;
    void *context;
    size_t path_length;
    char path[TOML_PATH_MAX];
    char text[TOML_TEXT_MAX];
};

static void read_value(struct toml *t);

static int peek(const struct toml *t)
{
    return !t->is_bad && t->at < t->end ? (unsigned char)*t->at : -1;
}

static uint32_t column(const struct toml *t)
{
    return (uint32_t)(t->at - t->line_start) + 1;
}

/* The first error is told, with the octet that stands there. */
static void expected(struct toml *t, const char *what)
{
    const int c = peek(t);

    if (t->is_bad)
        return;
    t->is_bad = true;
    if (c < 0)
        report_error(t->report, t->line, column(t), "expected %s, found the end", what);
    else if (c == '\n' || c == '\r')
        report_error(t->report, t->line, column(t), "expected %s, found the end of the line", what);
    else if (isprint(c))
        report_error(t->report, t->line, column(t), "expected %s, found '%c'", what, c);
    else
        report_error(t->report, t->line, column(t), "expected %s, found the octet %d", what, c);
}

static bool take(struct toml *t, char c)
{
    if (peek(t) != c)
        return false;
    t->at++;
    return true;
}

static void need(struct toml *t, char c, const char *what)
{
    if (!take(t, c))
        expected(t, what);
}

static void skip_blanks(struct toml *t)
{
    while (peek(t) == ' ' || peek(t) == '\t')
        t->at++;
}

/* A remark, if there is one, and the end of the line. */
static void end_line(struct toml *t)
{
    skip_blanks(t);
    if (peek(t) == '#')
        while (peek(t) >= 0 && peek(t) != '\n')
            t->at++;
    (void)take(t, '\r');
    if (peek(t) < 0)
        return;
    need(t, '\n', "the end of the line");
    t->line++;
    t->line_start = t->at;
}

/* Blanks, remarks and ends of lines, which are allowed between the elements of an array. */
static void skip_lines(struct toml *t)
{
    skip_blanks(t);
    while (peek(t) == '#' || peek(t) == '\r' || peek(t) == '\n') {
        end_line(t);
        skip_blanks(t);
    }
}

/* Texts. */

static void append(struct toml *t, size_t *length, char c)
{
    if (*length + 1 >= sizeof t->text)
        expected(t, "a shorter text");
    else
        t->text[(*length)++] = c;
}

static void append_code_point(struct toml *t, size_t *length, uint32_t code)
{
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        expected(t, "an escape of a character");
        return;
    }
    if (code < 0x80) {
        append(t, length, (char)code);
        return;
    }
    if (code >= 0x10000)
        append(t, length, (char)(0xf0 | code >> 18));
    if (code >= 0x800)
        append(t, length,
               (char)((code >= 0x10000 ? 0x80 | (code >> 12 & 0x3f) : 0xe0 | code >> 12)));
    append(t, length, (char)(code >= 0x800 ? 0x80 | (code >> 6 & 0x3f) : 0xc0 | code >> 6));
    append(t, length, (char)(0x80 | (code & 0x3f)));
}

static void read_code_point(struct toml *t, size_t *length, unsigned digits)
{
    uint32_t code = 0;

    for (unsigned i = 0; i < digits; i++) {
        const int c = peek(t);

        if (c < 0 || !isxdigit(c)) {
            expected(t, "a hexadecimal digit");
            return;
        }
        code = code << 4 | (uint32_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
        t->at++;
    }
    append_code_point(t, length, code);
}

static void read_escape(struct toml *t, size_t *length)
{
    static const char letters[] = "btnfr\"\\";
    static const char means[] = "\b\t\n\f\r\"\\";
    const int c = peek(t);
    const char *const letter = c > 0 ? strchr(letters, c) : NULL;

    if (c == 'u' || c == 'U') {
        t->at++;
        read_code_point(t, length, c == 'u' ? 4 : 8);
    } else if (letter != NULL) {
        t->at++;
        append(t, length, means[letter - letters]);
    } else {
        expected(t, "an escape (b, t, n, f, r, \", \\, u or U)");
    }
}

/* "basic" or 'literal', into t->text. */
static void read_text(struct toml *t)
{
    const int quote = peek(t);
    size_t length = 0;

    t->at++;
    while (!t->is_bad && peek(t) != quote) {
        const int c = peek(t);

        if (c < ' ' && c != '\t') {
            expected(t, "the end of the text on its line");
        } else if (c == '\\' && quote == '"') {
            t->at++;
            read_escape(t, &length);
        } else {
            append(t, &length, (char)c);
            t->at++;
        }
    }
    (void)take(t, (char)quote);
    t->text[length] = '\0';
    if (length == 0 && peek(t) == quote)
        expected(t, "a text on one line");
}

/* Keys. */

static bool is_bare(int c)
{
    return c > 0 && (isalnum(c) || c == '_' || c == '-');
}

static void read_simple_key(struct toml *t)
{
    size_t length = 0;

    if (peek(t) == '"' || peek(t) == '\'') {
        read_text(t);
        return;
    }
    if (!is_bare(peek(t)))
        expected(t, "a key");
    while (is_bare(peek(t)) && !t->is_bad) {
        append(t, &length, *t->at);
        t->at++;
    }
    t->text[length] = '\0';
}

static void enter(struct toml *t)
{
    const size_t length = strlen(t->text);
    const size_t dot = t->path_length > 0 ? 1 : 0;

    if (t->path_length + dot + length >= sizeof t->path) {
        expected(t, "a shorter key");
        return;
    }
    if (dot > 0)
        t->path[t->path_length++] = '.';
    memcpy(t->path + t->path_length, t->text, length + 1);
    t->path_length += length;
}

static void leave(struct toml *t, size_t path_length)
{
    t->path_length = path_length;
    t->path[path_length] = '\0';
}

/* KEY or KEY.KEY: the path goes on by it. */
static void read_key(struct toml *t)
{
    do {
        skip_blanks(t);
        read_simple_key(t);
        if (!t->is_bad)
            enter(t);
        skip_blanks(t);
    } while (take(t, '.'));
}

static void read_pair(struct toml *t)
{
    const size_t before = t->path_length;

    read_key(t);
    need(t, '=', "'='");
    skip_blanks(t);
    read_value(t);
    leave(t, before);
}

/* Values. */

static void tell(struct toml *t, const struct toml_value *value)
{
    if (!t->is_bad)
        t->events->value(t->path, value, t->context);
}

static void read_number(struct toml *t, struct toml_value *value)
{
    const bool is_negative = peek(t) == '-';
    int64_t number = 0;
    bool has_digit = false;

    if (is_negative || peek(t) == '+')
        t->at++;
    for (; isdigit(peek(t)) || (has_digit && peek(t) == '_'); t->at++) {
        if (*t->at == '_')
            continue;
        if (number > (INT64_MAX - 9) / 10) {
            expected(t, "a smaller number");
            return;
        }
        number = number * 10 + (*t->at - '0');
        has_digit = true;
    }
    if (!has_digit || is_bare(peek(t)) || (peek(t) > 0 && strchr(".:+", peek(t)) != NULL)) {
        expected(t, "a whole number");
        return;
    }
    value->number = is_negative ? -number : number;
}

static bool take_word(struct toml *t, const char *word)
{
    const size_t length = strlen(word);

    if (t->is_bad || (size_t)(t->end - t->at) < length || memcmp(t->at, word, length) != 0)
        return false;
    t->at += length;
    return true;
}

static void read_scalar(struct toml *t)
{
    struct toml_value value = {.text = "", .line = t->line, .column = column(t)};
    const int c = peek(t);

    if (c == '"' || c == '\'') {
        read_text(t);
        value.text = t->text;
    } else if (c == '+' || c == '-' || isdigit(c)) {
        value.kind = TOML_NUMBER;
        read_number(t, &value);
    } else if (take_word(t, "true") || take_word(t, "false")) {
        value.kind = TOML_TRUTH;
        value.number = c == 't';
    } else {
        expected(t, "a text, a whole number, true, false, a table or an array");
    }
    tell(t, &value);
}

static void read_inline_table(struct toml *t)
{
    t->at++;
    skip_blanks(t);
    if (take(t, '}'))
        return;
    do {
        read_pair(t);
        skip_blanks(t);
    } while (take(t, ','));
    need(t, '}', "',' or '}'");
}

static void read_array(struct toml *t)
{
    t->at++;
    skip_lines(t);
    while (!t->is_bad && !take(t, ']')) {
        if (peek(t) == '{')
            t->events->item(t->path, t->line, column(t), t->context);
        read_value(t);
        skip_lines(t);
        if (take(t, ','))
            skip_lines(t);
        else if (peek(t) != ']')
            expected(t, "',' or ']'");
    }
}

static void read_value(struct toml *t)
{
    const int c = peek(t);

    if ((c == '{' || c == '[') && t->depth == DEPTH_MAX) {
        expected(t, "fewer tables in each other");
        return;
    }
    t->depth++;
    if (c == '{')
        read_inline_table(t);
    else if (c == '[')
        read_array(t);
    else
        read_scalar(t);
    t->depth--;
}

/* [TABLE], or [[TABLE]] for the next of an array. */
static void read_header(struct toml *t)
{
    const uint32_t place = column(t);
    bool is_item;

    t->at++;
    is_item = take(t, '[');
    leave(t, 0);
    read_key(t);
    need(t, ']', "']'");
    if (is_item)
        need(t, ']', "']'");
    if (is_item && !t->is_bad)
        t->events->item(t->path, t->line, place, t->context);
}

bool toml_read(const char *text, size_t length, const struct toml_events *events, void *context,
               struct report *report)
{
    static const char mark[] = "\xef\xbb\xbf"; /* the byte order mark of UTF-8 */
    struct toml t = {.at = text,
                     .end = text + length,
                     .line_start = text,
                     .line = 1,
                     .report = report,
                     .events = events,
                     .context = context};

    if (length >= 3 && memcmp(text, mark, 3) == 0)
        t.at += 3;
    for (skip_lines(&t); peek(&t) >= 0; skip_lines(&t)) {
        if (peek(&t) == '[')
            read_header(&t);
        else
            read_pair(&t);
        end_line(&t);
    }
    return !t.is_bad;
}
