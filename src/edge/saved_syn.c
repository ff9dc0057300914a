/*
 * The opening packet of an accepted connection, from its socket; see saved_syn.h.
 */
#include "edge/saved_syn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int saved_syn_keep(int listening)
{
    const int headers = 1; /* from the IP header on; 2 would add the link layer's */

    if (setsockopt(listening, IPPROTO_TCP, TCP_SAVE_SYN, &headers, sizeof headers) < 0)
        return -errno;
    return 0;
}

long saved_syn_take(int connection, uint8_t *out, size_t capacity)
{
    socklen_t length = (socklen_t)capacity;

    if (getsockopt(connection, IPPROTO_TCP, TCP_SAVED_SYN, out, &length) < 0)
        return -errno;
    return length > 0 ? (long)length : -ENOENT;
}
