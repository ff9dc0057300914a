/*
 * A subscriber's timeline: its connections, one after the other, as episodes that people can read.
 * "Tethered from 18:02 to 18:40, windows behind android."
 *
 *     tethered  ....t.t..t.......        connections that were tethered, less than a quarter of an
 *     direct    dd.d.d.dd....d.dd        hour apart, are one episode; what came beside it, from the
 *               ~~~~[------]~~~~~        device on the line itself, breaks nothing
 */
#ifndef HOPTELL_WATCH_TIMELINE_H
#define HOPTELL_WATCH_TIMELINE_H

#include "watch/judgement.h"

#include <stddef.h>

enum {
    TIMELINE_GAP_S = 900,     /* longer without a connection, and an episode is over */
    TIMELINE_AROUND_S = 3600, /* so near to an episode the device on the line is looked for */
    EPISODE_REASONS = 3,
    SIGNAL_NAME_MAX = 32,
};

struct timeline_evidence {
    float weight;
    char signal[SIGNAL_NAME_MAX];
    char text[EVIDENCE_TEXT_MAX];
};

/* One connection, from wherever it is known. */
struct moment {
    uint64_t time_us; /* since 1970-01-01 UTC */
    enum verdict verdict;
    enum stack_family family;
    double probability;
    struct timeline_evidence reason; /* the strongest for it; a weight of 0: there is none */
};

struct episode {
    uint64_t from_us;
    uint64_t to_us;
    enum verdict verdict; /* of all its connections; unknown where none had another */
    uint32_t connections;
    uint32_t beside;                    /* connections of others between its first and its last */
    uint32_t family[STACK_UNKNOWN + 1]; /* of its connections */
    enum stack_family host; /* the device on the line, of one that is tethered; or STACK_UNKNOWN */
    double probability;     /* the highest of tethered, the lowest of others */
    unsigned reason_count;
    struct timeline_evidence reason[EPISODE_REASONS]; /* the strongest first, each signal once */
};

/* Moments from a store; whoever gets them frees them. */
struct recalled {
    bool is_whole; /* the store told all that it has */
    size_t count;
    struct moment *moment; /* sorted */
};

/* What is kept of a judgement. */
void moment_of(const struct judgement *judgement, struct moment *out);

/* Sorts moments by their time, and leaves out what is there twice; returns how many are left. */
size_t timeline_sort(struct moment *moments, size_t count);

/* The newest `most` episodes of sorted moments, the newest first; returns how many. */
size_t timeline_episodes(const struct moment *moments, size_t count, struct episode *out,
                         size_t most);

#endif
