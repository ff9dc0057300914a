/*
 * Server-sent events; see events.h. A client is in one of two states: its connection is silent,
 * since there is nothing to say, or it takes text from event_read as its socket has room.
 */
#include "serve/events.h"

#include "serve/answer.h"
#include "serve/json.h"
#include "serve/parameters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENT_MAX = JSON_LINE_MAX + 128 };

struct event_client {
    struct events *events;
    struct connection *connection;
    const struct journal *journal;
    bool is_silent;
    uint64_t now_ms;  /* of the newest turn */
    uint64_t beat_ms; /* when something was said last */
    uint64_t next;    /* number of the next event */
    char text[EVENT_MAX];
    size_t length;
    size_t taken; /* of text */
};

static void write_event(struct event_client *client, const struct judgement *judgement)
{
    int head = snprintf(client->text, sizeof client->text,
                        "id: %llu\nevent: verdict\ndata: ", (unsigned long long)client->next);
    const size_t length = json_judgement_line(judgement, client->text + head, JSON_LINE_MAX);

    memcpy(client->text + (size_t)head + length, "\n\n", 2);
    client->length = length > 0 ? (size_t)head + length + 2 : 0;
}

static void write_beat(struct event_client *client)
{
    client->length = (size_t)snprintf(client->text, sizeof client->text, ":\n\n");
}

/* The next text to be sent; false when there is nothing to say now. */
static bool fill(struct event_client *client)
{
    struct judgement judgement;

    client->taken = client->length = 0;
    while (client->length == 0 && client->next < journal_end(client->journal)) {
        if (journal_at(client->journal, client->next, &judgement))
            write_event(client, &judgement);
        client->next++;
    }
    if (client->length == 0 && client->now_ms - client->beat_ms >= EVENTS_BEAT_MS)
        write_beat(client);
    if (client->length > 0)
        client->beat_ms = client->now_ms;
    return client->length > 0;
}

static ssize_t event_read(void *context, char *out, size_t most)
{
    struct event_client *client = context;
    size_t count;

    if (client->taken == client->length && !fill(client)) {
        client->is_silent = true;
        return 0;
    }
    count = client->length - client->taken < most ? client->length - client->taken : most;
    memcpy(out, client->text + client->taken, count);
    client->taken += count;
    return (ssize_t)count;
}

static void event_client_free(void *context)
{
    struct event_client *client = context;
    struct events *events = client->events;

    for (unsigned i = 0; i < events->count; i++)
        if (events->client[i] == client)
            events->client[i] = events->client[--events->count];
    free(client);
}

/* The event after the one that the client got last, when it says so and that one is not too old. */
static uint64_t first_number(const struct request *request)
{
    const struct journal *journal = request->sources->journal;
    const char *last = request_header(request, "Last-Event-ID");
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(last, &end, 10);
    if (*last < '0' || *last > '9' || *end != '\0' || errno != 0 ||
        number + 1 < journal_begin(journal) || number >= journal_end(journal) ||
        journal_end(journal) - number > EVENTS_BEHIND_MAX)
        return journal_end(journal);
    return number + 1;
}

static struct event_client *event_client_new(const struct request *request)
{
    struct event_client *client = calloc(1, sizeof *client);

    if (client == NULL)
        return NULL;
    client->events = request->events;
    client->connection = request->connection;
    client->journal = request->sources->journal;
    client->now_ms = client->beat_ms = request->now_ms;
    client->next = first_number(request);
    client->length = (size_t)snprintf(client->text, sizeof client->text, "retry: 2000\n\n");
    return client;
}

int events_stream(struct request *request)
{
    static const struct answer_header later = {"Retry-After", "10"};
    struct events *events = request->events;
    struct event_client *client;
    struct query query;
    int result;

    if (!parameters_query(request, 0, &query, &result))
        return result;
    if (events->count == EVENTS_CLIENTS_MAX)
        return answer_problem_with(request, STATUS_SERVICE_UNAVAILABLE,
                                   "too many follow the events already", &later, 1);
    client = event_client_new(request);
    if (client == NULL)
        return -ENOMEM;
    events->client[events->count++] = client;
    return answer_stream(request, "text/event-stream",
                         &(struct reply_stream){event_read, event_client_free, client});
}

static bool has_something(const struct event_client *client)
{
    return client->next < journal_end(client->journal) ||
           client->now_ms - client->beat_ms >= EVENTS_BEAT_MS;
}

static void resume(struct event_client *client)
{
    client->is_silent = false;
    connection_wake(client->connection);
}

void events_turn(struct events *events, uint64_t now_ms)
{
    /* from the last, as one that has left gives its place to that */
    for (unsigned i = events->count; i-- > 0;) {
        struct event_client *client = events->client[i];

        client->now_ms = now_ms;
        if (journal_end(client->journal) - client->next > EVENTS_BEHIND_MAX) {
            events->dropped++;
            connection_close(client->connection);
        } else if (client->is_silent && has_something(client)) {
            resume(client);
        }
    }
}

bool events_wanted(const struct events *events)
{
    return events->count > 0;
}

uint64_t events_deadline(const struct events *events)
{
    uint64_t earliest = UINT64_MAX;

    for (unsigned i = 0; i < events->count; i++) {
        const struct event_client *client = events->client[i];

        if (client->is_silent && client->beat_ms + EVENTS_BEAT_MS < earliest)
            earliest = client->beat_ms + EVENTS_BEAT_MS;
    }
    return earliest;
}
