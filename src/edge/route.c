/*
 * rtnetlink by libmnl; see route.h.
 */
#include "edge/route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 1024, REPLY_MAX = 8192 };

struct route_socket {
    struct mnl_socket *netlink;
    unsigned sequence;
};

int route_open(struct route_socket **out)
{
    struct route_socket *s = calloc(1, sizeof *s);

    if (s == NULL)
        return -ENOMEM;
    s->netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (s->netlink == NULL || mnl_socket_bind(s->netlink, 0, MNL_SOCKET_AUTOPID) < 0) {
        const int code = errno;

        route_close(s);
        return -code;
    }
    *out = s;
    return 0;
}

void route_close(struct route_socket *s)
{
    if (s == NULL)
        return;
    if (s->netlink != NULL)
        mnl_socket_close(s->netlink);
    free(s);
}

static struct nlmsghdr *route_message(struct route_socket *s, void *buffer, uint16_t type,
                                      uint16_t flags)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

    message->nlmsg_type = type;
    message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    message->nlmsg_seq = ++s->sequence;
    return message;
}

/* Sends the message and reads the kernel's word on it. */
static int route_ask(struct route_socket *s, struct nlmsghdr *message)
{
    char reply[REPLY_MAX];
    ssize_t got;

    if (mnl_socket_sendto(s->netlink, message, message->nlmsg_len) < 0)
        return -errno;
    got = mnl_socket_recvfrom(s->netlink, reply, sizeof reply);
    if (got < 0)
        return -errno;
    return mnl_cb_run(reply, (size_t)got, s->sequence, mnl_socket_get_portid(s->netlink), NULL,
                      NULL) < 0
               ? -errno
               : 0;
}

static uint8_t kernel_family(const struct address *address)
{
    return address_is_v4(address) ? AF_INET : AF_INET6;
}

static void put_address(struct nlmsghdr *message, uint16_t type, const struct address *address)
{
    mnl_attr_put(message, type, address_wire_length(address), address_wire(address));
}

int route_link_up(struct route_socket *s, unsigned interface)
{
    char buffer[MESSAGE_MAX];
    struct nlmsghdr *message = route_message(s, buffer, RTM_NEWLINK, 0);
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof *link);

    link->ifi_family = AF_UNSPEC;
    link->ifi_index = (int)interface;
    link->ifi_flags = IFF_UP;
    link->ifi_change = IFF_UP;
    return route_ask(s, message);
}

int route_address_add(struct route_socket *s, unsigned interface, const struct address *address,
                      uint8_t length)
{
    char buffer[MESSAGE_MAX];
    struct nlmsghdr *message = route_message(s, buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    struct ifaddrmsg *body = mnl_nlmsg_put_extra_header(message, sizeof *body);
    const struct prefix written = {.address = *address, .length = length};

    body->ifa_family = kernel_family(address);
    body->ifa_prefixlen = prefix_written_length(&written);
    body->ifa_flags = IFA_F_NODAD;
    body->ifa_scope = RT_SCOPE_UNIVERSE;
    body->ifa_index = interface;
    put_address(message, IFA_LOCAL, address);
    put_address(message, IFA_ADDRESS, address);
    return route_ask(s, message);
}

static int route_change(struct route_socket *s, uint16_t type, uint16_t flags, unsigned interface,
                        const struct prefix *prefix)
{
    char buffer[MESSAGE_MAX];
    struct nlmsghdr *message = route_message(s, buffer, type, flags);
    struct rtmsg *body = mnl_nlmsg_put_extra_header(message, sizeof *body);

    body->rtm_family = kernel_family(&prefix->address);
    body->rtm_dst_len = prefix_written_length(prefix);
    body->rtm_table = RT_TABLE_MAIN;
    body->rtm_protocol = RTPROT_STATIC;
    body->rtm_scope = address_is_v4(&prefix->address) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    body->rtm_type = RTN_UNICAST;
    put_address(message, RTA_DST, &prefix->address);
    mnl_attr_put_u32(message, RTA_OIF, interface);
    return route_ask(s, message);
}

int route_add(struct route_socket *s, unsigned interface, const struct prefix *prefix)
{
    return route_change(s, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, interface, prefix);
}

int route_delete(struct route_socket *s, unsigned interface, const struct prefix *prefix)
{
    return route_change(s, RTM_DELROUTE, 0, interface, prefix);
}
