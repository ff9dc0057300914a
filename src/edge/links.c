/*
 * Changes of interfaces, by libmnl; see links.h.
 */
#include "edge/links.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>

enum { MESSAGES_MAX = 16384 };

struct links {
    struct mnl_socket *netlink;
};

struct telling {
    void (*each)(unsigned interface, enum links_change change, void *context);
    void *context;
};

int links_open(struct links **out)
{
    struct links *links = calloc(1, sizeof *links);

    if (links == NULL)
        return -ENOMEM;
    links->netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (links->netlink == NULL ||
        mnl_socket_bind(links->netlink, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0) {
        const int code = errno;

        links_close(links);
        return -code;
    }
    *out = links;
    return 0;
}

void links_close(struct links *links)
{
    if (links == NULL)
        return;
    if (links->netlink != NULL)
        mnl_socket_close(links->netlink);
    free(links);
}

int links_descriptor(const struct links *links)
{
    return mnl_socket_get_fd(links->netlink);
}

static int on_message(const struct nlmsghdr *message, void *context)
{
    const struct telling *telling = context;
    const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
    enum links_change change = LINKS_GONE;

    if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
        return MNL_CB_OK;
    if (link->ifi_family != AF_UNSPEC) /* a bridge tells of its ports with the same words */
        return MNL_CB_OK;
    if (message->nlmsg_type == RTM_NEWLINK)
        change = (link->ifi_flags & IFF_UP) != 0 ? LINKS_UP : LINKS_DOWN;
    telling->each((unsigned)link->ifi_index, change, telling->context);
    return MNL_CB_OK;
}

void links_read(struct links *links,
                void (*each)(unsigned interface, enum links_change change, void *context),
                void *context)
{
    struct telling telling = {.each = each, .context = context};
    _Alignas(struct nlmsghdr) uint8_t messages[MESSAGES_MAX];
    ssize_t got;

    while ((got = mnl_socket_recvfrom(links->netlink, messages, sizeof messages)) > 0)
        (void)mnl_cb_run(messages, (size_t)got, 0, 0, on_message, &telling);
}
