/*
 * A double of the daemon: a thread that answers as a test's rows say. What comes in is cut as the test
 * wants it, and the clock is the test's.
 */
#ifndef HOPTELL_TESTS_TWIN_H
#define HOPTELL_TESTS_TWIN_H

#include "unit.h"

#include "base/clock.h"

#include <sys/socket.h>
#include <sys/types.h>

static ssize_t recv_as_told(int fd, void *out, size_t most, int flags);
static ssize_t send_as_told(int fd, const void *octets, size_t count, int flags);
static uint64_t test_clock_ns(void);

#define recv               recv_as_told
#define send               send_as_told
#define clock_monotonic_ns test_clock_ns
#include "edge/ask.c"
#undef recv
#undef send
#undef clock_monotonic_ns

#include <pthread.h>

static uint64_t skipped_ns;        /* that the test's clock is ahead */
static size_t first_most;          /* octets of the first recv(); 0: as many as there are */
static size_t later_most;          /* of those after it */
static size_t send_most;           /* octets of a send() */
static unsigned interrupted_sends; /* that a signal interrupts before they do anything */
static unsigned interrupted_recvs;

static uint64_t test_clock_ns(void)
{
    return clock_monotonic_ns() + skipped_ns;
}

static bool is_interrupted(unsigned *left)
{
    if (*left == 0)
        return false;
    --*left;
    errno = EINTR;
    return true;
}

static ssize_t recv_as_told(int fd, void *out, size_t most, int flags)
{
    const size_t limit = first_most != 0 ? first_most : later_most;
    ssize_t count;

    if (is_interrupted(&interrupted_recvs))
        return -1;
    count = recv(fd, out, limit != 0 && limit < most ? limit : most, flags);
    if (count > 0)
        first_most = 0;
    return count;
}

static ssize_t send_as_told(int fd, const void *octets, size_t count, int flags)
{
    assert_true(flags & MSG_NOSIGNAL);
    if (is_interrupted(&interrupted_sends))
        return -1;
    return send(fd, octets, send_most != 0 && send_most < count ? send_most : count, flags);
}

/* The double */

enum after { STAYS, CLOSES, CUTS, ONCE };

struct row {
    const char *target;
    const char *answer;
    enum after after; /* ONCE: the next request on its connection is not answered */
    size_t more;      /* octets of x behind the answer */
    bool is_early;    /* it does not wait for the whole request */
};

enum { CONNECTIONS_MAX = 32, REQUEST_MAX = 1024 * 1024 };

struct visitor {
    int fd;
    size_t length;
    unsigned answered;
    bool is_deaf; /* to the rest of a request that was answered early */
    char request[REQUEST_MAX];
};

static struct {
    pthread_t thread;
    int listener;
    int end[2]; /* a pipe: closed when it is to end */
    const struct row *rows;
    size_t count;
    struct visitor *visitor[CONNECTIONS_MAX];
    unsigned visitors;
    char last[REQUEST_MAX]; /* the newest request; to be read once the double has ended */
} twin;

static const struct row *row_for(const char *request)
{
    const char *target = strchr(request, ' ') + 1;
    const size_t length = strcspn(target, " ?");

    for (size_t i = 0; i < twin.count; i++)
        if (strlen(twin.rows[i].target) == length &&
            memcmp(twin.rows[i].target, target, length) == 0)
            return &twin.rows[i];
    return &twin.rows[0];
}

static bool is_request_whole(const struct visitor *visitor)
{
    const char *end = strstr(visitor->request, "\r\n\r\n");
    const char *body = strstr(visitor->request, "Content-Length: ");
    const size_t length = body != NULL ? strtoul(body + 16, NULL, 10) : 0;

    return end != NULL && strlen(end + 4) >= length;
}

static void leave(struct visitor *visitor, bool by_reset)
{
    const struct linger at_once = {.l_onoff = 1};

    if (by_reset)
        setsockopt(visitor->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(visitor->fd);
    visitor->fd = -1;
}

static void say(int fd, const char *octets, size_t count)
{
    while (count > 0) {
        const ssize_t sent = send(fd, octets, count, MSG_NOSIGNAL);

        if (sent <= 0)
            return; /* who asked has enough */
        octets += sent;
        count -= (size_t)sent;
    }
}

static void answer_visitor(struct visitor *visitor, const struct row *row)
{
    static const char many[4096] = {[0 ... 4095] = 'x'};

    strcpy(twin.last, visitor->request);
    if (row->after == ONCE && visitor->answered > 0) {
        leave(visitor, false);
        return;
    }
    say(visitor->fd, row->answer, strlen(row->answer));
    for (size_t left = row->more; left > 0; left -= left < sizeof many ? left : sizeof many)
        say(visitor->fd, many, left < sizeof many ? left : sizeof many);
    visitor->answered++;
    visitor->is_deaf = row->is_early;
    visitor->length = 0;
    if (row->after == CLOSES || row->after == CUTS)
        leave(visitor, row->after == CUTS);
}

static void hear(struct visitor *visitor)
{
    const ssize_t count =
        recv(visitor->fd, visitor->request + visitor->length, REQUEST_MAX - 1 - visitor->length, 0);
    const struct row *row;

    if (count <= 0) {
        leave(visitor, false);
        return;
    }
    visitor->length += (size_t)count;
    visitor->request[visitor->length] = '\0';
    if (strchr(visitor->request, '\n') == NULL)
        return;
    row = row_for(visitor->request);
    if (row->is_early || is_request_whole(visitor))
        answer_visitor(visitor, row);
}

static void welcome(void)
{
    struct visitor *visitor = calloc(1, sizeof *visitor);

    visitor->fd = accept(twin.listener, NULL, NULL);
    twin.visitor[twin.visitors++] = visitor;
}

static void *twin_run(void *context)
{
    struct pollfd waited[2 + CONNECTIONS_MAX];

    for (;;) {
        const unsigned visitors = twin.visitors;

        waited[0] = (struct pollfd){.fd = twin.end[0], .events = POLLIN};
        waited[1] = (struct pollfd){.fd = visitors < CONNECTIONS_MAX ? twin.listener : -1,
                                    .events = POLLIN};
        for (unsigned i = 0; i < visitors; i++)
            waited[2 + i] = (struct pollfd){
                .fd = twin.visitor[i]->is_deaf ? -1 : twin.visitor[i]->fd, .events = POLLIN};
        poll(waited, 2 + visitors, -1);
        if (waited[0].revents != 0)
            return context;
        if (waited[1].revents != 0)
            welcome();
        for (unsigned i = 0; i < visitors; i++)
            if (waited[2 + i].revents != 0)
                hear(twin.visitor[i]);
    }
}

static struct ask_place place;
static char path[64];

/* On a Unix socket, or on some port of a loopback address. */
static void listen_on(const char *address_text)
{
    union {
        struct sockaddr any;
        struct sockaddr_un path;
        union socket_address ip;
    } address = {.path.sun_family = AF_UNIX};
    socklen_t length = sizeof address.path;

    place = (struct ask_place){.path = address_text == NULL ? path : NULL};
    if (address_text == NULL) {
        snprintf(path, sizeof path, "/tmp/hoptell-ask-%d", getpid());
        unlink(path);
        strcpy(address.path.sun_path, path);
    } else {
        assert_true(units_parse_address(address_text, &place.address));
        length = socket_address_of(&place.address, 0, &address.ip);
    }
    twin.listener = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(twin.listener >= 0);
    assert_int_equal(bind(twin.listener, &address.any, length), 0);
    if (address_text == NULL)
        return;
    assert_int_equal(getsockname(twin.listener, &address.any, &length), 0);
    place.port = ntohs(address.ip.v4.sin_port); /* where it stands for IPv6, too */
}

static void twin_begin(const char *address_text, const struct row *rows, size_t count)
{
    memset(&twin, 0, sizeof twin);
    twin.rows = rows;
    twin.count = count;
    listen_on(address_text);
    assert_int_equal(listen(twin.listener, CONNECTIONS_MAX), 0);
    assert_int_equal(pipe(twin.end), 0);
    assert_int_equal(pthread_create(&twin.thread, NULL, twin_run, NULL), 0);
}

/* How many connections there were. */
static unsigned twin_end(void)
{
    close(twin.end[1]);
    pthread_join(twin.thread, NULL);
    close(twin.end[0]);
    close(twin.listener);
    for (unsigned i = 0; i < twin.visitors; i++) {
        if (twin.visitor[i]->fd >= 0)
            close(twin.visitor[i]->fd);
        free(twin.visitor[i]);
    }
    if (place.path != NULL)
        unlink(place.path);
    return twin.visitors;
}

static int set_up(void **state)
{
    (void)state;
    skipped_ns = 0;
    first_most = later_most = send_most = 0;
    interrupted_sends = interrupted_recvs = 0;
    return 0;
}

enum { LONG_MS = 100 * 1000 };

#endif
