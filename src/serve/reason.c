/*
 * Evidence in sentences; see reason.h.
 *
 * What a signal's details mean is said where watch weighs it. A text names them in the form that it
 * needs:
 *      {0} {1} {2}   the details as numbers
 *      {3}           the first as a family of stack
 *      {4}           the second as bits, each a family
 *      {5} {6}       first and third as hop limits, with their hops when their initials differ
 *      {7}           the first as a count that stops at 255
 *      {8}           first and second as one number
 *      {9}           the second as a family of stack
 */
#include "serve/reason.h"

#include <stdio.h>

enum { VALUE_COUNT = 10, VALUE_MAX = 64 };

static void put_families(unsigned bits, char out[VALUE_MAX])
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned family = 0; family < STACK_FAMILY_COUNT && used < VALUE_MAX; family++)
        if (bits & 1u << family)
            used += (size_t)snprintf(out + used, VALUE_MAX - used, "%s%s", used > 0 ? ", " : "",
                                     stack_family_name((enum stack_family)family));
}

/* A part of a sentence, with one or two numbers in it. */
static void put_part(const char *name, enum language language, unsigned first, unsigned second,
                     char out[VALUE_MAX])
{
    char number[2][16];
    const char *const values[] = {number[0], number[1]};
    struct buffer text = {0};

    snprintf(number[0], sizeof number[0], "%u", first);
    snprintf(number[1], sizeof number[1], "%u", second);
    texts_put(&text, name, language, values, 2);
    snprintf(out, VALUE_MAX, "%s", text.text != NULL ? text.text : number[0]);
    buffer_deinit(&text);
}

static void put_hop_limit(unsigned hop_limit, unsigned beside, enum language language,
                          char out[VALUE_MAX])
{
    const uint8_t initial = observation_initial((uint8_t)hop_limit);

    if (initial == observation_initial((uint8_t)beside))
        snprintf(out, VALUE_MAX, "%u", hop_limit);
    else
        put_part("reason.hop_limit", language, hop_limit, initial - hop_limit, out);
}

/* Every form of the details that a text may name. */
static void put_values(const struct evidence *evidence, enum language language,
                       char value[VALUE_COUNT][VALUE_MAX])
{
    const unsigned first = evidence->detail[0];
    const unsigned second = evidence->detail[1];
    const unsigned third = evidence->detail[2];

    snprintf(value[0], VALUE_MAX, "%u", first);
    snprintf(value[1], VALUE_MAX, "%u", second);
    snprintf(value[2], VALUE_MAX, "%u", third);
    snprintf(
        value[3], VALUE_MAX, "%s",
        stack_family_name(first < STACK_FAMILY_COUNT ? (enum stack_family)first : STACK_UNKNOWN));
    put_families(second, value[4]);
    put_hop_limit(first, third, language, value[5]);
    put_hop_limit(third, first, language, value[6]);
    snprintf(value[8], VALUE_MAX, "%u", first * 256 + second);
    snprintf(
        value[9], VALUE_MAX, "%s",
        stack_family_name(second < STACK_FAMILY_COUNT ? (enum stack_family)second : STACK_UNKNOWN));
    if (first >= UINT8_MAX)
        put_part("reason.more_than", language, first, 0, value[7]);
    else
        snprintf(value[7], VALUE_MAX, "%u", first);
}

void reason_put(struct buffer *out, const struct evidence *evidence, enum language language)
{
    char value[VALUE_COUNT][VALUE_MAX];
    const char *values[VALUE_COUNT];
    char name[64];

    snprintf(name, sizeof name, "signal.%s", evidence_signal(evidence));
    if (texts_find(name, language) == NULL) {
        char sentence[EVIDENCE_TEXT_MAX];

        buffer_put(out, evidence_text(evidence, sentence, sizeof sentence));
        return;
    }
    put_values(evidence, language, value);
    for (unsigned i = 0; i < VALUE_COUNT; i++)
        values[i] = value[i];
    texts_put(out, name, language, values, VALUE_COUNT);
}
