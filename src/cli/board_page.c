/*
 * The lines of `hoptell top`; see board_page.h.
 *
 *      hoptell at http://127.0.0.1:8081: ready                              23:12:45 UTC
 *      verdicts      12.3/s   direct 81.0 %  tethered 3.1 %  unknown 15.9 %
 *      capture        120/s   0 dropped      probes 3.0/s    names 1.0/s
 *      store     0 waiting   0 lost          HTTP 2 connections
 *
 *      network ...                the most seen
 *      time  client ...           the newest verdicts
 *      tale  walker ...           who walks one now
 *      q quit  p pause ...
 */
#include "cli/board_page.h"

#include "base/printable.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    HEAD_LINES = 5, /* with the empty one behind it */
    LEAST_OF_PART = 3,
    ALL_OF_PART = 20, /* where there is no end of rows */
    BAR_WIDTH = 10,
};

static struct page_line *page_add(struct page *page)
{
    static struct page_line spare; /* what is beyond the page is written and not looked at */
    struct page_line *line = page->count < PAGE_LINES_MAX ? &page->line[page->count++] : &spare;

    *line = (struct page_line){.count = 0};
    return line;
}

__attribute__((format(printf, 3, 4))) static void
line_put(struct page_line *line, enum colour colour, const char *format, ...)
{
    char *const text = line->text + line->length;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof line->text - line->length, format, arguments);
    va_end(arguments);
    printable_make(text, '?'); /* whatever the daemon was told is for eyes, not for the terminal */
    line->length += (unsigned)strlen(text);
    if (line->count < PAGE_SPANS_MAX)
        line->span[line->count++] = (struct page_span){line->length, colour};
    else
        line->span[line->count - 1].end = line->length;
}

static void line_end(struct page_line *line, unsigned length)
{
    line->length = length;
    line->text[length] = '\0';
    for (unsigned i = 0; i < line->count; i++)
        if (line->span[i].end > length)
            line->span[i].end = length;
}

/* Cuts what is beyond the columns; letters of UTF-8 stay whole and count one each. */
static void line_cut(struct page_line *line, unsigned columns)
{
    unsigned seen = 0;
    unsigned at = 0;

    while (columns > 0 && at < line->length) {
        if (((unsigned char)line->text[at] & 0xc0) != 0x80 && seen++ == columns)
            break;
        at++;
    }
    if (columns > 0)
        line_end(line, at);
}

static void line_trim(struct page_line *line)
{
    unsigned length = line->length;

    while (length > 0 && line->text[length - 1] == ' ')
        length--;
    line_end(line, length);
}

static void time_of_day(double time, char out[16])
{
    const time_t seconds = (time_t)time;
    struct tm parts = {0};

    gmtime_r(&seconds, &parts);
    strftime(out, 16, "%T", &parts);
}

/* "12", "1.2", "1,234" is too long here: "1234", "123k" */
static const char *short_number(double number, char out[16])
{
    if (number >= 1e7)
        snprintf(out, 16, "%.0fM", number / 1e6);
    else if (number >= 1e5)
        snprintf(out, 16, "%.0fk", number / 1e3);
    else
        snprintf(out, 16,
                 number < 10 && number > 0 && fabs(number - round(number)) > 0.01 ? "%.1f" : "%.0f",
                 number);
    return out;
}

/* "12/s", right-aligned in `width`; nothing where there is no other moment to compare with. */
static void put_rate(struct page_line *line, const struct board *board, double rate, int width)
{
    char number[16];

    if (board->before.at > 0)
        line_put(line, COLOUR_PLAIN, " %*s/s", width, short_number(rate, number));
    else
        line_put(line, COLOUR_PLAIN, " %*s", width + 2, "-");
}

static void put_title(const struct board *board, const struct board_view *view, struct page *page)
{
    struct page_line *line = page_add(page);
    char now[16];
    unsigned room;

    line_put(line, COLOUR_TITLE, "hoptell");
    line_put(line, COLOUR_PLAIN, " at %s: ", board->where);
    if (board->away[0] != '\0')
        line_put(line, COLOUR_WARNING, "no answer, trying again");
    else if (board->unready[0] != '\0')
        line_put(line, COLOUR_WARNING, "not ready");
    else
        line_put(line, COLOUR_DIRECT, "ready");
    if (view->paused)
        line_put(line, COLOUR_WARNING, "  paused");
    time_of_day(view->now, now);
    room = view->columns > line->length + 13 ? view->columns - line->length : 14;
    line_put(line, COLOUR_PLAIN, "%*s UTC", (int)room - 4, now);
}

static void put_verdict_counts(const struct board *board, struct page *page)
{
    const struct board_counts *counts = &board->counts;
    const double all = counts->direct + counts->tethered + counts->unknown;
    const double rate = board_rate(board, offsetof(struct board_counts, direct)) +
                        board_rate(board, offsetof(struct board_counts, tethered)) +
                        board_rate(board, offsetof(struct board_counts, unknown));
    struct page_line *line = page_add(page);
    char number[16];

    line_put(line, COLOUR_TITLE, "verdicts");
    put_rate(line, board, rate, 7);
    if (all > 0) {
        line_put(line, COLOUR_DIRECT, "   direct %.1f %%", counts->direct / all * 100);
        line_put(line, COLOUR_TETHERED, "  tethered %.1f %%", counts->tethered / all * 100);
        line_put(line, COLOUR_UNKNOWN, "  unknown %.1f %%", counts->unknown / all * 100);
        line_put(line, COLOUR_PLAIN, "  of %s", short_number(all, number));
    } else {
        line_put(line, COLOUR_PLAIN, "   none yet");
    }
}

/* A loss is said in the colour of a warning when there was one. */
static void put_loss(struct page_line *line, double count, const char *words)
{
    char number[16];

    line_put(line, count > 0 ? COLOUR_WARNING : COLOUR_PLAIN, "   %s %s",
             short_number(count, number), words);
}

static void put_health(const struct board *board, struct page *page)
{
    const struct board_counts *counts = &board->counts;
    struct page_line *line = page_add(page);
    char number[16];

    line_put(line, COLOUR_TITLE, "capture ");
    put_rate(line, board, board_rate(board, offsetof(struct board_counts, packets)), 7);
    put_loss(line, counts->dropped, "dropped");
    put_loss(line, counts->ring_lost, "lost in the ring");
    line_put(line, COLOUR_TITLE, "   probes");
    put_rate(line, board, board_rate(board, offsetof(struct board_counts, probes)), 0);
    line = page_add(page);
    line_put(line, COLOUR_TITLE, "store   ");
    line_put(line, COLOUR_PLAIN, " %7s waiting", short_number(counts->queued, number));
    if (counts->spooled > 0)
        line_put(line, COLOUR_WARNING, "   %s on disk", short_number(counts->spooled, number));
    put_loss(line, counts->lost, "lost");
    line_put(line, COLOUR_TITLE, "   HTTP");
    line_put(line, COLOUR_PLAIN, " %s open", short_number(counts->connections, number));
    line_put(line, COLOUR_TITLE, "   names");
    put_rate(line, board, board_rate(board, offsetof(struct board_counts, names)), 0);
}

static void put_trouble(const struct board *board, struct page *page)
{
    struct page_line *line = page_add(page);

    if (board->away[0] != '\0')
        line_put(line, COLOUR_WARNING, "%s", board->away);
    else if (board->unready[0] != '\0')
        line_put(line, COLOUR_WARNING, "%s", board->unready);
    else if (board->deaf[0] != '\0')
        line_put(line, COLOUR_WARNING, "no new verdicts: %s", board->deaf);
}

/* Networks, sorted as the view wants them */

struct sorted {
    const json_t *network;
    const char *prefix;
    double key; /* the largest comes first */
};

static int compare(const void *a, const void *b)
{
    const struct sorted *left = a;
    const struct sorted *right = b;

    if (left->key != right->key)
        return left->key < right->key ? 1 : -1;
    return strcmp(left->prefix, right->prefix);
}

static double key_of(const json_t *network, enum board_order order)
{
    static const char *const names[BOARD_ORDERS] = {"seen", "tethered", "updated", NULL};
    const json_t *value = names[order] != NULL ? json_object_get(network, names[order]) : NULL;

    if (order == BOARD_BY_TETHERED && !json_is_true(json_object_get(network, "enough")))
        return -1; /* too little seen for a share */
    return json_number_value(value);
}

/* The caller frees it; NULL for none. */
static struct sorted *sort_networks(const json_t *networks, enum board_order order)
{
    const size_t count = json_array_size(networks);
    struct sorted *sorted = count > 0 ? calloc(count, sizeof *sorted) : NULL;

    for (size_t i = 0; sorted != NULL && i < count; i++) {
        const json_t *network = json_array_get(networks, i);
        const char *prefix = json_string_value(json_object_get(network, "prefix"));

        sorted[i] = (struct sorted){network, prefix != NULL ? prefix : "", key_of(network, order)};
    }
    if (sorted != NULL)
        qsort(sorted, count, sizeof *sorted, compare);
    return sorted;
}

static void put_network(const struct sorted *sorted, struct page *page)
{
    const json_t *modes = json_object_get(sorted->network, "modes");
    struct page_line *line = page_add(page);
    const json_t *mode;
    char number[16];
    size_t i;

    line_put(line, COLOUR_PLAIN, "%-28s %7s ", sorted->prefix,
             short_number(json_number_value(json_object_get(sorted->network, "seen")), number));
    if (json_is_true(json_object_get(sorted->network, "enough"))) {
        const double tethered =
            json_number_value(json_object_get(sorted->network, "tethered")) * 100;

        line_put(line, tethered >= 0.05 ? COLOUR_TETHERED : COLOUR_PLAIN, "%7.1f %%", tethered);
    } else {
        line_put(line, COLOUR_UNKNOWN, "%9s", "-");
    }
    line_put(line, COLOUR_PLAIN, "  ");
    json_array_foreach(modes, i, mode)
    {
        line_put(line, COLOUR_PLAIN, "%s%lld hops %.1f %%", i > 0 ? ", " : "",
                 json_integer_value(json_object_get(mode, "hops")),
                 json_number_value(json_object_get(mode, "share")) * 100);
    }
}

static void put_networks(const struct board *board, const struct board_view *view,
                         struct page *page)
{
    struct sorted *sorted = sort_networks(board->networks, view->order);

    for (size_t i = 0; sorted != NULL && i < json_array_size(board->networks); i++)
        put_network(&sorted[i], page);
    if (sorted == NULL)
        line_put(page_add(page), COLOUR_UNKNOWN, "nothing is known of any network yet");
    free(sorted);
}

static void put_verdict(const struct board_verdict *verdict, int client_width, struct page *page)
{
    const bool is_direct = strcmp(verdict->verdict, "direct") == 0;
    struct page_line *line = page_add(page);
    char time[16];

    time_of_day(verdict->time, time);
    line_put(line, COLOUR_PLAIN, "%s  ", time);
    line_put(line, colour_of_verdict(verdict->verdict), "%-8s %5.1f %%", verdict->verdict,
             (is_direct ? 1 - verdict->probability : verdict->probability) * 100);
    line_put(line, COLOUR_PLAIN, "  %3u = %3u - %-2u  %-7s  %-*s  %s", verdict->hop_limit,
             verdict->initial, verdict->hops, verdict->family, client_width, verdict->client,
             verdict->reason);
}

static bool is_wanted(const struct board_verdict *verdict, const struct board_view *view)
{
    return !view->tethered || strcmp(verdict->verdict, "tethered") == 0;
}

static void put_verdicts(const struct board *board, const struct board_view *view,
                         struct page *page)
{
    const struct board_verdict *verdict;
    const unsigned before = page->count;
    size_t width = 21; /* "255.255.255.255:65535" */

    for (uint64_t back = 0; (verdict = board_verdict_at(board, back)) != NULL; back++)
        if (is_wanted(verdict, view) && strlen(verdict->client) > width)
            width = strlen(verdict->client);
    for (uint64_t back = 0; (verdict = board_verdict_at(board, back)) != NULL; back++)
        if (is_wanted(verdict, view))
            put_verdict(verdict, (int)width, page);
    if (page->count == before)
        line_put(page_add(page), COLOUR_UNKNOWN,
                 view->tethered ? "no connection was tethered" : "no connection has come yet");
}

/* "[=====>----------]": how far it got of the tale's way. */
static void put_bar(struct page_line *line, json_int_t hop, json_int_t hops)
{
    const int done = hops > 0 ? (int)(hop * BAR_WIDTH / (hops + 1)) : 0;
    char bar[BAR_WIDTH + 1];

    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < done ? '=' : i == done ? '>' : '-';
    bar[BAR_WIDTH] = '\0';
    line_put(line, COLOUR_PLAIN, "[%s]", bar);
}

static void put_walker(const json_t *tale, const json_t *walker, double now, struct page *page)
{
    const json_int_t hops = json_integer_value(json_object_get(tale, "hops"));
    const char *name = json_string_value(json_object_get(tale, "name"));
    struct page_line *line;
    const char *address;
    const char *client;
    json_int_t furthest;
    json_int_t probes;
    double last;
    int end;

    if (json_unpack((json_t *)walker, "{s:s, s:s, s:I, s:I, s:F, s:b}", "address", &address,
                    "client", &client, "furthest", &furthest, "probes", &probes, "last", &last,
                    "end", &end) != 0)
        return;
    line = page_add(page);
    line_put(line, COLOUR_PLAIN, "%-12.12s ", name != NULL ? name : "");
    put_bar(line, end ? hops + 1 : furthest, hops);
    if (end)
        line_put(line, COLOUR_DIRECT, " %-9s", "the end");
    else
        line_put(line, COLOUR_PLAIN, " %3lld of %-3lld", furthest, hops);
    line_put(line, COLOUR_PLAIN, " %-19s  %-22s  %lld probes, %.0f s ago", client, address, probes,
             now > last ? now - last : 0);
}

static void put_walkers(const struct board *board, const struct board_view *view, struct page *page)
{
    const unsigned before = page->count;
    const json_t *tale;
    const json_t *walker;
    size_t i;
    size_t j;

    json_array_foreach(board->tales, i, tale)
        json_array_foreach(json_object_get(tale, "walkers"), j, walker)
            put_walker(tale, walker, view->now, page);
    if (page->count == before)
        line_put(page_add(page), COLOUR_UNKNOWN,
                 json_array_size(board->tales) > 0 ? "nobody walks a tale" : "no tale runs");
}

static const struct part_row {
    const char *title; /* %s: how it is sorted or chosen */
    void (*put)(const struct board *board, const struct board_view *view, struct page *page);
} parts[] = {
    [BOARD_NETWORKS] = {"network                         seen  tethered  arrives after",
                        put_networks},
    [BOARD_VERDICTS] = {"time      verdict           hop limit       stack    client",
                        put_verdicts},
    [BOARD_WALKERS] = {"tale         how far                program              walker",
                       put_walkers},
};

/* How many rows each part gets of `rows`, beside its title and the empty line behind it. */
static void share_rows(const unsigned wanted[4], unsigned rows, unsigned out[4])
{
    const unsigned all = rows > 5 ? rows - 5 : 0; /* three titles, two empty lines */
    const unsigned quarter = all / 4 > LEAST_OF_PART ? all / 4 : LEAST_OF_PART;

    out[BOARD_WALKERS] = wanted[BOARD_WALKERS] < quarter ? wanted[BOARD_WALKERS] : quarter;
    out[BOARD_NETWORKS] = (all - (out[BOARD_WALKERS] < all ? out[BOARD_WALKERS] : all)) * 2 / 5;
    if (out[BOARD_NETWORKS] > wanted[BOARD_NETWORKS])
        out[BOARD_NETWORKS] = wanted[BOARD_NETWORKS];
    out[BOARD_VERDICTS] = all > out[BOARD_WALKERS] + out[BOARD_NETWORKS]
                              ? all - out[BOARD_WALKERS] - out[BOARD_NETWORKS]
                              : 0;
}

/* The part's title, and `rows` of its lines from `scroll` on; 0 rows is all of them. */
static void put_part(enum board_part part, const struct page *lines, unsigned scroll, unsigned rows,
                     bool fill, unsigned columns, struct page *page)
{
    line_put(page_add(page), COLOUR_BAR, "%-*s", (int)columns, parts[part].title);
    for (unsigned i = scroll; rows == 0 ? i < lines->count : i < scroll + rows; i++) {
        if (i < lines->count)
            *page_add(page) = lines->line[i];
        else if (fill)
            page_add(page);
    }
}

static void put_one(const struct board *board, struct board_view *view, struct page *scratch,
                    struct page *page)
{
    const unsigned rows = view->rows > HEAD_LINES + 2 ? view->rows - HEAD_LINES - 2 : 1;

    scratch->count = 0;
    parts[view->part].put(board, view, scratch);
    if (view->scroll + rows > scratch->count)
        view->scroll = scratch->count > rows ? scratch->count - rows : 0;
    put_part(view->part, scratch, view->scroll, view->rows > 0 ? rows : 0, view->rows > 0,
             view->columns, page);
}

static void put_all(const struct board *board, struct board_view *view, struct page *scratch,
                    struct page *page)
{
    unsigned wanted[4] = {0};
    unsigned given[4] = {0};

    for (unsigned part = BOARD_NETWORKS; part <= BOARD_WALKERS; part++) {
        scratch->count = 0;
        parts[part].put(board, view, scratch);
        wanted[part] = scratch->count;
        given[part] = scratch->count < ALL_OF_PART ? scratch->count : ALL_OF_PART;
    }
    if (view->rows > 0)
        share_rows(wanted, view->rows > HEAD_LINES + 1 ? view->rows - HEAD_LINES - 1 : 0, given);
    for (unsigned part = BOARD_NETWORKS; part <= BOARD_WALKERS; part++) {
        if (part > BOARD_NETWORKS)
            page_add(page);
        if (view->rows > 0 && given[part] == 0)
            continue; /* the screen is too low for all three */
        scratch->count = 0;
        parts[part].put(board, view, scratch);
        put_part(part, scratch, 0, given[part], part == BOARD_VERDICTS && view->rows > 0,
                 view->columns, page);
    }
}

static const char *const help_lines[] = {
    "q            quit",
    "p, space     hold still, and go on",
    "s            sort the networks: most seen, most tethered, newest, by name",
    "t            tethered verdicts alone, and all again",
    "1, 2, 3      networks, verdicts or walkers alone; 0 all of them",
    "Tab          the next of these",
    "up, down     scroll one of them; page up, page down, home",
    "r            ask the daemon now",
    "h, ?         this, and back",
};

static void put_help(struct page *page)
{
    line_put(page_add(page), COLOUR_TITLE, "keys");
    for (size_t i = 0; i < sizeof help_lines / sizeof help_lines[0]; i++)
        line_put(page_add(page), COLOUR_PLAIN, "  %s", help_lines[i]);
    page_add(page);
    line_put(page_add(page), COLOUR_TITLE, "what is shown");
    line_put(page_add(page), COLOUR_PLAIN,
             "  hop limit on arrival = what the sender set - hops on the way");
    line_put(page_add(page), COLOUR_PLAIN,
             "  of an unknown verdict, the share is how likely it is to be tethered");
    line_put(page_add(page), COLOUR_PLAIN,
             "  what stands in red was lost: hoptell(1), docs/metrics.md");
}

static void put_keys(const struct board_view *view, struct page *page)
{
    static const char *const orders[BOARD_ORDERS] = {"seen", "tethered", "newest", "name"};
    struct page_line *line;

    while (page->count + 1 < view->rows)
        page_add(page);
    if (page->count >= view->rows)
        page->count = view->rows - 1;
    line = page_add(page);
    if (view->help)
        line_put(line, COLOUR_PLAIN, "q quit   h back");
    else
        line_put(line, COLOUR_PLAIN,
                 "q quit   p %s   s sort: %s   t verdicts: %s   0-3 parts   h help",
                 view->paused ? "go on" : "pause", orders[view->order],
                 view->tethered ? "tethered" : "all");
}

void page_lay(const struct board *board, struct board_view *view, struct page *out)
{
    struct page *scratch = malloc(sizeof *scratch);

    out->count = 0;
    put_title(board, view, out);
    put_verdict_counts(board, out);
    put_health(board, out);
    put_trouble(board, out);
    if (view->help)
        put_help(out);
    else if (scratch != NULL)
        (view->part == BOARD_ALL ? put_all : put_one)(board, view, scratch, out);
    if (view->rows > 0)
        put_keys(view, out);
    for (unsigned i = 0; i < out->count; i++)
        line_cut(&out->line[i], view->columns);
    for (unsigned i = 0; view->rows == 0 && i < out->count; i++)
        line_trim(&out->line[i]);
    free(scratch);
}
