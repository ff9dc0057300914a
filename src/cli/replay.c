/*
 * From a capture to judgements; see replay.h.
 */
#include "cli/replay.h"

#include "wire/tunnel.h"

#include <stdio.h>

enum { BATCH_PACKETS = 4096 };

static void replay_judged(const struct judgement *judgement, bool is_new, void *context)
{
    struct replay *replay = context;

    if (!is_new)
        replay->counts.again++;
    replay->judged(judgement, replay->context);
}

/* They are told of together: what memory brings for one it brings for all meanwhile. */
static void open_waiting(struct replay *replay)
{
    for (; replay->opened_count < replay->waiting_count; replay->opened_count++)
        flows_open(&replay->flows, &replay->waiting[replay->opened_count]);
}

static void judge_waiting(struct replay *replay)
{
    open_waiting(replay);
    watch_observe_all(replay->watch, replay->waiting, replay->waiting_count, replay_judged, replay);
    replay->waiting_count = replay->opened_count = 0;
}

/* What came before it is judged first, if it is news at all. */
static void replay_flow(struct replay *replay, const struct observation *packet)
{
    struct observation news;

    open_waiting(replay);
    if (!flows_is_of_connection(packet) || !flows_is_news(&replay->flows, packet))
        return;
    news = *packet; /* it stands where the next one waits */
    judge_waiting(replay);
    replay->counts.hop_limits += flows_learn(replay->watch, &news);
}

static void replay_packet(const struct captured *captured, void *context)
{
    struct replay *replay = context;
    struct cursor c = cursor_over(captured->octets, captured->length);
    struct observation *observation = &replay->waiting[replay->waiting_count];
    enum observation_refusal refusal;

    replay->counts.packets++;
    if (!tunnel_to_ip(captured->link, &c)) {
        replay->counts.not_ip++;
        return;
    }
    refusal = observation_from_packet(c.at, cursor_left(&c), captured->time_ns, observation);
    replay->counts.refused[refusal]++;
    if (refusal != OBSERVATION_TAKEN && refusal != OBSERVATION_NOT_OPENING)
        return;
    if (replay->by_tunnel)
        observation->line =
            tunnel_subscriber(captured->link, cursor_over(captured->octets, captured->length),
                              &observation->endpoint);
    if (refusal == OBSERVATION_NOT_OPENING) {
        replay_flow(replay, observation);
        return;
    }
    flows_prefetch(&replay->flows, observation);
    if (++replay->waiting_count == WATCH_OBSERVATIONS_MAX)
        judge_waiting(replay);
}

/* From a pipe one packet at a time, so that what has come is judged before the next is waited for. */
static size_t batch_of(const struct capture *capture)
{
    return capture_progress(capture).size == 0 ? 1 : BATCH_PACKETS;
}

int replay_file(struct replay *replay, const char *path, char *error, size_t error_size)
{
    struct capture *capture = NULL;
    int result = capture_open_file(path, &capture, error, error_size);
    size_t batch;
    long got;

    if (result != 0)
        return result;
    batch = batch_of(capture);
    do {
        got = capture_read(capture, batch, replay_packet, replay);
        judge_waiting(replay);
    } while (got > 0 && (replay->going_on == NULL || replay->going_on(capture, replay->context)));
    if (got < 0) {
        snprintf(error, error_size, "%s", capture_error(capture));
        result = (int)got;
    }
    capture_close(capture);
    return result;
}
