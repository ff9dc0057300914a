/*
 * Telling the service manager; see supervising.h.
 */
#include "cli/supervising.h"

#include "base/clock.h"
#include "edge/supervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct supervising {
    uv_timer_t watchdog;
    int descriptor;
};

static void still_turning(uv_timer_t *handle)
{
    const struct supervising *s = handle->data;

    supervisor_tell(s->descriptor, "WATCHDOG=1");
}

int supervising_open(uv_loop_t *loop, struct supervising **out, char *error, size_t error_size)
{
    const uint64_t period = supervisor_watchdog_ms() / 2; /* as sd_watchdog_enabled(3) has it */
    const int descriptor = supervisor_open();
    struct supervising *s;

    *out = NULL;
    if (descriptor == -ENOENT)
        return 0;
    s = descriptor >= 0 ? calloc(1, sizeof *s) : NULL;
    if (s == NULL) {
        const int code = descriptor >= 0 ? -ENOMEM : descriptor;

        if (descriptor >= 0)
            close(descriptor);
        snprintf(error, error_size, "cannot reach the service manager by NOTIFY_SOCKET: %s",
                 strerror(-code));
        return code;
    }
    s->descriptor = descriptor;
    uv_timer_init(loop, &s->watchdog);
    s->watchdog.data = s;
    if (period > 0)
        uv_timer_start(&s->watchdog, still_turning, period, period);
    *out = s;
    return 0;
}

void supervising_ready(struct supervising *s)
{
    if (s != NULL)
        supervisor_tell(s->descriptor, "READY=1\nSTATUS=Watching, telling and serving");
}

void supervising_reloading(struct supervising *s)
{
    char lines[96];

    if (s == NULL)
        return;
    snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
             clock_monotonic_ns() / 1000);
    supervisor_tell(s->descriptor, lines);
}

static void supervising_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void supervising_close(struct supervising *s)
{
    if (s == NULL)
        return;
    supervisor_tell(s->descriptor, "STOPPING=1");
    close(s->descriptor);
    uv_close((uv_handle_t *)&s->watchdog, supervising_closed);
}
