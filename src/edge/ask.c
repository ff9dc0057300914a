/*
 * Questions over plain sockets; see ask.h. Each is an exchange: a request goes out, llhttp reads what
 * comes back (RFC 9112), and the connection stays for the next one where the daemon keeps it, so
 * that a live view does not fill what the daemon watches with connections of its own.
 *
 *      idle -> under way -> over -> idle
 *
 * No call but poll(2) waits. Connecting is a part of sending: until the connection stands, send(2)
 * says EAGAIN, and where nobody listens it says that.
 */
#include "edge/ask.h"

#include "base/clock.h"
#include "base/printable.h"
#include "base/socket_address.h"
#include "base/units.h"

#include <errno.h>
#include <limits.h>
#include <llhttp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    RECEIVE_MAX = 64 * 1024, /* octets at one go */
    HEAD_MAX = 64 * 1024,    /* octets of an answer before its body */
    BEGIN_MAX = 40,          /* octets that are shown of what is no answer */
    CONNECT_AGAIN_MS = 20,   /* a Unix socket with a full queue wakes nobody when it has room */
    AUTHORITY_MAX = ADDRESS_TEXT_MAX + 16,
    WAITED_FDS_MAX = 4,
};

struct question {
    const char *method;
    const char *target;
    const char *last_id; /* for Last-Event-ID; "" for none */
    const char *json;    /* the body; NULL for none */
};

enum exchange_state { EXCHANGE_IDLE, EXCHANGE_UNDER_WAY, EXCHANGE_OVER };

struct exchange {
    const struct ask_place *place;
    const struct ask_feed_handlers *stream; /* take the body of a 200; NULL: answer does */
    enum exchange_state state;
    long timeout_ms; /* for all of it; of a stream, from one octet to the next */
    uint64_t deadline_ns;
    int fd;       /* -1 for none */
    bool is_used; /* fd has carried an answer already; since then the daemon may have closed it */

    char *request;
    size_t request_length;
    size_t sent;
    int send_error; /* an errno, after which there may still be an answer to read */

    llhttp_t parser;
    size_t received;           /* octets since the request */
    char begin[BEGIN_MAX + 1]; /* the first of them */
    bool is_headed;
    bool is_whole;
    bool keeps_alive;
    struct ask_answer answer;
    size_t capacity; /* of its body */

    int result; /* once it is over: 0, or a negative errno with what was found instead */
    char found[160];
};

static void exchange_init(struct exchange *x, const struct ask_place *place,
                          const struct ask_feed_handlers *stream)
{
    *x = (struct exchange){.place = place, .stream = stream, .fd = -1};
}

static void disconnect(struct exchange *x)
{
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
    x->is_used = false;
}

static void exchange_deinit(struct exchange *x)
{
    disconnect(x);
    free(x->request);
    ask_answer_deinit(&x->answer);
}

/* `error` is an errno; of several the first counts. */
__attribute__((format(printf, 3, 4))) static void give_up(struct exchange *x, int error,
                                                          const char *format, ...)
{
    va_list arguments;

    if (x->state != EXCHANGE_UNDER_WAY)
        return;
    va_start(arguments, format);
    vsnprintf(x->found, sizeof x->found, format, arguments);
    va_end(arguments);
    disconnect(x);
    x->state = EXCHANGE_OVER;
    x->result = -error;
}

/* Where it listens, as RFC 3986, 3.2 writes it; of a Unix socket, what stands for it as Host. */
static const char *write_authority(const struct ask_place *place, char out[AUTHORITY_MAX])
{
    char text[ADDRESS_TEXT_MAX];

    if (place->path != NULL)
        snprintf(out, AUTHORITY_MAX, "localhost");
    else
        snprintf(out, AUTHORITY_MAX, address_is_v4(&place->address) ? "%s:%u" : "[%s]:%u",
                 units_address(&place->address, text), place->port);
    return out;
}

static void write_failure(const struct exchange *x, char *error, size_t size)
{
    const char *path = x->place->path;
    char authority[AUTHORITY_MAX];

    snprintf(error, size, "expected hoptell to answer at %s%s, found: %s",
             path != NULL ? "" : "http://",
             path != NULL ? path : write_authority(x->place, authority), x->found);
}

/* The request */

/* What would end the request line, or begin another header, is not sent. */
static bool is_target(const char *target)
{
    size_t at = 0;

    while (target[at] > ' ' && target[at] != 0x7f)
        at++;
    return target[0] == '/' && target[at] == '\0';
}

/* 0 or -ENOMEM. The caller frees *out, in which there is no NUL but at its end. */
static int write_request(const struct ask_place *place, const struct question *question, char **out,
                         size_t *out_length)
{
    char authority[AUTHORITY_MAX];
    FILE *stream = open_memstream(out, out_length);

    if (stream == NULL)
        return -ENOMEM;
    fprintf(stream, "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n", question->method,
            question->target, write_authority(place, authority));
    if (place->token != NULL)
        fprintf(stream, "Authorization: Bearer %s\r\n", place->token);
    if (question->last_id[0] != '\0')
        fprintf(stream, "Last-Event-ID: %s\r\n", question->last_id);
    if (question->json != NULL)
        fprintf(stream, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                strlen(question->json));
    fprintf(stream, "\r\n%s", question->json != NULL ? question->json : "");
    if (fclose(stream) == 0)
        return 0;
    free(*out);
    *out = NULL;
    return -ENOMEM;
}

/* The answer */

/* 0, or an errno. There is always a NUL behind the body. */
static int keep(struct exchange *x, const char *octets, size_t count)
{
    struct ask_answer *answer = &x->answer;
    const size_t needed = answer->length + count + 1;
    char *larger;

    if (count > ASK_BODY_MAX - answer->length)
        return EFBIG;
    if (needed > x->capacity) {
        x->capacity = needed > 2 * x->capacity ? needed : 2 * x->capacity;
        larger = realloc(answer->body, x->capacity);
        if (larger == NULL)
            return ENOMEM;
        answer->body = larger;
    }
    memcpy(answer->body + answer->length, octets, count);
    answer->length += count;
    answer->body[answer->length] = '\0';
    return 0;
}

/* 100 Continue and its like come before the answer (RFC 9110, 15.2). */
static bool is_interim(const llhttp_t *parser)
{
    return parser->status_code / 100 == 1 && parser->status_code != 101;
}

static int on_head(llhttp_t *parser)
{
    struct exchange *x = parser->data;

    x->is_headed = !is_interim(parser);
    x->answer.status = parser->status_code;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct exchange *x = parser->data;
    int error = 0;

    if (x->stream == NULL)
        error = keep(x, at, length);
    else if (parser->status_code == 200)
        x->stream->received(at, length, x->stream->context);
    if (error == EFBIG)
        give_up(x, error, "an answer of more than %d MiB", ASK_BODY_MAX / 1024 / 1024);
    else if (error != 0)
        give_up(x, error, "%s", strerror(error));
    return error != 0 ? HPE_USER : 0;
}

static int on_whole(llhttp_t *parser)
{
    struct exchange *x = parser->data;

    if (is_interim(parser))
        return 0;
    x->is_whole = true;
    x->keeps_alive = llhttp_should_keep_alive(parser) != 0;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_whole,
};

static void finish(struct exchange *x)
{
    if (!x->keeps_alive || x->sent < x->request_length || x->send_error != 0)
        disconnect(x);
    x->is_used = x->fd >= 0;
    x->state = EXCHANGE_OVER;
    x->result = 0;
}

/* Why llhttp goes no further, and what it went no further in. */
static void give_up_reading(struct exchange *x)
{
    const char *reason = llhttp_get_error_reason(&x->parser);

    x->begin[strcspn(x->begin, "\r\n")] = '\0';
    printable_make(x->begin, '.');
    if (x->is_headed)
        give_up(x, EPROTO, "a body that is no HTTP: %s", reason);
    else
        give_up(x, EPROTO, "'%s', which is no HTTP: %s", x->begin, reason);
}

static void take(struct exchange *x, const char *octets, size_t count)
{
    llhttp_errno_t error;

    for (size_t i = 0; i < count && x->received + i < BEGIN_MAX; i++)
        x->begin[x->received + i] = octets[i];
    x->received += count;
    error = llhttp_execute(&x->parser, octets, count);
    if (x->is_whole) {
        /* who says more than the answer is not asked again there */
        x->keeps_alive &= llhttp_get_error_pos(&x->parser) == octets + count;
        finish(x);
    } else if (error != HPE_OK) {
        give_up_reading(x);
    } else if (!x->is_headed && x->received > HEAD_MAX) {
        give_up(x, EPROTO, "more than %d KiB of headers", HEAD_MAX / 1024);
    }
}

/* The connection */

/* 0, EAGAIN for later, or another errno. The connection may not stand yet. */
static int connect_to(const struct ask_place *place, int *out)
{
    union {
        struct sockaddr any;
        struct sockaddr_un path;
        union socket_address ip;
    } address = {.path.sun_family = AF_UNIX};
    socklen_t length = sizeof address.path;

    if (place->path == NULL)
        length = socket_address_of(&place->address, place->port, &address.ip);
    else if (strlen(place->path) >= sizeof address.path.sun_path)
        return ENAMETOOLONG;
    else
        strcpy(address.path.sun_path, place->path);
    *out = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*out < 0)
        return errno;
    if (connect(*out, &address.any, length) != 0 && errno != EINPROGRESS) {
        const int error = errno;

        close(*out);
        *out = -1;
        return error;
    }
    return 0;
}

static void exchange_connect(struct exchange *x)
{
    const int error = connect_to(x->place, &x->fd);

    x->sent = 0;
    x->send_error = 0;
    if (error != 0 && error != EAGAIN)
        give_up(x, error, "%s", strerror(error));
}

static void exchange_send(struct exchange *x)
{
    while (x->sent < x->request_length) {
        const ssize_t count =
            send(x->fd, x->request + x->sent, x->request_length - x->sent, MSG_NOSIGNAL);

        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (count < 0 && errno != EINTR) {
            /* the rest is not wanted; an answer to what came before may be here nevertheless */
            x->send_error = errno;
            x->sent = x->request_length;
        } else if (count > 0) {
            x->sent += (size_t)count;
        }
    }
}

/* Nothing more will come; `error` is an errno, or 0 where the daemon has closed it. */
static void take_end(struct exchange *x, int error)
{
    if (x->received == 0 && x->is_used) {
        /* while nobody asked; to be asked twice does no harm, as it can only be a GET */
        disconnect(x);
        exchange_connect(x);
        return;
    }
    if (error == 0)
        llhttp_finish(&x->parser); /* the end of a body that has no other */
    if (x->is_whole) {
        x->keeps_alive = false;
        finish(x);
        return;
    }
    if (x->send_error != 0)
        error = x->send_error;
    if (x->received > 0)
        give_up(x, error != 0 ? error : ECONNRESET, "an answer that was cut off");
    else if (error != 0)
        give_up(x, error, "%s", strerror(error));
    else
        give_up(x, ECONNRESET, "a connection that was closed without an answer");
}

static void set_deadline(struct exchange *x)
{
    x->deadline_ns = clock_monotonic_ns() + (uint64_t)x->timeout_ms * 1000000;
}

/* Once for each time that there is something: others wait, too. */
static void exchange_receive(struct exchange *x)
{
    char octets[RECEIVE_MAX];
    const ssize_t count = recv(x->fd, octets, sizeof octets, 0);

    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (count > 0)
        take(x, octets, (size_t)count);
    else
        take_end(x, count < 0 ? errno : 0);
    if (x->stream != NULL)
        set_deadline(x);
}

static void give_up_late(struct exchange *x)
{
    const char *missed = "no answer";

    if (x->received > 0)
        missed = x->stream != NULL ? "nothing more" : "no end of its answer";
    give_up(x, ETIMEDOUT, "%s within %g s", missed, (double)x->timeout_ms / 1000);
}

/* What can be done now without a handler. */
static void exchange_push(struct exchange *x)
{
    if (x->state == EXCHANGE_UNDER_WAY && x->fd < 0)
        exchange_connect(x);
    if (x->state == EXCHANGE_UNDER_WAY && x->fd >= 0)
        exchange_send(x);
}

/* What can be done now. */
static void exchange_go(struct exchange *x)
{
    exchange_push(x);
    if (x->state == EXCHANGE_UNDER_WAY && x->sent > 0)
        exchange_receive(x);
    if (x->state == EXCHANGE_UNDER_WAY && clock_monotonic_ns() >= x->deadline_ns)
        give_up_late(x);
}

/* Whether a connection from before is there, on which nobody has said anything since. */
static bool is_quiet(int fd)
{
    struct pollfd waited = {.fd = fd, .events = POLLIN};

    return fd >= 0 && poll(&waited, 1, 0) == 0;
}

static void exchange_start(struct exchange *x, const struct question *question, long timeout_ms)
{
    x->state = EXCHANGE_UNDER_WAY;
    x->timeout_ms = timeout_ms;
    set_deadline(x);
    free(x->request);
    x->request = NULL;
    x->sent = x->received = x->capacity = 0;
    x->send_error = 0;
    memset(x->begin, 0, sizeof x->begin);
    x->is_headed = x->is_whole = x->keeps_alive = false;
    llhttp_init(&x->parser, HTTP_RESPONSE, &settings);
    x->parser.data = x;
    if (!is_quiet(x->fd))
        disconnect(x);
    if (!is_target(question->target))
        give_up(x, EINVAL, "a target with a space or a control character");
    else if (keep(x, "", 0) != 0 ||
             write_request(x->place, question, &x->request, &x->request_length) != 0)
        give_up(x, ENOMEM, "%s", strerror(ENOMEM));
    exchange_push(x);
}

/* What poll(2) is to wait for; its descriptor is -1 for nothing. */
static struct pollfd exchange_poll(const struct exchange *x)
{
    const bool sends = x->sent < x->request_length;

    return (struct pollfd){.fd = x->state == EXCHANGE_UNDER_WAY ? x->fd : -1,
                           .events = (short)(sends ? POLLIN | POLLOUT : POLLIN)};
}

/* When exchange_go must be called if nothing happens: in how many milliseconds, at most `most`. */
static int exchange_wait_ms(const struct exchange *x, int most)
{
    const uint64_t now = clock_monotonic_ns();
    uint64_t left;

    if (x->state == EXCHANGE_IDLE)
        return most;
    if (x->state == EXCHANGE_OVER || now >= x->deadline_ns)
        return 0;
    left = (x->deadline_ns - now + 999999) / 1000000;
    if (x->fd < 0 && left > CONNECT_AGAIN_MS)
        left = CONNECT_AGAIN_MS;
    return left < (uint64_t)most ? (int)left : most;
}

/* One question */

int ask(const struct ask_place *place, const char *method, const char *target, const char *json,
        long timeout_ms, struct ask_answer *out, char *error, size_t error_size)
{
    const struct question question = {method, target, "", json};
    struct exchange x;

    exchange_init(&x, place, NULL);
    exchange_start(&x, &question, timeout_ms);
    while (x.state == EXCHANGE_UNDER_WAY) {
        struct pollfd waited = exchange_poll(&x);

        poll(&waited, 1, exchange_wait_ms(&x, INT_MAX)); /* interrupted: it goes on */
        exchange_go(&x);
    }
    *out = x.answer;
    x.answer = (struct ask_answer){0};
    if (x.result != 0) {
        write_failure(&x, error, error_size);
        ask_answer_deinit(out);
    }
    exchange_deinit(&x);
    return x.result;
}

void ask_answer_deinit(struct ask_answer *answer)
{
    free(answer->body);
    *answer = (struct ask_answer){0};
}

/* Several, and a stream */

enum { STREAM = ASK_GETS_MAX, EXCHANGES };

struct ask_feed {
    struct ask_feed_handlers handlers;
    struct exchange exchange[EXCHANGES]; /* questions; then the stream */
};

int ask_feed_open(const struct ask_place *place, const struct ask_feed_handlers *handlers,
                  struct ask_feed **out)
{
    struct ask_feed *feed = calloc(1, sizeof *feed);

    if (feed == NULL)
        return -ENOMEM;
    feed->handlers = *handlers;
    for (unsigned i = 0; i < EXCHANGES; i++)
        exchange_init(&feed->exchange[i], place, i == STREAM ? &feed->handlers : NULL);
    *out = feed;
    return 0;
}

void ask_feed_close(struct ask_feed *feed)
{
    if (feed == NULL)
        return;
    for (unsigned i = 0; i < EXCHANGES; i++)
        exchange_deinit(&feed->exchange[i]);
    free(feed);
}

void ask_feed_get(struct ask_feed *feed, unsigned which, const char *target, long timeout_ms)
{
    const struct question question = {"GET", target, "", NULL};

    if (feed->exchange[which].state == EXCHANGE_IDLE)
        exchange_start(&feed->exchange[which], &question, timeout_ms);
}

void ask_feed_follow(struct ask_feed *feed, const char *target, const char *last_id)
{
    const struct question question = {"GET", target, last_id, NULL};

    if (feed->exchange[STREAM].state == EXCHANGE_IDLE)
        exchange_start(&feed->exchange[STREAM], &question, ASK_SILENCE_MS);
}

bool ask_feed_is_asking(const struct ask_feed *feed)
{
    for (unsigned i = 0; i < ASK_GETS_MAX; i++)
        if (feed->exchange[i].state != EXCHANGE_IDLE)
            return true;
    return false;
}

/* Tells its handler how an exchange went, after which there may be another. */
static void tell(struct ask_feed *feed, unsigned which)
{
    const struct ask_feed_handlers *handlers = &feed->handlers;
    struct exchange *x = &feed->exchange[which];
    struct ask_answer answer = x->answer;
    char error[512] = "";

    x->answer = (struct ask_answer){0};
    x->state = EXCHANGE_IDLE;
    if (x->result != 0)
        write_failure(x, error, sizeof error);
    else if (which == STREAM)
        snprintf(error, sizeof error, "the events ended with HTTP status %ld", answer.status);
    if (which == STREAM)
        handlers->ended(error, handlers->context);
    else
        handlers->answered(which, x->result == 0 ? &answer : NULL, error, handlers->context);
    ask_answer_deinit(&answer);
}

void ask_feed_wait(struct ask_feed *feed, const int *fds, unsigned count, int timeout_ms)
{
    struct pollfd waited[EXCHANGES + WAITED_FDS_MAX];
    unsigned length = 0;

    for (unsigned i = 0; i < EXCHANGES; i++) {
        waited[length++] = exchange_poll(&feed->exchange[i]);
        timeout_ms = exchange_wait_ms(&feed->exchange[i], timeout_ms);
    }
    for (unsigned i = 0; i < count && i < WAITED_FDS_MAX; i++)
        waited[length++] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    poll(waited, length, timeout_ms); /* interrupted: the caller sees to it */
    for (unsigned i = 0; i < EXCHANGES; i++) {
        exchange_go(&feed->exchange[i]);
        if (feed->exchange[i].state == EXCHANGE_OVER)
            tell(feed, i);
    }
}
