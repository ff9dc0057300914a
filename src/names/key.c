/*
 * Names as keys that sort; see key.h.
 */
#include "names/key.h"

#include <string.h>

enum { LABELS_MAX = 128 };

static uint8_t lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + ('a' - 'A')) : octet;
}

static void add_label(struct name_key *key, const uint8_t *label, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (label[i] <= 1)
            key->octets[key->length++] = 1;
        key->octets[key->length++] = (uint8_t)(label[i] <= 1 ? label[i] + 1 : lower(label[i]));
    }
    key->octets[key->length++] = 0;
}

void name_key_of_wire(const uint8_t *wire, struct name_key *out)
{
    const uint8_t *label[LABELS_MAX];
    unsigned count = 0;

    out->length = 0;
    while (*wire != 0 && count < LABELS_MAX) {
        label[count++] = wire;
        wire += *wire + 1;
    }
    while (count-- > 0)
        add_label(out, label[count] + 1, *label[count]);
}

void name_key_of_text(const char *text, struct name_key *out)
{
    const char *end = text + strlen(text);

    out->length = 0;
    while (end > text) {
        const char *start = end;

        while (start > text && start[-1] != '.')
            start--;
        add_label(out, (const uint8_t *)start, (size_t)(end - start));
        end = start > text ? start - 1 : text;
    }
}

bool name_key_is_under(const uint8_t *key, size_t length, const uint8_t *above, size_t above_length)
{
    return length >= above_length && memcmp(key, above, above_length) == 0;
}

int name_key_compare(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    const int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}
