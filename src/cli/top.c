/*
 * hoptell top: the running daemon, live on a terminal; or once, as text or JSON.
 */
#include "base/clock.h"
#include "base/event.h"
#include "cli/asking.h"
#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    ANSWER_MS = 5000,
    REDRAW_MS = 200, /* at most so often, however many verdicts come */
};

enum which { ASK_READY, ASK_NETWORKS, ASK_TALES, ASK_METRICS, ASK_VERDICTS };

static const char *const targets[] = {
    [ASK_READY] = "/readyz",
    [ASK_NETWORKS] = "/v1/networks?limit=200",
    [ASK_TALES] = "/v1/tales",
    [ASK_METRICS] = "/metrics",
    [ASK_VERDICTS] = "/v1/verdicts?limit=200",
};

struct question {
    uint32_t interval_s;
    bool once;
    int format;
    const char *file;
};

static const struct option_row rows[] = {
    {"interval", 'i', "SECONDS", "ask so often; verdicts come at once (2)", .take = option_number,
     .member = offsetof(struct question, interval_s), .expected = "1 to 3600 seconds", .low = 1,
     .high = 3600},
    {"once", 'o', NULL, "print it once, as when it is no terminal", .take = option_flag,
     .member = offsetof(struct question, once)},
    ASKING_ROW_FORMAT(struct question),
    ASKING_ROW_CONFIG(struct question),
};

const struct options top_options = {
    .command = "top",
    .operands = "",
    .purpose =
        "Shows the running daemon live: its networks, verdicts, who walks its tales, and how\n"
        "it is. 'h' tells of the keys, 'q' quits.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

struct top {
    struct asking asking;
    struct asking_place place;
    struct ask_feed *feed;
    struct board board;
    struct board held; /* what is shown while the view is paused */
    struct board_view view;
    struct event_reader events;
    bool quits;
    bool stale;      /* what is on the screen */
    char wrong[512]; /* the first answer that nobody could read; "" for none */
};

/* What a problem document has to say. */
static void take_problem(const struct ask_answer *answer, char *out, size_t size)
{
    json_t *problem = json_loadb(answer->body, answer->length, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));

    if (detail != NULL)
        snprintf(out, size, "%s", detail);
    else
        snprintf(out, size, "the daemon answered with HTTP status %ld", answer->status);
    json_decref(problem);
}

/* The daemon is there and does not answer this, as without the token: nothing on the board is news. */
static void take_refusal(struct top *top, const struct ask_answer *answer)
{
    take_problem(answer, top->wrong, sizeof top->wrong);
    snprintf(top->board.away, sizeof top->board.away, "%.*s", BOARD_TEXT_MAX - 1, top->wrong);
}

static bool take_json(struct board *board, const struct ask_answer *answer,
                      bool (*take)(struct board *board, json_t *answer))
{
    json_t *object = json_loadb(answer->body, answer->length, 0, NULL);
    const bool fine = object != NULL && take(board, object);

    json_decref(object);
    return fine;
}

static bool take_answer(struct board *board, enum which which, const struct ask_answer *answer)
{
    switch (which) {
    case ASK_NETWORKS:
        return take_json(board, answer, board_take_networks);
    case ASK_TALES:
        return take_json(board, answer, board_take_tales);
    case ASK_VERDICTS:
        return take_json(board, answer, board_take_verdicts);
    case ASK_METRICS:
        return board_take_metrics(board, answer->body, (double)clock_monotonic_ns() / 1e9);
    case ASK_READY:
    default:
        board->unready[0] = '\0';
        return true;
    }
}

static void on_answered(unsigned which, const struct ask_answer *answer, const char *error,
                        void *context)
{
    struct top *top = context;

    top->stale = true;
    if (answer == NULL) {
        snprintf(top->board.away, sizeof top->board.away, "%s", error);
        return;
    }
    top->board.away[0] = '\0';
    if (which == ASK_READY && answer->status == 503)
        take_problem(answer, top->board.unready, sizeof top->board.unready);
    else if (answer->status != 200)
        take_refusal(top, answer);
    else if (!take_answer(&top->board, (enum which)which, answer))
        snprintf(top->wrong, sizeof top->wrong,
                 "expected an answer to %s from the daemon, found "
                 "'%.40s'",
                 targets[which], answer->body);
}

static void on_event(const char *data, void *context)
{
    struct top *top = context;
    json_t *judgement = json_loads(data, 0, NULL);

    if (judgement != NULL && board_take_verdict(&top->board, judgement))
        top->stale = true;
    json_decref(judgement);
}

static void on_received(const char *octets, size_t count, void *context)
{
    struct top *top = context;

    top->board.deaf[0] = '\0';
    event_read(&top->events, octets, count, on_event, top);
}

static void on_ended(const char *error, void *context)
{
    struct top *top = context;

    top->events.length = 0;
    top->events.data[0] = '\0';
    snprintf(top->board.deaf, sizeof top->board.deaf, "%s", error);
    top->stale = true;
}

static void ask_all(struct top *top)
{
    for (unsigned which = 0; which < sizeof targets / sizeof targets[0]; which++)
        if (which != ASK_VERDICTS || top->board.heard == 0)
            ask_feed_get(top->feed, which, targets[which], ANSWER_MS);
}

/* Once */

static void print_line(const struct page_line *line, bool colours)
{
    unsigned from = 0;

    for (unsigned i = 0; i < line->count; i++) {
        const struct page_span *span = &line->span[i];

        if (colours && span->colour != COLOUR_PLAIN)
            fputs(colour_escape(span->colour), stdout);
        fwrite(line->text + from, 1, span->end - from, stdout);
        if (colours && span->colour != COLOUR_PLAIN)
            fputs(colour_escape(COLOUR_PLAIN), stdout);
        from = span->end;
    }
    printf("\n");
}

static enum command_status print_page(struct top *top)
{
    struct page *page = malloc(sizeof *page);
    const bool colours = colour_wanted(STDOUT_FILENO);

    if (page == NULL)
        return command_failed("top", "%s", strerror(ENOMEM));
    page_lay(&top->board, &top->view, page);
    for (unsigned i = 0; i < page->count; i++)
        print_line(&page->line[i], colours);
    free(page);
    return asking_finish(&top->asking);
}

static enum command_status print_json(struct top *top)
{
    json_t *object = board_json(&top->board, top->view.now);

    if (object == NULL || json_dumpf(object, stdout, JSON_REAL_PRECISION(15)) != 0)
        command_failed("top", "%s", strerror(ENOMEM));
    printf("\n");
    json_decref(object);
    return asking_finish(&top->asking);
}

static enum command_status run_once(struct top *top, int format)
{
    ask_all(top);
    while (ask_feed_is_asking(top->feed))
        ask_feed_wait(top->feed, NULL, 0, ANSWER_MS);
    if (top->board.away[0] != '\0')
        return command_failed("top", "%s", top->board.away);
    if (top->wrong[0] != '\0')
        return command_failed("top", "%s", top->wrong);
    top->view.now = (double)clock_real_ns() / 1e9;
    return format == ASKING_JSON ? print_json(top) : print_page(top);
}

/* Live */

static void pause_or_go_on(struct top *top)
{
    top->view.paused = !top->view.paused;
    board_deinit(&top->held);
    if (top->view.paused)
        board_copy(&top->board, &top->held);
}

static void show_part(struct top *top, enum board_part part)
{
    top->view.part = part;
    top->view.scroll = 0;
}

static void scroll(struct top *top, int lines)
{
    const int scroll = (int)top->view.scroll + lines;

    top->view.scroll = scroll > 0 ? (unsigned)scroll : 0;
}

static void press(struct top *top, int key)
{
    const int page = (int)top->view.rows / 2;

    switch (key) {
    case 'q':
    case 'Q':
        top->quits = true;
        break;
    case 'p':
    case ' ':
        pause_or_go_on(top);
        break;
    case 's':
        top->view.order = (top->view.order + 1) % BOARD_ORDERS;
        break;
    case 't':
        top->view.tethered = !top->view.tethered;
        break;
    case '0':
    case '1':
    case '2':
    case '3':
        show_part(top, (enum board_part)(key - '0'));
        break;
    case '\t':
        show_part(top, (top->view.part + 1) % (BOARD_WALKERS + 1));
        break;
    case 'r':
        ask_all(top);
        break;
    case 'h':
    case '?':
        top->view.help = !top->view.help;
        break;
    case SCREEN_UP:
        scroll(top, -1);
        break;
    case SCREEN_DOWN:
        scroll(top, 1);
        break;
    case SCREEN_PAGE_UP:
        scroll(top, -page);
        break;
    case SCREEN_PAGE_DOWN:
        scroll(top, page);
        break;
    case SCREEN_HOME:
        top->view.scroll = 0;
        break;
    default:
        break;
    }
    top->stale = true;
}

/* The signals that end it or resize it, as a descriptor; -1 with errno. */
static int open_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGWINCH);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
        return -1;
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void take_signals(struct top *top, int signals)
{
    struct signalfd_siginfo info;

    while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGWINCH)
            screen_measure(&top->view.columns, &top->view.rows);
        else
            top->quits = true;
        top->stale = true;
    }
}

static void take_keys(struct top *top)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int key;

    while ((key = screen_key()) != SCREEN_NO_KEY)
        press(top, key);
    if (poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLERR)))
        top->quits = true; /* the terminal is gone */
}

static void redraw(struct top *top, struct page *page)
{
    top->view.now = (double)clock_real_ns() / 1e9;
    memcpy(top->held.away, top->board.away, sizeof top->held.away);
    page_lay(top->view.paused ? &top->held : &top->board, &top->view, page);
    screen_show(page);
    top->stale = false;
}

static void run_live(struct top *top, int signals, uint32_t interval_s, struct page *page)
{
    const int fds[] = {STDIN_FILENO, signals};
    double asked = 0;
    double drawn = 0;

    while (!top->quits) {
        const double now = (double)clock_monotonic_ns() / 1e9;

        if (now - asked >= interval_s) {
            ask_all(top);
            ask_feed_follow(top->feed, "/v1/events", top->events.id);
            asked = now;
        }
        if ((top->stale && (now - drawn) * 1000 >= REDRAW_MS) || now - drawn >= 1) {
            redraw(top, page);
            drawn = now;
        }
        ask_feed_wait(top->feed, fds, 2, REDRAW_MS);
        take_signals(top, signals);
        take_keys(top);
    }
}

/*
 * Nobody is there to begin with, or will not answer: that is said as every command says it. Verdicts from before are asked
 * for before the first that comes by itself.
 */
static enum command_status meet(struct top *top)
{
    ask_feed_get(top->feed, ASK_READY, targets[ASK_READY], ANSWER_MS);
    ask_feed_get(top->feed, ASK_VERDICTS, targets[ASK_VERDICTS], ANSWER_MS);
    while (ask_feed_is_asking(top->feed))
        ask_feed_wait(top->feed, NULL, 0, ANSWER_MS);
    if (top->board.away[0] != '\0')
        return command_failed("top", "%s", top->board.away);
    if (top->wrong[0] != '\0')
        return command_failed("top", "%s", top->wrong);
    return COMMAND_DONE;
}

static enum command_status run(struct top *top, uint32_t interval_s)
{
    enum command_status status = meet(top);
    struct page *page = malloc(sizeof *page);
    int signals = -1;
    char error[256];

    if (status != COMMAND_DONE)
        goto out;
    signals = open_signals();
    if (page == NULL || signals < 0) {
        status = command_failed("top", "%s", strerror(page == NULL ? ENOMEM : errno));
        goto out;
    }
    if (!screen_open(error, sizeof error)) {
        status = command_failed("top", "%s", error);
        goto out;
    }
    screen_measure(&top->view.columns, &top->view.rows);
    run_live(top, signals, interval_s, page);
    screen_close();
out:
    if (signals >= 0)
        close(signals);
    free(page);
    return status;
}

static void write_where(const struct asking_place *place, char *out, size_t size)
{
    char text[ADDRESS_TEXT_MAX];

    if (place->ask.path != NULL)
        snprintf(out, size, "%s", place->ask.path);
    else
        snprintf(out, size, address_is_v4(&place->ask.address) ? "%s:%u" : "[%s]:%u",
                 units_address(&place->ask.address, text), place->ask.port);
}

enum command_status command_top(int argc, char **argv)
{
    struct ask_feed_handlers handlers = {
        .answered = on_answered, .received = on_received, .ended = on_ended};
    struct question question = {.interval_s = 2};
    enum command_status status;
    struct top *top;

    if (!options_take(&top_options, argc, argv, &question, &status))
        return status;
    if (optind < argc)
        return command_usage("top", "expected options alone, found '%s'", argv[optind]);
    top = calloc(1, sizeof *top);
    if (top == NULL)
        return command_failed("top", "%s", strerror(ENOMEM));
    top->asking = (struct asking){.command = "top", .file = question.file};
    handlers.context = top;
    status = asking_find(&top->asking, &top->place);
    if (status == COMMAND_DONE && ask_feed_open(&top->place.ask, &handlers, &top->feed) != 0)
        status = command_failed("top", "%s", strerror(ENOMEM));
    if (status == COMMAND_DONE) {
        const bool once = question.once || question.format == ASKING_JSON ||
                          !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO);

        write_where(&top->place, top->board.where, sizeof top->board.where);
        status = once ? run_once(top, question.format) : run(top, question.interval_s);
    }
    ask_feed_close(top->feed);
    board_deinit(&top->board);
    board_deinit(&top->held);
    free(top);
    return status;
}
