/*
 * A file of p0f's signatures; see p0f.h.
 */
#include "watch/p0f.h"

#include "base/text_lines.h"

#include <errno.h>
#include <string.h>

#define FAMILY(name) (1u << (name))

enum { ANY_APPLE = FAMILY(STACK_IOS) | FAMILY(STACK_MACOS) };
enum { ANY_LINUX = FAMILY(STACK_ANDROID) | FAMILY(STACK_LINUX) };

/* A label, by the first row whose name is its own and whose word is in its flavour. */
static const struct {
    const char *name;
    const char *word; /* "": any */
    uint8_t specific; /* what it means, */
    uint8_t generic;  /* and where it is only a last resort */
} labels[] = {
    {"Linux", "Android", FAMILY(STACK_ANDROID), FAMILY(STACK_ANDROID)},
    {"Linux", "", FAMILY(STACK_LINUX), ANY_LINUX},
    {"Android", "", FAMILY(STACK_ANDROID), FAMILY(STACK_ANDROID)},
    {"iOS", "", FAMILY(STACK_IOS), FAMILY(STACK_IOS)},
    {"Mac OS X", "iPhone", ANY_APPLE, ANY_APPLE},
    {"Mac OS X", "", FAMILY(STACK_MACOS), ANY_APPLE},
    {"MacOS X", "iPhone", ANY_APPLE, ANY_APPLE},
    {"MacOS X", "", FAMILY(STACK_MACOS), ANY_APPLE},
    {"macOS", "", FAMILY(STACK_MACOS), ANY_APPLE},
    {"Windows", "", FAMILY(STACK_WINDOWS), FAMILY(STACK_WINDOWS)},
    {"", "", FAMILY(STACK_OTHER), FAMILY(STACK_OTHER)},
};

struct text {
    const char *at;
    size_t length;
};

static bool is_word(struct text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

static bool has_word(struct text text, const char *word)
{
    const size_t length = strlen(word);

    for (size_t i = 0; i + length <= text.length; i++)
        if (memcmp(text.at + i, word, length) == 0)
            return true;
    return false;
}

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r';
}

static struct text trimmed(struct text text)
{
    while (text.length > 0 && is_blank(text.at[0])) {
        text.at++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.at[text.length - 1]))
        text.length--;
    return text;
}

struct reading {
    struct p0f *p0f;
    struct report *report;
    const char *line_start;
    uint32_t line;
    bool in_section;  /* any */
    bool is_opening;  /* the section of opening packets */
    uint8_t families; /* of the newest label; 0: none yet */
    bool is_generic;
};

static void wrong(const struct reading *r, const char *expected, struct text found)
{
    enum { SHOWN_MAX = 60 };

    report_error(r->report, r->line, (uint32_t)(found.at - r->line_start) + 1,
                 "expected %s, found '%.*s'", expected,
                 (int)(found.length < SHOWN_MAX ? found.length : SHOWN_MAX), found.at);
}

static void take_section(struct reading *r, struct text line)
{
    static const char *const sections[] = {"[mtu]", "[tcp:request]", "[tcp:response]",
                                           "[http:request]", "[http:response]"};

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (is_word(line, sections[i])) {
            r->in_section = true;
            r->is_opening = i == 1;
            r->families = 0;
            return;
        }
    wrong(r, "a section of p0f's, as [tcp:request]", line);
}

/* The text before the next colon, which it goes past. */
static struct text next_part(struct text *rest)
{
    const char *colon = memchr(rest->at, ':', rest->length);
    const struct text part = {rest->at, colon ? (size_t)(colon - rest->at) : rest->length};
    const size_t gone = part.length + (colon != NULL);

    rest->at += gone;
    rest->length -= gone;
    return part;
}

static uint8_t families_of(struct text class, struct text name, struct text flavour,
                           bool is_generic)
{
    size_t i = 0;

    if (is_word(class, "!")) /* a tool that writes packets of its own */
        return FAMILY(STACK_OTHER);
    while (labels[i].name[0] != '\0' &&
           !(is_word(name, labels[i].name) && has_word(flavour, labels[i].word)))
        i++;
    return is_generic ? labels[i].generic : labels[i].specific;
}

/* type:class:name:flavour */
static void take_label(struct reading *r, struct text value)
{
    struct text rest = value;
    const struct text type = next_part(&rest);
    const struct text class = next_part(&rest);
    const struct text name = next_part(&rest);

    if (!r->is_opening)
        return;
    r->families = 0;
    if ((!is_word(type, "s") && !is_word(type, "g")) || class.length == 0 || name.length == 0 ||
        rest.at == name.at + name.length) {
        wrong(r, "a label as s:CLASS:NAME:FLAVOUR or g:CLASS:NAME:FLAVOUR", value);
        return;
    }
    r->is_generic = is_word(type, "g");
    r->families = families_of(class, name, rest, r->is_generic);
}

static void take_signature(struct reading *r, struct text value)
{
    struct pattern_fault fault;
    struct p0f_signature *signature = &r->p0f->signature[r->p0f->count];

    if (!r->is_opening)
        return;
    if (r->families == 0) {
        wrong(r, "a label before the signature", value);
    } else if (r->p0f->count == P0F_SIGNATURES_MAX) {
        report_error(r->report, r->line, 1, "expected at most %d signatures, found more",
                     P0F_SIGNATURES_MAX);
    } else if (!pattern_parse(value.at, value.length, &signature->pattern, &fault)) {
        wrong(r, fault.expected, (struct text){value.at + fault.offset, fault.length});
    } else {
        signature->families = r->families;
        signature->is_generic = r->is_generic;
        r->p0f->count++;
    }
}

static void pass_over(struct reading *r, struct text value)
{
    (void)r;
    (void)value;
}

static const struct {
    const char *key;
    bool in_section;
    void (*take)(struct reading *r, struct text value);
} keys[] = {
    {"label", true, take_label},   {"sig", true, take_signature}, {"sys", true, pass_over},
    {"classes", false, pass_over}, {"ua_os", true, pass_over},
};

static void take_line(struct reading *r, struct text line)
{
    const char *equals = memchr(line.at, '=', line.length);
    const struct text key =
        trimmed((struct text){line.at, equals ? (size_t)(equals - line.at) : line.length});
    const struct text value =
        equals ? trimmed((struct text){equals + 1, line.length - (size_t)(equals - line.at) - 1})
               : line;

    for (size_t i = 0; equals && i < sizeof keys / sizeof keys[0]; i++)
        if (is_word(key, keys[i].key)) {
            if (keys[i].in_section && !r->in_section)
                wrong(r, "a section, as [tcp:request], before it", line);
            else
                keys[i].take(r, value);
            return;
        }
    wrong(r, "classes, label, sys, sig or ua_os, '=' and a value", line);
}

int p0f_parse(const char *text, size_t length, struct report *report, struct p0f *out)
{
    const unsigned errors = report->errors;
    struct text_lines lines = {.rest = text, .left = length};
    struct reading r = {.p0f = out, .report = report};

    memset(out, 0, sizeof *out);
    while (text_lines_next(&lines)) {
        const struct text line = trimmed((struct text){lines.line, lines.length});

        r.line = lines.number;
        r.line_start = lines.line;
        if (line.length > 0 && line.at[0] == '[')
            take_section(&r, line);
        else if (line.length > 0 && line.at[0] != ';')
            take_line(&r, line);
    }
    if (report->errors == errors && out->count == 0)
        report_error(report, 0, 0, "expected signatures in [tcp:request], found none");
    return report->errors == errors ? 0 : -EINVAL;
}

static enum p0f_rank rank_of(const struct p0f_signature *signature, enum pattern_match match)
{
    if (match == PATTERN_EXACT)
        return signature->is_generic ? P0F_GENERIC : P0F_SPECIFIC;
    return match == PATTERN_FUZZY ? P0F_FUZZY : P0F_NONE;
}

enum p0f_rank p0f_match(const struct p0f *p0f, const struct observation *observation,
                        uint8_t *out_families)
{
    enum p0f_rank best = P0F_NONE;

    *out_families = 0;
    for (unsigned i = 0; i < p0f->count; i++) {
        const struct p0f_signature *signature = &p0f->signature[i];
        const enum p0f_rank rank =
            rank_of(signature, pattern_match(&signature->pattern, observation));

        if (rank > best)
            *out_families = 0;
        if (rank >= best && rank != P0F_NONE) {
            *out_families |= signature->families;
            best = rank;
        }
    }
    return best;
}
