/*
 * Subscribers as JSON; see subscribers.h.
 */
#include "serve/subscribers.h"

#include "base/units.h"
#include "serve/answer.h"
#include "serve/json.h"
#include "serve/parameters.h"
#include "watch/subscriber.h"

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

enum MHD_Result subscribers_show(struct request *request)
{
    struct timeline timeline = {.journal = request->sources->journal};
    const struct subscriber *subscriber;
    struct address address;
    struct query query;
    enum MHD_Result result;
    char text[PREFIX_TEXT_MAX];

    if (!units_parse_address(request->rest, &address))
        return answer_problem(request, MHD_HTTP_BAD_REQUEST,
                              "expected an IPv4 or IPv6 address after /v1/subscribers/");
    if (!parameters_query(request, QUERY_LIMIT, &query, &result))
        return result;
    subscriber = watch_subscriber(request->sources->watch, &address);
    timeline.count =
        journal_of_subscriber(timeline.journal, &address, timeline.number, query.limit);
    if (subscriber == NULL && timeline.count == 0)
        return answer_problem(request, MHD_HTTP_NOT_FOUND,
                              "expected a subscriber that has been seen, found nothing of it");
    return answer_json_with(request,
                            json_pack("{s:s, s:o}", "subscriber", subscriber_text(&address, text),
                                      "baseline", baseline_of(subscriber)),
                            "timeline", timeline_next, &timeline);
}

static bool is_newest(const struct journal *journal, const struct judgement *judgement,
                      uint64_t number)
{
    uint64_t newest;

    return journal_of_subscriber(journal, &judgement->observation.client, &newest, 1) == 1 &&
           newest == number;
}

static json_t *line_of(const struct judgement *judgement, const struct subscriber *subscriber)
{
    const struct observation *seen = &judgement->observation;
    char text[PREFIX_TEXT_MAX];

    return json_pack("{s:s, s:I, s:i, s:s, s:s, s:o, s:o}", "subscriber",
                     subscriber_text(&seen->client, text), "time",
                     (json_int_t)(seen->time_ns / 1000000000u), "hop_limit", (int)seen->hop_limit,
                     "stack", stack_family_name(judgement->stack.family), "verdict",
                     verdict_name(judgement->verdict), "probability",
                     json_probability(judgement->probability), "baseline", baseline_of(subscriber));
}

enum MHD_Result subscribers_list(struct request *request)
{
    const struct journal *journal = request->sources->journal;
    uint64_t number = journal_end(journal);
    struct judgement judgement;
    struct query query;
    enum MHD_Result result;
    json_t *list;

    if (!parameters_query(request, QUERY_LIMIT, &query, &result))
        return result;
    list = json_array();
    while (number-- > journal_begin(journal) && json_array_size(list) < query.limit)
        if (journal_at(journal, number, &judgement) && is_newest(journal, &judgement, number))
            json_array_append_new(
                list, line_of(&judgement, watch_subscriber(request->sources->watch,
                                                           &judgement.observation.client)));
    return answer_json(request, json_pack("{s:o}", "subscribers", list));
}

enum MHD_Result subscribers_forget(struct request *request)
{
    static const struct answer_header later = {"Retry-After", "10"};
    const struct serve_sources *sources = request->sources;
    struct address address;
    struct query query;
    enum MHD_Result result;

    if (!units_parse_address(request->rest, &address))
        return answer_problem(request, MHD_HTTP_BAD_REQUEST,
                              "expected an IPv4 or IPv6 address after /v1/subscribers/");
    if (!parameters_query(request, 0, &query, &result))
        return result;
    switch (sources->forget != NULL ? sources->forget(&address, sources->context) : -ENOBUFS) {
    case 0:
        return answer_send(request, MHD_HTTP_NO_CONTENT, NULL, NULL, NULL, 0);
    case -EAGAIN:
        return answer_problem_with(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                                   "forgotten here, and queued for the store, which has not "
                                   "confirmed it yet",
                                   &later, 1);
    default:
        return answer_problem_with(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                                   "the queue to the store is full; nothing has been forgotten",
                                   &later, 1);
    }
}
