/*
 * An opening packet in the notation that p0f 3 writes as raw_sig, because people have tools for it:
 *
 *     version:hop limit+hops:IP options:MSS:window,scale:TCP options:quirks:payload
 *     4:51+13:0:1400:mss*20,8:mss,sok,ts,nop,ws:df,id+:0
 */
#ifndef HOPTELL_WATCH_SIGNATURE_H
#define HOPTELL_WATCH_SIGNATURE_H

#include "watch/observation.h"

#include <stddef.h>

enum { SIGNATURE_TEXT_MAX = 256 };

/* What p0f calls quirks, in the order in which it writes them. */
enum signature_quirk {
    SIGNATURE_DF = 1u << 0,
    SIGNATURE_ID_SET = 1u << 1,  /* though DF is set */
    SIGNATURE_ID_ZERO = 1u << 2, /* though DF is not */
    SIGNATURE_ECN = 1u << 3,
    SIGNATURE_RESERVED = 1u << 4,
    SIGNATURE_FLOW = 1u << 5,
    SIGNATURE_SEQUENCE_ZERO = 1u << 6,
    SIGNATURE_ACK_SET = 1u << 7, /* never written: p0f itself leaves it out */
    SIGNATURE_URGENT_SET = 1u << 8,
    SIGNATURE_URGENT_BIT = 1u << 9,
    SIGNATURE_PUSH_BIT = 1u << 10,
    SIGNATURE_OWN_TIME_ZERO = 1u << 11,
    SIGNATURE_PEER_TIME_SET = 1u << 12,
    SIGNATURE_PADDING = 1u << 13,
    SIGNATURE_SCALE_EXCESSIVE = 1u << 14,
    SIGNATURE_OPTIONS_BAD = 1u << 15,
};

/* Always fits; returns out. Of options that are wrong p0f may read more than is told here. */
const char *signature_text(const struct observation *observation, char out[SIGNATURE_TEXT_MAX]);

/* Bits of enum signature_quirk. */
uint32_t signature_quirks(const struct observation *observation);

/* The bit of a quirk by its name ("id+", "ack+"), `length` octets; 0 for none. */
uint32_t signature_quirk(const char *name, size_t length);

/* Another notation of a kind of TCP option, as in "sok" or "?34"; false for none. */
bool signature_option(const char *name, size_t length, uint8_t *out);

#endif
