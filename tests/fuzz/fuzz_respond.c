/*
 * Any packet to any of some tales: the first octet chooses the tale, the others are the packet.
 * What comes out must be a packet as the rules say (design.md 6.1).
 */
#include "tale/respond.h"

#include "../unit/tale_built.h"
#include "wire/icmp.h"

#include <stdlib.h>

static struct built built;
static struct responder responder;
static uint8_t out[ANSWER_CAPACITY];
static uint8_t second[ANSWER_CAPACITY];
static uint8_t packet[ANSWER_CAPACITY];

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* The bits of `choice`: what the ends do, and what the hops have beside their labels. */
static void choose_tale(uint8_t choice)
{
    built_usual(&built);
    for (unsigned i = 0; i < PROBE_PROTOCOL_COUNT; i++)
        built.tale.end[i] = (enum end_answer)(choice & 3);
    built.hop[1].refuse = choice & 4 ? (enum refusal)(1 + choice % (REFUSE_COUNT - 1)) : 0;
    built.hop[0].mtu = choice & 8 ? 600 : 0;
    if (choice & 16)
        (void)built_add_fork(&built, FORK_FLOW, 3, (const uint16_t[]){1, 3, 2});
    built.hop[0].loss = choice & 32 ? 1u << 31 : 0;
    responder = (struct responder){.tales = built_tales(&built), .random = random_seeded(choice)};
}

/* A packet that is stopped by its header's checksum or its destination alone tells nothing. */
static void mend(uint8_t *ip, size_t length)
{
    const size_t header = length > 0 ? (ip[0] & 0x0fu) * 4 : 0;

    if (length >= IPV6_HEADER && ip[0] >> 4 == 6)
        memcpy(ip + 24, built.tale.target[1].address.octets, 16);
    if (length < IPV4_HEADER_MIN || ip[0] >> 4 != 4)
        return;
    memcpy(ip + 16, built.tale.target[0].address.octets + 12, 4);
    if (header < IPV4_HEADER_MIN || header > length)
        return;
    store_u16(ip + 10, 0);
    store_u16(ip + 10, checksum_fold(checksum_add(0, ip, header)));
}

/* Whether the transport checksum of an answer is right; SCTP has another one. */
static bool checksum_is_right(const struct packet *p)
{
    const size_t length = packet_payload_length(p);
    const bool pseudo = p->protocol != PROTOCOL_ICMP;

    if (p->protocol == PROTOCOL_SCTP || (p->protocol == PROTOCOL_UDP && p->version == 4))
        return true;
    if (p->protocol == PROTOCOL_UDPLITE)
        return true;
    return checksum_fold(checksum_add(
               pseudo ? checksum_pseudo(&p->source, &p->destination, p->protocol, (uint32_t)length)
                      : 0,
               p->payload, length)) == 0;
}

static void check_answer(const struct answer *answer, const struct packet *probe)
{
    const bool v6 = probe->version == 6;
    struct packet p;

    require(packet_parse(out, answer->length, &p) == PACKET_OK);
    require(p.length == answer->length && (p.flags & PACKET_BAD_CHECKSUM) == 0);
    require(p.version == probe->version);
    require(address_equal(&p.destination, &probe->source));
    require(!address_is_special(&probe->source) && !address_is_special(&p.source));
    require(checksum_is_right(&p));
    if (p.protocol != (v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP)) {
        require(p.length <= probe->length || p.length <= 40 + 28);
        return;
    }
    if (!icmp_is_error(p.version, p.payload[0])) {
        require(p.length <= probe->length);
        return;
    }
    require(p.length <= (v6 ? ICMP_ERROR_MAX_V6 : ICMP_ERROR_MAX_V4));
    require(probe->protocol != p.protocol || icmp_is_echo_request(p.version, probe->payload[0]));
}

/* No loops: what came out is not answered, even where it comes to a target. */
static void check_second(size_t length)
{
    struct packet p;
    struct answer answer;

    if (packet_parse(out, length, &p) != PACKET_OK)
        abort();
    answer = respond(&responder, out, length, 2, second, sizeof second);
    require(reason_fate(answer.reason) != FATE_ANSWER);
    if (p.protocol != PROTOCOL_ICMP && p.protocol != PROTOCOL_ICMPV6)
        return;
    built.tale.target[p.version == 6] = (struct prefix){.address = p.destination, .length = 128};
    answer = respond(&responder, out, length, 3, second, sizeof second);
    require(reason_fate(answer.reason) != FATE_ANSWER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct answer answer;
    struct packet probe;
    uint8_t *exact;

    if (size == 0 || size > sizeof packet)
        return 0;
    choose_tale(data[0]);
    memcpy(packet, data + 1, size - 1);
    if (data[0] & 64)
        mend(packet, size - 1);
    exact = malloc(size); /* so that a read past the end is seen */
    require(exact != NULL);
    memcpy(exact, packet, size - 1);
    answer = respond(&responder, exact, size - 1, 1, out, sizeof out);
    free(exact);
    require(responder.count[answer.reason] == 1);
    require((answer.length != 0) == (reason_fate(answer.reason) == FATE_ANSWER));
    if (answer.length == 0)
        return 0;
    require(packet_parse(packet, size - 1, &probe) == PACKET_OK);
    check_answer(&answer, &probe);
    check_second(answer.length);
    return 0;
}
