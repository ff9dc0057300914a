/*
 * A hop's text as a DNS name; see words.h.
 *
 * Letters, digits and hyphens stay (RFC 1123, 2.1), with their case. Latin letters lose their
 * marks. A word in another script becomes its A-label (RFC 5890) by libidn2, which clients such as
 * traceroute show as written. Apostrophes go; all else parts words.
 */
#include "tale/words.h"

#include "tale/latin.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_MAX = 63, SHOWN_MAX = 24 };

struct writer {
    struct report *report;
    uint32_t line;
    uint32_t column;
    char *name;
    size_t name_length;
    char word[TALE_TEXT_MAX + 1]; /* never longer than the text that it came from */
    size_t word_length;
    bool foreign;  /* the word has letters that are not ASCII */
    bool left_out; /* something was dropped that a reader would miss */
    bool failed;
};

/* What becomes of a character. */
enum fate {
    FATE_KEEP,    /* stands in the name as it is */
    FATE_FOREIGN, /* a letter for the A-label of its word */
    FATE_DROP,    /* leaves no trace, as the apostrophe in "it's" */
    FATE_BREAK,   /* parts two words */
    FATE_SYMBOL,  /* parts two words, and is missed */
};

/* What is not a letter beyond ASCII; the rest is left to libidn2. Sorted. */
static const struct {
    uint32_t first, last;
    enum fate fate;
} ranges[] = {
    {0x0080, 0x00a9, FATE_BREAK},     /* Latin-1 punctuation */
    {0x00ab, 0x00ac, FATE_BREAK},     /* */
    {0x00ad, 0x00ad, FATE_DROP},      /* soft hyphen */
    {0x00ae, 0x00b4, FATE_BREAK},     /* */
    {0x00b6, 0x00b6, FATE_BREAK},     /* */
    {0x00b8, 0x00b9, FATE_BREAK},     /* */
    {0x00bb, 0x00bf, FATE_BREAK},     /* */
    {0x00d7, 0x00d7, FATE_BREAK},     /* multiplication sign */
    {0x00f7, 0x00f7, FATE_BREAK},     /* division sign */
    {0x02bb, 0x02bd, FATE_DROP},      /* modifier letters used as apostrophes */
    {0x2000, 0x200b, FATE_BREAK},     /* spaces */
    {0x200e, 0x200f, FATE_DROP},      /* direction marks */
    {0x2010, 0x2011, FATE_KEEP},      /* hyphens; kept as ASCII's */
    {0x2012, 0x2017, FATE_BREAK},     /* dashes */
    {0x2018, 0x201b, FATE_DROP},      /* single quotation marks, the apostrophe among them */
    {0x201c, 0x206f, FATE_BREAK},     /* general punctuation */
    {0x2070, 0x2bff, FATE_SYMBOL},    /* currency signs, arrows, symbols */
    {0x3000, 0x3004, FATE_BREAK},     /* ideographic space and stops */
    {0x3008, 0x3020, FATE_BREAK},     /* brackets */
    {0xe000, 0xf8ff, FATE_SYMBOL},    /* private use */
    {0xfe00, 0xfe0f, FATE_DROP},      /* variation selectors */
    {0xfeff, 0xfeff, FATE_DROP},      /* byte order mark */
    {0xff5f, 0xff65, FATE_BREAK},     /* halfwidth punctuation */
    {0x1f000, 0x1faff, FATE_SYMBOL},  /* emoji */
    {0xe0000, 0x10ffff, FATE_SYMBOL}, /* tags, private use */
};

/* RFC 3629: the number of the character at *at, which moves past it; 0 for what is no UTF-8. */
static uint32_t next_character(const char **at)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const uint8_t first = (uint8_t) * *at;
    const unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t character = more == 0 ? first : first & (0x3fu >> more);

    (*at)++;
    if (first >= 0x80 && (first < 0xc2 || first > 0xf4))
        return 0;
    for (unsigned i = 0; i < more; i++) {
        const uint8_t next = (uint8_t) * *at;

        if ((next & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (next & 0x3f);
        (*at)++;
    }
    if (character < least[more] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff))
        return 0;
    return character;
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static enum fate fate_of(uint32_t c)
{
    if (is_letter(c) || is_digit(c) || c == '-')
        return FATE_KEEP;
    if (c == '\'' || c == '`')
        return FATE_DROP;
    if (c < 0x80)
        return FATE_BREAK;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return ranges[i].fate;
    return FATE_FOREIGN;
}

static void fail(struct writer *w)
{
    w->failed = true;
}

/* Joins a finished label to the name. */
static void add_label(struct writer *w, const char *label, size_t length)
{
    const size_t dot = w->name_length > 0 ? 1 : 0;

    if (w->failed)
        return;
    if (length > LABEL_MAX) {
        report_error(
            w->report, w->line, w->column,
            "expected words of at most %d octets, as DNS allows, found one of %zu: '%.*s...'",
            LABEL_MAX, length, SHOWN_MAX, label);
        fail(w);
        return;
    }
    if (w->name_length + dot + length > TALE_NAME_MAX) {
        report_error(w->report, w->line, w->column,
                     "expected a text that makes a name of at most %d octets, as DNS allows, found "
                     "a longer one",
                     TALE_NAME_MAX);
        fail(w);
        return;
    }
    if (dot)
        w->name[w->name_length++] = '.';
    memcpy(w->name + w->name_length, label, length);
    w->name_length += length;
    w->name[w->name_length] = '\0';
}

/* A label of letters, digits and hyphens, with none of these at its ends. */
static void add_plain(struct writer *w, const char *word, size_t length)
{
    while (length > 0 && word[0] == '-') {
        word++;
        length--;
    }
    while (length > 0 && word[length - 1] == '-')
        length--;
    if (length > 0)
        add_label(w, word, length);
}

static bool is_plain(const char *label)
{
    return label[strspn(label,
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == '\0';
}

/* What is left of a word that has no A-label: its ASCII. */
static void add_remains(struct writer *w)
{
    size_t length = 0;

    for (size_t i = 0; i < w->word_length; i++)
        if ((uint8_t)w->word[i] < 0x80)
            w->word[length++] = w->word[i];
    w->left_out = true;
    add_plain(w, w->word, length);
}

static void add_foreign(struct writer *w)
{
    uint8_t *label = NULL;
    int rc;

    w->word[w->word_length] = '\0';
    rc = idn2_lookup_u8((const uint8_t *)w->word, &label, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_TOO_BIG_LABEL || rc == IDN2_TOO_BIG_DOMAIN || rc == IDN2_PUNYCODE_BIG_OUTPUT) {
        report_error(w->report, w->line, w->column,
                     "expected words whose A-label has at most %d octets, as DNS allows, found a "
                     "longer one: '%s'",
                     LABEL_MAX, w->word);
        fail(w);
    } else if (rc == IDN2_OK && is_plain((const char *)label)) {
        add_plain(w, (const char *)label, strlen((const char *)label));
    } else {
        add_remains(w);
    }
    idn2_free(label);
}

static void end_word(struct writer *w)
{
    if (w->word_length > 0) {
        if (w->foreign)
            add_foreign(w);
        else
            add_plain(w, w->word, w->word_length);
    }
    w->word_length = 0;
    w->foreign = false;
}

static void add_to_word(struct writer *w, const char *octets, size_t length)
{
    memcpy(w->word + w->word_length, octets, length);
    w->word_length += length;
}

/* A mark (U+0300 to U+036F) after a Latin letter goes the way of marks within letters. */
static bool is_latin_mark(const struct writer *w, uint32_t c)
{
    return c >= 0x300 && c <= 0x36f && w->word_length > 0 &&
           is_letter((uint8_t)w->word[w->word_length - 1]);
}

/* `octets` to `octets + length` is the character as it was written. */
static void add_character(struct writer *w, uint32_t c, const char *octets, size_t length)
{
    const bool fullwidth = c >= 0xff01 && c <= 0xff5e;
    const uint32_t shown = fullwidth ? c - 0xff01 + 0x21 : c == 0x2010 || c == 0x2011 ? '-' : c;
    const char ascii = (char)shown;
    char folded[LATIN_FOLD_MAX + 1];

    if (is_latin_mark(w, c))
        return;
    if (latin_fold(c, folded)) {
        add_to_word(w, folded, strlen(folded));
        return;
    }
    switch (fate_of(shown)) {
    case FATE_KEEP:
        add_to_word(w, &ascii, 1);
        break;
    case FATE_FOREIGN:
        w->foreign = true;
        add_to_word(w, octets, length);
        break;
    case FATE_DROP:
        break;
    case FATE_SYMBOL:
        w->left_out = true;
        end_word(w);
        break;
    case FATE_BREAK:
        end_word(w);
        break;
    }
}

/* Is the label a number as inet_aton(3) reads them? */
static bool is_number(const char *label, size_t length)
{
    const bool hex = length > 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X');
    const char *const digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
    const size_t start = hex ? 2 : 0;

    return length > 0 && strspn(label + start, digits) >= length - start;
}

/* One to four numbers: what inet_aton(3), and with it many clients, take for an address. */
static bool reads_like_an_address(const char *name)
{
    unsigned labels = 0;

    while (*name != '\0') {
        const size_t length = strcspn(name, ".");

        if (!is_number(name, length) || ++labels > 4)
            return false;
        name += length;
        name += *name == '.';
    }
    return labels > 0;
}

static void warn(const struct writer *w, const char *text)
{
    const bool is_blank = text[strspn(text, " \t")] == '\0';

    if (w->name_length == 0 && !is_blank)
        report_warning(w->report, w->line, w->column,
                       "expected letters or digits that a name can hold, found none: the hop shows "
                       "its address alone");
    else if (w->left_out)
        report_warning(w->report, w->line, w->column,
                       "what is no letter or digit cannot stand in a name; this shows as '%.120s'",
                       w->name);
    if (reads_like_an_address(w->name))
        report_warning(w->report, w->line, w->column,
                       "the name '%s' is all numbers: clients may take it for an address", w->name);
}

bool words_to_name(const char *text, struct report *report, uint32_t line, uint32_t column,
                   char out_name[TALE_NAME_MAX + 1])
{
    struct writer w = {.report = report, .line = line, .column = column, .name = out_name};
    const size_t length = strlen(text);
    const char *at = text;

    out_name[0] = '\0';
    if (length > TALE_TEXT_MAX) {
        report_error(report, line, column, "expected a text of at most %d octets, found %zu",
                     TALE_TEXT_MAX, length);
        return false;
    }
    while (*at != '\0' && !w.failed) {
        const char *const start = at;
        const uint32_t c = next_character(&at);

        if (c == 0) {
            report_error(report, line, column, "expected text in UTF-8, found an octet 0x%02x",
                         (uint8_t)*start);
            return false;
        }
        add_character(&w, c, start, (size_t)(at - start));
    }
    end_word(&w);
    if (!w.failed)
        warn(&w, text);
    return !w.failed;
}
