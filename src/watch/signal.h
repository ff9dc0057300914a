/*
 * The signals that the rule `evidence` goes by: one row of a table each, with its name, its group,
 * its weight and its sentence.
 */
#ifndef HOPTELL_WATCH_SIGNAL_H
#define HOPTELL_WATCH_SIGNAL_H

#include "watch/judgement.h"
#include "watch/named_networks.h"
#include "watch/network.h"
#include "watch/subscriber.h"

/* All that a signal may look at. */
struct facts {
    const struct observation *observation;
    const struct stack *stack;
    const struct network *finest; /* NULL: nothing is known of the finest prefix */
    struct network_reading network;
    struct subscriber_reading subscriber;
    double prior; /* of being tethered, above 0 and below 1 */
    double prior_logit;
    uint8_t initial;
    uint8_t hops;
    enum network_mss mss;   /* as it stands to those of the network's handsets */
    double mss_share;       /* of these handsets, those with the same */
    enum network_kind kind; /* as the user says */
    bool clock_break;       /* another TCP clock than the subscriber's, which is steady */
    bool other_identifier;  /* the other one of two interface identifiers that take turns */
    bool rewritten;         /* the hop limit: it started from another number than the stack's own */
};

enum signal {
    SIGNAL_FIRST_DROP, /* of rule first-drop alone */
    SIGNAL_BELOW_NETWORK,
    SIGNAL_AS_NETWORK,
    SIGNAL_ABOVE_NETWORK,
    SIGNAL_BELOW_SUBSCRIBER,
    SIGNAL_AS_SUBSCRIBER,
    SIGNAL_ALTERNATING,
    SIGNAL_STACK_HOP_LIMIT,
    SIGNAL_COMPUTER_STACK,
    SIGNAL_SEVERAL_STACKS,
    SIGNAL_TOO_LITTLE_SEEN,
    SIGNAL_ROUTE_MOVED,
    SIGNAL_INITIAL_255,
    SIGNAL_UNLIKE_NETWORK,
    SIGNAL_SHARED_ADDRESS,
    SIGNAL_SEVERAL_PATHS,
    SIGNAL_FIXED_LINES,
    SIGNAL_HOSTING,
    SIGNAL_LARGER_MSS,
    SIGNAL_SMALLER_MSS,
    SIGNAL_CLOCK_BREAK,
    SIGNAL_TWO_IDENTIFIERS,
    SIGNAL_BROWSER_STACK, /* the two of the page alone */
    SIGNAL_PROXY,
    SIGNAL_STACKS_IN_TURNS,
    SIGNAL_LONGER_PATH,
    SIGNAL_COUNT,
};

/* Signals of one group are about the same thing. */
enum signal_group {
    GROUP_MUTE,
    GROUP_HOPS,
    GROUP_STACK,
    GROUP_SUBSCRIBER,
    GROUP_BROWSER,
    GROUP_COUNT
};

enum signal_group signal_group(enum signal signal);

/*
 * True when the signal has something to say; all of *out is set then. Its weight is how strongly: a
 * log-likelihood ratio where it can be told from what was learnt, else up to 1; 0 for a mute.
 */
bool signal_strength(enum signal signal, const struct facts *facts, struct evidence *out);

/*
 * What all signals have to say, in their order, each times its weight that lab/accuracy.py has fitted
 * (weights.h). Returns how many.
 */
unsigned signal_weigh_all(const struct facts *facts, struct evidence out[SIGNAL_COUNT]);

#endif
