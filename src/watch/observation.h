/*
 * What one opening packet (a TCP SYN without ACK) showed. A plain struct: every stage of watch
 * takes it or adds to what is known beside it.
 */
#ifndef HOPTELL_WATCH_OBSERVATION_H
#define HOPTELL_WATCH_OBSERVATION_H

#include "wire/packet.h"
#include "wire/tcp.h"

/*
 * Flags that tell of the TCP header stand as in wire/tcp.h, those that tell of the packet by so many
 * bits higher than in wire/packet.h: each group is taken over at once. No file holds the numbers.
 */
enum { OBSERVATION_OF_PACKET = 8 };

enum {
    OBSERVATION_HAS_MSS = TCP_HAS_MSS,
    OBSERVATION_HAS_WINDOW_SCALE = TCP_HAS_WINDOW_SCALE,
    OBSERVATION_HAS_SACK_PERMITTED = TCP_HAS_SACK_PERMITTED,
    OBSERVATION_HAS_TIMESTAMPS = TCP_HAS_TIMESTAMPS,
    OBSERVATION_BAD_OPTIONS = TCP_BAD_OPTIONS | TCP_OPTIONS_CUT, /* either: wrong, or cut */
    OBSERVATION_PADDING = TCP_PADDING_NOT_ZERO, /* octets after end-of-options that are not zero */
    OBSERVATION_PAYLOAD = 1u << 7,              /* the SYN carries data (RFC 7413) */
    OBSERVATION_DONT_FRAGMENT = PACKET_DONT_FRAGMENT << OBSERVATION_OF_PACKET,
    OBSERVATION_RESERVED_BIT = PACKET_RESERVED_BIT << OBSERVATION_OF_PACKET,
    OBSERVATION_IP_OPTIONS = PACKET_OPTIONS << OBSERVATION_OF_PACKET,
};

struct observation {
    uint64_t time_ns; /* since 1970-01-01 UTC, from the capture or the clock at arrival */
    struct address client;
    struct address server;
    uint16_t client_port;
    uint16_t server_port;
    uint32_t flags; /* OBSERVATION_... */
    uint8_t version;
    uint8_t hop_limit; /* as it arrived */
    uint8_t traffic_class;
    uint8_t tcp_bits; /* enum tcp_bit: SYN, and ECE and CWR where ECN is asked for (RFC 3168) */
    uint16_t ip_id;
    uint16_t window;
    uint16_t mss;
    uint8_t window_scale;
    uint8_t option_count;
    uint8_t option[TCP_OPTIONS_MAX]; /* kinds in order */
    uint8_t option_padding;          /* octets after end-of-options */
    uint8_t ip_options;              /* octets of IPv4 options; 0 for IPv6 */
    uint32_t timestamp_value;
    uint32_t timestamp_echo;
    uint32_t flow_label;
    uint32_t sequence;
    uint32_t acknowledgment;
    uint16_t urgent;
    uint64_t line; /* the subscriber, where it is not the client's address that tells it; or 0 */
    struct address endpoint; /* of the tunnel that `line` is; the rest of its name is in that */
};

enum observation_refusal {
    OBSERVATION_TAKEN,
    OBSERVATION_NOT_TCP,
    OBSERVATION_NOT_OPENING, /* TCP, but not SYN without ACK, RST and FIN */
    OBSERVATION_FRAGMENT,
    OBSERVATION_BROKEN, /* no whole TCP header, a broken IP header, or from a multicast group */
    OBSERVATION_REFUSAL_COUNT,
};

/*
 * Makes an observation of an IP packet of which `length` octets were received. OBSERVATION_NOT_OPENING
 * sets time_ns, client, client_port, hop_limit, tcp_bits and line, with the sender for a client, and
 * leaves the rest of *out undefined; other refusals leave all of it undefined.
 */
enum observation_refusal observation_from_packet(const uint8_t *ip, size_t length, uint64_t time_ns,
                                                 struct observation *out);

/* The initial that the sender most likely set: the next of 32, 64, 128, 255 at or above. */
uint8_t observation_initial(uint8_t hop_limit);

/* A word for the refusal, for counters and summaries ("not-opening"). */
const char *observation_refusal_name(enum observation_refusal refusal);

#endif
