/*
 * The TUN device to which the targets are routed, with one or several queues: the kernel keeps the
 * packets of a flow in one of them. It is not persistent: the kernel removes it, and with it its
 * addresses and routes, when the last descriptor is closed, however the process ends.
 */
#ifndef HOPTELL_EDGE_TUN_H
#define HOPTELL_EDGE_TUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TUN_QUEUES_MAX = 64 };

struct tun;

/*
 * Creates the device `name` with `queues` queues. 0 and *out for tun_close, or a negative errno
 * with a sentence in `error`: -EPERM (CAP_NET_ADMIN is wanted), -EBUSY (there is such a device),
 * -ENOENT (no /dev/net/tun), -ENAMETOOLONG.
 */
int tun_open(const char *name, unsigned queues, struct tun **out, char *error, size_t error_size);
void tun_close(struct tun *tun); /* NULL is fine */

unsigned tun_index(const struct tun *tun); /* the interface's index, for routes */
unsigned tun_queues(const struct tun *tun);
int tun_descriptor(const struct tun *tun, unsigned queue); /* to poll for packets */

/* One IP packet; its length, or a negative errno (-EAGAIN: none waiting, or no room). */
ssize_t tun_read(struct tun *tun, unsigned queue, uint8_t *out, size_t capacity);
ssize_t tun_write(struct tun *tun, unsigned queue, const uint8_t *octets, size_t length);

#endif
