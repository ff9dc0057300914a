/*
 * What a run of traceroute prints of a tale, line by line: for `tale show`, and for who writes one in
 * a browser.
 */
#ifndef HOPTELL_TALE_TRACE_H
#define HOPTELL_TALE_TRACE_H

#include "tale/lines.h"

enum {
    TRACE_HOPS = 30,      /* where traceroute stops */
    TRACE_TEXT_MAX = 400, /* a line, with its address, name, mark and branch */
};

struct trace {
    const struct tale *tale;
    enum family family;
    enum probe_protocol probe;
    unsigned hops; /* of the client, at most */
    struct address target;
    struct traits visitor; /* for whom; all zero: one of whom nothing is known */
};

struct trace_line {
    unsigned position; /* from 1 */
    bool is_first;     /* of those at this position */
    bool is_past;      /* nothing is left that could answer */
    const struct sight *sight;
    struct address address; /* unspecified for a line of stars */
    const char *name;       /* "" for none */
    const char *mark;       /* "!X"; "" for none */
};

/* The trace to the tale's first target of that family; false where it has none. */
bool trace_to(const struct tale *tale, enum family family, enum probe_protocol probe, unsigned hops,
              struct trace *out);

/* Every line, until nothing goes on or the hops are used up. */
void trace_lines(const struct trace *trace,
                 void (*each)(const struct trace_line *line, void *context), void *context);

/* As traceroute prints them, without the times and without a newline; return out. */
const char *trace_head_text(const struct trace *trace, char out[TRACE_TEXT_MAX]);
const char *trace_line_text(const struct trace_line *line, char out[TRACE_TEXT_MAX]);

/* "flow", "unreachable": the words of a tale's file. */
const char *trace_fork_words(enum fork_by by);
const char *trace_end_words(enum end_answer answer);

#endif
