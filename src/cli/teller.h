/*
 * A teller: one thread that answers the probes of one queue of the TUN device, delayed answers in
 * their time. It shares nothing with other threads but the tales, which do not change, and the
 * limiter, which knows of threads.
 */
#ifndef HOPTELL_CLI_TELLER_H
#define HOPTELL_CLI_TELLER_H

#include "edge/tun.h"
#include "tale/respond.h"

struct teller;

struct teller_orders {
    struct tun *tun; /* the caller's, as the limiter; both outlive the teller */
    unsigned queue;
    struct limiter *limiter;
    struct tales tales;
    size_t delayed_max; /* answers on their way at once */
};

struct teller_counts {
    uint64_t reason[REASON_COUNT];
    uint64_t queue_full;   /* delayed answers for which there was no room */
    uint64_t write_failed; /* answers that the device did not take */
    uint64_t delayed;      /* on their way now */
};

/* Starts the thread. 0 and *out for teller_stop, or a negative errno. */
int teller_start(const struct teller_orders *orders, struct teller **out);

/* When it returns the teller uses `tales` and no others. */
void teller_replace(struct teller *teller, const struct tales *tales);

/* Adds the teller's counts to *counts. */
void teller_count(struct teller *teller, struct teller_counts *counts);

/* Ends the thread and frees; what was on its way is dropped. NULL is fine. */
void teller_stop(struct teller *teller);

#endif
