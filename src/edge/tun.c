/*
 * The TUN device; see tun.h and the kernel's Documentation/networking/tuntap.rst.
 */
#include "edge/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TUN_CONTROL "/dev/net/tun"

struct tun {
    unsigned index;
    unsigned queues;
    int descriptor[TUN_QUEUES_MAX];
};

static int tun_explain(const char *name, int code, char *error, size_t error_size)
{
    switch (code) {
    case EPERM:
    case EACCES:
        snprintf(error, error_size,
                 "expected the right to make the device %s (root, or CAP_NET_ADMIN), found none",
                 name);
        break;
    case EBUSY:
        snprintf(error, error_size,
                 "expected the name %s to be free for a TUN device, found it in use", name);
        break;
    case ENAMETOOLONG:
        snprintf(error, error_size, "expected a device name of at most %d octets, found %s",
                 IFNAMSIZ - 1, name);
        break;
    default:
        snprintf(error, error_size, "cannot make the device %s by " TUN_CONTROL ": %s", name,
                 strerror(code));
    }
    return -code;
}

/* Opens one queue more. The first one makes the device, and no other device is joined by mistake. */
static int tun_attach(struct tun *tun, const char *name)
{
    const bool first = tun->queues == 0;
    struct ifreq request = {
        .ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE | (first ? IFF_TUN_EXCL : 0)),
    };
    int descriptor;

    if (strlen(name) >= sizeof request.ifr_name)
        return ENAMETOOLONG;
    if (first && if_nametoindex(name) != 0)
        return EBUSY;
    memcpy(request.ifr_name, name, strlen(name));
    descriptor = open(TUN_CONTROL, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0)
        return errno;
    if (ioctl(descriptor, TUNSETIFF, &request) != 0) {
        const int code = errno;

        close(descriptor);
        return code;
    }
    tun->descriptor[tun->queues++] = descriptor;
    return 0;
}

int tun_open(const char *name, unsigned queues, struct tun **out, char *error, size_t error_size)
{
    struct tun *tun = calloc(1, sizeof *tun);
    int code = tun == NULL ? ENOMEM : 0;

    if (queues > TUN_QUEUES_MAX)
        queues = TUN_QUEUES_MAX;
    for (unsigned i = 0; code == 0 && i < queues; i++)
        code = tun_attach(tun, name);
    if (code != 0) {
        tun_close(tun);
        return tun_explain(name, code, error, error_size);
    }
    tun->index = if_nametoindex(name);
    *out = tun;
    return 0;
}

void tun_close(struct tun *tun)
{
    if (tun == NULL)
        return;
    for (unsigned i = 0; i < tun->queues; i++)
        close(tun->descriptor[i]);
    free(tun);
}

unsigned tun_index(const struct tun *tun)
{
    return tun->index;
}

unsigned tun_queues(const struct tun *tun)
{
    return tun->queues;
}

int tun_descriptor(const struct tun *tun, unsigned queue)
{
    return tun->descriptor[queue];
}

ssize_t tun_read(struct tun *tun, unsigned queue, uint8_t *out, size_t capacity)
{
    const ssize_t got = read(tun->descriptor[queue], out, capacity);

    return got < 0 ? -errno : got;
}

ssize_t tun_write(struct tun *tun, unsigned queue, const uint8_t *octets, size_t length)
{
    const ssize_t put = write(tun->descriptor[queue], octets, length);

    return put < 0 ? -errno : put;
}
