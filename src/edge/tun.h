/*
 * The TUN device to which the targets are routed. It is not persistent: the kernel removes it, and
 * with it its addresses and routes, when the last descriptor is closed, however the process ends.
 */
#ifndef HOPTELL_EDGE_TUN_H
#define HOPTELL_EDGE_TUN_H

#include "wire/address.h"

#include <stddef.h>
#include <sys/types.h>

struct tun;

/*
 * Creates the device and sets it up. 0, or a negative errno with a sentence in `error` (-EPERM, -EBUSY:
 * the name is in use, -ENOENT: no /dev/net/tun).
 */
int tun_open(const char *name, struct tun **out, char *error, size_t error_size);
void tun_close(struct tun *tun); /* NULL is fine */

/* An address of this machine on the device; and a prefix that is routed to it. */
int tun_add_address(struct tun *tun, const struct prefix *address, char *error, size_t error_size);
int tun_add_route(struct tun *tun, const struct prefix *prefix, char *error, size_t error_size);
int tun_delete_route(struct tun *tun, const struct prefix *prefix, char *error, size_t error_size);

int tun_descriptor(const struct tun *tun);

/* One IP packet; its length, or a negative errno (-EAGAIN: none waiting, or no room). */
ssize_t tun_read(struct tun *tun, uint8_t *out, size_t capacity);
ssize_t tun_write(struct tun *tun, const uint8_t *octets, size_t length);

#endif
