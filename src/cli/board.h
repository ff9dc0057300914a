/*
 * What `hoptell top` has been told by the daemon, to be laid out by board_page.c: the newest answer of
 * each kind, the newest verdicts, and the counts of two moments, from which rates come.
 */
#ifndef HOPTELL_CLI_BOARD_H
#define HOPTELL_CLI_BOARD_H

#include "base/units.h"
#include "watch/judgement.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { BOARD_VERDICTS_MAX = 256, BOARD_TEXT_MAX = 256 };

struct board_verdict {
    double time;                      /* since 1970-01-01 UTC, seconds */
    char client[PREFIX_TEXT_MAX + 8]; /* address and port */
    unsigned hop_limit;
    unsigned initial;
    unsigned hops;
    char family[16];
    char verdict[16];
    double probability;
    char reason[EVIDENCE_TEXT_MAX]; /* the weightiest; "" for none */
};

/* Of /metrics; each is the sum over its labels. */
struct board_counts {
    double at; /* seconds of any clock; 0: never */
    double packets;
    double dropped;
    double direct;
    double tethered;
    double unknown;
    double ring_lost;
    double probes;
    double limited; /* probes over a limit */
    double names;
    double queued;
    double spooled;
    double lost;
    double connections;
    double followers;
};

struct board {
    char where[BOARD_TEXT_MAX];   /* the daemon listens */
    char unready[BOARD_TEXT_MAX]; /* why it is not ready; "" when it is */
    char away[BOARD_TEXT_MAX];    /* why it does not answer; "" while it does */
    char deaf[BOARD_TEXT_MAX];    /* why no verdicts come; "" while they do */
    json_t *networks;             /* the answers as they came; NULL before */
    json_t *tales;
    json_t *verdicts;
    json_t *metrics; /* {name and labels: value} */
    struct board_counts counts;
    struct board_counts before;
    uint64_t heard; /* verdicts so far; of them the newest BOARD_VERDICTS_MAX are kept */
    struct board_verdict verdict[BOARD_VERDICTS_MAX];
};

void board_deinit(struct board *board);

/* The same, to stay as it is while the other one changes. */
void board_copy(const struct board *board, struct board *out);

/* Each takes an answer of the daemon, and false says that it is none of that kind. */
bool board_take_networks(struct board *board, json_t *answer);
bool board_take_tales(struct board *board, json_t *answer);
bool board_take_verdict(struct board *board, const json_t *judgement);
bool board_take_metrics(struct board *board, const char *text, double at);

/* The newest verdicts, the newest first, where none was heard yet. */
bool board_take_verdicts(struct board *board, json_t *answer);

/* The verdict that came `back` before the newest; NULL when it is not kept. */
const struct board_verdict *board_verdict_at(const struct board *board, uint64_t back);

/* How much a count grew in a second; 0 where there is nothing to compare. `member` is its offset. */
double board_rate(const struct board *board, size_t member);

/* All of it as one JSON object, a new reference. */
json_t *board_json(const struct board *board, double now);

#endif
