/*
 * Asks over HTTP at a fixed rate, whatever the server does: a request's time begins when it was due,
 * and not when a connection was free for it, so that a server that stalls is seen to. wrk waits for
 * each answer before it asks again, and with it for every stall.
 *
 *      bench_ask PORT PATHS RATE SECONDS CONNECTIONS
 *
 * PATHS is a file, a path a line, asked in turns. Prints: requests, errors, and the microseconds in which
 * 50, 99 and 99.9 % were answered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, ANSWER_MAX = 16 * 1024, REQUEST_MAX = 512 };

struct connection {
    int fd;
    uint64_t due_ns; /* of the request under way; 0: free */
    size_t length;   /* of answer */
    char answer[ANSWER_MAX];
};

struct load {
    int epoll;
    unsigned connections;
    struct connection *connection;
    unsigned free_count;
    unsigned free[CONNECTIONS_MAX];
    char *paths; /* each ended by NUL, behind one another */
    size_t paths_length;
    size_t path; /* where the next one begins */
    uint64_t sent;
    uint64_t answered;
    uint64_t errors;
    uint32_t *took_us;
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench_ask: expected %s, found: %s\n", what, strerror(errno));
    exit(3);
}

static void load_paths(struct load *load, const char *name)
{
    FILE *file = fopen(name, "re");
    long size;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) <= 0)
        give_up("a file of paths");
    rewind(file);
    load->paths_length = (size_t)size;
    load->paths = calloc(1, load->paths_length + 1);
    if (load->paths == NULL ||
        fread(load->paths, 1, load->paths_length, file) != load->paths_length)
        give_up("to read the paths");
    fclose(file);
    for (size_t i = 0; i < load->paths_length; i++)
        if (load->paths[i] == '\n')
            load->paths[i] = '\0';
}

static void connect_all(struct load *load, uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;

    for (unsigned i = 0; i < load->connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
            epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            give_up("a connection");
        load->connection[i].fd = fd;
        load->free[load->free_count++] = i;
    }
}

static void ask_one(struct load *load, uint64_t due_ns)
{
    struct connection *connection = &load->connection[load->free[--load->free_count]];
    const char *path = load->paths + load->path;
    char request[REQUEST_MAX];
    const int length =
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);

    load->path += strlen(path) + 1;
    if (load->path >= load->paths_length)
        load->path = 0;
    connection->due_ns = due_ns;
    connection->length = 0;
    load->sent++;
    if (send(connection->fd, request, (size_t)length, MSG_NOSIGNAL) != length)
        give_up("to send a request");
}

/* Whether all of the answer is here: its head, and as many octets as that says. */
static bool is_whole(const struct connection *connection)
{
    const char *end = strstr(connection->answer, "\r\n\r\n");
    const char *length = strcasestr(connection->answer, "\r\nContent-Length:");

    return end != NULL &&
           (length == NULL || connection->length >= (size_t)(end + 4 - connection->answer) +
                                                        strtoul(length + 17, NULL, 10));
}

static void take_answer(struct load *load, unsigned which)
{
    struct connection *connection = &load->connection[which];
    const ssize_t got = recv(connection->fd, connection->answer + connection->length,
                             ANSWER_MAX - 1 - connection->length, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0)
        give_up("an answer");
    connection->length += (size_t)got;
    connection->answer[connection->length] = '\0';
    if (!is_whole(connection))
        return;
    load->errors += strncmp(connection->answer, "HTTP/1.1 200 ", 13) != 0;
    load->took_us[load->answered++] = (uint32_t)((now_ns() - connection->due_ns) / 1000);
    connection->due_ns = 0;
    load->free[load->free_count++] = which;
}

static void wait_until(struct load *load, uint64_t due_ns)
{
    struct epoll_event events[64];
    const uint64_t now = now_ns();
    const uint64_t left = due_ns > now ? due_ns - now : 0;
    const struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u),
                                     .tv_nsec = (long)(left % 1000000000u)};
    const int count = epoll_pwait2(load->epoll, events, 64, &timeout, NULL);

    for (int i = 0; i < count; i++)
        take_answer(load, events[i].data.u32);
}

static void run(struct load *load, uint64_t rate, uint64_t count)
{
    const uint64_t begun = now_ns();

    while (load->answered < count) {
        uint64_t due = begun + load->sent * 1000000000u / rate;

        while (load->sent < count && load->free_count > 0 && due <= now_ns()) {
            ask_one(load, due);
            due = begun + load->sent * 1000000000u / rate;
        }
        /* with no connection free, or nothing left to ask, only an answer can be next */
        wait_until(load,
                   load->sent == count || load->free_count == 0 ? now_ns() + 1000000000u : due);
    }
}

static int compare(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

int main(int argc, char **argv)
{
    struct load load = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    uint64_t rate;
    uint64_t count;

    if (argc != 6) {
        fprintf(stderr, "Usage: bench_ask PORT PATHS RATE SECONDS CONNECTIONS\n");
        return 2;
    }
    rate = strtoull(argv[3], NULL, 10);
    count = (uint64_t)((double)rate * strtod(argv[4], NULL));
    load.connections = (unsigned)strtoul(argv[5], NULL, 10);
    if (rate == 0 || count == 0 || load.connections == 0 || load.connections > CONNECTIONS_MAX) {
        fprintf(stderr, "bench_ask: expected a rate, a time and 1 to %d connections\n",
                CONNECTIONS_MAX);
        return 2;
    }
    load.connection = calloc(load.connections, sizeof *load.connection);
    load.took_us = calloc(count, sizeof *load.took_us);
    if (load.epoll < 0 || load.connection == NULL || load.took_us == NULL)
        give_up("memory");
    load_paths(&load, argv[2]);
    connect_all(&load, (uint16_t)strtoul(argv[1], NULL, 10));
    run(&load, rate, count);
    qsort(load.took_us, count, sizeof *load.took_us, compare);
    printf("%llu %llu %u %u %u\n", (unsigned long long)count, (unsigned long long)load.errors,
           load.took_us[count / 2], load.took_us[count * 99 / 100],
           load.took_us[count * 999 / 1000]);
    return 0;
}
