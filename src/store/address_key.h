/*
 * Addresses that a store keeps hidden: as a keyed hash (HMAC-SHA-256, RFC 2104), so that who has the
 * store without the key cannot tell whose they are, though one address is always the same.
 *
 * A hidden address has the form of an IPv6 address of 100::/8, where nobody is (RFC 4291, 2.4), and
 * those of one subscriber share its first 64 bits, as ever:
 *
 *     01 | 7 octets of the hash of the subscriber | 8 octets of the hash of the address
 *
 * In memory, beside subscribers that are known by their own address, a hidden one begins with ff: that
 * is multicast and nobody's source (RFC 4291, 2.7), while anybody may send from 100::/8.
 */
#ifndef HOPTELL_STORE_ADDRESS_KEY_H
#define HOPTELL_STORE_ADDRESS_KEY_H

#include "store/store.h"

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

/*
 * A text that is another one for another key, and from which nobody learns the key: what a store keeps
 * to tell that the key was changed.
 */
void address_key_mark(const struct address_key *key, char out[KEY_MARK_MAX]);

/* The form that a hidden address has in memory, whether an address has it, and the way back. */
static inline struct address address_put_by(const struct address *hidden)
{
    struct address address = *hidden;

    address.octets[0] = 0xff;
    return address;
}

static inline bool address_is_put_by(const struct address *address)
{
    return address->octets[0] == 0xff;
}

static inline struct address address_taken_back(const struct address *put_by)
{
    struct address address = *put_by;

    address.octets[0] = 1;
    return address;
}

static inline bool address_is_hidden(const struct address *address)
{
    return address->octets[0] == 1;
}

#endif
