/*
 * The targets of fakeroute, which comes with paris-traceroute: a file named ADDRESS-DESCRIPTION with
 * an arc of a graph a line, from "start" by addresses to "end", and "# DESC TEXT" as its title. All
 * ways from one hop that every packet passes to the next such hop become a fork.
 */
#include "base/units.h"
#include "tale/import.h"

#include <stdlib.h>
#include <string.h>

enum { VERTICES_MAX = 1024, ARCS_MAX = 4096, START = 0, END = 1 };

struct vertex {
    struct address address; /* not of START and END */
    uint32_t line;          /* where it is first seen */
    unsigned in;            /* arcs that are on a way from start to end */
    unsigned out;
    unsigned left; /* arcs into it whose origin is not in the order yet */
    bool from_start;
    bool to_end;
};

struct arc {
    unsigned from;
    unsigned to;
    uint32_t line;
    bool is_live; /* on a way from start to end */
};

struct graph {
    struct import *import;
    struct report *report;
    unsigned vertex_count;
    unsigned arc_count;
    unsigned order_count;
    struct vertex vertex[VERTICES_MAX];
    struct arc arc[ARCS_MAX];
    unsigned order[VERTICES_MAX]; /* each behind all that lead to it */
    unsigned way[VERTICES_MAX];   /* the one that is being followed */
};

/* Reading. */

static bool read_vertex(struct graph *g, const char *word, uint32_t line, unsigned *out)
{
    struct address address;

    if (strcmp(word, "start") == 0 || strcmp(word, "end") == 0) {
        *out = word[0] == 's' ? START : END;
        return true;
    }
    if (!units_parse_address(word, &address)) {
        report_warning(g->report, line, 1,
                       "expected start, end or an address, found '%.60s': left out", word);
        return false;
    }
    for (*out = END + 1; *out < g->vertex_count; (*out)++)
        if (address_equal(&g->vertex[*out].address, &address))
            return true;
    if (g->vertex_count == VERTICES_MAX) {
        report_error(g->report, line, 1, "expected at most %d hops, found one more",
                     VERTICES_MAX - 2);
        return false;
    }
    g->vertex[g->vertex_count++] = (struct vertex){.address = address, .line = line};
    return true;
}

static bool has_arc(const struct graph *g, unsigned from, unsigned to)
{
    for (unsigned i = 0; i < g->arc_count; i++)
        if (g->arc[i].from == from && g->arc[i].to == to)
            return true;
    return false;
}

static void add_arc(struct graph *g, unsigned from, unsigned to, uint32_t line)
{
    if (from == END || to == START || from == to)
        report_warning(g->report, line, 1,
                       "expected an arc that leads from start towards end: left out");
    else if (has_arc(g, from, to))
        report_warning(g->report, line, 1, "expected each arc once, found it again: left out");
    else if (g->arc_count == ARCS_MAX)
        report_error(g->report, line, 1, "expected at most %d arcs, found one more", ARCS_MAX);
    else
        g->arc[g->arc_count++] = (struct arc){.from = from, .to = to, .line = line};
}

static void read_arc(struct graph *g, struct import_lines *lines)
{
    char *rest = NULL;
    const char *const first = strtok_r(lines->text, " \t", &rest);
    const char *const second = strtok_r(NULL, " \t", &rest);
    unsigned from;
    unsigned to;

    if (first == NULL || second == NULL || strtok_r(NULL, " \t", &rest) != NULL) {
        report_warning(g->report, lines->number, 1,
                       "expected an arc, two words, found another number of them: left out");
        return;
    }
    if (read_vertex(g, first, lines->number, &from) && read_vertex(g, second, lines->number, &to))
        add_arc(g, from, to, lines->number);
}

/* "# DESC TEXT" gives the title; other remarks are ours. */
static void read_remark(struct import *import, const char *text)
{
    text += strspn(text, "# \t");
    if (strncmp(text, "DESC", 4) == 0) {
        text += 4 + strspn(text + 4, " \t:");
        import_set_title(import, text, strlen(text));
    }
}

static void read_lines(struct graph *g, const char *text, size_t length)
{
    struct import_lines lines = {.at = text, .end = text + length};

    while (g->report->errors == 0 && import_next_line(&lines)) {
        if (lines.text[0] == '#')
            read_remark(g->import, lines.text);
        else if (lines.text[0] != '\0')
            read_arc(g, &lines);
    }
}

/* ADDRESS-DESCRIPTION, the file's name, gives the target, and the tale its name. */
static void read_file_name(struct graph *g, enum family family)
{
    struct import *import = g->import;
    const char *const slash = strrchr(import->file, '/');
    const char *const base = slash != NULL ? slash + 1 : import->file;
    const size_t length = strcspn(base, "-");
    char text[ADDRESS_TEXT_MAX] = "";
    struct address target;

    if (length < sizeof text && base[length] == '-')
        memcpy(text, base, length);
    if (!units_parse_address(text, &target)) {
        import_set_stand_in(import, family,
                            "expected a file named ADDRESS-DESCRIPTION after its target");
        return;
    }
    import_set_target(import, &target, 0);
    if (base[length + 1] != '\0')
        draft_set_name(&import->draft, base + length + 1, strlen(base + length + 1));
}

/* The graph: what is on a way from start to end, and in which order. */

static void mark_reach(struct graph *g)
{
    bool goes_on = true;

    g->vertex[START].from_start = true;
    g->vertex[END].to_end = true;
    while (goes_on) {
        goes_on = false;
        for (unsigned i = 0; i < g->arc_count; i++) {
            struct vertex *from = &g->vertex[g->arc[i].from];
            struct vertex *to = &g->vertex[g->arc[i].to];

            if ((from->from_start && !to->from_start) || (to->to_end && !from->to_end)) {
                to->from_start |= from->from_start;
                from->to_end |= to->to_end;
                goes_on = true;
            }
        }
    }
}

static void mark_live(struct graph *g)
{
    for (unsigned i = 0; i < g->arc_count; i++) {
        struct arc *arc = &g->arc[i];

        arc->is_live = g->vertex[arc->from].from_start && g->vertex[arc->to].to_end;
        if (!arc->is_live) {
            report_warning(g->report, arc->line, 1,
                           "this arc is on no way from start to end: left out");
            continue;
        }
        g->vertex[arc->from].out++;
        g->vertex[arc->to].in++;
        g->vertex[arc->to].left++;
    }
}

/* Each vertex once all arcs into it have been passed; false where some go round in a circle. */
static bool sort(struct graph *g)
{
    g->order[g->order_count++] = START;
    for (unsigned i = 0; i < g->order_count; i++)
        for (unsigned a = 0; a < g->arc_count; a++)
            if (g->arc[a].is_live && g->arc[a].from == g->order[i] &&
                --g->vertex[g->arc[a].to].left == 0)
                g->order[g->order_count++] = g->arc[a].to;
    for (unsigned a = 0; a < g->arc_count; a++)
        if (g->arc[a].is_live && g->vertex[g->arc[a].to].left > 0) {
            report_error(g->report, g->arc[a].line, 1,
                         "expected ways that end, found one that goes round in a circle");
            return false;
        }
    return true;
}

/* From one hop that every packet passes to the next. */

struct fork {
    struct graph *graph;
    unsigned from;
    unsigned to;
    bool is_full; /* said that there are more than fit */
    struct step step;
};

static void add_branch(struct fork *fork, unsigned length, uint32_t line)
{
    struct import *import = fork->graph->import;
    const struct tale *tale = import->draft.tale;
    const unsigned first = tale->hop_count;

    if (fork->step.branch_count == TALE_BRANCHES_MAX) {
        report_warning(import->draft.report, line, 1,
                       "expected at most %d ways through a fork, found more: this and the next "
                       "are left out",
                       TALE_BRANCHES_MAX);
        fork->is_full = true;
        return;
    }
    for (unsigned i = 0; i < length; i++) {
        const struct vertex *vertex = &fork->graph->vertex[fork->graph->way[i]];

        if (import_add_hop(import, &vertex->address, vertex->line) == NULL)
            return;
    }
    fork->step.branch[fork->step.branch_count++] =
        (struct branch){.first = (uint16_t)first, .count = (uint16_t)(tale->hop_count - first)};
}

/* Every way on from `at`, of which `length` vertices have been passed. */
static void follow(struct fork *fork, unsigned at, unsigned length)
{
    struct graph *g = fork->graph;

    for (unsigned i = 0; i < g->arc_count && !fork->is_full && g->report->errors == 0; i++) {
        const struct arc *arc = &g->arc[i];

        if (!arc->is_live || arc->from != at)
            continue;
        if (arc->to == fork->to) {
            add_branch(fork, length, arc->line);
        } else {
            g->way[length] = arc->to;
            follow(fork, arc->to, length + 1);
        }
    }
}

static void add_fork(struct graph *g, unsigned from, unsigned to)
{
    struct fork fork = {.graph = g, .from = from, .to = to, .step = {.by = FORK_FLOW}};
    struct step *step;

    follow(&fork, from, 0);
    if (g->report->errors > 0)
        return;
    step = draft_add_step(&g->import->draft);
    if (step != NULL)
        *step = fork.step;
}

/* A choice behind a choice is not taken as often as there. */
static void check_choices(struct graph *g, unsigned first, unsigned last)
{
    for (unsigned i = first; i < last; i++) {
        const struct vertex *vertex = &g->vertex[g->order[i]];

        if (vertex->out > 1)
            report_warning(g->report, vertex->line, 1,
                           "here is a choice behind another: all ways through the fork are taken "
                           "alike often");
    }
}

/*
 * In the order, a vertex that all arcs still under way lead to is one that every packet passes.
 * Between two such, if they are not next to each other, the ways fork.
 */
static void add_steps(struct graph *g)
{
    unsigned under_way = 0;
    unsigned before = 0; /* place of the one before */

    for (unsigned i = 0; i < g->order_count && g->report->errors == 0; i++) {
        const struct vertex *vertex = &g->vertex[g->order[i]];

        if (vertex->in == under_way) {
            if (i > before + 1) {
                check_choices(g, before + 1, i);
                add_fork(g, g->order[before], g->order[i]);
            }
            if (g->order[i] != START && g->order[i] != END)
                import_add_step(g->import, &vertex->address, vertex->line);
            before = i;
        }
        under_way += vertex->out - vertex->in;
    }
}

static struct graph *graph_new(struct import *import)
{
    struct graph *g = calloc(1, sizeof *g);

    if (g == NULL) {
        report_error(import->draft.report, 0, 0, "not enough memory for the graph");
        return NULL;
    }
    g->import = import;
    g->report = import->draft.report;
    g->vertex_count = END + 1;
    return g;
}

void import_paris_traceroute(struct import *import, const char *text, size_t length)
{
    struct graph *g = graph_new(import);

    if (g == NULL)
        return;
    read_lines(g, text, length);
    read_file_name(g, g->vertex_count > END + 1 ? address_family(&g->vertex[END + 1].address)
                                                : FAMILY_V4);
    if (g->report->errors == 0) {
        mark_reach(g);
        mark_live(g);
        if (sort(g))
            add_steps(g);
    }
    free(g);
}
