/*
 * Clients of tales; see client.h. Each row is one thing that a program is known for, and the first
 * that holds decides: what is peculiar stands before what is merely usual.
 */
#include "tale/client.h"

#include "wire/icmp.h"
#include "wire/tcp.h"

#include <string.h>

/* A probe as the rows look at it. */
struct look {
    const struct packet *packet;
    const uint8_t *data; /* of UDP or echo */
    size_t length;       /* of data, as received */
    uint16_t source_port;
    uint16_t destination_port;
    uint16_t checksum; /* UDP's, in the packet's order */
    uint16_t sequence; /* of echo */
    struct tcp tcp;    /* of TCP alone */
};

static const char *const names[CLIENT_COUNT] = {
    [CLIENT_UNKNOWN] = "unknown",
    [CLIENT_TRACEROUTE] = "traceroute",
    [CLIENT_BSD_TRACEROUTE] = "bsd-traceroute",
    [CLIENT_BUSYBOX] = "busybox",
    [CLIENT_INETUTILS] = "inetutils-traceroute",
    [CLIENT_TRACERT] = "tracert",
    [CLIENT_MTR] = "mtr",
    [CLIENT_TRACEPATH] = "tracepath",
    [CLIENT_PARIS_TRACEROUTE] = "paris-traceroute",
    [CLIENT_DUBLIN_TRACEROUTE] = "dublin-traceroute",
    [CLIENT_SCAMPER] = "scamper",
    [CLIENT_TCPTRACEROUTE] = "tcptraceroute",
    [CLIENT_HPING] = "hping3",
    [CLIENT_NMAP] = "nmap",
    [CLIENT_PING] = "ping",
};

const char *client_name(enum probe_client client)
{
    return names[client];
}

static bool begins_with(const struct look *l, size_t from, const void *octets, size_t length)
{
    return l->length >= from + length && memcmp(l->data + from, octets, length) == 0;
}

/* Each octet one more than the one before it, as programs like to fill what carries nothing. */
static bool counts_up(const struct look *l, size_t from, uint8_t first)
{
    uint8_t expected[8];

    for (unsigned i = 0; i < 8; i++)
        expected[i] = (uint8_t)(first + i);
    return begins_with(l, from, expected, sizeof expected);
}

static bool is_zero(const struct look *l, size_t from)
{
    for (size_t i = from; i < l->length; i++)
        if (l->data[i] != 0)
            return false;
    return l->length > from;
}

/* From the port where they all have begun since the first of them. */
static bool is_usual_port(uint16_t port)
{
    return port >= 33434 && port < 33434 + 3 * 256;
}

static bool udp_traceroute(const struct look *l)
{
    return counts_up(l, 0, 0x40);
}

static bool udp_inetutils(const struct look *l)
{
    return begins_with(l, 0, "SUPERMAN", 8);
}

static bool udp_dublin(const struct look *l)
{
    return begins_with(l, 0, "NSMNC", 5);
}

static bool udp_paris(const struct look *l)
{
    return l->source_port == 33456 && l->destination_port == 33457;
}

/* Full packets, whose data begins with the hop limit that it was sent with, then the time. */
static bool udp_tracepath(const struct look *l)
{
    static const uint8_t zeros[7] = {0};

    return l->destination_port >= 44444 && l->destination_port < 44444 + 512 &&
           l->packet->length >= 512 && begins_with(l, 1, zeros, sizeof zeros);
}

/*
 * What varies for a hop is not the port but the checksum, which counts, made right by two octets. A
 * translator of addresses on the way changes port and checksum, but not those two octets.
 */
static bool udp_scamper(const struct look *l)
{
    const bool counts = l->checksum > 0 && l->checksum < 1024;

    return is_usual_port(l->destination_port) && is_zero(l, 2) &&
           (l->length == 16 || (l->length == 12 && counts));
}

static bool udp_mtr(const struct look *l)
{
    const bool before_the_usual = l->destination_port >= 33000 && l->destination_port < 33434;

    return is_zero(l, 0) && (before_the_usual || (l->destination_port >= 33434 && l->length == 36));
}

static bool udp_bsd(const struct look *l)
{
    return l->packet->version == 4 && is_usual_port(l->destination_port) && l->length == 12 &&
           (l->source_port & 0x8000) != 0;
}

/* The number of the probe, then its hop limit, and nothing more. */
static bool udp_busybox(const struct look *l)
{
    return is_usual_port(l->destination_port) && is_zero(l, 2) && l->data[0] > 0 &&
           l->data[1] > 0 && l->data[1] < 64;
}

static bool udp_hping(const struct look *l)
{
    return l->length == 0 && l->packet->hop_limit < 32;
}

static bool echo_traceroute(const struct look *l)
{
    return counts_up(l, 0, 0x48);
}

static bool echo_inetutils(const struct look *l)
{
    return counts_up(l, 0, 0x08);
}

static bool echo_mtr(const struct look *l)
{
    return l->sequence >= 33000 && is_zero(l, 0);
}

static bool echo_tracert(const struct look *l)
{
    return l->length == 64 && is_zero(l, 0);
}

static bool echo_scamper(const struct look *l)
{
    const uint8_t *const checksum = l->packet->payload + 2;
    const bool is_flow = memcmp(checksum, checksum + 2, 2) == 0; /* it uses one number for both */

    return is_zero(l, 2) && (l->length == 16 || (l->length == 12 && is_flow));
}

static bool echo_bsd(const struct look *l)
{
    return l->packet->version == 4 && l->length == 12 && is_zero(l, 0);
}

/* The time of one word or two, or of one word of eight octets; then numbers that count up. */
static bool echo_ping(const struct look *l)
{
    return counts_up(l, 16, 0x10) || counts_up(l, 8, 0x08);
}

static bool echo_hping(const struct look *l)
{
    return l->length == 0 && (l->sequence & 0xff) == 0;
}

static bool is_opening(const struct look *l)
{
    return (l->tcp.bits & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* Four segments of a small size, whatever the interface: not what any system's TCP sends. */
static bool tcp_traceroute(const struct look *l)
{
    return is_opening(l) && l->tcp.flags & TCP_HAS_TIMESTAMPS && l->tcp.window >= 5000 &&
           l->tcp.window <= 5840 && l->tcp.window == 4u * l->tcp.mss;
}

static bool tcp_mtr(const struct look *l)
{
    return is_opening(l) && l->source_port >= 33000 && l->source_port < 33000 + 512 &&
           l->packet->hop_limit < 32 && l->tcp.option_count > 0;
}

static bool tcp_tcptraceroute(const struct look *l)
{
    return is_opening(l) && l->tcp.window == 0 && l->tcp.option_count == 0;
}

static bool tcp_hping(const struct look *l)
{
    return l->tcp.window == 512 && l->tcp.option_count == 0;
}

static bool tcp_nmap(const struct look *l)
{
    return l->tcp.window == 1024;
}

struct sign {
    uint8_t client;                         /* enum probe_client */
    bool (*holds)(const struct look *look); /* NULL: there are no more */
};

static const struct sign udp_signs[] = {
    {CLIENT_INETUTILS, udp_inetutils},
    {CLIENT_DUBLIN_TRACEROUTE, udp_dublin},
    {CLIENT_TRACEROUTE, udp_traceroute},
    {CLIENT_PARIS_TRACEROUTE, udp_paris},
    {CLIENT_TRACEPATH, udp_tracepath},
    {CLIENT_MTR, udp_mtr},
    {CLIENT_BSD_TRACEROUTE, udp_bsd},
    {CLIENT_SCAMPER, udp_scamper},
    {CLIENT_BUSYBOX, udp_busybox},
    {CLIENT_HPING, udp_hping},
    {CLIENT_UNKNOWN, NULL},
};

static const struct sign echo_signs[] = {
    {CLIENT_TRACEROUTE, echo_traceroute},
    {CLIENT_INETUTILS, echo_inetutils},
    {CLIENT_MTR, echo_mtr},
    {CLIENT_TRACERT, echo_tracert},
    {CLIENT_BSD_TRACEROUTE, echo_bsd},
    {CLIENT_SCAMPER, echo_scamper},
    {CLIENT_PING, echo_ping},
    {CLIENT_HPING, echo_hping},
    {CLIENT_UNKNOWN, NULL},
};

static const struct sign tcp_signs[] = {
    {CLIENT_TRACEROUTE, tcp_traceroute},
    {CLIENT_MTR, tcp_mtr},
    {CLIENT_TCPTRACEROUTE, tcp_tcptraceroute},
    {CLIENT_HPING, tcp_hping},
    {CLIENT_NMAP, tcp_nmap},
    {CLIENT_UNKNOWN, NULL},
};

static enum probe_client client_by(const struct sign *signs, const struct look *look)
{
    while (signs->holds && !signs->holds(look))
        signs++;
    return (enum probe_client)signs->client;
}

static enum probe_client client_of_tcp(const struct packet *p)
{
    struct look look;

    if (!tcp_parse(p->payload, packet_payload_length(p), &look.tcp))
        return CLIENT_UNKNOWN;
    look.packet = p;
    look.data = NULL;
    look.length = 0;
    look.source_port = look.tcp.source_port;
    look.destination_port = look.tcp.destination_port;
    return client_by(tcp_signs, &look);
}

/* UDP and echo, whose headers have eight octets both. */
static enum probe_client client_of_data(const struct packet *p, const struct sign *signs)
{
    const size_t length = packet_payload_length(p);
    struct look look;

    if (length < 8)
        return CLIENT_UNKNOWN;
    look.packet = p;
    look.data = p->payload + 8;
    look.length = length - 8;
    look.source_port = load_u16(p->payload);
    look.destination_port = load_u16(p->payload + 2);
    look.checksum = load_u16(p->payload + 6);
    look.sequence = load_u16(p->payload + 6);
    return client_by(signs, &look);
}

/* The rows do not care for the family, nor whether all of UDP is covered. */
enum probe_client client_of(const struct packet *packet)
{
    switch (packet->protocol) {
    case PROTOCOL_TCP:
        return client_of_tcp(packet);
    case PROTOCOL_UDP:
    case PROTOCOL_UDPLITE:
        return client_of_data(packet, udp_signs);
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
        return client_of_data(packet, echo_signs);
    default:
        return CLIENT_UNKNOWN;
    }
}
