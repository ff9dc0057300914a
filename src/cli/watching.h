/*
 * Watching: packets from live captures, and opening packets from our own sockets, to the judge; its
 * judgements to the store and to whoever waits for them.
 */
#ifndef HOPTELL_CLI_WATCHING_H
#define HOPTELL_CLI_WATCHING_H

#include "cli/configuration.h"
#include "cli/hooks.h"
#include "edge/capture.h"
#include "edge/links.h"
#include "store/queue.h"
#include "watch/journal.h"
#include "watch/tally.h"
#include "watch/watch.h"

#include <uv.h>

struct watching;

struct watching_counts {
    uint64_t packets; /* from captures */
    uint64_t taken;   /* opening packets that were judged */
    uint64_t refused[OBSERVATION_REFUSAL_COUNT];
    uint64_t not_ip;
    uint64_t probes;     /* of a tale, which are no visitor's opening packets */
    uint64_t dropped;    /* by the kernel, for want of room */
    uint64_t hop_limits; /* new ones of subscribers, in connections that go on */
    uint64_t verdict[VERDICT_COUNT];
};

/*
 * On captures, or on the hooks that watch, which stay the caller's and outlive it. 0 and *out for
 * watching_close, or a negative errno with a sentence in `error`.
 */
int watching_open(uv_loop_t *loop, const struct configuration *configuration, struct hooks *hooks,
                  struct watching **out, char *error, size_t error_size);

/* Where judgements go. The queue may be NULL; `judged` is called for every new judgement. */
void watching_deliver(struct watching *watching, struct store_queue *queue,
                      void (*judged)(const struct judgement *judgement, void *context),
                      void *context);

/*
 * Subscribers that the store gives back under hidden addresses are recognised by this key, which stays
 * the caller's; NULL: none are hidden.
 */
void watching_recognise_by(struct watching *watching, const struct address_key *key);

/* An opening packet, wherever it came from. */
void watching_observe(struct watching *watching, const struct observation *observation,
                      struct judgement *out);

/*
 * Forgets the subscriber of an address, or of a tunnel as subscriber_named gives it: its baseline and
 * its judgements.
 */
void watching_forget(struct watching *watching, const struct address *address);

void watching_reconfigure(struct watching *watching, const struct configuration *configuration);
struct watch *watching_watch(struct watching *watching);
struct journal *watching_journal(struct watching *watching);         /* of its newest judgements */
const struct tally *watching_tally(const struct watching *watching); /* of all, over time */
struct watching_counts watching_counts(struct watching *watching);

/* An interface, by its index, is up, down or gone. */
void watching_link(struct watching *watching, unsigned interface, enum links_change change);

/* False, with a sentence, when an interface that it watched on is gone. */
bool watching_is_whole(const struct watching *watching, const char **out_reason);

void watching_close(struct watching *watching); /* frees once the loop has run; NULL is fine */

#endif
