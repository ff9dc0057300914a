/*
 * Addresses, routes and the up flag of an interface, by rtnetlink(7).
 */
#ifndef HOPTELL_EDGE_ROUTE_H
#define HOPTELL_EDGE_ROUTE_H

#include "wire/address.h"

#include <stddef.h>

struct route_socket;

/* 0 and *out for route_close, or a negative errno. */
int route_open(struct route_socket **out);
void route_close(struct route_socket *socket); /* NULL is fine */

/* All of these: 0, or a negative errno as the kernel gave it. */
int route_link_up(struct route_socket *socket, unsigned interface);

/* An address of this machine on the interface; `address` with its host bits, unlike a prefix. */
int route_address_add(struct route_socket *socket, unsigned interface,
                      const struct address *address, uint8_t length);

/* -EEXIST: there is a route to this very prefix already, and it stays as it is. */
int route_add(struct route_socket *socket, unsigned interface, const struct prefix *prefix);
int route_delete(struct route_socket *socket, unsigned interface, const struct prefix *prefix);

#endif
