/*
 * What routers that balance by flow look at, and the branch that comes of it. Compiled for user
 * space and for the kernel.
 */
#ifndef HOPTELL_TALE_FLOW_H
#define HOPTELL_TALE_FLOW_H

#include "tale/random.h"
#include "wire/packet.h"

struct flow {
    const struct address *source;
    const struct address *destination;
    uint32_t label; /* IPv6 */
    uint8_t protocol;
    bool is_echo;         /* ICMP of the packet's own family */
    bool has_start;       /* fragments have no ports to a router, and so none has */
    const uint8_t *start; /* of the payload: 6 octets of an echo, 4 of others */
};

static inline uint64_t flow_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

static inline uint64_t flow_mix_address(uint64_t hash, const struct address *a)
{
    return flow_mix(flow_mix(hash, address_half(a, 0)), address_half(a, 1));
}

static inline bool flow_has_ports(uint8_t protocol)
{
    return protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDPLITE ||
           protocol == PROTOCOL_SCTP || protocol == PROTOCOL_DCCP;
}

/*
 * An ICMP sequence number is not part of it, its checksum is: a tool that keeps the checksum the
 * same stays on one path, one that does not, not.
 */
static inline uint64_t flow_hash(const struct flow *f, uint64_t salt)
{
    uint64_t hash = flow_mix(salt, (uint64_t)f->label << 8 | f->protocol);

    hash = flow_mix_address(flow_mix_address(hash, f->source), f->destination);
    if (!f->has_start)
        return hash;
    if (f->is_echo)
        return flow_mix(hash, (uint64_t)load_u16(f->start + 2) << 16 | load_u16(f->start + 4));
    if (flow_has_ports(f->protocol))
        return flow_mix(hash, load_u32(f->start));
    return hash;
}

/* A number below `count` from the upper bits of a hash, which mixing alone leaves uneven. */
static inline unsigned flow_spread(uint64_t hash, unsigned count)
{
    struct random r = random_seeded(hash);

    return (unsigned)((random_next(&r) >> 32) * count >> 32);
}

#endif
