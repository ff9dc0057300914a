/*
 * The sockets of the small DNS server; see dns.h.
 *
 * UDP is read with recvmsg(2), because libuv does not tell to which of the machine's addresses a
 * query came, and the answer must leave from there. TCP is libuv's.
 */
#include "edge/dns.h"

#include "base/socket_address.h"
#include "base/units.h"
#include "wire/cursor.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    QUERY_MAX = 4096,
    ANSWER_MAX = 65535,
    UDP_BATCH = 64, /* queries answered before the loop has its turn again */
    CLIENTS_MAX = 64,
    CLIENTS_OF_ONE_MAX = 8, /* some people share an address behind carrier-grade NAT */
    BACKLOG = 64,
    IDLE_MS = 10000,
    UNSENT_MAX = 2 * ANSWER_MAX, /* of a client that asks and does not read */
    SOURCES = 4096,              /* a power of two */
    SOURCE_TOKEN_NS = 1000000000 / 100,
    SOURCE_BURST = 200,
};

/* A client's token bucket: the time at which it is full again. */
struct source {
    uint64_t key;
    uint64_t full_ns;
};

struct dns_server {
    dns_handler *handler;
    void *context;
    struct dns_counts counts;
    unsigned handles; /* open or closing; the last one to close frees the server */
    bool is_closing;
    int udp_fd;
    uv_poll_t udp;
    uv_tcp_t tcp;
    struct client *clients;
    unsigned client_count;
    uint64_t seed;
    struct source source[SOURCES];
    uint8_t query[QUERY_MAX + 1]; /* one more, so that a longer query is seen */
    uint8_t answer[2 + ANSWER_MAX];
};

/*
 * One TCP connection. What was read and not yet answered:
 *
 *   input:  [ length | query ][ length | que.....   ]
 *            0                             used     QUERY_MAX + 2
 */
struct client {
    struct dns_server *server;
    struct client *next;
    uv_tcp_t tcp;
    uv_timer_t idle;
    unsigned handles;
    bool is_closing;
    struct address address;
    uint64_t served_ms; /* the connection was made, or its last query answered */
    size_t used;
    uint8_t input[2 + QUERY_MAX];
};

/* Limits. */

/* A client's key: the whole IPv4 address, or the first half of the IPv6 one; never 0. */
static uint64_t source_key(const struct address *client)
{
    uint64_t half;

    memcpy(&half, client->octets + (address_is_v4(client) ? 8 : 0), sizeof half);
    return half | 1u;
}

/*
 * Takes a token, if there is one. A client that pushes another out of its slot starts with one
 * token only, so that it gains nothing by it.
 */
static bool take_token(struct dns_server *server, const struct address *client, uint64_t now_ns)
{
    const uint64_t burst_ns = (uint64_t)SOURCE_TOKEN_NS * (SOURCE_BURST - 1);
    const uint64_t key = source_key(client);
    const uint64_t hash = (key ^ server->seed) * 0x9e3779b97f4a7c15u;
    struct source *source = &server->source[hash >> 52 & (SOURCES - 1)];

    if (source->key != key) {
        const bool was_free = source->key == 0 || source->full_ns <= now_ns;

        *source = (struct source){.key = key, .full_ns = was_free ? now_ns : now_ns + burst_ns};
    }
    if (source->full_ns > now_ns + burst_ns)
        return false;
    source->full_ns = (source->full_ns > now_ns ? source->full_ns : now_ns) + SOURCE_TOKEN_NS;
    return true;
}

/* Closing. */

static void release(struct dns_server *server)
{
    if (--server->handles > 0)
        return;
    free(server);
}

static void on_udp_closed(uv_handle_t *handle)
{
    struct dns_server *server = handle->data;

    close(server->udp_fd);
    release(server);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    struct dns_server *server = client->server;

    if (--client->handles > 0)
        return;
    free(client);
    release(server);
}

static void client_close(struct client *client)
{
    struct dns_server *server = client->server;
    struct client **at = &server->clients;

    if (client->is_closing)
        return;
    client->is_closing = true;
    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    server->client_count--;
    uv_close((uv_handle_t *)&client->tcp, on_client_closed);
    uv_close((uv_handle_t *)&client->idle, on_client_closed);
}

void dns_close(struct dns_server *server)
{
    if (server == NULL || server->is_closing)
        return;
    server->is_closing = true;
    while (server->clients != NULL)
        client_close(server->clients);
    uv_close((uv_handle_t *)&server->udp, on_udp_closed);
    uv_close((uv_handle_t *)&server->tcp, on_tcp_closed);
}

struct dns_counts dns_counts(const struct dns_server *server)
{
    return server->counts;
}

/* UDP. */

enum { CONTROL_MAX = CMSG_SPACE(sizeof(struct in6_pktinfo)) };

/*
 * Leaves of a query's control messages the one that says where it came to, as the answer's: the
 * interface is forgotten, for the way back may be another.
 */
static void turn_around(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);

            info->ipi_ifindex = 0; /* ipi_spec_dst holds the address already */
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(c);

            if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
                info->ipi6_ifindex = 0;
        }
    }
}

/*
 * Leaves of an answer its header and question, marked as truncated: no larger than the query, and
 * a client that is real comes again by TCP.
 */
static size_t truncated(uint8_t *answer, size_t length)
{
    struct cursor c = cursor_over(answer, length);
    const bool has_question = load_u16(answer + 4) == 1;

    cursor_skip(&c, 12);
    for (uint8_t label = has_question ? 1 : 0; label != 0 && !c.failed;) {
        label = cursor_u8(&c);
        cursor_skip(&c, label);
    }
    cursor_skip(&c, has_question ? 4 : 0);
    store_u16(answer + 2, load_u16(answer + 2) | 0x0200);
    memset(answer + 6, 0, 6);
    return (size_t)(c.at - answer);
}

/* Whether a client has had its share; this machine's own have none, and no false addresses. */
static bool is_over_limit(struct dns_server *server, const struct address *client)
{
    return !address_is_loopback(client) && !take_token(server, client, uv_hrtime());
}

/* Answers one query; false when none is waiting. */
static bool answer_one(struct dns_server *server)
{
    union socket_address from = {.any = {.sa_family = AF_UNSPEC}};
    struct iovec octets = {.iov_base = server->query, .iov_len = sizeof server->query};
    union {
        struct cmsghdr align;
        uint8_t octets[CONTROL_MAX];
    } control;
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &octets,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    const ssize_t length = recvmsg(server->udp_fd, &message, MSG_DONTWAIT);
    struct address client;
    bool over;

    if (length < 0) /* an error that an earlier answer brought back does not end the batch */
        return errno != EAGAIN && errno != EWOULDBLOCK;
    server->counts.queries++;
    if (length > QUERY_MAX || !socket_address_read(&from.any, &client, NULL))
        return true;
    over = is_over_limit(server, &client);
    if (over && server->counts.limited++ % 2 == 0)
        return true;
    octets.iov_base = server->answer;
    octets.iov_len = server->handler(server->context, server->query, (size_t)length, false, &client,
                                     server->answer, ANSWER_MAX);
    if (octets.iov_len == 0)
        return true;
    if (over)
        octets.iov_len = truncated(server->answer, octets.iov_len);
    turn_around(&message);
    message.msg_flags = 0;
    if (sendmsg(server->udp_fd, &message, MSG_DONTWAIT) >= 0)
        server->counts.answers++;
    return true;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct dns_server *server = handle->data;

    (void)status;
    (void)events;
    for (unsigned i = 0; i < UDP_BATCH; i++)
        if (!answer_one(server))
            return;
}

static int set_option(int fd, int level, int option)
{
    const int on = 1;

    return setsockopt(fd, level, option, &on, sizeof on) == 0 ? 0 : -errno;
}

static int open_udp(struct dns_server *server, uv_loop_t *loop, const struct sockaddr *address,
                    socklen_t length)
{
    const int family = address->sa_family;
    const int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0)
        return -errno;
    rc = family == AF_INET ? set_option(fd, IPPROTO_IP, IP_PKTINFO)
                           : set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
    if (rc == 0 && bind(fd, address, length) != 0)
        rc = -errno;
    if (rc == 0)
        rc = uv_poll_init(loop, &server->udp, fd);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    server->udp_fd = fd;
    server->udp.data = server;
    server->handles++;
    return 0;
}

/* TCP. */

/* The rest of an answer that the socket did not take at once. */
struct unsent {
    uv_write_t request;
    uint8_t octets[];
};

static void on_sent(uv_write_t *request, int status)
{
    struct client *client = request->handle->data;

    free(request->data);
    if (status != 0)
        client_close(client);
}

static void send_octets(struct client *client, uint8_t *octets, size_t length)
{
    uv_stream_t *stream = (uv_stream_t *)&client->tcp;
    uv_buf_t buffer = uv_buf_init((char *)octets, (unsigned)length);
    const int sent = uv_try_write(stream, &buffer, 1);
    const size_t left = length - (sent > 0 ? (size_t)sent : 0);
    struct unsent *rest;

    if (left == 0)
        return;
    rest = sent >= 0 || sent == UV_EAGAIN ? malloc(sizeof *rest + left) : NULL;
    if (rest == NULL || uv_stream_get_write_queue_size(stream) + left > UNSENT_MAX) {
        free(rest);
        client_close(client);
        return;
    }
    memcpy(rest->octets, octets + (length - left), left);
    rest->request.data = rest;
    buffer = uv_buf_init((char *)rest->octets, (unsigned)left);
    if (uv_write(&rest->request, stream, &buffer, 1, on_sent) != 0) {
        free(rest);
        client_close(client);
    }
}

static void on_idle(uv_timer_t *timer)
{
    client_close(timer->data);
}

/* Answers the query at the front of the input, if it is whole. */
static bool answer_front(struct client *client)
{
    struct dns_server *server = client->server;
    const size_t length = client->used >= 2 ? load_u16(client->input) : 0;
    size_t answered;

    if (client->is_closing || client->used < 2)
        return false;
    if (length > QUERY_MAX) {
        client_close(client);
        return false;
    }
    if (client->used < 2 + length)
        return false;
    server->counts.queries++;
    answered = server->handler(server->context, client->input + 2, length, true, &client->address,
                               server->answer + 2, ANSWER_MAX);
    client->used -= 2 + length;
    memmove(client->input, client->input + 2 + length, client->used);
    client->served_ms = uv_now(client->idle.loop);
    uv_timer_again(&client->idle);
    if (answered == 0) { /* whoever sends what is no query by TCP is not waited for */
        client_close(client);
        return false;
    }
    store_u16(server->answer, (uint16_t)answered);
    server->counts.answers++;
    send_octets(client, server->answer, 2 + answered);
    return true;
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct client *client = handle->data;

    (void)suggested;
    *out = uv_buf_init((char *)client->input + client->used,
                       (unsigned)(sizeof client->input - client->used));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct client *client = stream->data;

    (void)buffer;
    if (count < 0) {
        client_close(client);
        return;
    }
    client->used += (size_t)count;
    while (answer_front(client))
        continue;
}

static void take_peer(struct client *client)
{
    union socket_address from = {.any = {.sa_family = AF_UNSPEC}};
    int length = sizeof from;

    if (uv_tcp_getpeername(&client->tcp, &from.any, &length) == 0)
        (void)socket_address_read(&from.any, &client->address, NULL);
}

/* Whether a new connection is one too many of its source; this machine's own are not counted. */
static bool is_over_share(const struct dns_server *server, const struct client *client)
{
    unsigned same = 0;

    if (address_is_loopback(&client->address))
        return false;
    for (const struct client *c = server->clients; c != NULL; c = c->next)
        same += source_key(&c->address) == source_key(&client->address);
    return same > CLIENTS_OF_ONE_MAX;
}

/* When all places are taken, the one that has had no answer for longest makes room. */
static void make_room(struct dns_server *server)
{
    struct client *oldest = server->clients;

    if (server->client_count <= CLIENTS_MAX)
        return;
    for (struct client *c = server->clients; c != NULL; c = c->next)
        if (c->served_ms <= oldest->served_ms)
            oldest = c;
    server->counts.refused_connections++;
    client_close(oldest);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct dns_server *server = listener->data;
    struct client *client = status == 0 ? calloc(1, sizeof *client) : NULL;

    if (client == NULL)
        return;
    client->server = server;
    uv_tcp_init(listener->loop, &client->tcp);
    uv_timer_init(listener->loop, &client->idle);
    client->tcp.data = client->idle.data = client;
    client->handles = 2;
    client->next = server->clients;
    server->clients = client;
    server->client_count++;
    server->handles++;
    client->served_ms = uv_now(listener->loop);
    if (uv_accept(listener, (uv_stream_t *)&client->tcp) != 0) {
        client_close(client);
        return;
    }
    take_peer(client);
    if (is_over_share(server, client)) {
        server->counts.refused_connections++;
        client_close(client);
        return;
    }
    make_room(server);
    uv_timer_start(&client->idle, on_idle, IDLE_MS, IDLE_MS);
    if (uv_read_start((uv_stream_t *)&client->tcp, on_allocate, on_read) != 0)
        client_close(client);
}

static int open_tcp(struct dns_server *server, const struct sockaddr *address)
{
    int rc = uv_tcp_bind(&server->tcp, address, 0);

    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&server->tcp, BACKLOG, on_connection);
    return rc;
}

int dns_open(uv_loop_t *loop, const struct address *address, uint16_t port, dns_handler *handler,
             void *context, struct dns_server **out, char *error, size_t error_size)
{
    union socket_address at;
    const socklen_t length = socket_address_of(address, port, &at);
    struct dns_server *server = calloc(1, sizeof *server);
    char text[ADDRESS_TEXT_MAX];
    const char *way = "UDP";
    int rc;

    if (server == NULL) {
        rc = -ENOMEM;
        goto out;
    }
    server->handler = handler;
    server->context = context;
    if (getrandom(&server->seed, sizeof server->seed, 0) != sizeof server->seed)
        server->seed = uv_hrtime();
    rc = open_udp(server, loop, &at.any, length);
    if (rc != 0) {
        free(server);
        goto out;
    }
    uv_tcp_init(loop, &server->tcp);
    server->tcp.data = server;
    server->handles++;
    way = "TCP";
    rc = open_tcp(server, &at.any);
    if (rc == 0)
        rc = uv_poll_start(&server->udp, UV_READABLE, on_readable);
    if (rc == 0)
        *out = server;
    else
        dns_close(server);
out:
    if (rc != 0)
        snprintf(error, error_size, "cannot listen for DNS on %s port %u by %s: %s",
                 units_address(address, text), port, way, strerror(-rc));
    return rc;
}
