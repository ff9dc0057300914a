/*
 * Token buckets: one for each source (IPv4 /32, IPv6 /64), and one for all, in a table of a fixed
 * size. A source that is pushed out of the table starts afresh with the tokens of one probe only,
 * so that a flood of false sources gains nothing by pushing.
 */
#ifndef HOPTELL_TALE_LIMIT_H
#define HOPTELL_TALE_LIMIT_H

#include "wire/address.h"

struct limit_settings {
    uint32_t source_rate; /* answers a second; 0: no limit */
    uint32_t source_burst;
    uint32_t total_rate;
    uint32_t total_burst;
    uint32_t sources;     /* that the table holds at least */
    uint64_t hash_key[2]; /* random at start */
};

enum limit_result { LIMIT_ALLOWED, LIMIT_SOURCE, LIMIT_TOTAL };

/* One for all threads that answer: its functions may be called by several at once. */
struct limiter;

/* 0 or -ENOMEM; the caller frees *out with limiter_free. */
int limiter_new(const struct limit_settings *settings, struct limiter **out);
void limiter_free(struct limiter *limiter); /* NULL is fine */

/* Takes the new rates and bursts; the table stays as large as it is, and so does its key. */
void limiter_reconfigure(struct limiter *limiter, const struct limit_settings *settings);

/* Takes a token of both buckets, or of neither. */
enum limit_result limiter_take(struct limiter *limiter, const struct address *source,
                               uint64_t now_ns);

#endif
