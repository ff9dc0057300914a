/*
 * Addresses that a store keeps hidden: as a keyed hash (HMAC-SHA-256, RFC 2104), so that who has the
 * store without the key cannot tell whose they are, though one address is always the same.
 *
 * A hidden address has the form of an IPv6 address of 100::/8, where nobody is (RFC 4291, 2.4), and
 * those of one subscriber share its first 64 bits, as ever:
 *
 *     01 | 7 octets of the hash of the subscriber | 8 octets of the hash of the address
 */
#ifndef HOPTELL_STORE_ADDRESS_KEY_H
#define HOPTELL_STORE_ADDRESS_KEY_H

#include "wire/address.h"

#include <stddef.h>

enum { ADDRESS_KEY_OCTETS = 32 };

struct address_key {
    uint8_t octets[ADDRESS_KEY_OCTETS];
};

/*
 * Reads the key in the file `path`, which is made, of random octets and for its owner alone, where
 * there is none. 0, or a negative errno with a sentence in `error`.
 */
int address_key_load(const char *path, struct address_key *out, char *error, size_t error_size);

struct address address_key_hide(const struct address_key *key, const struct address *address);

/* The prefix of a subscriber's hidden addresses, of its own prefix. */
struct prefix address_key_hide_subscriber(const struct address_key *key,
                                          const struct prefix *subscriber);

static inline bool address_is_hidden(const struct address *address)
{
    return address->octets[0] == 1;
}

#endif
