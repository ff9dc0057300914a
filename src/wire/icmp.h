/*
 * ICMP (RFC 792, 1122, 1812) and ICMPv6 (RFC 4443): the numbers, and writing an error about a
 * packet.
 *
 *      out
 *      |
 *      [ IP header | type code checksum rest | quote: the packet in question ... ]
 *
 *   and with extensions (RFC 4884), whose beginning old tools expect 128 octets into the quote:
 *
 *      [ IP header | type code checksum rest | quote, cut or padded to 128 | extensions ]
 *                                       '-- its length in words of 4 (IPv4) or 8 octets (IPv6)
 */
#ifndef HOPTELL_WIRE_ICMP_H
#define HOPTELL_WIRE_ICMP_H

#include "wire/extension.h"
#include "wire/ip.h"

enum {
    ICMP_HEADER = 8,
    ICMP_ERROR_MAX_V4 = 576,  /* RFC 1812, 4.3.2.3: the whole answer */
    ICMP_ERROR_MAX_V6 = 1280, /* RFC 4443, 2.4 (c) */
    ICMP_QUOTE_EXTENDED = 128 /* RFC 4884, 4 */
};

/* Precedence 6, internetwork control (RFC 1812, 4.3.2.5), which is also the code point CS6. */
enum { ICMP_ERROR_TRAFFIC_CLASS = 0xc0 };

enum icmp4_type { /* IANA: ICMP Type Numbers */
                  ICMP4_ECHO_REPLY = 0,
                  ICMP4_UNREACHABLE = 3,
                  ICMP4_SOURCE_QUENCH = 4,
                  ICMP4_REDIRECT = 5,
                  ICMP4_ECHO_REQUEST = 8,
                  ICMP4_TIME_EXCEEDED = 11,
                  ICMP4_PARAMETER_PROBLEM = 12,
};

enum icmp4_unreachable { /* codes of ICMP4_UNREACHABLE; RFC 792, RFC 1812, 5.2.7.1 */
                         ICMP4_NET = 0,
                         ICMP4_HOST = 1,
                         ICMP4_PROTOCOL = 2,
                         ICMP4_PORT = 3,
                         ICMP4_FRAGMENTATION_NEEDED = 4,
                         ICMP4_SOURCE_ROUTE_FAILED = 5,
                         ICMP4_NET_PROHIBITED = 9,
                         ICMP4_HOST_PROHIBITED = 10,
                         ICMP4_PROHIBITED = 13,
                         ICMP4_PRECEDENCE_VIOLATION = 14,
};

enum icmp6_type { /* IANA: ICMPv6 "type" Numbers; below 128: errors */
                  ICMP6_UNREACHABLE = 1,
                  ICMP6_PACKET_TOO_BIG = 2,
                  ICMP6_TIME_EXCEEDED = 3,
                  ICMP6_PARAMETER_PROBLEM = 4,
                  ICMP6_ECHO_REQUEST = 128,
                  ICMP6_ECHO_REPLY = 129,
                  ICMP6_REDIRECT = 137,
};

enum icmp6_unreachable { /* codes of ICMP6_UNREACHABLE; RFC 4443, 3.1; 7: RFC 6554, 4.2 */
                         ICMP6_NO_ROUTE = 0,
                         ICMP6_PROHIBITED = 1,
                         ICMP6_ADDRESS = 3,
                         ICMP6_PORT = 4,
                         ICMP6_POLICY = 5,
                         ICMP6_REJECT_ROUTE = 6,
                         ICMP6_SOURCE_ROUTE = 7,
};

enum icmp6_parameter { /* codes of ICMP6_PARAMETER_PROBLEM; RFC 4443, 3.4 */
                       ICMP6_HEADER_FIELD = 0,
                       ICMP6_NEXT_HEADER = 1,
                       ICMP6_OPTION = 2,
};

/* Whether an ICMP message of `type` may itself not be answered by an error (RFC 1122, 3.2.2;
 * RFC 4443, 2.4 (e.1) and (e.2)). */
static inline bool icmp_is_error(uint8_t version, uint8_t type)
{
    if (version == 6)
        return type < 128 || type == ICMP6_REDIRECT;
    return type == ICMP4_UNREACHABLE || type == ICMP4_SOURCE_QUENCH || type == ICMP4_REDIRECT ||
           type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER_PROBLEM;
}

static inline bool icmp_is_echo_request(uint8_t version, uint8_t type)
{
    return type == (version == 6 ? ICMP6_ECHO_REQUEST : ICMP4_ECHO_REQUEST);
}

/* RFC 4884, 4: the messages that may be extended; hoptell sends no extended parameter problem. */
static inline bool icmp_is_extensible(uint8_t version, uint8_t type)
{
    if (version == 6)
        return type == ICMP6_UNREACHABLE || type == ICMP6_TIME_EXCEEDED;
    return type == ICMP4_UNREACHABLE || type == ICMP4_TIME_EXCEEDED;
}

/* The room for extensions in an error; more of them are not sent. */
static inline size_t icmp_extension_room(uint8_t version)
{
    return (size_t)(version == 6 ? ICMP_ERROR_MAX_V6 : ICMP_ERROR_MAX_V4) -
           ip_header_length(version) - ICMP_HEADER - ICMP_QUOTE_EXTENDED;
}

struct icmp_error {
    const struct address *source; /* who sends it; of the probe's family */
    const uint8_t *extension;     /* as extension_write wrote it; NULL for none */
    uint16_t extension_length;    /* at most icmp_extension_room */
    uint32_t rest;                /* the header's second word: MTU or pointer, 0 else */
    uint8_t type;
    uint8_t code;
    uint8_t hop_limit;        /* of the error itself */
    uint8_t quoted_hop_limit; /* as the probe had when it came to the sender of the error */
};

/*
 * Copies the first `length` octets of the probe, as they were when it reached the sender, and
 * returns their sum. An IPv4 header's own sum does not change with its hop limit, because its
 * checksum changes too.
 */
static inline uint64_t icmp_quote(const struct packet *probe, uint8_t version, uint8_t hop_limit,
                                  size_t length, uint8_t *out)
{
    const uint8_t *ip = probe->ip;
    const uint64_t sum = checksum_copy(0, ip, length, out);

    if (version == 6) {
        out[7] = hop_limit;
        return sum + 0xffff - probe->hop_limit + hop_limit;
    }
    store_u16(out + 10, checksum_update(load_u16(ip + 10), load_u16(ip + 8),
                                        (uint16_t)(hop_limit << 8 | ip[9])));
    out[8] = hop_limit;
    return sum;
}

/* The length field of an extended error, in its place in the header's second word. */
static inline uint32_t icmp_extended_length(uint8_t version)
{
    return version == 6 ? ICMP_QUOTE_EXTENDED / 8u << 24 : ICMP_QUOTE_EXTENDED / 4u << 16;
}

/*
 * The quote, with the extensions behind it. Returns the octets of both, and their sum, to which the
 * extensions add nothing: their own checksum makes them so.
 */
static inline size_t icmp_quote_extended(const struct packet *probe, const struct icmp_error *error,
                                         uint8_t version, uint8_t *quote, uint64_t *out_sum)
{
    const size_t whole = (size_t)(probe->end - probe->ip);

    __builtin_memset(quote, 0, ICMP_QUOTE_EXTENDED);
    *out_sum = icmp_quote(probe, version, error->quoted_hop_limit,
                          whole < ICMP_QUOTE_EXTENDED ? whole : ICMP_QUOTE_EXTENDED, quote);
    __builtin_memcpy(quote + ICMP_QUOTE_EXTENDED, error->extension, error->extension_length);
    return ICMP_QUOTE_EXTENDED + (size_t)error->extension_length;
}

/* The quote alone: as much of the probe as an error may carry. */
static inline size_t icmp_quote_plain(const struct packet *probe, const struct icmp_error *error,
                                      uint8_t version, uint8_t *quote, uint64_t *out_sum)
{
    const size_t whole = (size_t)(probe->end - probe->ip);
    const size_t room = icmp_extension_room(version) + ICMP_QUOTE_EXTENDED;
    const size_t length = whole < room ? whole : room;

    *out_sum = icmp_quote(probe, version, error->quoted_hop_limit, length, quote);
    return length;
}

/*
 * Writes the error about `probe`, which is of `version`, IP header and checksums included, at most
 * ICMP_ERROR_MAX_V4 or ICMP_ERROR_MAX_V6 octets, which must be there at `out`. Returns the octets
 * written. An IPv4 answer has the identification of its probe and may be fragmented.
 */
static inline size_t icmp_error_write(const struct packet *probe, const struct icmp_error *error,
                                      uint8_t version, uint8_t *out)
{
    const struct ip_header ip = {
        .source = error->source,
        .destination = &probe->source,
        .version = version,
        .traffic_class = ICMP_ERROR_TRAFFIC_CLASS,
        .hop_limit = error->hop_limit,
        .protocol = version == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP,
        .id = probe->id,
    };
    const bool extended = error->extension && icmp_is_extensible(version, error->type);
    const uint32_t first = (uint32_t)error->type << 24 | (uint32_t)error->code << 16;
    const uint32_t rest = error->rest | (extended ? icmp_extended_length(version) : 0);
    uint8_t *icmp = out + ip_header_length(version);
    uint8_t *quote = icmp + ICMP_HEADER;
    uint64_t sum;
    const size_t length =
        ICMP_HEADER + (extended ? icmp_quote_extended(probe, error, version, quote, &sum)
                                : icmp_quote_plain(probe, error, version, quote, &sum));

    sum += (uint64_t)first + rest;
    if (version == 6)
        sum += checksum_pseudo(ip.source, ip.destination, ip.protocol, (uint32_t)length);
    store_u32(icmp, first | checksum_fold(sum));
    store_u32(icmp + 4, rest);
    ip_header_write(&ip, length, out);
    return ip_header_length(version) + length;
}

#endif
