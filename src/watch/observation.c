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

static uint32_t flags_of(const struct packet *packet, const struct tcp *tcp)
{
    enum { OF_PACKET = PACKET_DONT_FRAGMENT | PACKET_RESERVED_BIT | PACKET_OPTIONS };

    return tcp->flags | (packet->flags & OF_PACKET) << OBSERVATION_OF_PACKET |
           (packet_payload_length(packet) > tcp->header_length ? OBSERVATION_PAYLOAD : 0u);
}

static uint8_t ip_options(const struct packet *packet)
{
    return packet->version == 4 ? (uint8_t)(packet_header_length(packet) - IPV4_HEADER_MIN) : 0;
}

static void take_packet(const struct packet *packet, struct observation *out)
{
    out->client = packet->source;
    out->server = packet->destination;
    out->version = packet->version;
    out->hop_limit = packet->hop_limit;
    out->traffic_class = packet->traffic_class;
    out->ip_id = packet->id;
    out->ip_options = ip_options(packet);
    out->flow_label = packet->flow_label;
}

static void take_fixed(const struct tcp *tcp, struct observation *out)
{
    out->client_port = tcp->source_port;
    out->server_port = tcp->destination_port;
    out->sequence = tcp->sequence;
    out->acknowledgment = tcp->acknowledgment;
    out->tcp_bits = tcp->bits;
    out->window = tcp->window;
    out->urgent = tcp->urgent;
}

static void take_options(const struct tcp *tcp, struct observation *out)
{
    out->mss = tcp->mss;
    out->window_scale = tcp->window_scale;
    out->option_count = tcp->option_count;
    out->option_padding = tcp->padding;
    out->timestamp_value = tcp->timestamp_value;
    out->timestamp_echo = tcp->timestamp_echo;
}

/*
 * A call for each packet, all in one piece: what the parsers find then goes from registers to where it
 * belongs. Every field of *out is set by itself, which is less than to clear all of them before.
 */
__attribute__((flatten)) enum observation_refusal
observation_from_packet(const uint8_t *ip, size_t length, uint64_t time_ns, struct observation *out)
{
    struct packet packet;
    struct tcp tcp;
    enum observation_refusal refusal;

    if (packet_parse(ip, length, &packet) != PACKET_OK || address_is_multicast(&packet.source))
        return OBSERVATION_BROKEN; /* nobody sends from a group (RFC 1122, 3.2.1.3; RFC 4291, 2.7) */
    refusal = refusal_of_packet(&packet);
    if (refusal != OBSERVATION_TAKEN)
        return refusal;
    out->time_ns = time_ns;
    out->line = 0;
    out->endpoint = (struct address){{0}};
    take_packet(&packet, out);
    if (!tcp_parse_fixed(packet.payload, packet_payload_length(&packet), &tcp))
        return OBSERVATION_BROKEN;
    take_fixed(&tcp, out);
    if (!is_opening(tcp.bits))
        return OBSERVATION_NOT_OPENING;
    tcp_parse_options(&tcp, packet.payload, out->option);
    take_options(&tcp, out);
    out->flags = flags_of(&packet, &tcp);
    return OBSERVATION_TAKEN;
}

/* Without a branch: clients of all kinds come in turns. */
uint8_t observation_initial(uint8_t hop_limit)
{
    enum { STEP = 32 };
    static const uint8_t initials[] = {32, 32, 64, 128, 128, 255, 255, 255, 255};

    return initials[(hop_limit + STEP - 1u) / STEP];
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
