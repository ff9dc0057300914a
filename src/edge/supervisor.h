/*
 * The service manager that started us, if it asked to be told how we are: sd_notify(3)'s protocol,
 * datagrams of lines NAME=VALUE to the socket that NOTIFY_SOCKET names.
 */
#ifndef HOPTELL_EDGE_SUPERVISOR_H
#define HOPTELL_EDGE_SUPERVISOR_H

#include <stdint.h>

/* A connected descriptor; -ENOENT: nobody asked; another negative errno: cannot connect. */
int supervisor_open(void);

/* Sends `lines`; nothing is done for a negative descriptor, nor when nobody listens any more. */
void supervisor_tell(int descriptor, const char *lines);

/* How often it wants to hear from this process, in milliseconds; 0: it does not. */
uint64_t supervisor_watchdog_ms(void);

#endif
