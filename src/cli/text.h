/*
 * A judgement as people read it: one aligned line, and beneath it a line for each piece of
 * evidence. The judgement comes from the watch itself, or as the JSON that a daemon sent.
 */
#ifndef HOPTELL_CLI_TEXT_H
#define HOPTELL_CLI_TEXT_H

#include "base/units.h"
#include "watch/subscriber.h"

#include <jansson.h>

struct text_evidence {
    double weight;
    char text[EVIDENCE_TEXT_MAX];
};

/* What the text shows, wherever it came from. */
struct text {
    uint64_t time_us;                  /* since 1970-01-01 UTC */
    char client[ADDRESS_TEXT_MAX + 8]; /* address and port */
    char server[ADDRESS_TEXT_MAX + 8];
    char tunnel[SUBSCRIBER_NAME_MAX]; /* "": none tells the subscriber */
    unsigned hop_limit;
    unsigned initial;
    unsigned hops;
    char family[16];
    double family_probability;
    char verdict[16];
    double probability;
    bool rewritten;
    unsigned evidence_count;
    struct text_evidence evidence[EVIDENCE_MAX];
};

enum { TEXT_MAX = 4096 };

void text_from_judgement(const struct judgement *judgement, struct text *out);

/* False for anything but an object as design 4.1 has it. */
bool text_from_json(const json_t *object, struct text *out);

/* Its lines, with a newline after each, in `out`; returns their length. */
size_t text_lines(const struct text *text, bool colour, char out[TEXT_MAX]);

/* The same on standard output, in colours where it is a terminal that wants them. */
void text_print(const struct text *text);

#endif
