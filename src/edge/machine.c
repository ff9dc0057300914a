/*
 * This machine's addresses, by getifaddrs(3); see machine.h.
 */
#include "edge/machine.h"

#include "base/socket_address.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>

int machine_addresses(struct address *out, size_t capacity, size_t *out_count)
{
    struct ifaddrs *list;

    *out_count = 0;
    if (getifaddrs(&list) != 0)
        return -errno;
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        if (*out_count < capacity && socket_address_read(i->ifa_addr, &out[*out_count], NULL))
            ++*out_count;
        if (*out_count < capacity && i->ifa_flags & IFF_BROADCAST &&
            socket_address_read(i->ifa_broadaddr, &out[*out_count], NULL))
            ++*out_count;
    }
    freeifaddrs(list);
    return 0;
}
