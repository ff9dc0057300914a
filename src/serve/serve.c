/*
 * A listener: it accepts connections, says who may ask what, and lets the routes answer.
 *
 *      listening socket -> on_knock -> connection_open
 *      a request        -> on_headed, take_body, on_whole -> route_answer
 *      timer            -> serve_turn: requests that wait, followers of the events
 *      each second      -> on_look: who takes too long
 */
#include "serve/serve.h"

#include "base/socket_address.h"
#include "serve/answer.h"
#include "serve/crowd.h"
#include "serve/host.h"
#include "serve/listener.h"
#include "serve/request.h"
#include "serve/route.h"
#include "serve/token.h"
#include "tale/limit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DETAIL_MAX = 96,
    LOOK_EVERY_MS = 1000,
    ACCEPT_AT_ONCE = 64,
    RATE = 100, /* requests a second of one stranger, IPv4 /32 or IPv6 /64; and how many at once */
    BURST = 200,
    SOURCES = 4096,                  /* that are counted one by one */
    CONNECTIONS_MAX = 2 * CROWD_MAX, /* strangers, and as many who are none */
    BODY_IGNORED_MAX = 8 * 1024,     /* of a GET, where nobody needs one */
};

struct serve {
    enum serve_audience audience;
    bool wants_token; /* others than this machine reach it */
    struct serve_sources sources;
    int listening;
    bool is_closing;
    bool is_full; /* no more connections are accepted before one has ended, or a second has gone */
    uint16_t port;
    uv_loop_t *loop;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_timer_t look;
    unsigned open_handles; /* of libuv's; the last one to close frees */
    struct waiting waiting;
    struct events events;
    struct crowd crowd; /* of strangers: visitors, and operators who have not shown the token */
    struct limiter *limiter; /* of what strangers ask; NULL: only programs of this machine can */
    struct serve_counts counts;
    struct connection *connection[CONNECTIONS_MAX]; /* counts.open of them */
};

static void serve_free(struct serve *serve)
{
    limiter_free(serve->limiter);
    free(serve);
}

static void serve_turn(struct serve *serve);

static void on_timer(uv_timer_t *timer)
{
    serve_turn(timer->data);
}

static uint64_t next_deadline(const struct serve *serve)
{
    const uint64_t waiting = waiting_deadline(&serve->waiting);
    const uint64_t events = events_deadline(&serve->events);

    return waiting < events ? waiting : events;
}

static void set_timer(struct serve *serve)
{
    const uint64_t deadline = next_deadline(serve);
    uint64_t now;

    if (deadline == UINT64_MAX) {
        uv_timer_stop(&serve->timer);
        return;
    }
    uv_update_time(serve->loop);
    now = uv_now(serve->loop);
    uv_timer_start(&serve->timer, on_timer, deadline > now ? deadline - now : 0, 0);
}

/* Answers the request at hand, or leaves it to wait: what it waits for is in its `wait` then. */
static int answer_request(struct serve *serve, struct connection *connection)
{
    struct request *request = connection->request;

    request->now_ms = uv_now(serve->loop);
    return route_answer(request, connection->message.method, connection->message.path);
}

static void resume_finished(struct serve *serve)
{
    struct wait *wait;

    while ((wait = waiting_take_finished(&serve->waiting)) != NULL) {
        struct connection *connection = ((struct request *)wait->owner)->connection;

        if (answer_request(serve, connection) < 0)
            connection_close(connection);
        connection_go(connection);
    }
}

/* Ends what is due, and sets the timer for what comes next. */
static void serve_turn(struct serve *serve)
{
    waiting_expire(&serve->waiting, uv_now(serve->loop));
    resume_finished(serve);
    events_turn(&serve->events, uv_now(serve->loop));
    set_timer(serve);
}

const char *request_header(const struct request *request, const char *name)
{
    return message_header(&request->connection->message, name);
}

static struct request *request_new(struct serve *serve, struct connection *connection)
{
    struct request *request = calloc(1, sizeof *request);

    if (request == NULL)
        return NULL;
    request->connection = connection;
    request->sources = &serve->sources;
    request->waiting = &serve->waiting;
    request->events = &serve->events;
    request->counts = &serve->counts;
    request->audience = serve->audience;
    request->wait.owner = request;
    request->visitor = connection->visitor;
    connection->request = request;
    return request;
}

static int refuse_rate(struct serve *serve, struct request *request)
{
    static const struct answer_header later = {"Retry-After", "1"};

    serve->counts.refused[SERVE_REFUSED_RATE]++;
    return answer_problem_with(request, STATUS_TOO_MANY_REQUESTS,
                               "expected at most 100 requests a second from one address", &later,
                               1);
}

/* Whoever shows the token is no stranger any more, for as long as the connection lasts. */
static bool may_ask(struct serve *serve, struct request *request)
{
    if (!serve->wants_token)
        return true;
    if (!token_matches(serve->sources.token, request_header(request, "Authorization")))
        return false;
    if (request->visitor != NULL) {
        crowd_leave(&serve->crowd, request->visitor->place);
        request->visitor->place = CROWD_MAX;
    }
    return true;
}

static bool asks_too_often(const struct serve *serve, const struct request *request)
{
    return serve->limiter != NULL &&
           limiter_take(serve->limiter, &request->visitor->address, uv_hrtime()) != LIMIT_ALLOWED;
}

/*
 * Where no token keeps strangers away, a page of theirs must not ask either, through the browser of
 * somebody on this machine: by a name of its own that it has point here.
 */
static bool is_misdirected(const struct serve *serve, const struct request *request,
                           const struct route_terms *terms)
{
    return serve->audience == SERVE_OPERATORS && !serve->wants_token && serve->port != 0 &&
           !terms->any_host && !host_is_local(request->connection->message.host);
}

/* A stranger's request is refused, with *out_result, or false for one that goes on. */
static bool is_refused(struct serve *serve, struct request *request,
                       const struct route_terms *terms, int *out_result)
{
    static const struct answer_header challenge = {"WWW-Authenticate", "Bearer"};

    if (is_misdirected(serve, request, terms))
        *out_result = answer_problem(request, STATUS_MISDIRECTED_REQUEST,
                                     "expected an address or localhost as Host, found a name that "
                                     "a stranger may have pointed here");
    else if (serve->audience == SERVE_OPERATORS && may_ask(serve, request))
        return false;
    else if (asks_too_often(serve, request))
        *out_result = refuse_rate(serve, request);
    else if (serve->audience == SERVE_OPERATORS && !terms->is_open)
        *out_result = answer_problem_with(request, STATUS_UNAUTHORIZED,
                                          "expected the operators' token as Authorization: Bearer",
                                          &challenge, 1);
    else
        return false;
    return true;
}

/* Octets of a body that are read. */
static size_t body_bound(const struct request *request)
{
    return request->body_max > 0 ? request->body_max : BODY_IGNORED_MAX;
}

/* `octets` are those that it would have, or MESSAGE_IN_CHUNKS where nobody knows. */
static int refuse_body(struct request *request, uint64_t octets)
{
    char detail[DETAIL_MAX];
    char found[24] = "more";

    if (octets != MESSAGE_IN_CHUNKS)
        snprintf(found, sizeof found, "%" PRIu64, octets);
    snprintf(detail, sizeof detail, "expected a body of at most %zu octets, found %s",
             body_bound(request), found);
    return answer_problem(request, STATUS_CONTENT_TOO_LARGE, detail);
}

static bool has_strange_expectation(const struct request *request)
{
    const char *expected = request_header(request, "Expect");

    return *expected != '\0' && strcasecmp(expected, "100-continue") != 0;
}

/* What is wrong with a request whose body has not been read, with *out_result; false for nothing. */
static bool is_head_wrong(struct serve *serve, struct request *request, int *out_result)
{
    const struct message *message = &request->connection->message;
    const struct route_terms terms = route_terms(request, message->method, message->path);
    const uint64_t octets = message_body_octets(message);

    request->body_max = terms.body_max;
    if (is_refused(serve, request, &terms, out_result))
        return true;
    if (has_strange_expectation(request))
        *out_result = answer_problem(request, STATUS_EXPECTATION_FAILED,
                                     "expected 100-continue or nothing as Expect");
    else if (octets != MESSAGE_IN_CHUNKS && octets > body_bound(request))
        *out_result = refuse_body(request, octets);
    else
        return false;
    return true;
}

static bool takes_no_body(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static int on_headed(struct connection *connection)
{
    struct serve *serve = connection->context;
    const struct message *message = &connection->message;
    struct request *request = request_new(serve, connection);
    int result;

    if (request == NULL)
        return -ENOMEM;
    if (is_head_wrong(serve, request, &result))
        return result;
    if (!takes_no_body(message->method) && request->body_max == 0)
        return answer_request(serve, connection); /* a body would not be read */
    if (message_body_octets(message) > 0 && message_awaits_continue(message))
        connection_continue(connection);
    return 0;
}

static bool take_body(void *context, const char *octets, size_t count)
{
    const struct connection *connection = context;
    struct request *request = connection->request;

    request->body_octets += count;
    if (request->body_octets > body_bound(request))
        return false;
    if (request->body_max > 0)
        buffer_put_octets(&request->body, octets, count);
    return true;
}

static int on_whole(struct connection *connection)
{
    struct serve *serve = connection->context;
    const int result = answer_request(serve, connection);

    if (serve->waiting.count > 0 || events_wanted(&serve->events))
        set_timer(serve);
    return result;
}

/* A refusal of what is no request costs as much of what a stranger may ask as an answer does. */
static int on_wrong(struct connection *connection, unsigned status, const char *detail)
{
    struct serve *serve = connection->context;
    struct request *request = connection->request;

    if (request == NULL)
        request = request_new(serve, connection);
    if (request == NULL)
        return -ENOMEM;
    if (status == STATUS_CONTENT_TOO_LARGE)
        return refuse_body(request, MESSAGE_IN_CHUNKS);
    if (status == STATUS_REQUEST_TIMEOUT)
        serve->counts.refused[SERVE_REFUSED_SLOW]++;
    else if (status == STATUS_HEAD_TOO_LARGE || status == STATUS_URI_TOO_LONG)
        serve->counts.refused[SERVE_REFUSED_HEAD]++;
    else if (asks_too_often(serve, request))
        return refuse_rate(serve, request);
    return answer_problem(request, status, detail);
}

static void on_done(struct connection *connection)
{
    struct serve *serve = connection->context;
    struct request *request = connection->request;

    waiting_remove(&serve->waiting, &request->wait);
    if (request->visitor != NULL)
        crowd_served(&serve->crowd, request->visitor->place, uv_now(serve->loop));
    buffer_deinit(&request->body);
    free(request->wait.recalled.moment);
    free(request);
    connection->request = NULL;
}

static void on_knock(uv_poll_t *poll, int status, int events);

/* Before its limits, of connections or of the process's descriptors, are reached again. */
static void listen_again(struct serve *serve)
{
    if (serve->is_full && !serve->is_closing)
        uv_poll_start(&serve->poll, UV_READABLE, on_knock);
    serve->is_full = false;
}

static void on_closed(struct connection *connection)
{
    struct serve *serve = connection->context;
    struct visitor *visitor = connection->visitor;
    struct connection *last = serve->connection[--serve->counts.open];

    serve->connection[connection->slot] = last;
    last->slot = connection->slot;
    if (visitor != NULL)
        crowd_leave(&serve->crowd, visitor->place);
    free(visitor);
    listen_again(serve);
}

static void release(struct serve *serve)
{
    if (--serve->open_handles == 0)
        serve_free(serve);
}

static void on_connection_freed(void *context)
{
    release(context);
}

static const struct connection_owner owner = {
    .headed = on_headed,
    .take_body = take_body,
    .whole = on_whole,
    .wrong = on_wrong,
    .done = on_done,
    .closed = on_closed,
    .freed = on_connection_freed,
};

/* Programs of this machine are never in the crowd, so that they always find room. */
static bool may_connect(struct serve *serve, const struct sockaddr *peer)
{
    const uint64_t slow = serve->counts.refused[SERVE_REFUSED_SLOW];
    struct address address;

    if (serve->limiter == NULL)
        return true;
    if (crowd_make_room(&serve->crowd, connection_expire)) {
        serve->counts.refused[SERVE_REFUSED_SLOW] = slow; /* it was in time, and in the way */
        serve->counts.refused[SERVE_REFUSED_CROWD]++;
    }
    if (socket_address_read(peer, &address, NULL) && crowd_has_room(&serve->crowd, &address))
        return true;
    serve->counts.refused[SERVE_REFUSED_CROWD]++;
    return false;
}

/* NULL when there is no memory, and for a family that is no stranger's. */
static struct visitor *visitor_new(struct serve *serve, const struct connection *connection,
                                   const struct sockaddr *peer)
{
    struct visitor *visitor = malloc(sizeof *visitor);

    if (visitor == NULL)
        return NULL;
    if (serve->audience == SERVE_VISITORS) {
        visitor_arrive(connection->fd, peer, &serve->sources, visitor);
    } else if (!socket_address_read(peer, &visitor->address, &visitor->port)) {
        free(visitor);
        return NULL;
    }
    return visitor;
}

static int enter(struct serve *serve, struct connection *connection, const struct sockaddr *peer)
{
    struct visitor *visitor;

    if (serve->limiter == NULL)
        return 0;
    visitor = connection->visitor = visitor_new(serve, connection, peer);
    if (visitor == NULL)
        return -ENOMEM;
    visitor->place = crowd_enter(&serve->crowd, &visitor->address, connection, uv_now(serve->loop));
    return 0;
}

static void on_look(uv_timer_t *timer);

/* Takes over `fd`. */
static void welcome(struct serve *serve, int fd, const struct sockaddr *peer)
{
    struct connection *connection = NULL;

    if (may_connect(serve, peer))
        connection = connection_open(serve->loop, fd, &owner, serve);
    if (connection == NULL) {
        close(fd);
        return;
    }
    connection->slot = (unsigned)serve->counts.open;
    serve->connection[serve->counts.open++] = connection;
    serve->counts.connections++;
    serve->open_handles++;
    if (enter(serve, connection, peer) < 0)
        connection_close(connection);
    if (!uv_is_active((uv_handle_t *)&serve->look))
        uv_timer_start(&serve->look, on_look, LOOK_EVERY_MS, LOOK_EVERY_MS);
}

/* Stops listening for now: there may be no descriptor left, and the one that knocks would not go. */
static void rest(struct serve *serve)
{
    serve->is_full = true;
    uv_poll_stop(&serve->poll);
    uv_timer_start(&serve->look, on_look, LOOK_EVERY_MS, LOOK_EVERY_MS);
}

static void on_knock(uv_poll_t *poll, int status, int events)
{
    struct serve *serve = poll->data;

    (void)status;
    (void)events;
    for (unsigned i = 0; i < ACCEPT_AT_ONCE && !serve->is_full; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t length = sizeof peer;
        const int fd = serve->counts.open < CONNECTIONS_MAX
                           ? accept4(serve->listening, (struct sockaddr *)&peer, &length,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC)
                           : -1;

        if (fd >= 0)
            welcome(serve, fd, (const struct sockaddr *)&peer);
        else if (serve->counts.open == CONNECTIONS_MAX || errno == EMFILE || errno == ENFILE ||
                 errno == ENOBUFS || errno == ENOMEM)
            rest(serve);
        else if (errno != ECONNABORTED && errno != EINTR)
            break;
    }
}

static void end_slow_requests(struct serve *serve)
{
    const uint64_t before = serve->counts.refused[SERVE_REFUSED_SLOW];
    const unsigned overdue = crowd_overdue(&serve->crowd, uv_now(serve->loop), connection_expire);

    serve->counts.refused[SERVE_REFUSED_SLOW] = before + overdue;
}

static void on_look(uv_timer_t *timer)
{
    struct serve *serve = timer->data;

    end_slow_requests(serve);
    /* from the last, as one that goes gives its place to that */
    for (uint64_t i = serve->counts.open; i-- > 0;)
        connection_look(serve->connection[i], uv_now(serve->loop));
    listen_again(serve);
    if (serve->counts.open == 0)
        uv_timer_stop(timer);
}

static int start_loop(struct serve *serve)
{
    const int failure = uv_poll_init(serve->loop, &serve->poll, serve->listening);

    if (failure < 0)
        return failure;
    uv_timer_init(serve->loop, &serve->timer);
    uv_timer_init(serve->loop, &serve->look);
    serve->open_handles = 3;
    serve->poll.data = serve;
    serve->timer.data = serve;
    serve->look.data = serve;
    return uv_poll_start(&serve->poll, UV_READABLE, on_knock);
}

static bool may_serve(const struct address *address, uint16_t port, enum serve_audience audience,
                      const char *token, char *error, size_t error_size)
{
    char text[LISTENER_TEXT_MAX];

    if (audience != SERVE_OPERATORS || address_is_loopback(address) || token != NULL)
        return true;
    snprintf(error, error_size,
             "expected a loopback address (127.0.0.1 or [::1]) for operators, or a token, found %s",
             listener_text(address, port, text));
    return false;
}

static struct serve *serve_new(uv_loop_t *loop, enum serve_audience audience,
                               const struct serve_sources *sources, int listening)
{
    struct serve *serve = calloc(1, sizeof *serve);

    if (serve == NULL)
        return NULL;
    serve->audience = audience;
    serve->sources = *sources;
    serve->loop = loop;
    serve->listening = listening;
    serve->port = listener_port(listening);
    return serve;
}

/* Strangers reach the visitors' listeners, and the operators' where a token is wanted. */
static int start_limiter(struct serve *serve)
{
    struct limit_settings limits = {.source_rate = RATE, .source_burst = BURST, .sources = SOURCES};

    if (serve->audience == SERVE_OPERATORS && !serve->wants_token)
        return 0;
    if (getrandom(limits.hash_key, sizeof limits.hash_key, 0) < 0)
        return -errno;
    return limiter_new(&limits, &serve->limiter);
}

/* Takes over `listening`. */
static int serve_on(uv_loop_t *loop, int listening, enum serve_audience audience,
                    const struct serve_sources *sources, bool wants_token, struct serve **out,
                    char *error, size_t error_size)
{
    struct serve *serve = serve_new(loop, audience, sources, listening);
    int failure;

    if (serve == NULL) {
        close(listening);
        snprintf(error, error_size, "cannot serve HTTP: %s", strerror(ENOMEM));
        return -ENOMEM;
    }
    serve->wants_token = wants_token;
    failure = start_limiter(serve);
    if (failure < 0) {
        close(listening);
        snprintf(error, error_size, "cannot serve HTTP: %s", strerror(-failure));
        free(serve);
        return failure;
    }
    failure = start_loop(serve);
    if (failure < 0) {
        snprintf(error, error_size, "cannot serve HTTP: %s", strerror(-failure));
        serve_close(serve);
        return failure;
    }
    *out = serve;
    return 0;
}

int serve_open(uv_loop_t *loop, const struct address *address, uint16_t port,
               enum serve_audience audience, const struct serve_sources *sources,
               struct serve **out, char *error, size_t error_size)
{
    const bool wants_token = audience == SERVE_OPERATORS && !address_is_loopback(address);
    int listening;
    int failure;

    if (!may_serve(address, port, audience, sources->token, error, error_size))
        return -EACCES;
    failure =
        listener_open(address, port, audience == SERVE_VISITORS, &listening, error, error_size);
    if (failure < 0)
        return failure;
    return serve_on(loop, listening, audience, sources, wants_token, out, error, error_size);
}

int serve_open_unix(uv_loop_t *loop, const char *path, const struct serve_sources *sources,
                    struct serve **out, char *error, size_t error_size)
{
    int listening;
    const int failure = listener_open_unix(path, &listening, error, error_size);

    if (failure < 0)
        return failure;
    return serve_on(loop, listening, SERVE_OPERATORS, sources, false, out, error, error_size);
}

static void on_handle_closed(uv_handle_t *handle)
{
    release(handle->data);
}

void serve_close(struct serve *serve)
{
    if (serve == NULL)
        return;
    serve->is_closing = true;
    while (serve->counts.open > 0)
        connection_close(serve->connection[serve->counts.open - 1]);
    if (serve->open_handles > 0) {
        uv_close((uv_handle_t *)&serve->poll, on_handle_closed);
        uv_close((uv_handle_t *)&serve->timer, on_handle_closed);
        uv_close((uv_handle_t *)&serve->look, on_handle_closed);
    }
    close(serve->listening);
    if (serve->open_handles == 0)
        serve_free(serve);
}

uint16_t serve_port(const struct serve *serve)
{
    return serve->port;
}

void serve_judged(struct serve *serve, const struct judgement *judgement)
{
    /* this may run inside an answer, so the requests go on in a turn of their own */
    if (waiting_judged(&serve->waiting, judgement) > 0 || events_wanted(&serve->events))
        uv_timer_start(&serve->timer, on_timer, 0, 0);
}

bool serve_recalled(struct serve *serve, uint64_t ticket, const struct recalled *recalled)
{
    if (!waiting_recalled(&serve->waiting, ticket, recalled))
        return false;
    uv_timer_start(&serve->timer, on_timer, 0, 0);
    return true;
}

struct serve_counts serve_counts(const struct serve *serve)
{
    struct serve_counts counts = serve->counts;

    counts.audience = serve->audience;
    counts.waiting = serve->waiting.count;
    counts.followers = serve->events.count;
    counts.dropped = serve->events.dropped;
    return counts;
}
