/*
 * Writing what an end host says back in the probe's own protocol: ICMP echo reply, UDP echo, TCP
 * reset and SYN+ACK, SCTP ABORT, DCCP Reset.
 *
 * Each writer returns the octets of the whole IP packet; the room for them must be there at `out`.
 */
#ifndef HOPTELL_WIRE_REPLY_H
#define HOPTELL_WIRE_REPLY_H

#include "wire/dccp.h"
#include "wire/icmp.h"
#include "wire/sctp.h"
#include "wire/tcp.h"

enum {
    UDP_HEADER = 8,
    REPLY_TCP_WINDOW = 64240, /* of a SYN+ACK: 44 segments of an Ethernet */
    REPLY_TCP_MSS_V4 = 1460,
    REPLY_TCP_MSS_V6 = 1440,
    REPLY_TCP_MAX = TCP_HEADER_MIN + 4, /* with the MSS option */
};

/*
 * The header of a reply: addresses swapped, DSCP as it came (RFC 1122, 3.2.1.6). Only the reply to
 * an echo request, which has no congestion control of its own, mirrors the ECN field too. It is
 * atomic, with identification 0 (RFC 6864, 4.1), unless the caller says otherwise.
 */
static inline struct ip_header reply_header(const struct packet *probe, uint8_t hop_limit)
{
    return (struct ip_header){
        .source = &probe->destination,
        .destination = &probe->source,
        .version = probe->version,
        .traffic_class = probe->traffic_class & 0xfc,
        .hop_limit = hop_limit,
        .protocol = probe->protocol,
        .dont_fragment = true,
    };
}

/*
 * The request's data whole. It may be as large as the request, so it may be fragmented again, under
 * the request's identification. The request's checksum must have been right.
 */
static inline size_t reply_echo(const struct packet *probe, uint8_t hop_limit, uint8_t *out)
{
    const size_t length = packet_payload_length(probe);
    const bool v6 = probe->version == 6;
    struct ip_header ip = reply_header(probe, hop_limit);
    uint8_t *icmp = out + ip_header_length(probe->version);
    uint16_t checksum;

    ip.traffic_class = probe->traffic_class;
    ip.id = probe->id;
    ip.dont_fragment = false;
    ip_header_write(&ip, length, out);
    __builtin_memcpy(icmp, probe->payload, length);
    icmp[0] = v6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY;
    checksum = checksum_update(load_u16(icmp + 2), load_u16(probe->payload), load_u16(icmp));
    if (checksum == 0 && !v6) { /* all octets may be zero, whose checksum is not */
        store_u16(icmp + 2, 0);
        checksum = checksum_fold(checksum_add(0, icmp, length));
    }
    store_u16(icmp + 2, checksum);
    return (size_t)(icmp - out) + length;
}

/* The probe's own octets with the ports swapped, which leaves its checksum right. */
static inline size_t reply_udp(const struct packet *probe, uint8_t hop_limit, uint8_t *out)
{
    const size_t length = packet_payload_length(probe);
    struct ip_header ip = reply_header(probe, hop_limit);
    uint8_t *udp = out + ip_header_length(probe->version);

    ip.id = probe->id;
    ip.dont_fragment = false;
    ip_header_write(&ip, length, out);
    __builtin_memcpy(udp, probe->payload, length);
    __builtin_memcpy(udp, probe->payload + 2, 2);
    __builtin_memcpy(udp + 2, probe->payload, 2);
    return (size_t)(udp - out) + length;
}

struct reply_tcp {
    uint32_t sequence;
    uint32_t acknowledgment;
    uint8_t bits;
    uint16_t window;
    uint16_t mss; /* 0: without the option */
};

/* The checksum is taken of the numbers rather than of the octets just written; see ip.h. */
static inline size_t reply_tcp(const struct packet *probe, uint8_t hop_limit,
                               const struct reply_tcp *reply, uint8_t *out)
{
    const struct ip_header ip = reply_header(probe, hop_limit);
    const size_t length = reply->mss != 0 ? REPLY_TCP_MAX : TCP_HEADER_MIN;
    const uint32_t ports = load_u32(probe->payload);
    const uint32_t offset = (uint32_t)(length / 4) << 28;
    const uint32_t fourth = offset | (uint32_t)reply->bits << 16 | reply->window;
    const uint32_t option =
        reply->mss != 0 ? (uint32_t)TCP_OPTION_MSS << 24 | 4u << 16 | reply->mss : 0;
    uint8_t *tcp = out + ip_header_length(probe->version);
    uint64_t sum = checksum_pseudo(ip.source, ip.destination, ip.protocol, (uint32_t)length);

    sum += (uint64_t)ports + reply->sequence + reply->acknowledgment + fourth + option;
    store_u32(tcp, ports << 16 | ports >> 16);
    store_u32(tcp + 4, reply->sequence);
    store_u32(tcp + 8, reply->acknowledgment);
    store_u32(tcp + 12, fourth);
    store_u32(tcp + 16, (uint32_t)checksum_fold(sum) << 16); /* and no urgent pointer */
    if (reply->mss != 0)
        store_u32(tcp + 20, option);
    ip_header_write(&ip, length, out);
    return (size_t)(tcp - out) + length;
}

/*
 * What the reset of a closed port says, or of an open one to a segment that belongs to no connection
 * (RFC 9293, 3.10.7.1); `data` octets came with it.
 */
static inline struct reply_tcp reply_tcp_reset_to(uint32_t sequence, uint32_t acknowledgment,
                                                  uint8_t bits, uint32_t data)
{
    const uint32_t segment =
        data + (bits & TCP_SYN ? 1 : 0) + (bits & TCP_FIN ? 1 : 0); /* SEG.LEN */

    if (bits & TCP_ACK)
        return (struct reply_tcp){.sequence = acknowledgment, .bits = TCP_RST};
    return (struct reply_tcp){.acknowledgment = sequence + segment, .bits = TCP_RST | TCP_ACK};
}

/* To a whole TCP header (tcp_header_length). */
static inline size_t reply_tcp_reset(const struct packet *probe, uint8_t hop_limit, uint8_t *out)
{
    const uint8_t *tcp = probe->payload;
    const size_t length = packet_payload_length(probe);
    const uint32_t data = (uint32_t)(length - tcp_header_length(tcp, length));
    const struct reply_tcp reply =
        reply_tcp_reset_to(load_u32(tcp + 4), load_u32(tcp + 8), tcp[13], data);

    return reply_tcp(probe, hop_limit, &reply, out);
}

/* The second step of the handshake, with `sequence` as the initial sequence number. */
static inline size_t reply_tcp_open(const struct packet *probe, uint32_t sequence,
                                    uint8_t hop_limit, uint8_t *out)
{
    const struct reply_tcp reply = {
        .sequence = sequence,
        .acknowledgment = load_u32(probe->payload + 4) + 1,
        .bits = TCP_SYN | TCP_ACK,
        .window = REPLY_TCP_WINDOW,
        .mss = probe->version == 6 ? REPLY_TCP_MSS_V6 : REPLY_TCP_MSS_V4,
    };

    return reply_tcp(probe, hop_limit, &reply, out);
}

/* A chunk without a body, for a packet that belongs to no association (sctp_answer). */
static inline size_t reply_sctp(const struct packet *probe, uint8_t chunk, uint8_t flags,
                                uint32_t tag, uint8_t hop_limit, uint8_t *out)
{
    const struct ip_header ip = reply_header(probe, hop_limit);
    uint8_t *sctp = out + ip_header_length(probe->version);

    __builtin_memcpy(sctp, probe->payload + 2, 2);
    __builtin_memcpy(sctp + 2, probe->payload, 2);
    store_u32(sctp + 4, tag);
    store_u32(sctp + 12, (uint32_t)chunk << 24 | (uint32_t)flags << 16 | SCTP_CHUNK_HEADER);
    store_u32(sctp + 8, sctp_checksum(sctp, SCTP_ANSWER));
    ip_header_write(&ip, SCTP_ANSWER, out);
    return (size_t)(sctp - out) + SCTP_ANSWER;
}

static inline size_t reply_dccp_reset(const struct packet *probe, const struct dccp *dccp,
                                      uint8_t hop_limit, uint8_t *out)
{
    const struct ip_header ip = reply_header(probe, hop_limit);
    uint8_t *reset = out + ip_header_length(probe->version);

    dccp_write_reset(probe->payload, dccp, reset);
    ip_header_write(&ip, DCCP_RESET, out);
    store_u16(reset + 6, ip_payload_checksum(&ip, reset, DCCP_RESET));
    return (size_t)(reset - out) + DCCP_RESET;
}

#endif
