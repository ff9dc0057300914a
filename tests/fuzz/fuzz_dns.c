/*
 * DNS messages from strangers: the first octet chooses the transport, the rest is the query. What
 * comes back must be readable by ldns and within its limits.
 */
#include "names/dns.h"
#include "tale/compile.h"

#include <ldns/ldns.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static const char text[] = "targets: [203.0.113.9, '2001:db8:42::9']\n"
                           "addresses: [198.51.100.16/28, '2001:db8:43::/64']\n"
                           "zone: tale.example.net\n"
                           "hops: [One Hop, {say: two, address: 198.51.100.99}]\n";

static struct names *build(void)
{
    const struct names_settings settings = {.ttl = 60, .serial = 1};
    struct report report;
    struct tale *tale;
    struct tales tales = {.count = 1, .tale = &tale};
    struct names *names = NULL;

    report_init(&report, "t.yaml");
    tale = tale_compile(text, sizeof text - 1, "t.yaml", &report);
    if (tale == NULL || names_new(&tales, &settings, &names) != 0)
        abort();
    tale_free(tale);
    return names;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct names *names;
    static uint8_t out[DNS_MESSAGE_MAX];
    const bool stream = length > 0 && octets[0] & 1;
    size_t answered;
    ldns_pkt *answer;

    if (names == NULL)
        names = build();
    if (length == 0)
        return 0;
    answered = dns_answer(names, octets + 1, length - 1, stream, out, sizeof out);
    if (answered == 0)
        return 0;
    if (answered > (stream ? DNS_MESSAGE_MAX : DNS_UDP_MAX) || !(out[2] & 0x80))
        abort();
    if (ldns_wire2pkt(&answer, out, answered) != LDNS_STATUS_OK)
        abort();
    ldns_pkt_free(answer);
    return 0;
}
