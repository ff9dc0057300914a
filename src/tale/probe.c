/*
 * Which packets are never answered: RFC 1122, 3.2.2; RFC 1812, 4.3.2.7; RFC 4443, 2.4 (e).
 */
#include "tale/probe.h"

#include "tale/targets.h"
#include "wire/icmp.h"
#include "wire/option.h"

/* Where a packet with a broken header was going, as far as that can be told. */
static bool destination_of_broken(const uint8_t *octets, size_t length, struct address *out)
{
    if (length >= IPV4_HEADER_MIN && octets[0] >> 4 == 4)
        *out = address_v4(octets + 16);
    else if (length >= IPV6_HEADER && octets[0] >> 4 == 6)
        *out = address_v6(octets + 24);
    else
        return false;
    return true;
}

/*
 * Whether an address stands for no single host: unspecified, loopback, multicast, broadcast, and
 * 0.0.0.0/8 and 240.0.0.0/4 whole (RFC 1122, 3.2.1.3; RFC 1812, 5.3.7; RFC 4443, 2.4 (e.6)).
 */
static inline bool is_no_host(const struct address *a, uint8_t version)
{
    const uint8_t first = a->octets[version == 4 ? 12 : 0];

    if (version == 4)
        return first == 0 || first == 127 || first >= 224;
    return first == 0xff || (address_half(a, 0) == 0 && address_half(a, 1) <= 1);
}

/* The last address of an IPv4 target that is a subnet: its broadcast address. RFC 3021: not /31. */
static bool is_subnet_broadcast(const struct prefix *target, const struct address *a)
{
    uint64_t host;

    if (target->length < 96 || target->length > 126)
        return false;
    host = ~(uint64_t)0 >> (target->length - 64);
    return (address_half(a, 1) & host) == host;
}

/* A source that is itself a target would have hoptell answer itself. */
static inline bool addresses_are_bad(const struct tales *tales, const struct packet *p,
                                     const struct prefix *target)
{
    return is_no_host(&p->source, p->version) || is_no_host(&p->destination, p->version) ||
           (p->version == 4 && is_subnet_broadcast(target, &p->destination)) ||
           tales_find(tales, packet_family(p), &p->source).tale != NULL;
}

/* Of ICMP, only an echo request is a probe: what is too short to tell may be an error. */
static bool icmp_may_be_answered(const struct packet *p, enum reason *out_reason)
{
    if (packet_payload_length(p) < ICMP_HEADER)
        *out_reason = REASON_BROKEN;
    else if (icmp_is_error(p->version, p->payload[0]))
        *out_reason = REASON_ICMP_ERROR;
    else if (!icmp_is_echo_request(p->version, p->payload[0]))
        *out_reason = REASON_NO_ANSWER;
    else
        return true;
    return false;
}

/* What the header alone tells against a probe; REASON_COUNT for nothing. */
static enum reason header_reason(const struct packet *p)
{
    if (p->flags & PACKET_BAD_CHECKSUM)
        return REASON_BROKEN;
    if (p->version == 4 && p->flags & PACKET_OPTIONS &&
        option4_look(p->ip, packet_header_length(p)).broken)
        return REASON_BROKEN;
    return p->flags & PACKET_TRUNCATED ? REASON_TRUNCATED : REASON_COUNT;
}

static inline bool may_be_answered(const struct tales *tales, const struct probe *probe,
                                   const struct prefix *target, enum reason *out_reason)
{
    const struct packet *p = &probe->packet;

    if (p->flags & (PACKET_BAD_CHECKSUM | PACKET_OPTIONS | PACKET_TRUNCATED)) {
        *out_reason = header_reason(p);
        if (*out_reason != REASON_COUNT)
            return false;
    }
    if (addresses_are_bad(tales, p, target))
        *out_reason = REASON_BAD_ADDRESS;
    else if (p->flags & PACKET_FRAGMENT_LATER)
        *out_reason = REASON_FRAGMENT;
    else if (probe->protocol == PROBE_ICMP)
        return icmp_may_be_answered(p, out_reason);
    else if (p->version == 4 && p->protocol == PROTOCOL_IGMP)
        *out_reason = REASON_NO_ANSWER;
    else
        return true;
    return false;
}

/* For a packet that cannot be parsed: a fault of a target's, or nothing to do with us. */
static enum reason fault_reason(const struct tales *tales, const uint8_t *octets, size_t length,
                                struct probe *out)
{
    struct address destination;

    if (!destination_of_broken(octets, length, &destination))
        return REASON_NOT_IP;
    out->tale = tales_find(tales, address_family(&destination), &destination).tale;
    return out->tale ? REASON_BROKEN : REASON_NOT_TARGET;
}

bool probe_read(const struct tales *tales, const uint8_t *octets, size_t length, struct probe *out,
                enum reason *out_reason)
{
    struct target target;

    out->tale = NULL;
    if (packet_parse(octets, length, &out->packet) != PACKET_OK) {
        *out_reason = fault_reason(tales, octets, length, out);
        return false;
    }
    target = tales_find(tales, packet_family(&out->packet), &out->packet.destination);
    if (!target.tale) {
        *out_reason = REASON_NOT_TARGET;
        return false;
    }
    out->tale = target.tale;
    out->protocol = probe_protocol_of(out->packet.version, out->packet.protocol);
    return may_be_answered(tales, out, target.prefix, out_reason);
}
