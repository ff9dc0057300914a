/*
 * Opening packets of a known stack, as CSV (RFC 4180): p0f's notation of each, as `read --signature`
 * and p0f's own log write it, and its family. Columns in any order; count is not needed.
 *
 *     signature,stack,count
 *     "4:51+13:0:1400:65535,8:mss,sok,ts,nop,ws:df,id+:0",android,12
 */
#ifndef HOPTELL_WATCH_LABELLED_H
#define HOPTELL_WATCH_LABELLED_H

#include "base/report.h"
#include "watch/judgement.h"

struct labelled {
    enum stack_family family;
    uint64_t count;
    struct observation observation; /* as far as a signature tells */
};

/* Calls `each` for every line that is right. 0, or -EINVAL with the errors in `report`. */
int labelled_parse(const char *text, size_t length, struct report *report,
                   void (*each)(const struct labelled *labelled, void *context), void *context);

#endif
