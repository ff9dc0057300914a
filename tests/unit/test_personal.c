#include "unit.h"

#include "tale/book.h"
#include "tale/compile.h"
#include "tale/lines.h"
#include "tale/path.h"
#include "tale/respond.h"
#include "tale/visitors.h"
#include "wire/checksum.h"

#include <stdio.h>

#define HEAD                                             \
    "targets: [203.0.113.9, '2001:db8:42::9']\n"         \
    "addresses: [198.51.100.0/24, '2001:db8:43::/64']\n" \
    "hops:\n"

static struct report report;

static struct tale *compile_as(const char *text, const char *file)
{
    report_init(&report, file);
    return tale_compile(text, strlen(text), file, &report);
}

static struct tale *compile_good(const char *text)
{
    struct tale *tale = compile_as(text, "t.yaml");

    if (tale == NULL)
        fail_msg("%u: %s", report.entry[0].line, report.entry[0].text);
    return tale;
}

static void see(const struct sight *sight, void *context)
{
    const char **said = context;

    *said = sight->hop != NULL ? sight->hop->name : "END";
}

/* What stands at `position` for the visitor that `known` tells of. */
static const char *said_to(const struct tale *tale, const char *known, unsigned position)
{
    struct traits visitor = {0};
    const char *said = "";
    const char *at;

    assert_true(traits_parse(known, &visitor, &at));
    assert_int_equal(lines_at(tale, &visitor, position, see, &said), 1);
    return said;
}

static void a_text_is_said_for_each_value(void **state)
{
    struct tale *tale = compile_good(HEAD "  - hi\n"
                                          "  - {say: 'it took {hops} of them', otherwise: who}\n"
                                          "  - from {initial} on\n");

    (void)state;
    assert_string_equal(said_to(tale, "hops=0", 2), "it.took.0.of.them");
    assert_string_equal(said_to(tale, "hops=63", 2), "it.took.63.of.them");
    assert_string_equal(said_to(tale, "", 2), "who");
    assert_string_equal(said_to(tale, "initial=255", 3), "from.255.on");
    assert_string_equal(said_to(tale, "", 3), "from.unknown.on");
    assert_string_equal(said_to(tale, "", 4), "END");
    assert_int_equal(tale->hop_count, 1 + 65 + 5);
    assert_int_equal(tale_longest(tale), 3);
    assert_int_equal(report.count, 0);
    tale_free(tale);
}

static void a_value_has_a_text_of_its_own(void **state)
{
    struct tale *tale =
        compile_good(HEAD "  - say: {tethered: behind, direct: first, unknown: nobody}\n"
                          "  - {say: {windows: a PC, otherwise: something}, delay: 3ms, mpls: 17}\n"
                          "  - say: {64: half, 128: all, otherwise: odd}\n");

    (void)state;
    assert_string_equal(said_to(tale, "verdict=tethered", 1), "behind");
    assert_string_equal(said_to(tale, "verdict=direct", 1), "first");
    assert_string_equal(said_to(tale, "", 1), "nobody");
    assert_string_equal(said_to(tale, "stack=windows", 2), "a.PC");
    assert_string_equal(said_to(tale, "stack=ios", 2), "something");
    assert_string_equal(said_to(tale, "initial=128", 3), "all");
    assert_string_equal(said_to(tale, "initial=32", 3), "odd");
    for (unsigned i = 3; i < 3 + 7; i++) {
        assert_int_equal(tale->hop[i].delay_us, 3000);
        assert_int_equal(tale->hop[i].label[0].label, 17);
    }
    tale_free(tale);
}

static void each_text_has_an_address(void **state)
{
    struct tale *tale = compile_good(HEAD "  - '{verdict}'\n  - '{stack}'\n");

    (void)state;
    for (unsigned f = 0; f < FAMILY_COUNT; f++)
        for (unsigned i = 0; i < tale->hop_count; i++)
            for (unsigned j = 0; j < i; j++)
                assert_false(address_equal(&tale->hop[i].address[f], &tale->hop[j].address[f]));
    tale_free(tale);
}

static void plain_text_has_it_too(void **state)
{
    struct tale *tale = compile_as("You start from {initial}\nbye\n", "t.txt");

    (void)state;
    assert_non_null(tale);
    assert_string_equal(said_to(tale, "initial=64", 1), "You.start.from.64");
    assert_string_equal(said_to(tale, "initial=64", 2), "bye");
    tale_free(tale);
}

static void a_warning_is_said_once(void **state)
{
    struct tale *tale = compile_good(HEAD "  - \"\xe2\x98\x83 {hops} hops\"\n");

    (void)state;
    assert_int_equal(report.warnings, 2); /* for the text with the first value, and the last */
    tale_free(tale);
}

static const struct {
    const char *hops;
    unsigned line;
    unsigned column;
    const char *message; /* how it begins */
} wrong[] = {
    {"  - '{hops} and {stack}'\n", 4, 5, "expected one thing of the visitor in a text"},
    {"  - {say: '{hops}', address: 198.51.100.9}\n", 4, 30, "expected no `address` of a hop"},
    {"  - {say: hello, otherwise: you}\n", 4, 29, "expected `otherwise` beside a text with"},
    {"  - {say: {direct: a}}\n", 4, 11, "expected a text for `tethered`, or `otherwise`"},
    {"  - {say: {direct: a, tethered: b}}\n", 4, 11, "expected a text for `unknown`"},
    {"  - {say: {direct: a, windows: b, otherwise: c}}\n", 4, 23, "expected a value of {verdict}"},
    {"  - {say: {direkt: a, otherwise: c}}\n", 4, 11, "expected a text for each of direct and"},
    {"  - {say: {}}\n", 4, 11, "expected a text for each of direct and"},
    {"  - {say: {direct: [a], otherwise: c}}\n", 4, 20, "expected a text for `direct`"},
    {"  - fork: [['x{hops}'], b]\n", 4, 12, "expected hops whose texts are for everybody in a br"},
    {"  - a\n  - '{verdict}'\n  - loop: 1\n", 6, 5,
     "expected hops whose texts are for everybody in a lo"},
    {"  - 'n {hop_limit}'\n", 4, 5, "expected 256 IPv4 addresses in `addresses`, found 254"},
};

static void what_cannot_be_is_an_error(void **state)
{
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tale *tale;

        snprintf(text, sizeof text, HEAD "%s", wrong[i].hops);
        tale = compile_as(text, "t.yaml");
        assert_null(tale);
        if (strncmp(report.entry[0].text, wrong[i].message, strlen(wrong[i].message)) != 0 ||
            report.entry[0].line != wrong[i].line)
            fail_msg("%s: %u:%u: %s", wrong[i].hops, report.entry[0].line, report.entry[0].column,
                     report.entry[0].text);
    }
}

static void other_braces_are_a_warning(void **state)
{
    struct tale *tale = compile_good(HEAD "  - '{verdit} {} { }'\n");

    (void)state;
    assert_true(strncmp(report.entry[0].text, "expected {verdict}, {stack}", 27) == 0);
    assert_string_equal(tale->hop[0].name, "verdit");
    tale_free(tale);
}

/* Answers. */

static struct tale *about_you(void)
{
    return compile_good(HEAD "  - hi\n  - say: {direct: a, tethered: b, otherwise: c}\n  - bye\n");
}

static const uint8_t source[4] = {192, 0, 2, 1};

/* The last octet of the address from which a probe of this hop limit is answered. */
static unsigned answered_from(struct responder *responder, uint8_t hop_limit)
{
    static uint8_t out[ANSWER_CAPACITY];
    uint8_t probe[28] = {0x45,
                         [3] = 28,
                         [8] = hop_limit,
                         [9] = PROTOCOL_UDP,
                         [12] = 192,
                         0,
                         2,
                         1,
                         203,
                         0,
                         113,
                         9,
                         0x80,
                         0,
                         0x82,
                         0x9a,
                         0,
                         8};
    struct answer answer;

    store_u16(probe + 10, checksum_fold(checksum_add(0, probe, 20)));
    answer = respond(responder, probe, sizeof probe, 0, out, sizeof out);

    assert_true(answer.length > 0);
    return out[15];
}

static void the_answer_is_the_visitors(void **state)
{
    struct tale *tale = about_you();
    struct responder responder = {.tales = {.count = 1, .tale = &tale}};
    const struct traits tethered = traits_of(2, 0, 64, 50);
    const uint64_t key[2] = {1, 2};
    struct visitors *visitors;
    const struct address address = address_v4(source);

    (void)state;
    assert_int_equal(answered_from(&responder, 2), 2);
    assert_int_equal(answered_from(&responder, 3), 5);
    responder.anybody = tethered;
    assert_int_equal(answered_from(&responder, 2), 4);
    assert_int_equal(visitors_new(key, &visitors), 0);
    responder.visitors = visitors;
    assert_int_equal(answered_from(&responder, 2), 2);
    visitors_note(visitors, &address, &tethered, 0);
    assert_int_equal(answered_from(&responder, 2), 4);
    visitors_free(visitors);
    tale_free(tale);
}

static void the_kernel_hands_it_over(void **state)
{
    static struct book book;
    struct tale *tale = about_you();
    const struct tales tales = {.count = 1, .tale = &tale};
    const struct limit_settings limits = {
        .source_rate = 1, .source_burst = 1, .total_rate = 1, .total_burst = 1};
    char error[128];

    (void)state;
    assert_int_equal(book_write(&tales, NULL, 0, &limits, &book, error, sizeof error), 0);
    assert_int_equal(book.tale[0].steps, 3);
    assert_false(book.hop[book.step[0].first_hop].user_space);
    assert_true(book.hop[book.step[1].first_hop].user_space);
    assert_false(book.hop[book.step[2].first_hop].user_space);
    tale_free(tale);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_said_for_each_value),
        cmocka_unit_test(a_value_has_a_text_of_its_own),
        cmocka_unit_test(each_text_has_an_address),
        cmocka_unit_test(plain_text_has_it_too),
        cmocka_unit_test(a_warning_is_said_once),
        cmocka_unit_test(what_cannot_be_is_an_error),
        cmocka_unit_test(other_braces_are_a_warning),
        cmocka_unit_test(the_answer_is_the_visitors),
        cmocka_unit_test(the_kernel_hands_it_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
