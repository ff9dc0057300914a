/*
 * A teller: one thread that answers the probes of one device (a queue of the TUN device, or what the
 * XDP program of an interface hands over), delayed answers in their time. It shares nothing with other threads but the tales, which do not change, and the
 * limiter, which knows of threads.
 */
#ifndef HOPTELL_CLI_TELLER_H
#define HOPTELL_CLI_TELLER_H

#include "tale/respond.h"
#include "wire/frame.h"

struct teller;

/* Where probes come from and answers go to. */
struct teller_device {
    void *context;
    int descriptor; /* to poll for probes */
    enum link link; /* what stands before their IP packet; answers get the same, turned round */
    /* Gives what waits to `each`, or some of it. */
    void (*read)(void *context, void (*each)(const uint8_t *octets, size_t length, void *to),
                 void *to);
    long (*write)(void *context, const uint8_t *octets, size_t length); /* or a negative errno */
};

struct teller_orders {
    struct teller_device device; /* the caller's, as all that follows; all outlive the teller */
    struct limiter *limiter;
    struct routers *routers;
    struct walkers *walkers;
    struct visitors *visitors;
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
