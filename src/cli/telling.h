/*
 * Telling: the limits that all answers share, and a teller for each queue of the TUN device, or for
 * each interface whose XDP program hands probes over.
 */
#ifndef HOPTELL_CLI_TELLING_H
#define HOPTELL_CLI_TELLING_H

#include "base/settings.h"
#include "cli/hooks.h"
#include "cli/teller.h"
#include "edge/tun.h"
#include "tale/walker.h"
#include "watch/judgement.h"

struct telling;

/*
 * Takes over `tun`, which may be NULL, and starts the tellers; `hooks` stay the caller's. 0 and *out
 * for telling_close, or a negative errno (the device is closed then too). The tales must stay until
 * telling_replace or telling_close returns.
 */
int telling_open(struct tun *tun, struct hooks *hooks, const struct tales *tales,
                 const struct settings *settings, struct telling **out);

/* When it returns no teller uses the tales of before. */
void telling_replace(struct telling *telling, const struct tales *tales,
                     const struct settings *settings);

/*
 * Notes the walkers whom the XDP programs answer themselves; to be called every second or so by the
 * thread that calls telling_walkers.
 */
void telling_gather(struct telling *telling);

/* Who walked the tales in the last minutes, by the real clock (nanoseconds since 1970). */
size_t telling_walkers(struct telling *telling, struct walker out[WALKERS_MAX]);

/* What was read of a visitor, for the tales that say it; by one thread. */
void telling_judged(struct telling *telling, const struct judgement *judgement);

void telling_forget(struct telling *telling, const struct address *address);

struct teller_counts telling_counts(struct telling *telling);
void telling_close(struct telling *telling); /* NULL is fine */

#endif
