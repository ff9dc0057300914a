/*
 * The Host of a request, on a local address: a page elsewhere can have its name point to this
 * machine (DNS rebinding), and its browser then asks us in that name.
 */
#ifndef HOPTELL_SERVE_HOST_H
#define HOPTELL_SERVE_HOST_H

#include <stdbool.h>

/*
 * Whether `host` ("127.0.0.1:8081", "[::1]", "localhost", "hoptell"; "" for none) is none that a
 * stranger can own: an address, a name without a dot, or one that ends in .localhost (RFC 6761, 6.3).
 */
bool host_is_local(const char *host);

#endif
