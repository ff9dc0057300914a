/*
 * From the octets of a packet to what its opening showed. Nothing is judged here.
 */
#include "watch/observation.h"

static enum observation_refusal refusal_of_packet(const struct packet *packet)
{
    if (packet->flags & PACKET_BAD_CHECKSUM)
        return OBSERVATION_BROKEN; /* no TCP would ever see it */
    if (packet->protocol != PROTOCOL_TCP)
        return OBSERVATION_NOT_TCP;
    if (packet->flags & (PACKET_FRAGMENT_FIRST | PACKET_FRAGMENT_LATER))
        return OBSERVATION_FRAGMENT;
    return OBSERVATION_TAKEN;
}

static bool is_opening(uint8_t bits)
{
    return (bits & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/* A call for each packet, so that it goes without a table of its rows. */
static uint32_t flags_of(const struct packet *packet, const struct tcp *tcp)
{
    const uint32_t of_tcp = tcp->flags;
    const uint32_t of_packet = packet->flags;

    return (of_tcp & TCP_HAS_MSS ? OBSERVATION_HAS_MSS : 0u) |
           (of_tcp & TCP_HAS_WINDOW_SCALE ? OBSERVATION_HAS_WINDOW_SCALE : 0u) |
           (of_tcp & TCP_HAS_SACK_PERMITTED ? OBSERVATION_HAS_SACK_PERMITTED : 0u) |
           (of_tcp & TCP_HAS_TIMESTAMPS ? OBSERVATION_HAS_TIMESTAMPS : 0u) |
           ((of_tcp & (TCP_BAD_OPTIONS | TCP_OPTIONS_CUT)) != 0 ? OBSERVATION_BAD_OPTIONS : 0u) |
           (of_tcp & TCP_PADDING_NOT_ZERO ? OBSERVATION_PADDING : 0u) |
           (of_packet & PACKET_DONT_FRAGMENT ? OBSERVATION_DONT_FRAGMENT : 0u) |
           (of_packet & PACKET_OPTIONS ? OBSERVATION_IP_OPTIONS : 0u) |
           (of_packet & PACKET_RESERVED_BIT ? OBSERVATION_RESERVED_BIT : 0u) |
           (packet_payload_length(packet) > tcp->header_length ? OBSERVATION_PAYLOAD : 0u);
}

static uint8_t ip_options(const struct packet *packet)
{
    return packet->version == 4 ? (uint8_t)(packet_header_length(packet) - IPV4_HEADER_MIN) : 0;
}

enum observation_refusal observation_from_packet(const uint8_t *ip, size_t length, uint64_t time_ns,
                                                 struct observation *out)
{
    struct packet packet;
    struct tcp tcp;
    enum observation_refusal refusal;

    if (packet_parse(ip, length, &packet) != PACKET_OK || address_is_multicast(&packet.source))
        return OBSERVATION_BROKEN; /* nobody sends from a group (RFC 1122, 3.2.1.3; RFC 4291, 2.7) */
    refusal = refusal_of_packet(&packet);
    if (refusal != OBSERVATION_TAKEN)
        return refusal;
    if (!tcp_parse(packet.payload, packet_payload_length(&packet), &tcp))
        return OBSERVATION_BROKEN;
    if (!is_opening(tcp.bits)) {
        out->time_ns = time_ns;
        out->client = packet.source;
        out->client_port = tcp.source_port;
        out->hop_limit = packet.hop_limit;
        out->tcp_bits = tcp.bits;
        out->line = 0;
        return OBSERVATION_NOT_OPENING;
    }

    *out = (struct observation){
        .time_ns = time_ns,
        .client = packet.source,
        .server = packet.destination,
        .client_port = tcp.source_port,
        .server_port = tcp.destination_port,
        .flags = flags_of(&packet, &tcp),
        .version = packet.version,
        .hop_limit = packet.hop_limit,
        .traffic_class = packet.traffic_class,
        .tcp_bits = tcp.bits,
        .ip_id = packet.id,
        .window = tcp.window,
        .mss = tcp.mss,
        .window_scale = tcp.window_scale,
        .option_count = tcp.option_count,
        .option_padding = tcp.padding,
        .ip_options = ip_options(&packet),
        .timestamp_value = tcp.timestamp_value,
        .timestamp_echo = tcp.timestamp_echo,
        .flow_label = packet.flow_label,
        .sequence = tcp.sequence,
        .acknowledgment = tcp.acknowledgment,
        .urgent = tcp.urgent,
    };
    __builtin_memcpy(out->option, tcp.option, sizeof out->option);
    return OBSERVATION_TAKEN;
}

/* Without a branch: clients of all kinds come in turns. */
uint8_t observation_initial(uint8_t hop_limit)
{
    return (uint8_t)(32 + (hop_limit > 32) * 32 + (hop_limit > 64) * 64 + (hop_limit > 128) * 127);
}

const char *observation_refusal_name(enum observation_refusal refusal)
{
    static const char *const names[OBSERVATION_REFUSAL_COUNT] = {
        [OBSERVATION_TAKEN] = "taken",
        [OBSERVATION_NOT_TCP] = "not-tcp",
        [OBSERVATION_NOT_OPENING] = "not-opening",
        [OBSERVATION_FRAGMENT] = "fragment",
        [OBSERVATION_BROKEN] = "broken",
    };

    return refusal < OBSERVATION_REFUSAL_COUNT ? names[refusal] : "unknown";
}
