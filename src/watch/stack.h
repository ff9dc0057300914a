/*
 * Which family of TCP/IP implementation would send such an opening packet: naive Bayes over
 * features of the packet that the way does not change. The hop limit is not among them (the judge
 * compares it with the answer), and neither is the MSS, which routers clamp.
 *
 * The likelihoods come from a plain text, one row a line:
 *
 *     # feature value    android ios   macos windows linux other
 *     layout mss,sok,ts,nop,ws  0.92 0 0 0 0.93 0.10
 *
 * features:  prior    how common the family is; its one value is *
 *            layout   the kinds of the TCP options in order: eol nop mss ws sok ts fo, or a number;
 *                     eol+N for N octets of padding; none
 *            window   the number, or mss*N for N times a usual MSS, or near64k
 *            scale    the window scale, or none
 *            id       IPv4: df,id+ df,id0 id+ id0;  IPv6: v6
 *            ecn      asked (ECE and CWR) or no
 *            flow     IPv6: + or 0;  IPv4: v4
 *            quirk    none, or what is odd: echo (timestamp echo not zero), padding, urgent, ack
 * The value * stands for all that are not listed. A later row takes the place of an earlier one of
 * the same value; a file that begins with the line `with shipped` adds to the table of hoptell's own.
 *
 * Beside the table there may be signatures of p0f's (p0f.h), which are one feature more.
 */
#ifndef HOPTELL_WATCH_STACK_H
#define HOPTELL_WATCH_STACK_H

#include "base/report.h"
#include "watch/judgement.h"
#include "watch/p0f.h"

enum stack_feature {
    STACK_FEATURE_PRIOR,
    STACK_FEATURE_LAYOUT,
    STACK_FEATURE_WINDOW,
    STACK_FEATURE_SCALE,
    STACK_FEATURE_ID,
    STACK_FEATURE_ECN,
    STACK_FEATURE_FLOW,
    STACK_FEATURE_QUIRK,
    STACK_FEATURE_COUNT,
};

enum { STACK_ROWS_MAX = 256 };

/* Values of features as numbers, where they are not the number in the packet itself. */
enum {
    STACK_VALUE_NONE = 1u << 20,
    STACK_WINDOW_NEAR_64K,
    STACK_WINDOW_MULTIPLE = 1u << 21, /* plus how many times */
    STACK_ID_SET = 1u << 0,
    STACK_ID_DF = 1u << 1,
    STACK_ID_V6 = 1u << 2,
    STACK_QUIRK_ECHO = 1,
    STACK_QUIRK_PADDING,
    STACK_QUIRK_URGENT,
    STACK_QUIRK_ACK,
};

struct stack_row {
    uint64_t value; /* as a number; each feature has its own way */
    float log_likelihood[STACK_FAMILY_COUNT];
};

struct stack_table {
    struct stack_row row[STACK_ROWS_MAX]; /* grouped by feature */
    uint16_t first[STACK_FEATURE_COUNT];
    uint16_t count[STACK_FEATURE_COUNT];
    struct stack_row other[STACK_FEATURE_COUNT]; /* the row of * */
    struct p0f p0f;                              /* empty where there are none */
};

/* The table that ships with hoptell, as text; it ends with a zero octet. */
extern const char watch_stacks_txt[];

enum { STACK_VALUE_TEXT_MAX = 128 };

/* A row as the text has it. */
struct stack_line {
    enum stack_feature feature;
    bool is_rest;     /* its value is * */
    uint64_t value;   /* as a number */
    const char *text; /* the same as text; valid until the next row */
    double likelihood[STACK_FAMILY_COUNT];
};

/* Calls `each` for every row that is right. 0, or -EINVAL with the errors in `report`. */
int stack_lines_each(const char *text, size_t length, struct report *report,
                     void (*each)(const struct stack_line *line, void *context), void *context);

/*
 * Reads a table, without signatures of p0f's. 0, or -EINVAL with the errors in `report`; *out is then
 * undefined.
 */
int stack_table_parse(const char *text, size_t length, struct report *report,
                      struct stack_table *out);

/* A feature's name, as in the text; its value in a packet as a number, and as text. */
const char *stack_feature_name(enum stack_feature feature);
uint64_t stack_value(enum stack_feature feature, const struct observation *observation);
const char *stack_value_text(enum stack_feature feature, const struct observation *observation,
                             char out[STACK_VALUE_TEXT_MAX]);

/* Never fails: what the table does not know is STACK_UNKNOWN. */
void stack_guess(const struct stack_table *table, const struct observation *observation,
                 struct stack *out);

/* Share of the guess that falls to systems of computers (not of handsets), 0 to 1. */
double stack_computer_share(const struct stack *stack);

/*
 * Whether the systems of the guess start from another initial than this one. Between 64 and 128 alone:
 * from 255 start many that are no system of ours, and what arrives as if from 32 may have come a long
 * way from 64.
 */
bool stack_contradicts(const struct stack *stack, uint8_t initial);

/* Of 64 and 128 the other one. */
uint8_t stack_other_initial(uint8_t initial);

/*
 * A short number for how the packet was made, the same for all packets of one device, and
 * usually for all of one make: to tell devices behind one address apart.
 */
uint32_t stack_signature(const struct observation *observation);

/*
 * Guesses that were made before, by all that they were made of: there are few ways of making an
 * opening packet, and the same come again and again.
 */
enum { STACK_GUESSES = 256 };

struct stack_kept {
    uint64_t option[TCP_OPTIONS_MAX / 8]; /* kinds in their order */
    uint64_t rest;                        /* 0: nothing is kept here */
    uint64_t more; /* what only signatures of p0f's look at; 0 where there are none */
    struct stack stack;
    uint32_t signature;
};

struct stack_cache {
    struct stack_kept kept[STACK_GUESSES];
};

/* What stack_guess gives, from a cache that was zeroed for this table; returns stack_signature. */
uint32_t stack_recall(const struct stack_table *table, struct stack_cache *cache,
                      const struct observation *observation, struct stack *out);

#endif
