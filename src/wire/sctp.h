/*
 * SCTP as far as an end speaks it that has no associations: the common header, the first chunk, and
 * the answer to a packet out of the blue (RFC 9260, 3 and 8.4).
 */
#ifndef HOPTELL_WIRE_SCTP_H
#define HOPTELL_WIRE_SCTP_H

#include "wire/crc32c.h"
#include "wire/cursor.h"

enum {
    SCTP_HEADER = 12,
    SCTP_CHUNK_HEADER = 4,
    SCTP_INIT_MIN = 20, /* RFC 9260, 3.3.2 */
    SCTP_ANSWER = SCTP_HEADER + SCTP_CHUNK_HEADER,
    SCTP_TAG_REFLECTED = 1, /* the T bit of ABORT and SHUTDOWN COMPLETE */
};

enum sctp_chunk { /* RFC 9260, 3.2 */
                  SCTP_INIT = 1,
                  SCTP_ABORT = 6,
                  SCTP_SHUTDOWN_ACK = 8,
                  SCTP_ERROR = 9,
                  SCTP_COOKIE_ECHO = 10,
                  SCTP_COOKIE_ACK = 11,
                  SCTP_SHUTDOWN_COMPLETE = 14,
};

/* The checksum of a packet, taken as if its own field were zero, as it stands there. */
static inline uint32_t sctp_checksum(const uint8_t *octets, size_t length)
{
    static const uint8_t zero[4];
    uint32_t crc = crc32c_add(UINT32_MAX, octets, 8);

    crc = crc32c_add(crc, zero, 4);
    return ~__builtin_bswap32(crc32c_add(crc, octets + SCTP_HEADER, length - SCTP_HEADER));
}

struct sctp {
    uint32_t tag;          /* the verification tag */
    uint32_t initiate_tag; /* of an INIT */
    uint8_t chunk;         /* type of the first */
};

/*
 * Reads the packet at `octets`. False when it is too short for its first chunk's header (or for an
 * INIT), or when its checksum is wrong. One of 0 was left to a network card that never saw it, or
 * was agreed upon (RFC 9653).
 */
static inline bool sctp_parse(const uint8_t *octets, size_t length, struct sctp *out)
{
    uint32_t checksum;

    *out = (struct sctp){0};
    if (length < SCTP_HEADER + SCTP_CHUNK_HEADER)
        return false;
    checksum = load_u32(octets + 8);
    if (checksum != 0 && checksum != sctp_checksum(octets, length))
        return false;
    out->tag = load_u32(octets + 4);
    out->chunk = octets[SCTP_HEADER];
    if (out->chunk != SCTP_INIT)
        return true;
    if (length < SCTP_HEADER + SCTP_INIT_MIN)
        return false;
    out->initiate_tag = load_u32(octets + SCTP_HEADER + 4);
    return true;
}

/*
 * What a packet that belongs to no association gets. False: nothing. An INIT with a verification
 * tag of its own or without an initiate tag gets nothing (RFC 9260, 8.5.1 and 3.3.2).
 */
static inline bool sctp_answer(const struct sctp *s, uint8_t *out_chunk, uint8_t *out_flags,
                               uint32_t *out_tag)
{
    *out_chunk = SCTP_ABORT;
    *out_flags = SCTP_TAG_REFLECTED;
    *out_tag = s->tag;
    switch (s->chunk) {
    case SCTP_INIT:
        *out_flags = 0;
        *out_tag = s->initiate_tag;
        return s->tag == 0 && s->initiate_tag != 0;
    case SCTP_SHUTDOWN_ACK:
        *out_chunk = SCTP_SHUTDOWN_COMPLETE;
        return true;
    case SCTP_ABORT:
    case SCTP_ERROR:
    case SCTP_COOKIE_ECHO:
    case SCTP_COOKIE_ACK:
    case SCTP_SHUTDOWN_COMPLETE:
        return false;
    default:
        return true;
    }
}

#endif
