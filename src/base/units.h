/*
 * Values with units as settings and tales write them, and addresses in text form.
 * Each parser returns false, and leaves *out alone, for anything but exactly such a value: no
 * space, no sign, no more digits than the result can hold.
 */
#ifndef HOPTELL_BASE_UNITS_H
#define HOPTELL_BASE_UNITS_H

#include "wire/address.h"

#include <stddef.h>

/* "20", "10k", "1.5M": k, M and G are powers of ten. */
bool units_parse_count(const char *text, uint64_t *out);
/* "512", "1kB", "64MiB": B, kB, MB, GB, TB and KiB, MiB, GiB, TiB. */
bool units_parse_size(const char *text, uint64_t *out_octets);
/* "20ms", "1.5s", "30d": us, ms, s, min (or m), h, d, w; the unit is needed. */
bool units_parse_duration(const char *text, uint64_t *out_us);
/* "5%", "0.5%", "0.05"; *out from 0 to 1. */
bool units_parse_share(const char *text, double *out);

/* "203.0.113.9", "2001:db8::1". An IPv4-mapped IPv6 address is the IPv4 address. */
bool units_parse_address(const char *text, struct address *out);
/*
 * "203.0.113.0/24", "2001:db8::/32", or an address alone. Bits past the length must be zero, and an
 * IPv4-mapped address must have its 96 bits.
 */
bool units_parse_prefix(const char *text, struct prefix *out);

/* "127.0.0.1:53", "[::1]:53": an address and a port of 1 to 65535. */
bool units_parse_endpoint(const char *text, struct address *out, uint16_t *out_port);

/*
 * Is it a host's name: labels of 1 to 63 letters, digits and inner hyphens (RFC 1123, 2.1) with dots
 * between them, at most 253 octets?
 */
bool units_is_host_name(const char *text);

enum { ADDRESS_TEXT_MAX = 46, PREFIX_TEXT_MAX = 50, UNITS_TEXT_MAX = 32 };

/*
 * Each writes to out and returns it; the parser of the same name reads it to the same value. IPv6
 * as in RFC 5952. A share, from 0 to 1, is written as a percentage, to 14 places.
 */
const char *units_address(const struct address *address, char out[ADDRESS_TEXT_MAX]);
const char *units_prefix(const struct prefix *prefix, char out[PREFIX_TEXT_MAX]);
const char *units_count(uint64_t count, char out[UNITS_TEXT_MAX]);
const char *units_duration(uint64_t us, char out[UNITS_TEXT_MAX]);
const char *units_size(uint64_t octets, char out[UNITS_TEXT_MAX]);
const char *units_share(double share, char out[UNITS_TEXT_MAX]);

#endif
