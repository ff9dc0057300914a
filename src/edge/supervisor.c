/*
 * The service manager; see supervisor.h. Some lines here instead of libsystemd, which brings five
 * libraries for compression and cryptography into the process.
 */
#include "edge/supervisor.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int supervisor_open(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = path != NULL ? strlen(path) : 0;
    int descriptor;

    if (length == 0)
        return -ENOENT;
    if (length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return -EINVAL;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* in the abstract namespace (unix(7)) */
    descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -errno;
    if (connect(descriptor, (const struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 0) {
        const int code = errno;

        close(descriptor);
        return -code;
    }
    return descriptor;
}

void supervisor_tell(int descriptor, const char *lines)
{
    if (descriptor >= 0 && send(descriptor, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return; /* it learns from our end, if from nothing else */
}

/* A number and nothing else; 0 where there is none. */
static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);
    char *end = NULL;
    uint64_t number;

    if (text == NULL || text[0] < '0' || text[0] > '9')
        return 0;
    number = strtoull(text, &end, 10);
    return *end == '\0' ? number : 0;
}

uint64_t supervisor_watchdog_ms(void)
{
    const uint64_t process = number_of("WATCHDOG_PID");

    if (process != 0 && process != (uint64_t)getpid())
        return 0; /* it is meant for another process */
    return number_of("WATCHDOG_USEC") / 1000;
}
