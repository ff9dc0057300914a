/*
 * Interfaces and XDP, by libmnl; see netdev.h. The family "netdev" is younger than the headers of
 * the reference machine, so its few numbers are here.
 */
#include "edge/netdev.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { /* linux/netdev.h */
       NETDEV_DEV_GET = 1,
       NETDEV_IFINDEX = 1,
       NETDEV_XDP_FEATURES = 3,
       NETDEV_XDP_BASIC = 1,
       NETDEV_VERSION = 1,
};

struct question {
    struct mnl_socket *socket;
    uint8_t buffer[8192];
    uint16_t family;
    unsigned interface;
    enum netdev_xdp xdp;
};

static int on_family(const struct nlattr *attribute, void *context)
{
    struct question *q = context;

    if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID)
        q->family = mnl_attr_get_u16(attribute);
    return MNL_CB_OK;
}

static int on_family_message(const struct nlmsghdr *message, void *context)
{
    return mnl_attr_parse(message, sizeof(struct genlmsghdr), on_family, context);
}

static int on_device(const struct nlattr *attribute, void *context)
{
    struct question *q = context;

    if (mnl_attr_get_type(attribute) == NETDEV_XDP_FEATURES)
        q->xdp =
            mnl_attr_get_u64(attribute) & NETDEV_XDP_BASIC ? NETDEV_XDP_NATIVE : NETDEV_XDP_GENERIC;
    return MNL_CB_OK;
}

static int on_device_message(const struct nlmsghdr *message, void *context)
{
    return mnl_attr_parse(message, sizeof(struct genlmsghdr), on_device, context);
}

static struct nlmsghdr *begin(struct question *q, uint16_t type, uint8_t command, uint8_t version)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(q->buffer);
    struct genlmsghdr *header;

    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->cmd = command;
    header->version = version;
    return message;
}

/* Sends what is begun, and gives the answer to `each`. */
static bool ask(struct question *q, const struct nlmsghdr *message, mnl_cb_t each)
{
    const unsigned port = mnl_socket_get_portid(q->socket);
    int more = MNL_CB_OK;

    if (mnl_socket_sendto(q->socket, message, message->nlmsg_len) < 0)
        return false;
    while (more > MNL_CB_STOP) {
        const ssize_t length = mnl_socket_recvfrom(q->socket, q->buffer, sizeof q->buffer);

        if (length < 0)
            return false;
        more = mnl_cb_run(q->buffer, (size_t)length, 0, port, each, q);
    }
    return more == MNL_CB_STOP;
}

static bool find_family(struct question *q)
{
    struct nlmsghdr *message = begin(q, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);

    mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, "netdev");
    return ask(q, message, on_family_message) && q->family != 0;
}

static enum netdev_xdp ask_device(struct question *q, unsigned interface)
{
    struct nlmsghdr *message;

    q->xdp = NETDEV_XDP_UNKNOWN;
    if (q->family == 0)
        return NETDEV_XDP_UNKNOWN;
    message = begin(q, q->family, NETDEV_DEV_GET, NETDEV_VERSION);
    mnl_attr_put_u32(message, NETDEV_IFINDEX, interface);
    return ask(q, message, on_device_message) ? q->xdp : NETDEV_XDP_UNKNOWN;
}

int netdev_each(void (*each)(const char *interface, enum netdev_xdp xdp, void *context),
                void *context)
{
    struct if_nameindex *list = if_nameindex();
    struct question q = {.socket = mnl_socket_open(NETLINK_GENERIC)};
    int code = 0;

    if (!list || !q.socket || mnl_socket_bind(q.socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        code = -errno;
        goto out;
    }
    (void)find_family(&q);
    for (const struct if_nameindex *i = list; i->if_index != 0; i++)
        if (strcmp(i->if_name, "lo") != 0)
            each(i->if_name, ask_device(&q, i->if_index), context);
out:
    if (q.socket)
        mnl_socket_close(q.socket);
    if (list)
        if_freenameindex(list);
    return code;
}
