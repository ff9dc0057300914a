/*
 * Names of addresses: in-addr.arpa (RFC 1035, 3.5) and ip6.arpa (RFC 3596, 2.5).
 */
#ifndef HOPTELL_NAMES_REVERSE_H
#define HOPTELL_NAMES_REVERSE_H

#include "wire/address.h"

enum { REVERSE_NAME_MAX = 74 };

/* The name of a prefix that ends at an octet (IPv4) or a nibble (IPv6), dotted; returns out. */
const char *reverse_name(const struct prefix *prefix, char out[REVERSE_NAME_MAX]);

/*
 * The zone in which the name of `address` lives, where `within` is the prefix that it was taken
 * from: `within` itself, cut at the next octet or nibble, or the address's /24 (IPv4) or /64
 * (IPv6) where `within` is smaller than can be a zone of its own.
 */
struct prefix reverse_zone(const struct address *address, const struct prefix *within);

#endif
