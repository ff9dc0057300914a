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

/*
 * Follows the probe from hop to hop, as far as its hop limit, a refusal or an MTU lets it come. At
 * a fork the branch is chosen by the flow (addresses, protocol, ports or, for ICMP, identifier and
 * checksum, and the IPv6 flow label), by `random`, by the destination, or by `now_ns`.
 */
struct stop path_walk(const struct probe *probe, uint64_t now_ns, struct random *random);

/* The smallest MTU that IPv6 knows (RFC 8200, 5): a hop's smaller one is for IPv4 alone. */
uint16_t path_mtu(const struct hop *hop, enum family family);

#endif
