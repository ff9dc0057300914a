/*
 * One alarm of the monotonic clock, precise to what the kernel can do: a timerfd(2) to poll.
 */
#ifndef HOPTELL_EDGE_ALARM_H
#define HOPTELL_EDGE_ALARM_H

#include <stdint.h>

#define ALARM_NEVER UINT64_MAX

/* A descriptor that is readable once the alarm has rung, or a negative errno. close(2) ends it. */
int alarm_open(void);

/* Rings at `due_ns` of clock_monotonic_ns, at once if that is past, or never; replaces what was set. */
int alarm_set(int alarm, uint64_t due_ns);

/* Forgets that it rang. */
void alarm_take(int alarm);

#endif
