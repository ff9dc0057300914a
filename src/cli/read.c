/*
 * hoptell read: captures in, a judgement for each opening packet out, as text, JSON or a summary.
 */
#include "base/settings.h"
#include "cli/colour.h"
#include "cli/command.h"
#include "cli/networks_file.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/replay.h"
#include "cli/stacks.h"
#include "cli/summary.h"
#include "cli/text.h"
#include "edge/pages.h"
#include "serve/json.h"
#include "watch/signature.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OUTPUT_BUFFER = 64 * 1024,
    LARGE_CAPTURE = 8 * 1024 * 1024, /* octets, from which on its packets are all over the tables */
};

enum read_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SUMMARY };

struct question {
    int format; /* enum read_format */
    int rule;   /* enum watch_rule */
    bool signature;
    const char *networks;
    const char *stacks;
    const char *p0f;
    int subscriber; /* enum watch_subscriber */
};

static const struct option_row rows[] = {
    {"format", 'f', "text|json|summary", "how it is printed (text)", .take = option_choice,
     .member = offsetof(struct question, format)},
    {"networks", 'w', "FILE", "networks that are known: CSV with prefix,name,kind",
     .take = option_text, .member = offsetof(struct question, networks)},
    {"p0f", 0, "FILE", "go by these signatures of p0f's, too", .take = option_text,
     .member = offsetof(struct question, p0f)},
    {"rule", 'r', "evidence|first-drop", "how it is judged (evidence)", .take = option_choice,
     .member = offsetof(struct question, rule)},
    {"signature", 's', NULL, "with each packet in p0f's raw notation", .take = option_flag,
     .member = offsetof(struct question, signature)},
    {"stacks", 0, "FILE", "go by this table of stacks, not by the shipped one", .take = option_text,
     .member = offsetof(struct question, stacks)},
    {"subscriber", 0, "address|tunnel", "what a subscriber goes by (address)",
     .take = option_choice, .member = offsetof(struct question, subscriber)},
};

const struct options read_options = {
    .command = "read",
    .operands = "FILE...",
    .purpose = "Judges each opening TCP packet of captures (pcap, pcapng) by what came before it.\n"
               "Several files are read as one, in the order given; '-' is standard input.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

struct reading {
    struct replay replay;
    struct summary summary;
    struct progress progress;
    const char *file;
    bool colour;
    bool signature;   /* is shown as well */
    bool quiet;       /* no progress bar among the lines */
    bool follows;     /* packets come while we read: show each as soon as no other is there */
    int output_error; /* a positive errno */
};

static void write_output(struct reading *r, const char *text, size_t length)
{
    if (r->output_error == 0 && fwrite_unlocked(text, 1, length, stdout) != length)
        r->output_error = errno;
}

static void flush_output(struct reading *r)
{
    if (r->output_error == 0 && fflush(stdout) != 0)
        r->output_error = errno;
}

static void judged_text(const struct judgement *judgement, void *context)
{
    struct reading *r = context;
    struct text text;
    char lines[TEXT_MAX];

    text_from_judgement(judgement, &text);
    write_output(r, lines, text_lines(&text, r->colour, lines));
    if (r->signature) {
        char signature[SIGNATURE_TEXT_MAX];
        const int length = snprintf(lines, sizeof lines, "%28s %s\n", "",
                                    signature_text(&judgement->observation, signature));

        write_output(r, lines, (size_t)length);
    }
}

/* Adds a member to an object of one line; letters of signatures need no escapes. */
static size_t json_add_signature(const struct judgement *judgement, char *line, size_t length)
{
    char signature[SIGNATURE_TEXT_MAX];

    return length - 1 +
           (size_t)snprintf(line + length - 1, SIGNATURE_TEXT_MAX + 32, ", \"signature\": \"%s\"}",
                            signature_text(&judgement->observation, signature));
}

static void judged_json(const struct judgement *judgement, void *context)
{
    struct reading *r = context;
    char line[JSON_LINE_MAX + SIGNATURE_TEXT_MAX + 32];
    size_t length = json_judgement_line(judgement, line, JSON_LINE_MAX);

    if (r->signature)
        length = json_add_signature(judgement, line, length);
    line[length++] = '\n';
    write_output(r, line, length);
}

static void judged_summary(const struct judgement *judgement, void *context)
{
    struct reading *r = context;

    summary_add(&r->summary, judgement);
}

/* In the order of `formats`. */
static void (*const judged_as[])(const struct judgement *judgement, void *context) = {
    judged_text,
    judged_json,
    judged_summary,
};

/* Ctrl-C was pressed: what was read so far is told, and then it ends as if by the signal. */
static volatile sig_atomic_t is_interrupted;

static void interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

/* The next Ctrl-C ends it at once, be it that it waits for a pipe. */
static void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = interrupt,
                               .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    struct sigaction before;

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, NULL, &before);
    if (before.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
}

static bool going_on(const struct capture *capture, void *context)
{
    struct reading *r = context;
    const struct capture_progress at = capture_progress(capture);

    if (at.size == 0) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

        if (r->follows && poll(&input, 1, 0) == 0)
            flush_output(r);
    }
    progress_show(&r->progress, r->file, at.octets, at.size, at.packets);
    return r->output_error == 0 && !is_interrupted;
}

/*
 * Opens every file that can be opened twice, so that a wrong name at the end is said before the
 * first is read.
 */
static enum command_status check_files(char **files)
{
    for (; *files != NULL; files++) {
        struct capture *capture = NULL;
        struct stat status;
        char error[512];

        if (strcmp(*files, "-") == 0 ||
            (stat(*files, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
            continue;
        if (capture_open_file(*files, &capture, error, sizeof error) != 0)
            return command_failed("read", "%s", error);
        capture_close(capture);
    }
    return COMMAND_DONE;
}

static bool is_large(char **files)
{
    uint64_t octets = 0;
    struct stat status;

    for (; *files != NULL; files++)
        if (stat(*files, &status) == 0 && S_ISREG(status.st_mode))
            octets += (uint64_t)status.st_size;
    return octets >= LARGE_CAPTURE;
}

static enum command_status read_files(struct reading *r, char **files)
{
    enum command_status status = COMMAND_DONE;

    for (; *files != NULL && r->output_error == 0 && !is_interrupted; files++) {
        char error[512];

        r->file = *files;
        r->follows = strcmp(*files, "-") == 0;
        progress_start(&r->progress, r->quiet ? NULL : stderr);
        if (replay_file(&r->replay, *files, error, sizeof error) == 0) {
            progress_clear(&r->progress);
            continue;
        }
        progress_clear(&r->progress);
        flush_output(r); /* what came before the fault stands before the message */
        status = command_failed("read", "%s", error);
    }
    return status;
}

/* Whoever read our output has enough when it closes the pipe; that is no failure. */
static enum command_status check_output(const struct reading *r, enum command_status status)
{
    if (r->output_error == 0 || r->output_error == EPIPE)
        return status;
    return command_failed("read", "expected to write to standard output, found: %s",
                          strerror(r->output_error));
}

static enum command_status read_with(struct reading *r, const struct watch_settings *settings,
                                     int format, char **files)
{
    enum command_status status;

    if (summary_init(&r->summary) != 0 || watch_new(settings, &r->replay.watch) != 0) {
        status = command_failed("read", "expected memory for what is learnt, found too little");
        goto out;
    }
    status = read_files(r, files);
    if (judged_as[format] == judged_summary)
        summary_print(&r->summary, &r->replay.counts, stdout);
    flush_output(r);
    status = check_output(r, status);
    if (is_interrupted)
        status = command_failed("read", "interrupted: this is of the first %llu packets",
                                (unsigned long long)r->replay.counts.packets);
out:
    watch_free(r->replay.watch);
    summary_deinit(&r->summary);
    return status;
}

enum command_status command_read(int argc, char **argv)
{
    struct reading reading = {.replay = {.going_on = going_on, .context = &reading}};
    struct watch_settings settings = watch_settings_default();
    struct stack_table *stacks = NULL;
    static char buffer[OUTPUT_BUFFER]; /* stdout's until the program ends */
    struct question question = {.format = FORMAT_TEXT};
    struct named_networks *named = NULL;
    enum command_status status;

    if (!options_take(&read_options, argc, argv, &question, &status))
        return status;
    if (question.signature && question.format == FORMAT_SUMMARY)
        return command_usage("read", "expected text or json with --signature, found summary");
    if (optind == argc)
        return command_usage("read", "expected a capture file ('-' is standard input), found none");
    if (command_confine("read", SANDBOX_READER) != COMMAND_DONE ||
        check_files(argv + optind) != COMMAND_DONE ||
        stacks_load(question.stacks, question.p0f, &stacks) != 0)
        return COMMAND_FAILED;
    if (question.networks != NULL && networks_file_load(question.networks, &named) != 0)
        return COMMAND_FAILED;

    signal(SIGPIPE, SIG_IGN);
    catch_interrupt();
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    settings.named = named;
    settings.rule = question.rule == 0 ? RULE_EVIDENCE : RULE_FIRST_DROP;
    if (getrandom(settings.hash_key, sizeof settings.hash_key, 0) != sizeof settings.hash_key) {
        free(stacks);
        return command_failed("read", "expected random octets from the system, found: %s",
                              strerror(errno));
    }
    reading.signature = question.signature;
    reading.replay.by_tunnel = question.subscriber == SUBSCRIBER_TUNNEL;
    reading.replay.judged = judged_as[question.format];
    reading.quiet = isatty(STDOUT_FILENO) && question.format != FORMAT_SUMMARY;
    reading.colour = colour_wanted(STDOUT_FILENO);
    settings.stacks = stacks;
    settings.taken = is_large(argv + optind) ? pages_prefer_large : NULL;
    status = read_with(&reading, &settings, question.format, argv + optind);
    named_networks_free(named);
    free(stacks);
    if (is_interrupted)
        raise(SIGINT); /* so that a shell's loop ends as well */
    return status;
}
