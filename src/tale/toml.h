/*
 * TOML 1.0, as much of it as tables of texts, whole numbers and truth values need: keys bare, quoted
 * and dotted, [tables] and [[arrays of tables]], inline tables and arrays, remarks. Texts over
 * several lines, fractions and dates are errors with their place. Debian has no TOML library for C.
 */
#ifndef HOPTELL_TALE_TOML_H
#define HOPTELL_TALE_TOML_H

#include "base/report.h"

enum { TOML_PATH_MAX = 256, TOML_TEXT_MAX = 1024 };

enum toml_kind { TOML_TEXT, TOML_NUMBER, TOML_TRUTH };

struct toml_value {
    enum toml_kind kind;
    const char *text; /* of TOML_TEXT, unescaped, without a NUL in it; good during the call */
    int64_t number;   /* of TOML_NUMBER; 0 or 1 of TOML_TRUTH */
    uint32_t line;    /* from 1 */
    uint32_t column;
};

/*
 * What is met, in the file's order. A path is the keys that lead there, dotted: "hops.resp.addr".
 * A key that is given twice is told twice, and an element of an array by the path of the array.
 */
struct toml_events {
    /* The next element of an array of tables begins. */
    void (*item)(const char *path, uint32_t line, uint32_t column, void *context);
    void (*value)(const char *path, const struct toml_value *value, void *context);
};

/* False, with an error in the report, for anything but TOML as above; it stops at the first. */
bool toml_read(const char *text, size_t length, const struct toml_events *events, void *context,
               struct report *report);

#endif
