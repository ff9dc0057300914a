/*
 * What is known of a visitor's connection; see visitor.h.
 */
#include "serve/visitor.h"

#include "edge/saved_syn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <time.h>

enum { SYN_MAX = 512 }; /* IPv6 with extension headers, and a TCP header of 60 */

bool visitor_peer(const struct sockaddr *peer, struct address *out_address, uint16_t *out_port)
{
    if (peer->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)peer;

        *out_address = address_v4((const void *)&v4->sin_addr);
        *out_port = ntohs(v4->sin_port);
        return true;
    }
    if (peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)peer;

        *out_address = address_v6(v6->sin6_addr.s6_addr);
        *out_port = ntohs(v6->sin6_port);
        return true;
    }
    return false;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void visitor_arrive(int connection, const struct sockaddr *peer,
                    const struct serve_sources *sources, struct visitor *out)
{
    uint8_t syn[SYN_MAX];
    struct observation seen;
    const long length = saved_syn_take(connection, syn, sizeof syn);

    *out = (struct visitor){0};
    if (!visitor_peer(peer, &out->address, &out->port) || length <= 0)
        return;
    if (observation_from_packet(syn, (size_t)length, now_ns(), &seen) != OBSERVATION_TAKEN)
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
