/*
 * The visitor page; see page.h.
 *
 * The template's {{name}} is a slot of the table below, or else a text of texts.c; what stands
 * between {{?seen}} and {{/seen}} is left out when the opening packet was not seen.
 */
#include "serve/page.h"

#include "base/units.h"
#include "serve/packet_rows.h"
#include "serve/reason.h"
#include "serve/way.h"
#include "serve/web.h"
#include "watch/signal.h"
#include "watch/stack.h"

#include <stdio.h>
#include <string.h>

struct page {
    const struct visitor *visitor;
    const struct judgement *judgement; /* the visitor's */
    enum language language;
    struct buffer *out;
};

/* The text that says the verdict; with ".more" after it, the one that explains it. */
static const char *verdict_text(const struct visitor *visitor)
{
    return visitor->judged ? verdict_name(visitor->judgement.verdict) : "missing";
}

/* The probability of what the verdict says, which for direct is that it is not tethered. */
static const char *verdict_percent(const struct page *page, char out[TEXTS_PERCENT_MAX])
{
    const double tethered = page->judgement->probability;

    return texts_percent(page->judgement->verdict == VERDICT_DIRECT ? 1 - tethered : tethered,
                         page->language, out);
}

static void slot_lang(const struct page *page)
{
    buffer_put(page->out, texts_code(page->language));
}

static void slot_style(const struct page *page)
{
    buffer_put(page->out, web_visitor_css);
}

static void slot_verdict(const struct page *page)
{
    buffer_put(page->out, verdict_text(page->visitor));
}

static void slot_sentence(const struct page *page)
{
    char percent[TEXTS_PERCENT_MAX];
    const char *const values[] = {verdict_percent(page, percent)};

    texts_put_html(page->out, verdict_text(page->visitor), page->language, values, 1);
}

/* Whether its network had been seen often enough to compare with it. */
static bool is_comparable(const struct judgement *judgement)
{
    for (unsigned i = 0; i < judgement->evidence_count; i++)
        if (judgement->evidence[i].signal == SIGNAL_TOO_LITTLE_SEEN)
            return false;
    return judgement->network.known;
}

/* An unknown verdict has two reasons: too little was seen before, or it does not tell either way. */
static void slot_more(const struct page *page)
{
    const bool is_open = page->visitor->judged && page->judgement->verdict == VERDICT_UNKNOWN &&
                         is_comparable(page->judgement);
    char name[32];

    snprintf(name, sizeof name, "%s.more", is_open ? "unknown.known" : verdict_text(page->visitor));
    texts_put_html(page->out, name, page->language, NULL, 0);
}

static void put_rewritten(const struct page *page,
                          void (*put)(struct buffer *buffer, const char *name,
                                      enum language language, const char *const *values,
                                      size_t count))
{
    char own[4];
    char seen[4];
    const char *const values[] = {own, seen};

    snprintf(own, sizeof own, "%u", stack_other_initial(page->judgement->initial));
    snprintf(seen, sizeof seen, "%u", page->judgement->initial);
    put(page->out, "rewritten", page->language, values, 2);
}

/* Nothing, where nothing was found to be rewritten. */
static void slot_rewritten(const struct page *page)
{
    if (!page->visitor->judged || !page->judgement->rewritten)
        return;
    buffer_put(page->out, "<p class=\"rewritten\">");
    put_rewritten(page, texts_put_html);
    buffer_put(page->out, "</p>\n");
}

static void slot_you(const struct page *page)
{
    char address[ADDRESS_TEXT_MAX];
    char port[6];
    const char *const values[] = {units_address(&page->visitor->address, address), port};

    snprintf(port, sizeof port, "%u", page->visitor->port);
    texts_put_html(page->out, "you", page->language, values, 2);
}

static void slot_hop_limit(const struct page *page)
{
    buffer_format(page->out, "%u", page->judgement->observation.hop_limit);
}

static void slot_initial(const struct page *page)
{
    buffer_format(page->out, "%u", page->judgement->initial);
}

static void slot_hops(const struct page *page)
{
    buffer_format(page->out, "%u", page->judgement->hops);
}

static void slot_way(const struct page *page)
{
    way_draw(page->out, page->judgement, page->language, WAY_WIDE);
    way_draw(page->out, page->judgement, page->language, WAY_NARROW);
}

static void slot_way_title(const struct page *page)
{
    way_title(page->out, page->judgement, page->language);
}

static void slot_way_extra(const struct page *page)
{
    const unsigned arrived = page->judgement->observation.hop_limit;
    char without[4];
    char with[4];
    const char *const values[] = {with, without};

    snprintf(without, sizeof without, "%u", arrived);
    snprintf(with, sizeof with, "%u", arrived > 0 ? arrived - 1 : 0);
    texts_put_html(page->out,
                   page->judgement->verdict == VERDICT_TETHERED ? "way.extra.tethered"
                                                                : "way.extra.else",
                   page->language, values, 2);
}

/* Which way a piece of evidence points: "for", "against" or "mute". */
static const char *evidence_side(const struct evidence *evidence)
{
    return evidence->weight > 0 ? "for" : evidence->weight < 0 ? "against" : "mute";
}

/* A bar from the middle, as long as the weight is great. The text beside it says the same. */
static void put_weight(struct buffer *out, double weight)
{
    const double limit = 5;
    const double half = 28;
    const double length = (weight < 0 ? -weight : weight) < limit
                              ? (weight < 0 ? -weight : weight) / limit * half
                              : half;

    buffer_format(out,
                  "<svg class=\"weight\" viewBox=\"0 0 60 12\" aria-hidden=\"true\">"
                  "<path d=\"M30 1V11\"/><rect x=\"%.1f\" y=\"3\" width=\"%.1f\" height=\"6\" "
                  "rx=\"2\"/></svg>",
                  weight < 0 ? 30 - length : 30, length);
}

static void put_evidence(const struct page *page, const struct evidence *evidence)
{
    const char *side = evidence_side(evidence);
    struct buffer sentence = {0};
    char name[16];

    snprintf(name, sizeof name, "why.%s", side);
    reason_put(&sentence, evidence, page->language);
    buffer_format(page->out, "<li class=\"%s\">", side);
    put_weight(page->out, (double)evidence->weight);
    buffer_put(page->out, "<span class=\"side\">");
    texts_put_html(page->out, name, page->language, NULL, 0);
    buffer_put(page->out, "</span><span class=\"sentence\">");
    if (sentence.failed)
        page->out->failed = true;
    else
        buffer_put_html(page->out, sentence.text);
    buffer_put(page->out, "</span></li>\n");
    buffer_deinit(&sentence);
}

static void slot_evidence(const struct page *page)
{
    if (page->judgement->evidence_count == 0) {
        buffer_put(page->out, "<p>");
        texts_put_html(page->out, "why.none", page->language, NULL, 0);
        buffer_put(page->out, "</p>");
        return;
    }
    buffer_put(page->out, "<ul class=\"evidence\">\n");
    for (unsigned i = 0; i < page->judgement->evidence_count; i++)
        put_evidence(page, &page->judgement->evidence[i]);
    buffer_put(page->out, "</ul>");
}

static void slot_packet(const struct page *page)
{
    struct buffer value = {0};

    for (unsigned row = 0; row < PACKET_ROW_COUNT; row++) {
        value.length = 0;
        buffer_put(page->out, "<div><dt>");
        texts_put_html(page->out, packet_row_name(row), page->language, NULL, 0);
        buffer_put(page->out, "</dt><dd>");
        packet_row_value(row, page->judgement, page->language, &value);
        if (value.failed)
            page->out->failed = true;
        else
            buffer_put_html(page->out, value.text);
        buffer_put(page->out, "</dd></div>\n");
    }
    buffer_deinit(&value);
}

static const struct slot {
    const char *name;
    void (*put)(const struct page *page);
} slots[] = {
    {"evidence", slot_evidence},   {"hop_limit", slot_hop_limit},
    {"hops_taken", slot_hops},     {"initial_set", slot_initial},
    {"lang", slot_lang},           {"more", slot_more},
    {"packet_rows", slot_packet},  {"rewritten_note", slot_rewritten},
    {"sentence", slot_sentence},   {"style", slot_style},
    {"verdict", slot_verdict},     {"way_drawn", slot_way},
    {"way_extra", slot_way_extra}, {"way_title", slot_way_title},
    {"your_end", slot_you},
};

static void put_slot(const struct page *page, const char *name)
{
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (strcmp(slots[i].name, name) == 0) {
            slots[i].put(page);
            return;
        }
    texts_put_html(page->out, name, page->language, NULL, 0);
}

/* Copies what stands between two {{ }} of the template into `out`. */
static void slot_name(const char *open, const char *close, char out[32])
{
    const size_t length = (size_t)(close - open);

    snprintf(out, 32, "%.*s", (int)(length < 31 ? length : 31), open);
}

void page_html(const struct visitor *visitor, enum language language, struct buffer *out)
{
    const struct page page = {visitor, &visitor->judgement, language, out};
    const char *at = web_visitor_html;
    bool skipping = false;

    for (;;) {
        const char *open = strstr(at, "{{");
        const char *close = open != NULL ? strstr(open, "}}") : NULL;
        char name[32];

        if (!skipping)
            buffer_put_octets(out, at, open != NULL ? (size_t)(open - at) : strlen(at));
        if (close == NULL)
            return;
        slot_name(open + 2, close, name);
        if (strcmp(name, "?seen") == 0)
            skipping = !visitor->judged;
        else if (strcmp(name, "/seen") == 0)
            skipping = false;
        else if (!skipping)
            put_slot(&page, name);
        at = close + 2;
    }
}

static void text_evidence(const struct page *page)
{
    for (unsigned i = 0; i < page->judgement->evidence_count; i++) {
        const struct evidence *evidence = &page->judgement->evidence[i];

        buffer_put(page->out, evidence->weight > 0   ? "  + "
                              : evidence->weight < 0 ? "  - "
                                                     : "  . ");
        reason_put(page->out, evidence, page->language);
        buffer_put(page->out, "\n");
    }
}

static void text_numbers(const struct page *page)
{
    static const char *const names[] = {"arrived", "initial", "hops"};
    const unsigned numbers[] = {page->judgement->observation.hop_limit, page->judgement->initial,
                                page->judgement->hops};

    for (unsigned i = 0; i < 3; i++)
        buffer_format(page->out, "%5u %s\n", numbers[i], texts_find(names[i], page->language));
    buffer_put(page->out, "\n");
}

void page_text(const struct visitor *visitor, enum language language, struct buffer *out)
{
    const struct page page = {visitor, &visitor->judgement, language, out};
    char percent[TEXTS_PERCENT_MAX];
    const char *const values[] = {verdict_percent(&page, percent)};

    texts_put(out, verdict_text(visitor), language, values, 1);
    buffer_put(out, "\n\n");
    if (!visitor->judged)
        return;
    if (page.judgement->rewritten) {
        put_rewritten(&page, texts_put);
        buffer_put(out, "\n\n");
    }
    text_numbers(&page);
    text_evidence(&page);
}

const char *page_policy(char out[PAGE_POLICY_MAX])
{
    snprintf(out, PAGE_POLICY_MAX,
             "default-src 'none'; style-src 'sha256-%s'; img-src data:; base-uri 'none'; "
             "form-action 'none'; frame-ancestors 'none'",
             web_visitor_css_sha256);
    return out;
}
