/*
 * Captures through the watch: every packet of a file in its order, and each opening packet's
 * judgement to whoever asked.
 */
#ifndef HOPTELL_CLI_REPLAY_H
#define HOPTELL_CLI_REPLAY_H

#include "edge/capture.h"
#include "watch/flows.h"

struct replay_counts {
    uint64_t packets;
    uint64_t not_ip;
    uint64_t refused[OBSERVATION_REFUSAL_COUNT]; /* by enum observation_refusal */
    uint64_t again; /* opening packets that had been seen before: judged, but not learnt from */
    uint64_t hop_limits; /* new ones of subscribers, in connections that go on */
};

struct replay {
    bool by_tunnel;      /* a subscriber is a GTP-U tunnel, where there is one */
    struct watch *watch; /* not owned; one for all files of a run */
    struct replay_counts counts;
    void (*judged)(const struct judgement *judgement, void *context);
    /* Now and then while a file is read; false ends it. May be NULL. */
    bool (*going_on)(const struct capture *capture, void *context);
    void *context;
    struct flows flows;
    size_t waiting_count; /* observations that are not judged yet */
    size_t opened_count;  /* of these, those that `flows` knows of */
    struct observation waiting[WATCH_OBSERVATIONS_MAX];
};

/*
 * Reads one file, "-" for standard input, to its end. 0, also when going_on ended it; or a negative
 * errno with a sentence in `error`, and everything before the fault has been judged.
 */
int replay_file(struct replay *replay, const char *path, char *error, size_t error_size);

#endif
