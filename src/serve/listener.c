/*
 * A listening TCP socket; see listener.h.
 */
#include "serve/listener.h"

#include "base/socket_address.h"
#include "base/units.h"
#include "edge/saved_syn.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTENER_BACKLOG = 512 };

const char *listener_text(const struct address *address, uint16_t port, char out[LISTENER_TEXT_MAX])
{
    const bool v4 = address_is_v4(address);
    char text[ADDRESS_TEXT_MAX];

    snprintf(out, LISTENER_TEXT_MAX, "%s%s%s:%u", v4 ? "" : "[", units_address(address, text),
             v4 ? "" : "]", port);
    return out;
}

static int set_options(int fd, bool as_v4, bool keep_syn)
{
    const int on = 1;
    const int off = 0;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        return -errno;
    if (!as_v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
        return -errno;
    return keep_syn ? saved_syn_keep(fd) : 0;
}

static void explain(int failure, const char *text, char *error, size_t error_size)
{
    switch (failure) {
    case -EADDRINUSE:
        snprintf(error, error_size, "expected %s to be free, found it in use by another program",
                 text);
        break;
    case -EEXIST:
        snprintf(error, error_size, "expected a socket or nothing at %s, found another file", text);
        break;
    case -EADDRNOTAVAIL:
        snprintf(error, error_size, "expected %s to be an address of this machine, found it is not",
                 text);
        break;
    case -EACCES:
        snprintf(error, error_size, "expected the right to listen on %s, found it refused", text);
        break;
    default:
        snprintf(error, error_size, "cannot listen on %s: %s", text, strerror(-failure));
    }
}

int listener_open(const struct address *address, uint16_t port, bool keep_syn, int *out,
                  char *error, size_t error_size)
{
    struct address at = *address;
    char text[LISTENER_TEXT_MAX];
    union socket_address bound;
    socklen_t length;
    int failure;
    int fd = socket(address_is_v4(&at) ? AF_INET : AF_INET6,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 && errno == EAFNOSUPPORT && address_is_unspecified(address)) {
        /* "[::]" asks for every address; on a machine without IPv6 those are 0.0.0.0 */
        at = address_v4((const uint8_t[4]){0});
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }
    if (fd < 0) {
        failure = -errno;
        goto out;
    }
    failure = set_options(fd, address_is_v4(&at), keep_syn);
    if (failure < 0)
        goto out;
    length = socket_address_of(&at, port, &bound);
    if (bind(fd, &bound.any, length) < 0 || listen(fd, LISTENER_BACKLOG) < 0)
        failure = -errno;
out:
    if (failure < 0) {
        explain(failure, listener_text(address, port, text), error, error_size);
        if (fd >= 0)
            close(fd);
        return failure;
    }
    *out = fd;
    return 0;
}

/* Whether nobody listens any more on the socket at `place`. */
static bool is_left_over(const struct sockaddr_un *place)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool refused = fd >= 0 &&
                         connect(fd, (const struct sockaddr *)place, sizeof *place) < 0 &&
                         errno == ECONNREFUSED;

    if (fd >= 0)
        close(fd);
    return refused;
}

static int bind_unix(int fd, const struct sockaddr_un *place)
{
    struct stat status;

    if (bind(fd, (const struct sockaddr *)place, sizeof *place) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -errno;
    /* A file of another kind refuses connections as a socket does that was left over. */
    if (lstat(place->sun_path, &status) < 0)
        return -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    if (!is_left_over(place))
        return -EADDRINUSE;
    if (unlink(place->sun_path) < 0 || bind(fd, (const struct sockaddr *)place, sizeof *place) < 0)
        return -errno;
    return 0;
}

/* Who is in the group of the directory may ask. */
static int open_to_group(const char *path)
{
    char directory[sizeof((struct sockaddr_un *)0)->sun_path];
    struct stat status;

    snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path + 1), path);
    if (stat(directory, &status) < 0 || lchown(path, (uid_t)-1, status.st_gid) < 0 ||
        chmod(path, 0660) < 0)
        return -errno;
    return 0;
}

int listener_open_unix(const char *path, int *out, char *error, size_t error_size)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int failure = fd >= 0 ? 0 : -errno;
    const mode_t mask = umask(0177);

    if (failure == 0 && (path[0] != '/' || strlen(path) >= sizeof place.sun_path))
        failure = -EINVAL;
    if (failure == 0) {
        snprintf(place.sun_path, sizeof place.sun_path, "%s", path);
        failure = bind_unix(fd, &place);
    }
    umask(mask);
    if (failure == 0)
        failure = open_to_group(path);
    if (failure == 0 && listen(fd, LISTENER_BACKLOG) < 0)
        failure = -errno;
    if (failure < 0) {
        explain(failure, path, error, error_size);
        if (fd >= 0)
            close(fd);
        return failure;
    }
    *out = fd;
    return 0;
}

uint16_t listener_port(int listening)
{
    union socket_address bound = {0};
    socklen_t length = sizeof bound;
    struct address address;
    uint16_t port = 0;

    if (getsockname(listening, &bound.any, &length) < 0)
        return 0;
    (void)socket_address_read(&bound.any, &address, &port); /* a path has no port */
    return port;
}
