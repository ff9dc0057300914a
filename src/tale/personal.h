/*
 * A text that depends on the visitor, while a tale is read: one with a trait in braces, as in "Your
 * packets arrive with {hop_limit}", or a mapping with a text for each value of a trait.
 */
#ifndef HOPTELL_TALE_PERSONAL_H
#define HOPTELL_TALE_PERSONAL_H

#include "base/yaml.h"
#include "tale/draft.h"
#include "tale/traits.h"

enum { PERSONAL_WORDS_MAX = 8 /* values of a trait that can have a text each */ };

struct personal {
    bool depends; /* false: on nothing, and only `text` means something */
    enum trait trait;
    const char
        *text; /* with a trait from `at` on, of `length` octets with its braces; NULL: a map */
    size_t at;
    size_t length;
    const char *by_value[PERSONAL_WORDS_MAX]; /* of a map; NULL: `otherwise` */
    const char *otherwise;                    /* for what has no text of its own; NULL: none */
};

/* Looks for a trait in `text`; what is amiss goes to the draft's report. */
void personal_read_text(struct draft *draft, const char *text, uint32_t line, uint32_t column,
                        struct personal *out);

/* Reads a mapping from values to texts. */
void personal_read_map(struct draft *draft, struct yaml_node map, struct personal *out);

/* What is said for a value; it may lie in `out`. */
const char *personal_text(const struct personal *personal, unsigned value,
                          char out[TALE_TEXT_MAX + 2]);

/* Does the text for this value differ from those before it, but for the value itself? */
bool personal_is_new(const struct personal *personal, unsigned value);

#endif
