/*
 * What the drivers of this machine's interfaces can do for XDP, by generic netlink (Linux 6.3).
 */
#ifndef HOPTELL_EDGE_NETDEV_H
#define HOPTELL_EDGE_NETDEV_H

enum netdev_xdp {
    NETDEV_XDP_UNKNOWN, /* the kernel is too old to tell */
    NETDEV_XDP_GENERIC, /* the driver has none, so that the kernel's generic way is left */
    NETDEV_XDP_NATIVE,
};

/* Calls `each` for every interface but loopback. 0, or a negative errno. */
int netdev_each(void (*each)(const char *interface, enum netdev_xdp xdp, void *context),
                void *context);

#endif
