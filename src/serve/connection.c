/*
 * One connection to a listener; see connection.h.
 */
#include "serve/connection.h"

#include "serve/status.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(const struct connection *connection)
{
    return uv_now(connection->poll.loop);
}

static void on_freed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;

    connection->owner->freed(connection->context);
    free(connection);
}

void connection_close(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    connection->state = CONNECTION_CLOSED;
    reply_deinit(&connection->reply);
    if (connection->request != NULL)
        connection->owner->done(connection);
    connection->owner->closed(connection);
    buffer_deinit(&connection->out);
    uv_close((uv_handle_t *)&connection->poll, on_freed);
    close(connection->fd);
}

/* A negative result of one of the owner's calls. */
static void obey(struct connection *connection, int result)
{
    if (result < 0)
        connection_close(connection);
}

static void refuse(struct connection *connection, unsigned status, const char *detail)
{
    connection->state = CONNECTION_ANSWERING;
    obey(connection, connection->owner->wrong(connection, status, detail));
}

/* The next request begins with what came behind this one. */
static void begin_message(struct connection *connection)
{
    const size_t left = connection->received - connection->read;

    memmove(connection->octets, connection->octets + connection->read, left);
    connection->received = left;
    connection->read = 0;
    message_init(&connection->message, connection->owner->take_body, connection);
    connection->state = CONNECTION_READING;
}

/* Each of these does what can be done now: true when there may be more. */

static bool read_on(struct connection *connection)
{
    struct message *message = &connection->message;

    if (connection->read == connection->received && message->state != MESSAGE_HEADED)
        return false;
    connection->read += message_feed(message, connection->octets + connection->read,
                                     connection->received - connection->read);
    switch (message->state) {
    case MESSAGE_HEADED:
        obey(connection, connection->owner->headed(connection));
        return true;
    case MESSAGE_BODY: /* the owner has it; only the head stays */
        connection->received = connection->read = message->head_octets;
        return false;
    case MESSAGE_WHOLE:
        connection->state = CONNECTION_ANSWERING;
        obey(connection, connection->owner->whole(connection));
        return true;
    case MESSAGE_WRONG:
        refuse(connection, message->status, message->detail);
        return true;
    case MESSAGE_HEAD:
    default:
        return false;
    }
}

/* 0 when all of `out` and the text has gone, or a negative errno. */
static int send_pending(struct connection *connection)
{
    const struct buffer *out = &connection->out;
    const size_t text_length = connection->reply.text_length;

    while (connection->sent < out->length + text_length) {
        const size_t in_out = connection->sent < out->length ? connection->sent : out->length;
        const size_t in_text = connection->sent - in_out;
        const char *const text = text_length > 0 ? connection->reply.text + in_text : NULL;
        struct iovec piece[2] = {{out->text + in_out, out->length - in_out},
                                 {(char *)text, text_length - in_text}};
        const struct msghdr message = {.msg_iov = piece, .msg_iovlen = text_length > 0 ? 2 : 1};
        const ssize_t count = sendmsg(connection->fd, &message, MSG_NOSIGNAL);

        if (count < 0 && errno != EINTR)
            return -errno;
        connection->sent += count > 0 ? (size_t)count : 0;
        connection->active_ms = now_ms(connection);
    }
    return 0;
}

/* A client that still sends has to read the answer before it learns that nobody listens any more. */
static void drain(struct connection *connection)
{
    shutdown(connection->fd, SHUT_WR);
    connection->state = CONNECTION_DRAINING;
    connection->drained = 0;
}

static bool end_reply(struct connection *connection)
{
    reply_deinit(&connection->reply);
    if (connection->request != NULL)
        connection->owner->done(connection);
    connection->out.length = 0;
    if (!connection->closes)
        begin_message(connection);
    else if (message_is_over(&connection->message))
        connection_close(connection);
    else
        drain(connection);
    return connection->state == CONNECTION_READING;
}

static bool next_piece(struct connection *connection)
{
    ssize_t count;

    connection->out.length = 0;
    connection->sent = 0;
    count = reply_piece(&connection->reply, connection->in_chunks, &connection->out);
    connection->is_last = count < 0;
    if (connection->out.failed)
        connection_close(connection);
    else if (count == 0)
        connection->state = CONNECTION_SILENT;
    return connection->state == CONNECTION_WRITING;
}

static bool write_on(struct connection *connection)
{
    const int failure = send_pending(connection);

    if (failure == -EAGAIN || failure == -EWOULDBLOCK)
        return false;
    if (failure < 0) {
        connection_close(connection);
        return false;
    }
    if (connection->reply.stream.read != NULL && !connection->is_last)
        return next_piece(connection);
    return end_reply(connection);
}

static int events_of(enum connection_state state)
{
    switch (state) {
    case CONNECTION_READING:
    case CONNECTION_DRAINING:
        return UV_READABLE;
    case CONNECTION_WRITING:
        return UV_WRITABLE;
    case CONNECTION_SILENT:
        return UV_DISCONNECT;
    case CONNECTION_ANSWERING:
    case CONNECTION_CLOSED:
    default:
        return 0;
    }
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct connection *connection)
{
    const int events = events_of(connection->state);

    if (connection->state == CONNECTION_CLOSED || events == connection->polled)
        return;
    connection->polled = events;
    if (events == 0)
        uv_poll_stop(&connection->poll);
    else
        uv_poll_start(&connection->poll, events, on_poll);
}

void connection_go(struct connection *connection)
{
    bool goes_on = true;

    while (goes_on)
        switch (connection->state) {
        case CONNECTION_READING:
            goes_on = read_on(connection);
            break;
        case CONNECTION_WRITING:
            goes_on = write_on(connection);
            break;
        default:
            goes_on = false;
        }
    watch(connection);
}

static void receive(struct connection *connection)
{
    const ssize_t count = recv(connection->fd, connection->octets + connection->received,
                               sizeof connection->octets - connection->received, 0);

    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (count > 0) {
        connection->received += (size_t)count;
        connection->active_ms = now_ms(connection);
    } else if (count == 0 && message_is_begun(&connection->message)) {
        message_cut(&connection->message);
        refuse(connection, connection->message.status, connection->message.detail);
    } else {
        connection_close(connection);
        return;
    }
    connection_go(connection);
}

static void throw_away(struct connection *connection)
{
    const ssize_t count = recv(connection->fd, connection->octets, sizeof connection->octets, 0);

    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    connection->drained += count > 0 ? (size_t)count : 0;
    if (count <= 0 || connection->drained > CONNECTION_DRAIN_MAX)
        connection_close(connection);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct connection *connection = poll->data;

    (void)events;
    if (status < 0) {
        connection_close(connection);
        return;
    }
    switch (connection->state) {
    case CONNECTION_READING:
        receive(connection);
        break;
    case CONNECTION_WRITING:
        connection_go(connection);
        break;
    case CONNECTION_DRAINING:
        throw_away(connection);
        break;
    case CONNECTION_SILENT: /* it has left */
        connection_close(connection);
        break;
    case CONNECTION_ANSWERING:
    case CONNECTION_CLOSED:
    default:
        break;
    }
}

struct connection *connection_open(uv_loop_t *loop, int fd, const struct connection_owner *owner,
                                   void *context)
{
    const int on = 1;
    struct connection *connection = malloc(sizeof *connection);

    if (connection == NULL)
        return NULL;
    memset(connection, 0, offsetof(struct connection, octets));
    if (uv_poll_init(loop, &connection->poll, fd) < 0) {
        free(connection);
        return NULL;
    }
    /* answers go out whole; of a Unix socket nobody asks that */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->poll.data = connection;
    connection->fd = fd;
    connection->owner = owner;
    connection->context = context;
    connection->active_ms = now_ms(connection);
    begin_message(connection);
    watch(connection);
    return connection;
}

void connection_reply(struct connection *connection, struct reply *reply)
{
    const struct message *message = &connection->message;
    const bool is_stream = reply->stream.read != NULL;
    const bool is_head = message->method != NULL && strcmp(message->method, "HEAD") == 0;
    struct reply_terms terms = {
        .in_chunks = is_stream && message_takes_chunks(message),
        .is_old = !message_takes_chunks(message),
    };

    connection->reply = *reply;
    *reply = (struct reply){0};
    terms.closes = connection->closes =
        !message_keeps_alive(message) || (is_stream && !terms.in_chunks);
    connection->in_chunks = terms.in_chunks;
    connection->out.length = connection->sent = 0;
    reply_head(&connection->reply, &terms, time(NULL), &connection->out);
    if (is_head)
        connection->reply.text_length = 0;
    connection->is_last = is_head;
    if (connection->out.failed || connection->reply.fields.failed)
        connection_close(connection);
    else
        connection->state = CONNECTION_WRITING;
}

void connection_wake(struct connection *connection)
{
    if (connection->state != CONNECTION_SILENT)
        return;
    connection->state = CONNECTION_WRITING;
    connection->active_ms = now_ms(connection);
    connection_go(connection);
}

void connection_continue(struct connection *connection)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";

    /* nothing is on its way out, so there is room; who does not get it sends the body a little later */
    if (send(connection->fd, interim, sizeof interim - 1, MSG_NOSIGNAL) < 0)
        return;
}

void connection_expire(struct connection *connection)
{
    if (connection->state == CONNECTION_READING && message_is_begun(&connection->message)) {
        message_cut(&connection->message);
        refuse(connection, STATUS_REQUEST_TIMEOUT,
               "expected the rest of the request sooner, found it on its way for too long");
        connection_go(connection);
    }
    connection_close(connection);
}

void connection_look(struct connection *connection, uint64_t now)
{
    const bool is_draining = connection->state == CONNECTION_DRAINING;

    if (connection->state == CONNECTION_ANSWERING || connection->state == CONNECTION_SILENT ||
        now - connection->active_ms <= (is_draining ? CONNECTION_DRAIN_MS : CONNECTION_IDLE_MS))
        return;
    connection_expire(connection);
}
