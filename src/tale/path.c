/*
 * The way of a probe through a tale: forks, refusals, MTU.
 */
#include "tale/path.h"

#include "tale/flow.h"

enum { IPV6_MTU_MIN = 1280 };

static uint64_t hash_flow(const struct probe *probe, uint64_t salt)
{
    const struct packet *p = &probe->packet;
    const struct flow flow = {
        .source = &p->source,
        .destination = &p->destination,
        .label = p->flow_label,
        .protocol = p->protocol,
        .is_echo = probe->protocol == PROBE_ICMP,
        .has_start = !(p->flags & PACKET_FRAGMENT_FIRST) && packet_payload_length(p) >= 4,
        .start = p->payload,
    };

    return flow_hash(&flow, salt);
}

static struct branch choose_branch(const struct probe *probe, unsigned index, uint64_t now_ns,
                                   struct random *random)
{
    const struct step *step = &probe->tale->step[index];
    const unsigned count = step->branch_count;

    switch (step->by) {
    case FORK_FLOW:
        return step->branch[flow_spread(hash_flow(probe, index), count)];
    case FORK_PACKET:
        return step->branch[(random_next(random) >> 32) * count >> 32];
    case FORK_DESTINATION:
        return step
            ->branch[flow_spread(flow_mix_address(index, &probe->packet.destination), count)];
    case FORK_TIME:
        return step->branch[now_ns / 1000 / (step->every_us ? step->every_us : 1) % count];
    case FORK_VISITOR:
        return (struct branch){
            .first = (uint16_t)(step->branch[0].first + probe->visitor.value[step->trait]),
            .count = 1};
    case FORK_NONE:
    default:
        return step->branch[0];
    }
}

uint16_t path_mtu(const struct hop *hop, enum family family)
{
    return family == FAMILY_V6 && hop->mtu != 0 && hop->mtu < IPV6_MTU_MIN ? IPV6_MTU_MIN
                                                                           : hop->mtu;
}

static bool is_too_big(const struct packet *p, const struct hop *hop)
{
    const uint16_t mtu = path_mtu(hop, packet_family(p));

    return mtu != 0 && p->length > mtu && (p->version == 6 || p->flags & PACKET_DONT_FRAGMENT);
}

/*
 * What stops a probe at a hop; STOP_END: nothing. A hop that refuses does so for whatever comes to
 * it. Otherwise it looks at the hop limit before it looks at the size, as a router does that
 * decides to forward and then finds the link too small.
 */
static enum stop_cause stops_at(const struct packet *p, const struct hop *hop, unsigned position)
{
    if (hop->refuse != REFUSE_NONE)
        return STOP_REFUSED;
    if (position >= p->hop_limit)
        return STOP_HOP_LIMIT;
    if (hop->mtu != 0 && is_too_big(p, hop))
        return STOP_TOO_BIG;
    return STOP_END;
}

struct stop path_walk_steps(const struct probe *probe, uint64_t now_ns, struct random *random)
{
    const struct tale *tale = probe->tale;
    unsigned position = 1;

    for (unsigned i = 0; i < tale->step_count; i++) {
        const struct step *step = &tale->step[i];
        const struct branch branch =
            step->by != FORK_NONE ? choose_branch(probe, i, now_ns, random) : step->branch[0];

        for (unsigned j = 0; j < branch.count; j++, position++) {
            const struct hop *hop = &tale->hop[branch.first + j];
            const enum stop_cause cause = stops_at(&probe->packet, hop, position);

            if (cause != STOP_END)
                return (struct stop){.cause = cause, .position = (uint8_t)position, .hop = hop};
        }
    }
    return (struct stop){.cause = STOP_END, .position = (uint8_t)position};
}
