/*
 * Signatures of stacks from a file of p0f 3, as Debian's package p0f has one in /etc/p0f/p0f.fp:
 * what it says of opening packets, [tcp:request], as families.
 *
 *     [tcp:request]
 *     label = s:unix:Linux:3.11 and newer
 *     sig   = *:64:0:*:mss*20,10:mss,sok,ts,nop,ws:df,id+:0
 *
 * Of other sections every line has to look like one, and is passed over.
 */
#ifndef HOPTELL_WATCH_P0F_H
#define HOPTELL_WATCH_P0F_H

#include "base/report.h"
#include "watch/judgement.h"
#include "watch/pattern.h"

enum { P0F_SIGNATURES_MAX = 512 };

struct p0f_signature {
    struct pattern pattern;
    uint8_t families; /* a bit for each that the label may mean */
    bool is_generic;  /* a last resort */
};

struct p0f {
    uint16_t count;
    struct p0f_signature signature[P0F_SIGNATURES_MAX];
};

/* 0, or -EINVAL with the errors in `report`; *out is then undefined. */
int p0f_parse(const char *text, size_t length, struct report *report, struct p0f *out);

/* How well the best of the signatures match, from the best. */
enum p0f_rank { P0F_NONE, P0F_FUZZY, P0F_GENERIC, P0F_SPECIFIC };

/* With *out_families the families of all that match best. */
enum p0f_rank p0f_match(const struct p0f *p0f, const struct observation *observation,
                        uint8_t *out_families);

#endif
