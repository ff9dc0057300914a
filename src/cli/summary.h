/*
 * What a capture amounts to: verdicts, stacks and networks, counted.
 */
#ifndef HOPTELL_CLI_SUMMARY_H
#define HOPTELL_CLI_SUMMARY_H

#include "cli/replay.h"

#include <stdio.h>

enum { SUMMARY_VERDICTS = VERDICT_TETHERED + 1, SUMMARY_FAMILIES = STACK_UNKNOWN + 1 };

struct summary_network {
    struct prefix prefix;
    uint32_t verdicts[SUMMARY_VERDICTS]; /* all 0: the row is free */
};

/* How many judgements wait to be counted by network, while their rows come from memory. */
enum { SUMMARY_WAITING = 8 };

struct summary_waiting {
    size_t hash; /* of the prefix */
    struct prefix prefix;
    enum verdict verdict;
};

struct summary {
    uint64_t seen;
    uint64_t first_ns; /* since 1970-01-01 UTC */
    uint64_t last_ns;
    uint64_t verdicts[SUMMARY_VERDICTS];
    uint64_t families[SUMMARY_FAMILIES][SUMMARY_VERDICTS];
    uint64_t rewritten[SUMMARY_VERDICTS];
    uint64_t new_networks; /* judged before anything was known of their network */
    uint64_t elsewhere;    /* in networks beyond what the table holds */
    size_t network_count;
    size_t network_capacity; /* a power of two */
    struct summary_network *networks;
    size_t waiting_from; /* the oldest */
    size_t waiting_count;
    struct summary_waiting waiting[SUMMARY_WAITING];
};

/* 0 or -ENOMEM. */
int summary_init(struct summary *summary);
void summary_deinit(struct summary *summary);

void summary_add(struct summary *summary, const struct judgement *judgement);

/* Writes it as text; looks at errors is the caller's part. */
void summary_print(struct summary *summary, const struct replay_counts *counts, FILE *to);

#endif
