/*
 * All that is said of one connection: what was seen, what stack would send it, what its network
 * usually shows, and the verdict with its evidence. The command line, the HTTP interface, the
 * event stream and the stores are views of this one struct.
 */
#ifndef HOPTELL_WATCH_JUDGEMENT_H
#define HOPTELL_WATCH_JUDGEMENT_H

#include "watch/observation.h"

enum stack_family {
    STACK_ANDROID,
    STACK_IOS,
    STACK_MACOS,
    STACK_WINDOWS,
    STACK_LINUX,
    STACK_OTHER,
    STACK_FAMILY_COUNT,
    STACK_UNKNOWN = STACK_FAMILY_COUNT, /* no family is likely enough to be named */
};

struct stack {
    double probability[STACK_FAMILY_COUNT]; /* sums to 1 */
    enum stack_family family;               /* the likeliest, or STACK_UNKNOWN */
};

/* What was known of the client's network before this observation. */
struct network_view {
    bool known; /* false: nothing seen of it yet, and the other fields mean nothing */
    struct prefix prefix;
    uint8_t hop_limit; /* the most frequent, among those of the observation's own initial if any */
    double share;      /* of all observations of this network that arrived so, 0 to 1 */
    uint64_t seen;     /* observations of this network so far */
};

enum verdict { VERDICT_UNKNOWN, VERDICT_DIRECT, VERDICT_TETHERED, VERDICT_COUNT };

enum { EVIDENCE_MAX = 6, EVIDENCE_DETAILS = 3, EVIDENCE_TEXT_MAX = 160 };

/*
 * One reason, small enough to be kept for a million connections. Its name and its sentence are
 * made from it when somebody wants to read them.
 */
struct evidence {
    float weight;   /* log-likelihood ratio, natural, in tenths; above zero speaks for tethered;
                       0 is a mute */
    uint8_t signal; /* a row of the judge's table of signals */
    uint8_t detail[EVIDENCE_DETAILS]; /* for the sentence; each signal says what it puts there */
};

struct judgement {
    struct observation observation;
    uint8_t initial;
    uint8_t hops;
    struct stack stack;
    struct network_view network;
    enum verdict verdict;
    double probability; /* that it is tethered, whatever the verdict, 0 to 1 */
    bool rewritten;     /* the hop limit started from another number than the stack's own */
    uint8_t evidence_count;
    struct evidence evidence[EVIDENCE_MAX]; /* the largest weights first, mutes last */
};

/* What is shown of a stack: the probability of its family, or of the likeliest where none is named. */
double stack_probability(const struct stack *stack);

const char *stack_family_name(enum stack_family family); /* "android", ..., "unknown" */
bool stack_family_is_handset(enum stack_family family);  /* of phones and tablets */
const char *verdict_name(enum verdict verdict);          /* "direct", "tethered", "unknown" */

/* The signal's name, as in JSON: "below_network". */
const char *evidence_signal(const struct evidence *evidence);

/* The sentence for people, UTF-8, in `out`; returns out. EVIDENCE_TEXT_MAX is always enough. */
const char *evidence_text(const struct evidence *evidence, char *out, size_t size);

#endif
