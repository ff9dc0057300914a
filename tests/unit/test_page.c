/* The page's own source is included, so that its table of slots can be held against the template. */
#include "unit.h"

#include "serve/page.c"

#include <stdlib.h>

static struct visitor visitor_with(enum verdict verdict, uint8_t hop_limit, uint8_t initial)
{
    struct visitor visitor = {.port = 40001, .judged = true};
    struct judgement *judgement = &visitor.judgement;

    assert_true(units_parse_address("203.0.113.7", &visitor.address));
    *judgement = (struct judgement){
        .observation = {.client = visitor.address,
                        .client_port = 40001,
                        .server_port = 443,
                        .version = 4,
                        .hop_limit = hop_limit,
                        .flags = OBSERVATION_HAS_MSS | OBSERVATION_HAS_WINDOW_SCALE |
                                 OBSERVATION_DONT_FRAGMENT,
                        .window = 64240,
                        .window_scale = 7,
                        .mss = 1460,
                        .option_count = 3,
                        .option = {TCP_OPTION_MSS, TCP_OPTION_NOP, 77}},
        .initial = initial,
        .hops = (uint8_t)(initial - hop_limit),
        .stack.family = STACK_UNKNOWN,
        .verdict = verdict,
        .probability = 0.981,
    };
    return visitor;
}

static char *html_of(const struct visitor *visitor, enum language language)
{
    struct buffer out = {0};

    page_html(visitor, language, &out);
    assert_false(out.failed);
    return out.text;
}

static bool is_known(const char *name, enum language language)
{
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (strcmp(slots[i].name, name) == 0)
            return true;
    return strcmp(name, "?seen") == 0 || strcmp(name, "/seen") == 0 ||
           texts_find(name, language) != NULL;
}

static void every_name_in_the_template_is_a_slot_or_a_text(void **state)
{
    unsigned names = 0;

    (void)state;
    for (const char *at = web_visitor_html; (at = strstr(at, "{{")) != NULL; at += 2, names++) {
        const char *close = strstr(at, "}}");
        char name[32];

        assert_non_null(close);
        slot_name(at + 2, close, name);
        for (unsigned language = 0; language < LANGUAGE_COUNT; language++)
            if (!is_known(name, (enum language)language))
                fail_msg("expected a slot or a text '%s', found none", name);
    }
    assert_true(names > 10);
}

static void every_row_of_the_packet_has_a_name_in_every_language(void **state)
{
    (void)state;
    for (unsigned row = 0; row < PACKET_ROW_COUNT; row++)
        for (unsigned language = 0; language < LANGUAGE_COUNT; language++)
            assert_non_null(texts_find(packet_row_name(row), (enum language)language));
}

static const struct {
    enum verdict verdict;
    enum language language;
    const char *sentence;
} sentences[] = {
    {VERDICT_TETHERED, LANGUAGE_EN,
     "<h1>With 98.1\u00a0% probability, this device reaches us through another one"},
    {VERDICT_DIRECT, LANGUAGE_EN,
     "<h1>With 1.9\u00a0% probability, this device is itself on the line"},
    {VERDICT_UNKNOWN, LANGUAGE_EN, "<h1>Unknown so far: with 98.1\u00a0% for a shared"},
    {VERDICT_TETHERED, LANGUAGE_DE, "<h1>Mit 98,1\u00a0% Wahrscheinlichkeit erreicht uns"},
    {VERDICT_UNKNOWN, LANGUAGE_DE, "<h1>Noch unbekannt: 98,1\u00a0% sprechen"},
};

static void the_verdict_is_one_sentence_with_its_probability(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        const struct visitor visitor = visitor_with(sentences[i].verdict, 51, 64);
        char *html = html_of(&visitor, sentences[i].language);

        assert_non_null(strstr(html, sentences[i].sentence));
        free(html);
    }
}

static void the_network_is_shown_as_it_was_before(void **state)
{
    struct visitor visitor = visitor_with(VERDICT_UNKNOWN, 51, 64);
    char *html;

    (void)state;
    visitor.judgement.network = (struct network_view){
        .known = true,
        .prefix = prefix_of(&visitor.address, 120),
        .hop_limit = 52,
        .share = 0.936,
        .seen = 1812,
    };
    html = html_of(&visitor, LANGUAGE_EN);
    assert_non_null(strstr(html, "203.0.113.0/24: 52 arrives most often, 94\u00a0% of 1812 seen"));
    free(html);
}

static void a_rewritten_hop_limit_is_said_beside_the_verdict(void **state)
{
    struct visitor visitor = visitor_with(VERDICT_DIRECT, 52, 64);
    char *plain = html_of(&visitor, LANGUAGE_EN);
    char *english;
    char *german;

    (void)state;
    visitor.judgement.rewritten = true;
    english = html_of(&visitor, LANGUAGE_EN);
    german = html_of(&visitor, LANGUAGE_DE);
    assert_null(strstr(plain, "class=\"rewritten\""));
    assert_non_null(strstr(english, "starts from 128, and arrived as if it had started from 64."));
    assert_non_null(strstr(german, "beginnt bei 128; angekommen ist es wie von 64."));
    free(plain);
    free(english);
    free(german);
}

static void what_was_not_seen_is_not_shown(void **state)
{
    struct visitor visitor = visitor_with(VERDICT_DIRECT, 51, 64);
    char *html;

    (void)state;
    visitor.judged = false;
    html = html_of(&visitor, LANGUAGE_EN);
    assert_non_null(strstr(html, "<h1>Unknown: the packet that opened this connection was not"));
    assert_null(strstr(html, "<svg class=\"way"));
    assert_null(strstr(html, "98.1"));
    assert_non_null(strstr(html, "Try it"));
    free(html);
}

static void the_opening_packet_is_shown_in_rows(void **state)
{
    const struct visitor visitor = visitor_with(VERDICT_UNKNOWN, 51, 64);
    char *html = html_of(&visitor, LANGUAGE_EN);

    (void)state;
    assert_non_null(strstr(html, "<dt>From</dt><dd>203.0.113.7 port 40001</dd>"));
    assert_non_null(strstr(html, "<dt>Window</dt><dd>64240, times 128</dd>"));
    assert_non_null(strstr(html, "<dd>mss, nop, 77</dd>"));
    assert_non_null(strstr(html, "<dt>Marks</dt><dd>may not be fragmented</dd>"));
    assert_non_null(strstr(html, "<dt>Its network</dt><dd>seen for the first time</dd>"));
    free(html);
}

/* How often `needle` stands in `text`. */
static unsigned count_of(const char *text, const char *needle)
{
    unsigned count = 0;

    for (; (text = strstr(text, needle)) != NULL; text++)
        count++;
    return count;
}

static const struct {
    enum verdict verdict;
    uint8_t hop_limit;
    uint8_t initial;
    unsigned routers; /* drawn in the wide shape and the narrow one together */
    unsigned ghosts;
    unsigned sharing;
} ways[] = {
    {VERDICT_DIRECT, 51, 64, 26, 2, 0},     {VERDICT_TETHERED, 51, 64, 26, 0, 2},
    {VERDICT_UNKNOWN, 64, 64, 0, 2, 0},     {VERDICT_TETHERED, 64, 64, 0, 2, 0},
    {VERDICT_TETHERED, 63, 64, 2, 0, 2},    {VERDICT_UNKNOWN, 0, 32, 64, 2, 0},
    {VERDICT_UNKNOWN, 129, 255, 126, 2, 0},
};

static void the_way_has_a_step_for_each_hop_and_a_place_for_the_extra_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const struct visitor visitor =
            visitor_with(ways[i].verdict, ways[i].hop_limit, ways[i].initial);
        char *html = html_of(&visitor, LANGUAGE_EN);

        assert_int_equal(count_of(html, "class=\"router"), ways[i].routers);
        assert_int_equal(count_of(html, "class=\"ghost\""), ways[i].ghosts);
        assert_int_equal(count_of(html, "class=\"router extra\""), ways[i].sharing);
        assert_null(strstr(html, "nan"));
        assert_null(strstr(html, "inf"));
        free(html);
    }
}

static void text_from_elsewhere_is_escaped(void **state)
{
    struct buffer out = {0};
    const char *const values[] = {"<script>\"'&"};

    (void)state;
    texts_put_html(&out, "packet.window.scaled", LANGUAGE_EN, values, 1);
    assert_string_equal(out.text, "&lt;script&gt;&quot;&#39;&amp;, times {1}");
    buffer_deinit(&out);
}

static void nobody_can_be_quite_sure(void **state)
{
    static const struct {
        double share;
        const char *text;
    } rows[] = {
        {0, "<\u00a00.1\u00a0%"}, {0.001, "0.1\u00a0%"},          {0.5, "50.0\u00a0%"},
        {0.999, "99.9\u00a0%"},   {0.9991, ">\u00a099.9\u00a0%"}, {1, ">\u00a099.9\u00a0%"},
    };
    char out[TEXTS_PERCENT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(texts_percent(rows[i].share, LANGUAGE_EN, out), rows[i].text);
    assert_string_equal(texts_percent(0.123, LANGUAGE_DE, out), "12,3\u00a0%");
}

static void the_policy_allows_the_style_of_the_page_and_nothing_else(void **state)
{
    char policy[PAGE_POLICY_MAX];

    (void)state;
    page_policy(policy);
    assert_true(strlen(policy) < PAGE_POLICY_MAX - 1);
    assert_non_null(strstr(policy, "default-src 'none'; style-src 'sha256-"));
    assert_null(strstr(policy, "unsafe"));
}

static void an_unknown_verdict_says_why_it_is(void **state)
{
    static const char first_day[] = "On a first day this is the honest answer.";
    static const char open[] = "A guess would be no answer.";
    struct visitor visitor = visitor_with(VERDICT_UNKNOWN, 51, 64);
    char *html = html_of(&visitor, LANGUAGE_EN);

    (void)state;
    assert_non_null(strstr(html, first_day));
    free(html);
    visitor.judgement.network.known = true;
    html = html_of(&visitor, LANGUAGE_EN);
    assert_non_null(strstr(html, open));
    assert_null(strstr(html, first_day));
    free(html);
    visitor.judgement.evidence_count = 1;
    visitor.judgement.evidence[0].signal = SIGNAL_TOO_LITTLE_SEEN;
    html = html_of(&visitor, LANGUAGE_EN);
    assert_non_null(strstr(html, first_day));
    assert_non_null(strstr(html, "64240, times 128"));
    free(html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_verdict_says_why_it_is),
        cmocka_unit_test(every_name_in_the_template_is_a_slot_or_a_text),
        cmocka_unit_test(every_row_of_the_packet_has_a_name_in_every_language),
        cmocka_unit_test(the_verdict_is_one_sentence_with_its_probability),
        cmocka_unit_test(the_network_is_shown_as_it_was_before),
        cmocka_unit_test(a_rewritten_hop_limit_is_said_beside_the_verdict),
        cmocka_unit_test(what_was_not_seen_is_not_shown),
        cmocka_unit_test(the_opening_packet_is_shown_in_rows),
        cmocka_unit_test(the_way_has_a_step_for_each_hop_and_a_place_for_the_extra_one),
        cmocka_unit_test(text_from_elsewhere_is_escaped),
        cmocka_unit_test(nobody_can_be_quite_sure),
        cmocka_unit_test(the_policy_allows_the_style_of_the_page_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
