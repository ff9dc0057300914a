/*
 * Between addresses and what sockets have for them; see socket_address.h.
 */
#include "base/socket_address.h"

#include <string.h>

socklen_t socket_address_of(const struct address *address, uint16_t port, union socket_address *out)
{
    *out = (union socket_address){0};
    if (address_is_v4(address)) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        memcpy(&out->v4.sin_addr, address_wire(address), sizeof out->v4.sin_addr);
        return sizeof out->v4;
    }
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(port);
    memcpy(&out->v6.sin6_addr, address->octets, sizeof out->v6.sin6_addr);
    return sizeof out->v6;
}

bool socket_address_read(const struct sockaddr *from, struct address *out_address,
                         uint16_t *out_port)
{
    const union socket_address *socket = (const void *)from;
    uint16_t port;

    if (from == NULL || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
        return false;
    if (from->sa_family == AF_INET) {
        *out_address = address_v4((const void *)&socket->v4.sin_addr);
        port = ntohs(socket->v4.sin_port);
    } else {
        *out_address = address_v6(socket->v6.sin6_addr.s6_addr);
        port = ntohs(socket->v6.sin6_port);
    }
    if (out_port != NULL)
        *out_port = port;
    return true;
}
