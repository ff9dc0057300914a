/*
 * What is known of a visitor's connection; see visitor.h.
 */
#include "serve/visitor.h"

#include "base/clock.h"
#include "base/socket_address.h"
#include "edge/saved_syn.h"

enum { SYN_MAX = 512 }; /* IPv6 with extension headers, and a TCP header of 60 */

void visitor_arrive(int connection, const struct sockaddr *peer,
                    const struct serve_sources *sources, struct visitor *out)
{
    uint8_t syn[SYN_MAX];
    struct observation seen;
    const long length = saved_syn_take(connection, syn, sizeof syn);

    *out = (struct visitor){0};
    if (!socket_address_read(peer, &out->address, &out->port) || length <= 0)
        return;
    if (observation_from_packet(syn, (size_t)length, clock_real_ns(), &seen) != OBSERVATION_TAKEN)
        return;
    sources->observed(&seen, &out->judgement, sources->context);
    out->judged = true;
}

void visitor_refresh(struct visitor *visitor, const struct serve_sources *sources)
{
    if (!visitor->judged)
        visitor->judged =
            watch_lookup(sources->watch, &visitor->address, visitor->port, &visitor->judgement);
}
