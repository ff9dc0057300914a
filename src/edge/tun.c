/*
 * The TUN device; see tun.h and the kernel's Documentation/networking/tuntap.rst.
 */
#include "edge/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TUN_CONTROL "/dev/net/tun"

struct tun {
    int descriptor;
    unsigned index;
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

/* Names that if_nametoindex knows are somebody's; the kernel itself would join some of them. */
static int tun_attach(int descriptor, const char *name)
{
    struct ifreq request = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL)};

    if (strlen(name) >= sizeof request.ifr_name)
        return ENAMETOOLONG;
    if (if_nametoindex(name) != 0)
        return EBUSY;
    memcpy(request.ifr_name, name, strlen(name));
    return ioctl(descriptor, TUNSETIFF, &request) == 0 ? 0 : errno;
}

int tun_open(const char *name, struct tun **out, char *error, size_t error_size)
{
    struct tun *tun = malloc(sizeof *tun);
    int code;

    if (tun == NULL)
        return tun_explain(name, ENOMEM, error, error_size);
    tun->descriptor = open(TUN_CONTROL, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    code = tun->descriptor < 0 ? errno : tun_attach(tun->descriptor, name);
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
    if (tun->descriptor >= 0)
        close(tun->descriptor);
    free(tun);
}

int tun_descriptor(const struct tun *tun)
{
    return tun->descriptor;
}

unsigned tun_index(const struct tun *tun)
{
    return tun->index;
}

ssize_t tun_read(struct tun *tun, uint8_t *out, size_t capacity)
{
    const ssize_t got = read(tun->descriptor, out, capacity);

    return got < 0 ? -errno : got;
}

ssize_t tun_write(struct tun *tun, const uint8_t *octets, size_t length)
{
    const ssize_t put = write(tun->descriptor, octets, length);

    return put < 0 ? -errno : put;
}
