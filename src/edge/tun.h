/*
 * The TUN device to which the targets are routed. It is not persistent: the kernel removes it, and
 * with it its addresses and routes, when the last descriptor is closed, however the process ends.
 */
#ifndef HOPTELL_EDGE_TUN_H
#define HOPTELL_EDGE_TUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tun;

/*
 * Creates the device `name`. 0 and *out for tun_close, or a negative errno with a sentence in
 * `error`: -EPERM (CAP_NET_ADMIN is wanted), -EBUSY (there is such a device), -ENOENT (no
 * /dev/net/tun), -ENAMETOOLONG.
 */
int tun_open(const char *name, struct tun **out, char *error, size_t error_size);
void tun_close(struct tun *tun); /* NULL is fine */

int tun_descriptor(const struct tun *tun); /* to poll for packets */
unsigned tun_index(const struct tun *tun); /* the interface's index, for routes */

/* One IP packet; its length, or a negative errno (-EAGAIN: none waiting, or no room). */
ssize_t tun_read(struct tun *tun, uint8_t *out, size_t capacity);
ssize_t tun_write(struct tun *tun, const uint8_t *octets, size_t length);

#endif
