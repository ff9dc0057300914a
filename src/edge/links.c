/*
 * Changes of interfaces, by libmnl; see links.h. What is known of each interface is kept, so that after
 * words were lost the kernel's list can be compared with it:
 *
 *      open: ask      words: learn, and tell        ENOBUFS: ask
 *                                                      |
 *      list: learn                                  list: tell what is different,
 *      end of it: nothing                           end of it: who was not in it is gone
 */
#include "edge/links.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { MESSAGES_MAX = 32768, REQUEST_MAX = 256 };

struct link {
    unsigned index;
    bool is_up;
    bool is_listed; /* in the list that is being read */
};

struct links {
    struct mnl_socket *netlink;
    uint32_t asked;  /* number of the request whose list is being read; 0: none */
    uint32_t number; /* of the last request */
    unsigned port;   /* of our socket: what is ours among the numbers */
    bool has_list;   /* of what there was at the start */
    bool lost;       /* words, since the last request */
    size_t count;
    size_t room;
    struct link *link;
    void (*each)(unsigned interface, enum links_change change, void *context);
    void *context;
};

static struct link *links_find(struct links *links, unsigned index)
{
    for (size_t i = 0; i < links->count; i++)
        if (links->link[i].index == index)
            return &links->link[i];
    return NULL;
}

/* For want of memory it is not known: whether it goes is told unless the word of that is lost. */
static void links_add(struct links *links, unsigned index, bool is_up)
{
    if (links->count == links->room) {
        const size_t room = links->room == 0 ? 16 : 2 * links->room;
        struct link *grown = realloc(links->link, room * sizeof *grown);

        if (grown == NULL)
            return;
        links->link = grown;
        links->room = room;
    }
    links->link[links->count++] = (struct link){.index = index, .is_up = is_up, .is_listed = true};
}

static void links_remove(struct links *links, unsigned index)
{
    struct link *link = links_find(links, index);

    if (link != NULL)
        *link = links->link[--links->count];
}

/* Asks for a list of all; the end of a list that is being read comes first. */
static void links_ask(struct links *links)
{
    uint8_t buffer[REQUEST_MAX];
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct ifinfomsg *link;

    if (links->asked != 0)
        return;
    message->nlmsg_type = RTM_GETLINK;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = ++links->number;
    link = mnl_nlmsg_put_extra_header(message, sizeof *link);
    link->ifi_family = AF_UNSPEC;
    if (mnl_socket_sendto(links->netlink, message, message->nlmsg_len) < 0)
        return;
    for (size_t i = 0; i < links->count; i++)
        links->link[i].is_listed = false;
    links->asked = links->number;
    links->lost = false;
}

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
    links->port = mnl_socket_get_portid(links->netlink);
    links_ask(links);
    *out = links;
    return 0;
}

void links_close(struct links *links)
{
    if (links == NULL)
        return;
    if (links->netlink != NULL)
        mnl_socket_close(links->netlink);
    free(links->link);
    free(links);
}

int links_descriptor(const struct links *links)
{
    return mnl_socket_get_fd(links->netlink);
}

/* A word of the kernel's on one interface: what it is now. */
static void links_told(struct links *links, unsigned index, enum links_change now)
{
    struct link *link = links_find(links, index);

    if (now == LINKS_GONE)
        links_remove(links, index);
    else if (link == NULL)
        links_add(links, index, now == LINKS_UP);
    else
        *link = (struct link){.index = index, .is_up = now == LINKS_UP, .is_listed = true};
    links->each(index, now, links->context);
}

/* A row of the list. */
static void links_listed(struct links *links, unsigned index, enum links_change now)
{
    struct link *link = links_find(links, index);
    const bool was_up = link != NULL && link->is_up;

    if (link == NULL)
        links_add(links, index, now == LINKS_UP);
    else
        *link = (struct link){.index = index, .is_up = now == LINKS_UP, .is_listed = true};
    if (!links->has_list)
        return;
    if (was_up && now == LINKS_UP)
        links->each(index, LINKS_UNSURE, links->context);
    else if (was_up || now == LINKS_UP)
        links->each(index, now, links->context);
}

/* Who is not in the list is gone; one that was cut by changes is asked for again (NLM_F_DUMP_INTR). */
static void links_list_ends(struct links *links, bool whole)
{
    links->asked = 0;
    links->lost = links->lost || !whole;
    for (size_t i = links->count; whole && i > 0; i--) {
        const struct link link = links->link[i - 1];

        if (!link.is_listed) {
            links->link[i - 1] = links->link[--links->count];
            links->each(link.index, LINKS_GONE, links->context);
        }
    }
    links->has_list = links->has_list || whole;
}

static void links_take(struct links *links, const struct nlmsghdr *message)
{
    const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
    const bool is_list = links->asked != 0 && message->nlmsg_seq == links->asked &&
                         message->nlmsg_pid == links->port;
    enum links_change now = LINKS_GONE;

    if (is_list && (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
        links->lost = true;
    if (is_list && (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR))
        links_list_ends(links, message->nlmsg_type == NLMSG_DONE && !links->lost);
    if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
        return;
    if (mnl_nlmsg_get_payload_len(message) < sizeof *link || link->ifi_family != AF_UNSPEC)
        return; /* a bridge tells of its ports with the same words */
    if (message->nlmsg_type == RTM_NEWLINK)
        now = (link->ifi_flags & IFF_UP) != 0 ? LINKS_UP : LINKS_DOWN;
    if (is_list)
        links_listed(links, (unsigned)link->ifi_index, now);
    else
        links_told(links, (unsigned)link->ifi_index, now);
}

static void links_take_all(struct links *links, const uint8_t *octets, size_t length)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)octets;
    int left = (int)length;

    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
        links_take(links, message);
}

void links_read(struct links *links,
                void (*each)(unsigned interface, enum links_change change, void *context),
                void *context)
{
    _Alignas(struct nlmsghdr) uint8_t messages[MESSAGES_MAX];

    links->each = each;
    links->context = context;
    for (;;) {
        const ssize_t got = mnl_socket_recvfrom(links->netlink, messages, sizeof messages);

        if (got > 0)
            links_take_all(links, messages, (size_t)got);
        else if (got < 0 && errno == ENOBUFS)
            links->lost = true;
        else if (got == 0 || (errno != EINTR && errno != ENOSPC))
            break;
    }
    if (links->lost)
        links_ask(links);
}
