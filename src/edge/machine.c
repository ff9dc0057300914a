/*
 * This machine's addresses, by getifaddrs(3); see machine.h.
 */
#include "edge/machine.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

static bool address_of(const struct sockaddr *from, struct address *out)
{
    if (from == NULL)
        return false;
    if (from->sa_family == AF_INET)
        *out = address_v4(
            (const uint8_t *)&((const struct sockaddr_in *)(const void *)from)->sin_addr);
    else if (from->sa_family == AF_INET6)
        *out = address_v6(
            (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)from)->sin6_addr);
    else
        return false;
    return true;
}

int machine_addresses(struct address *out, size_t capacity, size_t *out_count)
{
    struct ifaddrs *list;

    *out_count = 0;
    if (getifaddrs(&list) != 0)
        return -errno;
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        if (*out_count < capacity && address_of(i->ifa_addr, &out[*out_count]))
            ++*out_count;
        if (*out_count < capacity && i->ifa_flags & IFF_BROADCAST &&
            address_of(i->ifa_broadaddr, &out[*out_count]))
            ++*out_count;
    }
    freeifaddrs(list);
    return 0;
}
