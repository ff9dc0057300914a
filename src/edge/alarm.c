/*
 * timerfd; see alarm.h.
 */
#include "edge/alarm.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_A_SECOND 1000000000u

int alarm_open(void)
{
    const int alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    return alarm < 0 ? -errno : alarm;
}

int alarm_set(int alarm, uint64_t due_ns)
{
    struct itimerspec at = {0};

    if (due_ns != ALARM_NEVER) {
        const uint64_t due = due_ns == 0 ? 1 : due_ns; /* all zero would disarm it */

        at.it_value.tv_sec = (time_t)(due / NS_A_SECOND);
        at.it_value.tv_nsec = (long)(due % NS_A_SECOND);
    }
    return timerfd_settime(alarm, TFD_TIMER_ABSTIME, &at, NULL) == 0 ? 0 : -errno;
}

void alarm_take(int alarm)
{
    uint64_t rings;

    if (read(alarm, &rings, sizeof rings) < 0)
        return; /* it has not rung */
}
