/*
 * A tale as YAML; see write.h.
 */
#include "tale/write.h"

#include "base/units.h"

#include <stdio.h>

enum { PIECE_MAX = 512 };

struct writer {
    void (*put)(const char *text, void *context);
    void *context;
};

#define PUT(writer, ...)                            \
    do {                                            \
        char piece[PIECE_MAX];                      \
        snprintf(piece, sizeof piece, __VA_ARGS__); \
        (writer)->put(piece, (writer)->context);    \
    } while (0)

/* Quoted where YAML would see a mapping in it; a prefix of a single address without its length. */
static void write_prefix(const struct writer *w, const struct prefix *prefix)
{
    const char *quote = address_is_v4(&prefix->address) ? "" : "\"";
    char text[PREFIX_TEXT_MAX];

    if (prefix->length == 128)
        units_address(&prefix->address, text);
    else
        units_prefix(prefix, text);
    PUT(w, "%s%s%s", quote, text, quote);
}

static void write_hop(const struct writer *w, const struct hop *hop)
{
    char text[UNITS_TEXT_MAX];
    unsigned written = 0;

    w->put("{", w->context);
    for (unsigned f = 0; f < FAMILY_COUNT; f++)
        if (!address_is_unspecified(&hop->address[f])) {
            const struct prefix alone = prefix_of(&hop->address[f], 128);

            PUT(w, "%s", written++ == 0 ? "address: " : ", ");
            write_prefix(w, &alone);
        }
    if (hop->silent != 0)
        PUT(w, "%ssilent: true", written++ > 0 ? ", " : "");
    if (hop->delay_us > 0)
        PUT(w, "%sdelay: %s", written++ > 0 ? ", " : "", units_duration(hop->delay_us, text));
    w->put("}", w->context);
}

static void write_branch(const struct writer *w, const struct tale *tale,
                         const struct branch *branch)
{
    w->put("\n      - [", w->context);
    for (unsigned i = 0; i < branch->count; i++) {
        PUT(w, "%s", i == 0 ? "" : ",\n         ");
        write_hop(w, &tale->hop[branch->first + i]);
    }
    w->put("]", w->context);
}

static void write_step(const struct writer *w, const struct tale *tale, const struct step *step)
{
    w->put("  - ", w->context);
    if (step->by == FORK_NONE) {
        write_hop(w, &tale->hop[step->branch[0].first]);
    } else {
        w->put("fork:", w->context);
        for (unsigned b = 0; b < step->branch_count; b++)
            write_branch(w, tale, &step->branch[b]);
        w->put("\n    by: flow", w->context);
    }
    w->put("\n", w->context);
}

/* Only what is not so by itself. */
static void write_end(const struct writer *w, const struct tale *tale)
{
    if (tale->end[PROBE_ICMP] == END_SILENT)
        w->put("end: silent\n", w->context);
    else if (tale->end[PROBE_TCP] == END_REPLY)
        w->put("end: {tcp: open}\n", w->context);
}

void write_tale(const struct tale *tale, const char *title,
                void (*put)(const char *text, void *context), void *context)
{
    const struct writer w = {put, context};

    if (title[0] != '\0')
        PUT(&w, "# %s\n", title);
    PUT(&w, "name: \"%s\"\ntargets: [", tale->name);
    for (unsigned i = 0; i < tale->target_count; i++) {
        PUT(&w, "%s", i == 0 ? "" : ", ");
        write_prefix(&w, &tale->target[i]);
    }
    put("]\nhops:\n", context);
    for (unsigned i = 0; i < tale->step_count; i++)
        write_step(&w, tale, &tale->step[i]);
    write_end(&w, tale);
}
