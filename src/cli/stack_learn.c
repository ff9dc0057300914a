/*
 * hoptell stack learn: opening packets whose stack is known in, a table of stacks out.
 */
#include "watch/stack_learn.h"
#include "base/labels.h"
#include "cli/stack.h"
#include "edge/capture.h"
#include "watch/labelled.h"
#include "wire/tunnel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND "stack learn"

enum { FILE_OCTETS_MAX = 1 << 30 };

struct question {
    const char *labels; /* NULL: the operands are CSV */
    const char *stacks; /* NULL: the shipped table */
    bool mix;
};

static const struct option_row rows[] = {
    {"labels", 'l', "FILE", "captures follow, and this says whose packets they hold",
     .take = option_text, .member = offsetof(struct question, labels)},
    {"stacks", 0, "FILE", "begin from this table, not from the shipped one", .take = option_text,
     .member = offsetof(struct question, stacks)},
    {"mix", 0, NULL, "learn too how common each family is", .take = option_flag,
     .member = offsetof(struct question, mix)},
};

const struct options stack_learn_options = {
    .command = COMMAND,
    .operands = "FILE...",
    .purpose =
        "Fits the table of stacks to packets of a known stack, and prints it for watch.stacks and\n"
        "--stacks. FILE is CSV with the columns signature, as of read -s, and stack; or,\n"
        "with --labels, a capture, and the labels are CSV with the header address,port,stack.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

struct learning {
    struct stack_learn *learn;
    struct labels labels;
    uint64_t learnt;
    uint64_t unlabelled;
};

static void learn_line(const struct labelled *labelled, void *context)
{
    struct learning *l = context;

    stack_learn_add(l->learn, labelled->family, &labelled->observation, labelled->count);
    l->learnt += labelled->count;
}

static void learn_packet(const struct captured *captured, void *context)
{
    struct learning *l = context;
    struct cursor c = cursor_over(captured->octets, captured->length);
    struct observation o;
    const struct label *label;

    if (!tunnel_to_ip(captured->link, &c) ||
        observation_from_packet(c.at, cursor_left(&c), captured->time_ns, &o) != OBSERVATION_TAKEN)
        return;
    label = labels_find(&l->labels, &o.client, o.client_port);
    if (!label) {
        l->unlabelled++;
        return;
    }
    stack_learn_add(l->learn, (enum stack_family)label->word, &o, 1);
    l->learnt++;
}

static enum command_status learn_capture(struct learning *l, const char *path)
{
    struct capture *capture = NULL;
    enum command_status status = COMMAND_DONE;
    char error[512];

    if (capture_open_file(path, &capture, error, sizeof error) != 0)
        return command_failed(COMMAND, "%s", error);
    if (capture_read(capture, 0, learn_packet, l) < 0)
        status = command_failed(COMMAND, "%s", capture_error(capture));
    capture_close(capture);
    return status;
}

/* Reads a text whole and gives it to `parse`, whose errors are printed. */
static enum command_status read_text(const char *path,
                                     int (*parse)(struct learning *l, const char *text,
                                                  size_t length, struct report *report),
                                     struct learning *l)
{
    struct report report;
    size_t length;
    char *text = command_slurp(COMMAND, path, FILE_OCTETS_MAX, &length);
    int rc;

    if (text == NULL)
        return COMMAND_FAILED;
    report_init(&report, path);
    rc = parse(l, text, length, &report);
    command_print_report(&report);
    free(text);
    if (rc == -ENOMEM)
        return command_failed(COMMAND, "expected memory for %s, found too little", path);
    return rc == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

static int parse_csv(struct learning *l, const char *text, size_t length, struct report *report)
{
    return labelled_parse(text, length, report, learn_line, l);
}

static int parse_labels(struct learning *l, const char *text, size_t length, struct report *report)
{
    return labels_parse(text, length, &label_stacks, report, &l->labels);
}

static int parse_table(struct learning *l, const char *text, size_t length, struct report *report)
{
    return stack_learn_new(text, length, report, &l->learn);
}

static enum command_status begin(struct learning *l, const struct question *q)
{
    struct report report;
    enum command_status status = COMMAND_DONE;

    report_init(&report, "stacks.txt");
    if (q->stacks != NULL)
        status = read_text(q->stacks, parse_table, l);
    else if (parse_table(l, watch_stacks_txt, strlen(watch_stacks_txt), &report) != 0)
        status = command_failed(COMMAND, "expected memory for the table, found too little");
    if (status == COMMAND_DONE && q->labels != NULL)
        status = read_text(q->labels, parse_labels, l);
    return status;
}

static void put(const char *text, void *context)
{
    fputs(text, context);
}

static enum command_status finish(const struct learning *l, const struct question *q)
{
    const char *separator = ": ";

    if (l->learnt == 0)
        return command_failed(COMMAND, q->labels != NULL
                                           ? "expected opening packets with a label, found none"
                                           : "expected lines after the header, found none");
    stack_learn_write(l->learn, q->mix, put, stdout);
    if (fflush(stdout) != 0)
        return command_failed(COMMAND, "expected to write to standard output, found: %s",
                              strerror(errno));
    fprintf(stderr, "learnt from %" PRIu64 " packets", l->learnt);
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        if (stack_learn_seen(l->learn, (enum stack_family)i) > 0) {
            fprintf(stderr, "%s%s %" PRIu64, separator, stack_family_name((enum stack_family)i),
                    stack_learn_seen(l->learn, (enum stack_family)i));
            separator = ", ";
        }
    fprintf(stderr, "; %" PRIu64 " had no label\n", l->unlabelled);
    if (stack_learn_left_out(l->learn) > 0)
        fprintf(stderr, "%" PRIu64 " values came after the %d that are told apart: left out\n",
                stack_learn_left_out(l->learn), STACK_LEARN_VALUES_MAX);
    return COMMAND_DONE;
}

enum command_status stack_learn(int argc, char **argv)
{
    struct question q = {.labels = NULL};
    struct learning l = {.learn = NULL};
    enum command_status status;

    if (!options_take(&stack_learn_options, argc, argv, &q, &status))
        return status;
    if (optind == argc)
        return command_usage(COMMAND, "expected %s, found none",
                             q.labels != NULL ? "a capture file" : "a file of CSV");
    status = command_confine(COMMAND, SANDBOX_READER);
    if (status == COMMAND_DONE)
        status = begin(&l, &q);
    for (char **file = argv + optind; *file != NULL && status == COMMAND_DONE; file++)
        status = q.labels != NULL ? learn_capture(&l, *file) : read_text(*file, parse_csv, &l);
    if (status == COMMAND_DONE)
        status = finish(&l, &q);
    stack_learn_free(l.learn);
    labels_deinit(&l.labels);
    return status;
}
