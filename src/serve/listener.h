/*
 * A listening socket, made by ourselves so that it keeps opening packets and serves both
 * families.
 */
#ifndef HOPTELL_SERVE_LISTENER_H
#define HOPTELL_SERVE_LISTENER_H

#include "wire/address.h"

#include <stddef.h>

/*
 * Listens on `address` and `port` (0: any that is free); :: takes both families. `keep_syn` asks
 * for opening packets. 0 and a non-blocking descriptor that the caller closes, or a negative errno
 * and a sentence in `error`.
 */
int listener_open(const struct address *address, uint16_t port, bool keep_syn, int *out,
                  char *error, size_t error_size);

/*
 * Listens on a Unix socket at `path`, which its owner and the group of its directory can open. What
 * a listener that is gone has left there is taken away. As listener_open.
 */
int listener_open_unix(const char *path, int *out, char *error, size_t error_size);

/* "127.0.0.1:8081", "[::]:8080"; returns out. */
enum { LISTENER_TEXT_MAX = 56 };
const char *listener_text(const struct address *address, uint16_t port,
                          char out[LISTENER_TEXT_MAX]);

uint16_t listener_port(int listening); /* that it is bound to */

#endif
