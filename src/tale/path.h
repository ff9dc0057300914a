/*
 * Where on a tale's path a probe stops.
 */
#ifndef HOPTELL_TALE_PATH_H
#define HOPTELL_TALE_PATH_H

#include "tale/probe.h"

enum stop_cause { STOP_END, STOP_HOP_LIMIT, STOP_REFUSED, STOP_TOO_BIG };

struct stop {
    enum stop_cause cause;
    uint8_t position;      /* from 1; the end is one past the last hop of the way taken */
    const struct hop *hop; /* NULL: the end */
};

/* The way through a tale that is not straight; see path_walk. */
struct stop path_walk_steps(const struct probe *probe, uint64_t now_ns, struct random *random);

/*
 * Follows the probe from hop to hop, as far as its hop limit, a refusal or an MTU lets it come. At
 * a fork the branch is chosen by the flow (addresses, protocol, ports or, for ICMP, identifier and
 * checksum, and the IPv6 flow label), by `random`, by the destination, or by `now_ns`; a text for
 * the visitor by the probe's.
 */
static inline struct stop path_walk(const struct probe *probe, uint64_t now_ns,
                                    struct random *random)
{
    const struct tale *tale = probe->tale;
    const unsigned position = probe->packet.hop_limit > 1 ? probe->packet.hop_limit : 1;

    if (!tale->straight)
        return path_walk_steps(probe, now_ns, random);
    if (position > tale->step_count)
        return (struct stop){.cause = STOP_END, .position = (uint8_t)(tale->step_count + 1)};
    return (struct stop){
        .cause = STOP_HOP_LIMIT, .position = (uint8_t)position, .hop = &tale->hop[position - 1]};
}

/* The smallest MTU that IPv6 knows (RFC 8200, 5): a hop's smaller one is for IPv4 alone. */
uint16_t path_mtu(const struct hop *hop, enum family family);

#endif
