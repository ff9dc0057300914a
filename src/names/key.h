/*
 * Names as keys that sort: compared octet by octet, keys are in DNSSEC's canonical order
 * (RFC 4034, 6.1), and the key of a name begins with the keys of the names it lies under.
 *
 *     www.Example.net   ->   n e t 0 e x a m p l e 0 w w w 0
 *
 * Letters are in lower case; octets 0 and 1, which no sane name has, become two octets each.
 */
#ifndef HOPTELL_NAMES_KEY_H
#define HOPTELL_NAMES_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAME_WIRE_MAX = 255, NAME_KEY_MAX = 2 * NAME_WIRE_MAX };

struct name_key {
    uint16_t length;
    uint8_t octets[NAME_KEY_MAX];
};

/* Of a name in wire format, whole and without compression, at most NAME_WIRE_MAX octets. */
void name_key_of_wire(const uint8_t *wire, struct name_key *out);

/* Of a dotted name of letters, digits and hyphens, without the last dot. */
void name_key_of_text(const char *text, struct name_key *out);

/* Is the name of `length` octets of key at or under the one of `above`? */
bool name_key_is_under(const uint8_t *key, size_t length, const uint8_t *above,
                       size_t above_length);

/* As memcmp, for keys. */
int name_key_compare(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length);

#endif
