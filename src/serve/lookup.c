/*
 * The verdict for one connection; see lookup.h.
 */
#include "serve/lookup.h"

#include "serve/answer.h"
#include "serve/parameters.h"

#include <string.h>

enum { ACCEPTED = QUERY_CLIENT | QUERY_PORT | QUERY_SERVER_PORT | QUERY_WAIT | QUERY_TIME };

/*
 * A connection that a server has at some time opened before: at most so long, by as often as an opening
 * packet is sent again; and later by no more than two clocks may differ.
 */
#define OPENED_BEFORE_NS (60ull * 1000000000u)
#define OPENED_AFTER_NS  (1ull * 1000000000u)

enum find { FIND_FOUND, FIND_NOTHING, FIND_ANSWERED };

static enum find refuse(int answered, int *out_result)
{
    *out_result = answered;
    return FIND_ANSWERED;
}

static enum find wait_for(struct request *request, const struct query *query,
                          const struct journal_wanted *wanted, int *out_result)
{
    static const struct answer_header later = {"Retry-After", "1"};
    struct wait *wait = &request->wait;

    wait->address = query->address;
    wait->wanted = *wanted;
    wait->wanted.client = &wait->address;
    wait->deadline_ms = request->now_ms + query->wait_ms;
    if (waiting_add(request->waiting, wait) < 0)
        return refuse(answer_problem_with(request, STATUS_SERVICE_UNAVAILABLE,
                                          "too many requests are waiting already", &later, 1),
                      out_result);
    return refuse(0, out_result);
}

/*
 * The watch keeps the newest of each address and port, and keeps it longer than the journal; the
 * journal has those before it too, one of which may be to the server port that is asked for. Tunnels
 * are known to the journal alone.
 */
static bool find_known(const struct serve_sources *sources, const struct journal_wanted *wanted,
                       struct judgement *out)
{
    if (journal_has_tunnels(sources->journal) && journal_newest(sources->journal, wanted, out))
        return true;
    if (wanted->port != 0 && watch_lookup(sources->watch, wanted->client, wanted->port, out) &&
        (wanted->server_port == 0 || wanted->server_port == out->observation.server_port) &&
        journal_is_when(wanted, out->observation.time_ns))
        return true;
    return journal_newest(sources->journal, wanted, out);
}

static struct journal_wanted wanted_by(const struct query *query)
{
    struct journal_wanted wanted = {
        .client = &query->address,
        .port = query->port,
        .server_port = query->server_port,
    };

    if (query->given & QUERY_TIME) {
        wanted.from_ns = query->time_ns > OPENED_BEFORE_NS ? query->time_ns - OPENED_BEFORE_NS : 0;
        wanted.until_ns = query->time_ns + OPENED_AFTER_NS;
    }
    return wanted;
}

/*
 * The judgement of the connection that `given` names. FIND_ANSWERED with *out_result when it is
 * wrong, or when the request waits now and this will be called again.
 */
static enum find find_judgement(struct request *request, const struct parameters *given,
                                unsigned required, struct judgement *out, int *out_result)
{
    const struct wait *wait = &request->wait;
    struct journal_wanted wanted;
    struct query query;
    char error[QUERY_ERROR_MAX];

    if (wait->state == WAIT_FOUND) {
        *out = wait->judgement;
        return FIND_FOUND;
    }
    if (query_parse(given->parameter, given->count, ACCEPTED, required, &query, error) < 0)
        return refuse(answer_problem(request, STATUS_BAD_REQUEST, error), out_result);
    wanted = wanted_by(&query);
    if (find_known(request->sources, &wanted, out))
        return FIND_FOUND;
    if (query.wait_ms == 0 || wait->state == WAIT_EXPIRED)
        return FIND_NOTHING;
    return wait_for(request, &query, &wanted, out_result);
}

static bool is_given(const struct parameters *given, const char *name)
{
    for (size_t i = 0; i < given->count; i++)
        if (strcmp(given->parameter[i].name, name) == 0)
            return true;
    return false;
}

static const char *nothing_of(const struct parameters *given)
{
    if (is_given(given, "server_port"))
        return "expected an opening packet from this client to this server port, found none";
    if (is_given(given, "port"))
        return "expected an opening packet from this address and port, found none";
    return "expected a connection from this address among the newest, found none";
}

int lookup_verdict(struct request *request)
{
    struct parameters given = parameters_of(request);
    struct judgement judgement;
    int result;

    switch (find_judgement(request, &given, QUERY_CLIENT, &judgement, &result)) {
    case FIND_FOUND:
        return answer_judgement(request, &judgement);
    case FIND_NOTHING:
        return answer_problem(request, STATUS_NOT_FOUND, nothing_of(&given));
    case FIND_ANSWERED:
    default:
        return result;
    }
}

/* All or none: an address of one request and a port of another are no connection. */
static bool is_connection_given(const struct parameters *given)
{
    return is_given(given, "address") || is_given(given, "port") || is_given(given, "server_port");
}

static void add_connection(struct request *request, struct parameters *given)
{
    const char *server_port = request_header(request, "X-Server-Port");

    parameters_add(given, "address", request_header(request, "X-Real-IP"));
    parameters_add(given, "port", request_header(request, "X-Real-Port"));
    if (*server_port != '\0')
        parameters_add(given, "server_port", server_port);
}

int lookup_headers(struct request *request)
{
    struct parameters given = parameters_of(request);
    struct judgement judgement;
    int result;

    if (!is_connection_given(&given))
        add_connection(request, &given);
    switch (find_judgement(request, &given, QUERY_CLIENT | QUERY_PORT, &judgement, &result)) {
    case FIND_FOUND:
        return answer_headers(request, &judgement);
    case FIND_NOTHING:
        return answer_headers(request, NULL);
    case FIND_ANSWERED:
    default:
        return result;
    }
}
