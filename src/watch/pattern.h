/*
 * One signature in the notation of p0f 3: of a file of signatures, where parts may be left open, or
 * as p0f logs one packet's, where none is.
 *
 *     version:hop limit:IP options:MSS:window,scale:TCP options:quirks:payload
 *     *:64:0:*:mss*20,10:mss,sok,ts,nop,ws:df,id+:0      of a file
 *     4:51+13:0:1400:mss*20,8:mss,sok,ts,nop,ws:df,id+:0 of a packet
 */
#ifndef HOPTELL_WATCH_PATTERN_H
#define HOPTELL_WATCH_PATTERN_H

#include "watch/observation.h"

#include <stddef.h>

enum pattern_window {
    PATTERN_WINDOW_ANY,
    PATTERN_WINDOW_IS,
    PATTERN_WINDOW_MSS, /* so many times the MSS */
    PATTERN_WINDOW_MTU, /* so many times the MTU */
    PATTERN_WINDOW_MODULO,
};

enum { PATTERN_OPEN = -1 };

struct pattern {
    uint8_t version;   /* 4, 6, or 0 for either */
    uint8_t hop_limit; /* as it arrived; of a file, the initial */
    uint8_t ip_options;
    int32_t mss; /* or PATTERN_OPEN; the same for the others of a sign */
    enum pattern_window window_kind;
    uint16_t window; /* or how many times, or the divisor */
    int16_t scale;   /* 0 where none is asked for, too */
    uint8_t option_count;
    uint8_t option[TCP_OPTIONS_MAX];
    uint8_t option_padding;
    int8_t payload;  /* 0: none; 1: some */
    uint32_t quirks; /* of enum signature_quirk */
};

/* What was expected, and of which octet on it was not found. */
struct pattern_fault {
    const char *expected;
    size_t offset;
    size_t length;
};

/* False, and *out_fault, for anything but one signature from the first octet to the last. */
bool pattern_parse(const char *text, size_t length, struct pattern *out,
                   struct pattern_fault *out_fault);

enum pattern_match { PATTERN_NO, PATTERN_FUZZY, PATTERN_EXACT };

/*
 * Whether the packet is such a one. Neither the MSS nor the hop limit is compared, since routers
 * change the one and the judge compares the other with the answer; and a window is a multiple when
 * some usual MSS fits. Fuzzy: but for DF and the ID, or for ECN, which some networks change.
 */
enum pattern_match pattern_match(const struct pattern *pattern,
                                 const struct observation *observation);

/*
 * The packet that a signature without open parts was written of, as far as it tells. False for one
 * with open parts. Of a window that is so many times an MSS, the largest that p0f writes so: who
 * clamps an MSS makes it less.
 */
bool pattern_observation(const struct pattern *pattern, struct observation *out);

#endif
