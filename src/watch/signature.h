/*
 * An opening packet in the notation that p0f 3 writes as raw_sig, because people have tools for it:
 *
 *     version:hop limit+hops:IP options:MSS:window,scale:TCP options:quirks:payload
 *     4:51+13:0:1400:mss*20,8:mss,sok,ts,nop,ws:df,id+:0
 */
#ifndef HOPTELL_WATCH_SIGNATURE_H
#define HOPTELL_WATCH_SIGNATURE_H

#include "watch/observation.h"

enum { SIGNATURE_TEXT_MAX = 256 };

/* Always fits; returns out. Of options that are wrong p0f may read more than is told here. */
const char *signature_text(const struct observation *observation, char out[SIGNATURE_TEXT_MAX]);

#endif
