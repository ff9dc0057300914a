/*
 * A listener: libmicrohttpd without threads of its own. Its epoll descriptor is one of libuv's, and
 * one timer serves both its time limits and those of waiting requests.
 *
 *      epoll readable, timer, serve_judged -> serve_turn -> MHD_run -> route_answer
 */
#include "serve/serve.h"

#include "serve/answer.h"
#include "serve/crowd.h"
#include "serve/host.h"
#include "serve/listener.h"
#include "serve/request.h"
#include "serve/route.h"
#include "serve/token.h"
#include "tale/limit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    DETAIL_MAX = 96,
    IDLE_MAX_S = 15,
    RATE = 100, /* requests a second of one stranger, IPv4 /32 or IPv6 /64; and how many at once */
    BURST = 200,
    SOURCES = 4096,                  /* that are counted one by one */
    CONNECTIONS_MAX = 2 * CROWD_MAX, /* strangers, and as many who are none */
    HEAD_MAX = 8 * 1024,             /* of request line and headers together, which is answered */
    CONNECTION_MEMORY =
        16 * 1024, /* beyond this the library refuses; it clears all of it each time */
    BODY_IGNORED_MAX = 8 * 1024,   /* of a GET, where nobody needs one */
    BODY_REFUSED_MAX = 512 * 1024, /* read without being kept, so that the refusal can be read */
};

struct serve {
    enum serve_audience audience;
    bool wants_token; /* others than this machine reach it */
    struct serve_sources sources;
    struct MHD_Daemon *http;
    uint16_t port;
    uv_loop_t *loop;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned open_handles; /* of libuv's; the last one to close frees */
    struct waiting waiting;
    struct events events;
    struct crowd crowd; /* of strangers: visitors, and operators who have not shown the token */
    struct limiter *limiter; /* of what strangers ask; NULL: only programs of this machine can */
    bool has_room;           /* a connection has ended since the library looked */
    struct serve_counts counts;
};

/* Ends what is due, lets the HTTP library work, and sets the timer for what comes next. */
static void serve_turn(struct serve *serve);

static void on_timer(uv_timer_t *timer)
{
    serve_turn(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    serve_turn(poll->data);
}

static void resume_finished(struct serve *serve)
{
    struct wait *wait;

    while ((wait = waiting_take_finished(&serve->waiting)) != NULL)
        MHD_resume_connection(((struct request *)wait->owner)->connection);
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
    MHD_UNSIGNED_LONG_LONG http = 0;
    uint64_t delay = UINT64_MAX;
    uint64_t now;

    uv_update_time(serve->loop);
    now = uv_now(serve->loop);
    if (MHD_get_timeout(serve->http, &http) == MHD_YES)
        delay = http;
    if (deadline != UINT64_MAX) {
        const uint64_t left = deadline > now ? deadline - now : 0;

        delay = left < delay ? left : delay;
    }
    if (delay == UINT64_MAX)
        uv_timer_stop(&serve->timer);
    else
        uv_timer_start(&serve->timer, on_timer, delay, 0);
}

/* The library has no way to end a connection, but it notices when its socket has. */
static void hang_up(int connection)
{
    shutdown(connection, SHUT_RDWR);
}

/*
 * At its limits, of connections or of the process's descriptors, the library no longer listens, and
 * begins again in the run after a connection has ended: there may be no other reason for one.
 */
static void run_http(struct serve *serve)
{
    do {
        serve->has_room = false;
        MHD_run(serve->http);
    } while (serve->has_room);
}

static void end_slow_requests(struct serve *serve)
{
    serve->counts.refused[SERVE_REFUSED_SLOW] +=
        crowd_overdue(&serve->crowd, uv_now(serve->loop), hang_up);
}

static void serve_turn(struct serve *serve)
{
    end_slow_requests(serve);
    waiting_expire(&serve->waiting, uv_now(serve->loop));
    resume_finished(serve);
    events_turn(&serve->events, uv_now(serve->loop), hang_up);
    run_http(serve);
    set_timer(serve);
}

const char *request_header(const struct request *request, const char *name)
{
    const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);

    return value != NULL ? value : "";
}

static struct request *request_new(struct serve *serve, struct MHD_Connection *connection)
{
    struct request *request = calloc(1, sizeof *request);
    const union MHD_ConnectionInfo *info;

    if (request == NULL)
        return NULL;
    request->connection = connection;
    request->sources = &serve->sources;
    request->waiting = &serve->waiting;
    request->events = &serve->events;
    request->counts = &serve->counts;
    request->audience = serve->audience;
    request->wait.owner = request;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->visitor = info != NULL ? info->socket_context : NULL;
    return request;
}

static bool takes_no_body(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static enum MHD_Result refuse(struct serve *serve, struct request *request,
                              enum serve_refusal reason)
{
    static const struct answer_header later = {"Retry-After", "1"};

    serve->counts.refused[reason]++;
    if (reason == SERVE_REFUSED_HEAD)
        return answer_problem(request, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                              "expected a request line and headers of at most 8 KiB together");
    return answer_problem_with(request, MHD_HTTP_TOO_MANY_REQUESTS,
                               "expected at most 100 requests a second from one address", &later,
                               1);
}

static bool has_long_head(const struct request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    return info != NULL && info->header_size > HEAD_MAX;
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
           !terms->any_host && !host_is_local(request_header(request, "Host"));
}

/* A stranger's request is refused, with *out_result, or false for one that goes on. */
static bool is_refused(struct serve *serve, struct request *request,
                       const struct route_terms *terms, enum MHD_Result *out_result)
{
    static const struct answer_header challenge = {"WWW-Authenticate", "Bearer"};

    if (has_long_head(request))
        *out_result = refuse(serve, request, SERVE_REFUSED_HEAD);
    else if (is_misdirected(serve, request, terms))
        *out_result = answer_problem(request, MHD_HTTP_MISDIRECTED_REQUEST,
                                     "expected an address or localhost as Host, found a name that "
                                     "a stranger may have pointed here");
    else if (serve->audience == SERVE_OPERATORS && may_ask(serve, request))
        return false;
    else if (asks_too_often(serve, request))
        *out_result = refuse(serve, request, SERVE_REFUSED_RATE);
    else if (serve->audience == SERVE_OPERATORS && !terms->is_open)
        *out_result = answer_problem_with(request, MHD_HTTP_UNAUTHORIZED,
                                          "expected the operators' token as Authorization: Bearer",
                                          &challenge, 1);
    else
        return false;
    return true;
}

/* Who goes on beyond it is cut off. */
static size_t body_bound(const struct request *request)
{
    return request->body_max > 0 ? BODY_REFUSED_MAX : BODY_IGNORED_MAX;
}

static const char *too_large(const struct request *request, char out[DETAIL_MAX])
{
    snprintf(out, DETAIL_MAX, "expected a body of at most %zu octets, found %zu", request->body_max,
             request->body_octets);
    return out;
}

/* Called first when the headers are here, then for each piece of the body, then once without. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *body, size_t *body_octets, void **state)
{
    struct serve *serve = context;
    struct request *request = *state;
    enum MHD_Result refused;
    struct route_terms terms;
    char detail[DETAIL_MAX];

    (void)version;
    if (request == NULL) {
        request = *state = request_new(serve, connection);
        if (request == NULL || (serve->limiter != NULL && request->visitor == NULL))
            return MHD_NO;
        terms = route_terms(request, method, path);
        if (is_refused(serve, request, &terms, &refused))
            return refused;
        request->body_max = terms.body_max;
        if (takes_no_body(method) || request->body_max > 0)
            return MHD_YES;
        /* answered before its body, which closes the connection when there is one */
    } else if (*body_octets > 0) {
        request->body_octets += *body_octets;
        if (request->body_octets <= request->body_max)
            buffer_put_octets(&request->body, body, *body_octets);
        *body_octets = 0;
        return request->body_octets <= body_bound(request) ? MHD_YES : MHD_NO;
    }
    if (request->body_max > 0 && request->body_octets > request->body_max)
        return answer_problem(request, MHD_HTTP_CONTENT_TOO_LARGE, too_large(request, detail));
    request->now_ms = uv_now(serve->loop);
    return route_answer(request, method, path);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct serve *serve = context;
    struct request *request = *state;

    (void)connection;
    (void)code;
    if (request == NULL)
        return;
    waiting_remove(&serve->waiting, &request->wait);
    if (request->visitor != NULL)
        crowd_served(&serve->crowd, request->visitor->place, uv_now(serve->loop));
    buffer_deinit(&request->body);
    free(request->wait.recalled.moment);
    free(request);
    *state = NULL;
}

/* Programs of this machine are never in the crowd, so that they always find room. */
static enum MHD_Result may_connect(void *context, const struct sockaddr *peer, socklen_t length)
{
    struct serve *serve = context;
    struct address address;
    uint16_t port;

    (void)length;
    if (serve->limiter == NULL)
        return MHD_YES;
    if (crowd_make_room(&serve->crowd, hang_up))
        serve->counts.refused[SERVE_REFUSED_CROWD]++;
    if (visitor_peer(peer, &address, &port) && crowd_has_room(&serve->crowd, &address))
        return MHD_YES;
    serve->counts.refused[SERVE_REFUSED_CROWD]++;
    return MHD_NO;
}

/* NULL when there is no memory, and then its requests are not answered. */
static struct visitor *visitor_new(struct serve *serve, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *peer =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct visitor *visitor = malloc(sizeof *visitor);

    if (visitor == NULL || fd == NULL || peer == NULL) {
        free(visitor);
        return NULL;
    }
    if (serve->audience == SERVE_VISITORS)
        visitor_arrive(fd->connect_fd, peer->client_addr, &serve->sources, visitor);
    else if (!visitor_peer(peer->client_addr, &visitor->address, &visitor->port)) {
        free(visitor);
        return NULL;
    }
    visitor->place =
        crowd_enter(&serve->crowd, &visitor->address, fd->connect_fd, uv_now(serve->loop));
    return visitor;
}

static void visitor_free(struct serve *serve, struct visitor *visitor)
{
    if (visitor != NULL)
        crowd_leave(&serve->crowd, visitor->place);
    free(visitor);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct serve *serve = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        serve->counts.connections++;
        serve->counts.open++;
        if (serve->limiter != NULL)
            *socket_context = visitor_new(serve, connection);
    } else {
        serve->counts.open--;
        serve->has_room = true;
        visitor_free(serve, *socket_context);
        *socket_context = NULL;
    }
}

static struct MHD_Daemon *start_http(struct serve *serve, int listening)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, may_connect, serve, on_request, serve,
        MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_NOTIFY_CONNECTION, on_connection, serve,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, serve, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_MAX_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
}

static int start_loop(struct serve *serve)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(serve->http, MHD_DAEMON_INFO_EPOLL_FD);
    int failure;

    if (info == NULL)
        return -EINVAL;
    failure = uv_poll_init(serve->loop, &serve->poll, info->epoll_fd);
    if (failure < 0)
        return failure;
    uv_timer_init(serve->loop, &serve->timer);
    serve->open_handles = 2;
    serve->poll.data = serve;
    serve->timer.data = serve;
    return uv_poll_start(&serve->poll, UV_READABLE, on_readable);
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
    serve->http = start_http(serve, listening); /* owns the socket from here on */
    failure = serve->http != NULL ? start_loop(serve) : -EIO;
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

static void serve_free(struct serve *serve)
{
    limiter_free(serve->limiter);
    free(serve);
}

static void on_closed(uv_handle_t *handle)
{
    struct serve *serve = handle->data;

    if (--serve->open_handles == 0)
        serve_free(serve);
}

void serve_close(struct serve *serve)
{
    if (serve == NULL)
        return;
    waiting_expire(&serve->waiting, UINT64_MAX);
    resume_finished(serve);
    events_end(&serve->events);
    if (serve->open_handles > 0) {
        uv_close((uv_handle_t *)&serve->poll, on_closed);
        uv_close((uv_handle_t *)&serve->timer, on_closed);
    }
    if (serve->http != NULL)
        MHD_stop_daemon(serve->http);
    if (serve->open_handles == 0)
        serve_free(serve);
}

uint16_t serve_port(const struct serve *serve)
{
    return serve->port;
}

void serve_judged(struct serve *serve, const struct judgement *judgement)
{
    /* this may run inside MHD_run, so the requests go on in a turn of their own */
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
