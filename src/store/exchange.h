/*
 * Baselines on their way from one site to another: a line of JSON each, so that who gives them away
 * can read what that is.
 *
 *     {"hoptell": "baselines", "version": 1}
 *     {"site": "5fd0...", "as_of": 1700000000.123456}
 *     {"network": "203.0.113.0/24", "seen": 1812, "updated": 1700000000, ...}
 *     {"subscriber": "203.0.113.7", "seen": 12, "updated": 1700000000, ...}
 *     {"baselines": 2}
 *
 * What a site gives stands between its line and the count of it, so that a file that was cut short is
 * told; man/hoptell-export.1 has all members.
 */
#ifndef HOPTELL_STORE_EXCHANGE_H
#define HOPTELL_STORE_EXCHANGE_H

#include "base/report.h"
#include "store/store.h"

/* Clocks of two sites may differ by so much. */
enum { EXCHANGE_SITES_MAX = 64, EXCHANGE_VERSION = 1, EXCHANGE_SKEW_S = 300 };

struct exchange_site {
    char id[SITE_TEXT_MAX];
    uint64_t as_of_us; /* since 1970-01-01 UTC */
    size_t count;
    struct baseline *baseline;
};

struct exchange {
    size_t count;
    struct exchange_site site[EXCHANGE_SITES_MAX];
};

/* Lines in `text`, each with its newline; EXCHANGE_LINE_MAX is always enough. Returns the length. */
enum { EXCHANGE_LINE_MAX = 4096 };
size_t exchange_head(char text[EXCHANGE_LINE_MAX]);
size_t exchange_site_line(const char *id, uint64_t as_of_us, char text[EXCHANGE_LINE_MAX]);
size_t exchange_end_line(size_t count, char text[EXCHANGE_LINE_MAX]);

/* 0 for octets that are no baseline of this version. */
size_t exchange_baseline_line(const struct baseline *baseline, char text[EXCHANGE_LINE_MAX]);

/*
 * 0 with *out for exchange_deinit; -EINVAL with the errors in `report`, or -ENOMEM, and nothing in
 * *out. Times after `now_s` (since 1970) and what clocks may differ by are errors: they would count as
 * the newest until they have come.
 */
int exchange_parse(const char *text, size_t length, uint64_t now_s, struct report *report,
                   struct exchange *out);
void exchange_deinit(struct exchange *exchange);

#endif
