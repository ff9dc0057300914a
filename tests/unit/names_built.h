/* Names of tales that tests write as YAML. */
#ifndef HOPTELL_TESTS_NAMES_BUILT_H
#define HOPTELL_TESTS_NAMES_BUILT_H

#include "unit.h"

#include "names/records.h"
#include "tale/compile.h"

static inline struct tale *built_tale(const char *text)
{
    struct report report;
    struct tale *tale;

    report_init(&report, "t.yaml");
    tale = tale_compile(text, strlen(text), "t.yaml", &report);
    if (tale == NULL)
        fail_msg("%u: %s", report.entry[0].line, report.entry[0].text);
    return tale;
}

/* The names of `count` tales; `server` may be NULL. */
static inline struct names *built_names(const char *const *texts, size_t count, const char *server)
{
    struct tale *tale[8];
    const struct tales tales = {.count = count, .tale = tale};
    const struct names_settings settings = {.server = server, .ttl = 60, .serial = 7};
    struct names *names;

    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++)
        tale[i] = built_tale(texts[i]);
    assert_int_equal(names_new(&tales, &settings, &names), 0);
    for (size_t i = 0; i < count; i++)
        tale_free(tale[i]);
    return names;
}

#endif
