/*
 * Subscribers as JSON; see subscribers.h.
 */
#include "serve/subscribers.h"

#include "base/units.h"
#include "serve/answer.h"
#include "serve/json.h"
#include "serve/parameters.h"
#include "watch/subscriber.h"
#include "watch/timeline.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECALL_MS = 4000 }; /* longer no answer waits for the store */

static const char unnamed[] = "expected an IPv4 or IPv6 address, or teid:IDENTIFIER@ENDPOINT of a "
                              "GTP-U tunnel, after /v1/subscribers/";

static const char *subscriber_text(const struct address *address, char out[PREFIX_TEXT_MAX])
{
    const struct prefix prefix = subscriber_prefix(subscriber_key(address));

    return address_is_v4(address) ? units_address(&prefix.address, out)
                                  : units_prefix(&prefix, out);
}

static json_t *hop_limits_of(const struct subscriber *subscriber)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < SUBSCRIBER_CELLS; i++)
        if (subscriber->count[i] > 0)
            json_array_append_new(list, json_pack("{s:i, s:i}", "hop_limit",
                                                  (int)subscriber->hop_limit[i], "count",
                                                  (int)subscriber->count[i]));
    return list;
}

static json_t *stacks_of(const struct subscriber *subscriber)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        if (subscriber->family[i] > 0)
            json_array_append_new(list, json_pack("{s:s, s:i}", "family",
                                                  stack_family_name((enum stack_family)i), "count",
                                                  (int)subscriber->family[i]));
    return list;
}

/* null where nothing is known. */
static json_t *baseline_of(const struct subscriber *subscriber)
{
    struct subscriber_reading reading;

    if (subscriber == NULL)
        return json_null();
    subscriber_read(subscriber, 0, 0, &reading);
    return json_pack("{s:I, s:I, s:b, s:i, s:o, s:o}", "seen", (json_int_t)subscriber->seen,
                     "updated", (json_int_t)subscriber->updated_s, "shared", reading.shared,
                     "devices", (int)reading.devices, "hop_limits", hop_limits_of(subscriber),
                     "stacks", stacks_of(subscriber));
}

/* The numbers in the journal of what is to be shown. */
struct timeline {
    const struct journal *journal;
    size_t count;
    size_t next;
    uint64_t number[QUERY_LIMIT_MAX];
};

static bool timeline_next(struct judgement *out, void *context)
{
    struct timeline *timeline = context;

    return timeline->next < timeline->count &&
           journal_at(timeline->journal, timeline->number[timeline->next++], out);
}

/* ISO 8601, in UTC. */
static json_t *time_json(uint64_t time_us)
{
    const time_t seconds = (time_t)(time_us / 1000000);
    struct tm parts;
    char text[32] = "";

    if (gmtime_r(&seconds, &parts) != NULL)
        strftime(text, sizeof text, "%FT%TZ", &parts);
    return json_string(text);
}

static json_t *families_json(const struct episode *episode)
{
    json_t *list = json_array();

    for (unsigned i = 0; i <= STACK_UNKNOWN; i++)
        if (episode->family[i] > 0)
            json_array_append_new(list, json_pack("{s:s, s:I}", "family",
                                                  stack_family_name((enum stack_family)i), "count",
                                                  (json_int_t)episode->family[i]));
    return list;
}

static json_t *reasons_json(const struct episode *episode)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < episode->reason_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "signal", episode->reason[i].signal,
                                              "text", episode->reason[i].text));
    return list;
}

static json_t *episode_json(const struct episode *episode)
{
    const bool has_host = episode->host != STACK_UNKNOWN;

    return json_pack(
        "{s:o, s:o, s:s, s:o, s:I, s:I, s:o, s:o, s:o}", "from", time_json(episode->from_us), "to",
        time_json(episode->to_us), "verdict", verdict_name(episode->verdict), "probability",
        json_probability(episode->probability), "connections", (json_int_t)episode->connections,
        "beside", (json_int_t)episode->beside, "stacks", families_json(episode), "host",
        has_host ? json_string(stack_family_name(episode->host)) : json_null(), "evidence",
        reasons_json(episode));
}

/* What the store has, and what is too new for it, in one; NULL when memory is out. */
static struct moment *moments_of(const struct recalled *recalled, const struct timeline *newest,
                                 size_t *out_count)
{
    struct moment *moments = calloc(recalled->count + newest->count + 1, sizeof moments[0]);
    struct judgement judgement;

    *out_count = 0;
    if (moments == NULL)
        return NULL;
    if (recalled->count > 0)
        memcpy(moments, recalled->moment, recalled->count * sizeof moments[0]);
    *out_count = recalled->count;
    for (size_t i = 0; i < newest->count; i++)
        if (journal_at(newest->journal, newest->number[i], &judgement))
            moment_of(&judgement, &moments[(*out_count)++]);
    *out_count = timeline_sort(moments, *out_count);
    return moments;
}

static json_t *episodes_of(const struct recalled *recalled, const struct timeline *newest,
                           size_t most)
{
    struct episode *episodes = calloc(most, sizeof episodes[0]);
    size_t moment_count;
    struct moment *moments = moments_of(recalled, newest, &moment_count);
    json_t *list = json_array();

    if (episodes != NULL && moments != NULL) {
        const size_t count = timeline_episodes(moments, moment_count, episodes, most);

        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, episode_json(&episodes[i]));
    }
    free(moments);
    free(episodes);
    return list;
}

/* True when the request waits for the store now, and this is called again. */
static bool waits_for_store(struct request *request, const struct address *address)
{
    const struct serve_sources *sources = request->sources;
    struct wait *wait = &request->wait;

    if (wait->state != WAIT_NONE || sources->recall == NULL ||
        sources->recall(address, &wait->ticket, sources->context) != 0)
        return false;
    wait->deadline_ms = request->now_ms + RECALL_MS;
    if (waiting_add(request->waiting, wait) < 0)
        return false;
    return true;
}

int subscribers_show(struct request *request)
{
    const struct recalled *recalled = &request->wait.recalled;
    struct timeline timeline = {.journal = request->sources->journal};
    const struct subscriber *subscriber;
    struct address address;
    struct query query;
    int result;
    char text[PREFIX_TEXT_MAX];
    json_t *object;

    if (!subscriber_named(request->rest, &address))
        return answer_problem(request, STATUS_BAD_REQUEST, unnamed);
    if (!parameters_query(request, QUERY_LIMIT, &query, &result))
        return result;
    if (waits_for_store(request, &address))
        return 0;
    subscriber = watch_subscriber(request->sources->watch, &address);
    timeline.count =
        journal_of_subscriber(timeline.journal, &address, timeline.number, QUERY_LIMIT_MAX);
    if (subscriber == NULL && timeline.count == 0 && recalled->count == 0)
        return answer_problem(request, STATUS_NOT_FOUND,
                              "expected a subscriber that has been seen, found nothing of it");
    object = json_pack("{s:s, s:o, s:b, s:o}", "subscriber",
                       request->rest[0] == 't' ? request->rest : subscriber_text(&address, text),
                       "baseline", baseline_of(subscriber), "stored", recalled->is_whole,
                       "episodes", episodes_of(recalled, &timeline, query.limit));
    if (timeline.count > query.limit)
        timeline.count = query.limit;
    return answer_json_with(request, object, "timeline", timeline_next, &timeline);
}

static json_t *line_of(const struct judgement *judgement, const struct subscriber *subscriber)
{
    const struct observation *seen = &judgement->observation;
    char name[SUBSCRIBER_NAME_MAX];
    char text[PREFIX_TEXT_MAX];

    subscriber_tunnel_name(seen, name);
    return json_pack("{s:s, s:I, s:i, s:s, s:s, s:o, s:o}", "subscriber",
                     name[0] != '\0' ? name : subscriber_text(&seen->client, text), "time",
                     (json_int_t)(seen->time_ns / 1000000000u), "hop_limit", (int)seen->hop_limit,
                     "stack", stack_family_name(judgement->stack.family), "verdict",
                     verdict_name(judgement->verdict), "probability",
                     json_probability(judgement->probability), "baseline", baseline_of(subscriber));
}

int subscribers_list(struct request *request)
{
    const struct journal *journal = request->sources->journal;
    uint64_t number = journal_end(journal);
    struct judgement judgement;
    struct address own;
    struct query query;
    int result;
    json_t *list;

    if (!parameters_query(request, QUERY_LIMIT, &query, &result))
        return result;
    list = json_array();
    while (number-- > journal_begin(journal) && json_array_size(list) < query.limit)
        if (journal_at(journal, number, &judgement) && journal_is_newest(journal, number)) {
            own = subscriber_prefix(subscriber_of(&judgement.observation)).address;
            json_array_append_new(
                list, line_of(&judgement, watch_subscriber(request->sources->watch, &own)));
        }
    return answer_json(request, json_pack("{s:o}", "subscribers", list));
}

int subscribers_forget(struct request *request)
{
    static const struct answer_header later = {"Retry-After", "10"};
    const struct serve_sources *sources = request->sources;
    struct address address;
    struct query query;
    int result;

    if (!subscriber_named(request->rest, &address))
        return answer_problem(request, STATUS_BAD_REQUEST, unnamed);
    if (!parameters_query(request, 0, &query, &result))
        return result;
    switch (sources->forget != NULL ? sources->forget(&address, sources->context) : -ENOBUFS) {
    case 0:
        return answer_send(request, STATUS_NO_CONTENT, NULL, NULL, NULL, 0);
    case -EAGAIN:
        return answer_problem_with(request, STATUS_SERVICE_UNAVAILABLE,
                                   "forgotten here, and queued for the store, which has not "
                                   "confirmed it yet",
                                   &later, 1);
    default:
        return answer_problem_with(request, STATUS_SERVICE_UNAVAILABLE,
                                   "the queue to the store is full; nothing has been forgotten",
                                   &later, 1);
    }
}
