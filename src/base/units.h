/*
 * Values with units as settings and tales write them, and addresses in text form.
 * Each returns false for anything but exactly such a value.
 */
#ifndef HOPTELL_BASE_UNITS_H
#define HOPTELL_BASE_UNITS_H

#include "wire/address.h"

#include <stddef.h>

bool units_parse_count(const char *text, uint64_t *out); /* "20", "10k", "1M" (powers of ten) */
bool units_parse_size(const char *text, uint64_t *out_octets); /* "64MiB", "512", "1kB" */
bool units_parse_duration(const char *text,
                          uint64_t *out_us);           /* "20ms", "1.5s", "30d"; unit needed */
bool units_parse_share(const char *text, double *out); /* "5%", "0.5%", "0.05"; 0 to 1 */

bool units_parse_address(const char *text, struct address *out);
/* "203.0.113.0/24", "2001:db8::/32", or an address alone. Bits past the length must be zero. */
bool units_parse_prefix(const char *text, struct prefix *out);

enum { ADDRESS_TEXT_MAX = 46, PREFIX_TEXT_MAX = 50, UNITS_TEXT_MAX = 32 };

/* Each writes to out and returns it. IPv6 as in RFC 5952. */
const char *units_address(const struct address *address, char out[ADDRESS_TEXT_MAX]);
const char *units_prefix(const struct prefix *prefix, char out[PREFIX_TEXT_MAX]);
const char *units_duration(uint64_t us, char out[UNITS_TEXT_MAX]);
const char *units_size(uint64_t octets, char out[UNITS_TEXT_MAX]);
const char *units_share(double share, char out[UNITS_TEXT_MAX]);

#endif
