/*
 * The archive: what outlives the process. It opens the store, brings the baselines back, saves
 * those that changed from time to time, and forgets what is older than the settings keep.
 */
#ifndef HOPTELL_CLI_ARCHIVE_H
#define HOPTELL_CLI_ARCHIVE_H

#include "base/settings.h"
#include "cli/watching.h"
#include "store/queue.h"

struct archive;

/*
 * 0 and *out for archive_close, or a negative errno with a sentence in `error`. With the setting
 * `store: none` *out is NULL, which all others take.
 */
int archive_open(uv_loop_t *loop, const struct settings *settings, struct watching *watching,
                 struct archive **out, char *error, size_t error_size);

/* Takes over what may change while it runs: how long and how many are kept. NULL is fine. */
void archive_reconfigure(struct archive *archive, const struct settings *settings);

/* Reads again, beside the loop, what other sites know: somebody may have imported it. NULL is fine. */
void archive_read_others(struct archive *archive);

/* To give judgements to; NULL without a store. */
struct store_queue *archive_queue(struct archive *archive);

/*
 * Keeps what an operator knows to be true of an address; port 0 is every one. 0 when it is safe, in
 * the store or in the spool; -ENOTSUP without a store, -ENOBUFS while its queue is full, -EAGAIN when
 * the store was too slow to say: it is queued then.
 */
int archive_label(struct archive *archive, const struct address *address, uint16_t port,
                  bool is_tethered);

/*
 * Asks the store for the timeline of an address's subscriber, beside the loop; `done` is called in the
 * loop with the ticket, and frees the moments. 0 and the ticket, which is not 0; -ENOTSUP without a
 * store, -EBUSY while it is asked for as many as can be, or has not forgotten yet who is to be.
 */
int archive_recall(struct archive *archive, const struct address *address,
                   void (*done)(uint64_t ticket, struct recalled *recalled, void *context),
                   void *context, uint64_t *out_ticket);

/* Forgets what is stored of the subscriber of an address. 0, without a store as well; or as above. */
int archive_forget(struct archive *archive, const struct address *address);

/* False, with a sentence, while the store does not take what it is given. NULL is well. */
bool archive_is_well(struct archive *archive, const char **out_reason);

/*
 * Saves all baselines that changed, waits until everything is written, to the store or, where that is
 * too slow, to the spool, and closes the store; within about a minute however much it is. The loop must
 * run once more. `watching` must still be open. NULL is fine.
 */
void archive_close(struct archive *archive);

#endif
