#include "unit.h"

#include "serve/reason.h"

#include <stdio.h>

/* The signal of that name, with these details. */
static struct evidence evidence_of(const char *signal, uint8_t a, uint8_t b, uint8_t c)
{
    struct evidence evidence = {.weight = 1, .detail = {a, b, c}};

    while (strcmp(evidence_signal(&evidence), signal) != 0) {
        assert_string_not_equal(evidence_signal(&evidence), "unknown");
        evidence.signal++;
    }
    return evidence;
}

static const struct {
    const char *signal;
    uint8_t detail[3];
    const char *german;
} rows[] = {
    {"below_network", {51, 94, 52}, "kam mit 51 an; 94 % dieses Netzes kommen mit 52 an"},
    {"below_network",
     {115, 94, 52},
     "kam mit 115 (13 Hops) an; 94 % dieses Netzes kommen mit 52 (12 Hops) an"},
    {"as_network", {52, 94, 52}, "kam mit 52 an wie 94 % dieses Netzes"},
    {"as_network", {116, 94, 52}, "kam mit 116 (12 Hops) an wie 94 % dieses Netzes"},
    {"longer_path",
     {51, 12, 0},
     "kam mit 51 an; dasselbe Gerät kam vorher nach 12 Hops, sein Weg ist also länger geworden"},
    {"stack_hop_limit",
     {STACK_WINDOWS, 128, 64},
     "gesendet von windows, das bei 128 beginnt, kam aber an wie von 64: umgeschrieben"},
    {"several_stacks",
     {STACK_WINDOWS, 1u << STACK_ANDROID | 1u << STACK_IOS, 0},
     "gesendet von windows, wo bisher android, ios zu sehen war"},
    {"too_little_seen",
     {3, 0, 0},
     "dieses Netz wurde bisher 3-mal gesehen, zu wenig zum Vergleichen"},
    {"too_little_seen",
     {255, 0, 0},
     "dieses Netz wurde bisher über 255-mal gesehen, zu wenig zum Vergleichen"},
    {"larger_mss",
     {1440 >> 8, 1440 & 255, 3},
     "bietet Segmente von 1440 Oktetten an, mehr als die meisten Handgeräte dieses Netzes; 3 % von "
     "ihnen tun es"},
    {"stacks_in_turns",
     {STACK_WINDOWS, 2, 0},
     "gesendet von einem Computer (windows); auf diesem Anschluss wechseln Handgeräte und Computer "
     "sich ab"},
    {"several_paths", {14, 20, 0}, "dieses Netz hat mehrere Wege: 20 % kommen nach 14 Hops an"},
};

static void evidence_is_a_german_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct evidence evidence =
            evidence_of(rows[i].signal, rows[i].detail[0], rows[i].detail[1], rows[i].detail[2]);
        struct buffer out = {0};

        reason_put(&out, &evidence, LANGUAGE_DE);
        assert_string_equal(out.text, rows[i].german);
        buffer_deinit(&out);
    }
}

static void the_english_sentence_is_the_one_of_the_json(void **state)
{
    const struct evidence evidence = evidence_of("below_network", 51, 94, 52);
    char sentence[EVIDENCE_TEXT_MAX];
    struct buffer out = {0};

    (void)state;
    reason_put(&out, &evidence, LANGUAGE_EN);
    assert_string_equal(out.text, evidence_text(&evidence, sentence, sizeof sentence));
    buffer_deinit(&out);
}

static void every_signal_has_a_sentence_in_every_other_language(void **state)
{
    struct evidence evidence = {.weight = 1};

    (void)state;
    for (; strcmp(evidence_signal(&evidence), "unknown") != 0; evidence.signal++) {
        char name[64];

        snprintf(name, sizeof name, "signal.%s", evidence_signal(&evidence));
        for (unsigned language = LANGUAGE_EN + 1; language < LANGUAGE_COUNT; language++)
            if (texts_find(name, (enum language)language) == NULL)
                fail_msg("expected a text '%s' in %s, found none", name,
                         texts_code((enum language)language));
    }
    assert_true(evidence.signal > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_is_a_german_sentence),
        cmocka_unit_test(the_english_sentence_is_the_one_of_the_json),
        cmocka_unit_test(every_signal_has_a_sentence_in_every_other_language),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
