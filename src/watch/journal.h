/*
 * The newest judgements in the order they were given, numbered: what an address or a subscriber did
 * last, and what came since a number. A ring of a fixed size; judgements of one address are linked,
 * and those of one subscriber, so that asking for them does not look at those of others. The two are
 * the same but where a subscriber is a GTP-U tunnel: two tunnels may have one private address.
 *
 *     begin                                       end
 *      v                                           v
 *    [ n | n+1 | ... | an older one <--- a newer | ]      the next judgement takes the place of n
 *
 * Of each is kept what watch_lookup would give, and the tunnel.
 */
#ifndef HOPTELL_WATCH_JOURNAL_H
#define HOPTELL_WATCH_JOURNAL_H

#include "watch/judgement.h"

#include <stddef.h>

struct journal;

/* Of the links of a subscriber no more are followed at once. */
enum { JOURNAL_STEPS_MAX = 4096 };

/*
 * Room for `capacity` judgements, at most 2^24; the first gets the number `first`, above 0. The key
 * is random at start, so that nobody can choose addresses that collide. 0 and *out for journal_free,
 * -EINVAL or -ENOMEM.
 */
int journal_new(uint32_t capacity, uint64_t first, const uint64_t hash_key[2],
                struct journal **out);
void journal_free(struct journal *journal); /* NULL is fine */

void journal_add(struct journal *journal, const struct judgement *judgement);

/* Numbers from begin to before end may still be there. */
uint64_t journal_begin(const struct journal *journal);
uint64_t journal_end(const struct journal *journal);

/* False when the number is not there, or not any more. */
bool journal_at(const struct journal *journal, uint64_t number, struct judgement *out);

/* False while none that was added had a tunnel for a subscriber. */
bool journal_has_tunnels(const struct journal *journal);

/* Which connection somebody asks for. */
struct journal_wanted {
    const struct address *client; /* this very address; or a tunnel, as subscriber_named gives it */
    uint16_t port;                /* 0: any */
    uint16_t server_port;         /* 0: any */
    uint64_t from_ns;             /* that opened in this time, since 1970-01-01 UTC */
    uint64_t until_ns;            /* 0: up to now */
};

/* The newest such connection; false when there is none. */
bool journal_newest(const struct journal *journal, const struct journal_wanted *wanted,
                    struct judgement *out);

/* Whether a connection that opened at `time_ns` did so in the time that is wanted. */
static inline bool journal_is_when(const struct journal_wanted *wanted, uint64_t time_ns)
{
    return time_ns >= wanted->from_ns && (wanted->until_ns == 0 || time_ns <= wanted->until_ns);
}

/* Of a number that journal_at has: whether its subscriber did nothing since. */
bool journal_is_newest(const struct journal *journal, uint64_t number);

/*
 * The numbers of what the subscriber of `client` did last, newest first, at most `most`; returns
 * how many. Of an address that is all that came from it, in whatever tunnel; of a tunnel, all in it.
 */
size_t journal_of_subscriber(const struct journal *journal, const struct address *client,
                             uint64_t *out_numbers, size_t most);

/*
 * Forgets all of which journal_of_subscriber would give the numbers; returns how many judgements that
 * were. Each is given to `each` before; NULL: to nobody.
 */
size_t journal_forget(struct journal *journal, const struct address *client,
                      void (*each)(const struct judgement *judgement, void *context),
                      void *context);

#endif
