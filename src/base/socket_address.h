/*
 * Addresses and ports as sockets have them.
 */
#ifndef HOPTELL_BASE_SOCKET_ADDRESS_H
#define HOPTELL_BASE_SOCKET_ADDRESS_H

#include "wire/address.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Of the address's own family; its length. The port is in host byte order. */
socklen_t socket_address_of(const struct address *address, uint16_t port,
                            union socket_address *out);

/*
 * What `from` says: an address, an IPv4-mapped one as IPv4, and a port in host byte order. False
 * when it is NULL or of another family than the two of IP. `out_port` may be NULL.
 */
bool socket_address_read(const struct sockaddr *from, struct address *out_address,
                         uint16_t *out_port);

#endif
