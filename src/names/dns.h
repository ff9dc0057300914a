/*
 * One DNS message in, its answer out (RFC 1034, 1035, 2308, 6891, 8482).
 */
#ifndef HOPTELL_NAMES_DNS_H
#define HOPTELL_NAMES_DNS_H

#include "names/records.h"

enum { DNS_MESSAGE_MAX = 65535, DNS_UDP_MAX = 1232 };

/*
 * Answers the query at `query`, writing at most `capacity` octets to `out`. Over UDP (`stream`
 * false) the answer also stays within 512 octets, or what the query's EDNS allows up to
 * DNS_UDP_MAX, and is marked truncated where it would not. Returns the answer's length, or 0 when
 * there is nothing to send (not a query, or too short to answer).
 */
size_t dns_answer(const struct names *names, const uint8_t *query, size_t length, bool stream,
                  uint8_t *out, size_t capacity);

#endif
