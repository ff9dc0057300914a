/*
 * The opening packet of a connection that this process accepted (tcp(7), TCP_SAVE_SYN and
 * TCP_SAVED_SYN, Linux 4.2): needs neither capture nor rights.
 */
#ifndef HOPTELL_EDGE_SAVED_SYN_H
#define HOPTELL_EDGE_SAVED_SYN_H

#include <stddef.h>
#include <stdint.h>

/* Before listen(2). 0 or a negative errno. */
int saved_syn_keep(int listening);

/*
 * IP and TCP header of the SYN that opened `connection` in `out`. Returns their length, or a
 * negative errno; -ENOENT when the kernel has none. The kernel gives it once only.
 */
long saved_syn_take(int connection, uint8_t *out, size_t capacity);

#endif
