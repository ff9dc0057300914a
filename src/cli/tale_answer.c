/*
 * hoptell tale answer: probes out of a capture in, answers into a capture out.
 */
#include "base/units.h"
#include "cli/output.h"
#include "cli/tale.h"
#include "edge/capture.h"
#include "edge/dump.h"
#include "tale/queue.h"
#include "tale/respond.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND "tale answer"

enum {
    SEED_DEFAULT = 1,
    ON_THEIR_WAY_MAX = 1 << 18, /* answers that wait for their time at once */
    ON_THEIR_WAY_OCTETS = 256 * 1024 * 1024,
};

struct question {
    int format; /* 0: text */
    uint64_t seed;
    struct traits visitor;
};

static bool take_seed(const struct option_row *row, const char *value, void *out)
{
    (void)row;
    return units_parse_count(value, out);
}

static const struct option_row rows[] = {
    {"seed", 's', "N", "what decides where chance does: loss, jitter, forks by packet (1)",
     .take = take_seed, .member = offsetof(struct question, seed), .expected = "a number"},
    {"as", 'a', "WHO",
     "as if all were such visitors, as verdict=tethered,hop_limit=51 (nobody known)",
     .take = tale_take_visitor, .member = offsetof(struct question, visitor),
     .expected = TALE_VISITOR_EXPECTED},
    {"format", 'f', "text|json", "how it tells what it did (text)", .take = option_choice,
     .member = offsetof(struct question, format)},
};

const struct options tale_answer_options = {
    .command = COMMAND,
    .operands = "FILE IN OUT",
    .purpose =
        "Reads the packets of the capture IN and writes to OUT, a pcap file of the same link "
        "type,\n"
        "what the tale in FILE answers them, in the order and with the times in which the answers\n"
        "leave. There is no limit for a source, as the daemon has. One of FILE and IN may be '-' "
        "for\n"
        "standard input, and OUT for standard output. Then it tells how many packets were read "
        "and\n"
        "why each was answered or not.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

struct answering {
    struct responder responder;
    struct routers routers;
    struct answer_queue *queue;
    struct dump *dump;
    uint64_t now_ns; /* of the latest packet; it does not go back */
    uint64_t read;
    uint64_t written;
    bool is_full; /* more answers on their way than there is room for */
    uint8_t frame[FRAME_HEADER_MAX + ANSWER_CAPACITY];
};

static void write_due(struct answering *a, uint64_t now_ns)
{
    const uint8_t *octets;
    size_t length;
    uint64_t due_ns;

    while ((octets = answer_queue_pop(a->queue, now_ns, &length, &due_ns)) != NULL) {
        dump_write(a->dump, due_ns, octets, length);
        a->written++;
    }
}

static void answer_packet(const struct captured *captured, void *context)
{
    struct answering *a = context;
    struct cursor c = cursor_over(captured->octets, captured->length);
    struct answer answer;
    size_t header;

    a->read++;
    if (captured->time_ns > a->now_ns)
        a->now_ns = captured->time_ns;
    write_due(a, a->now_ns);
    if (!frame_to_ip(captured->link, &c)) {
        a->responder.count[REASON_NOT_IP]++;
        return;
    }
    header = (size_t)(c.at - captured->octets);
    answer = respond(&a->responder, c.at, cursor_left(&c), a->now_ns, a->frame + header,
                     ANSWER_CAPACITY);
    if (answer.length == 0)
        return;
    memcpy(a->frame, captured->octets, header);
    frame_turn_around(captured->link, a->frame);
    for (unsigned i = 0; i < (answer.duplicate ? 2 : 1); i++)
        if (!answer_queue_push(a->queue, answer.due_ns, a->frame, header + answer.length))
            a->is_full = true;
}

static enum command_status answer_all(struct answering *a, struct capture *capture, const char *in)
{
    long count;

    do {
        count = capture_read(capture, 0, answer_packet, a);
    } while (count > 0 && !a->is_full);
    if (count < 0)
        return command_failed(COMMAND, "%s", capture_error(capture));
    if (a->is_full)
        return command_failed(COMMAND,
                              "%s: expected at most %d answers to be delayed at once, "
                              "found more",
                              in, ON_THEIR_WAY_MAX);
    write_due(a, UINT64_MAX);
    return COMMAND_DONE;
}

static void print_text(const struct answering *a, FILE *to)
{
    fprintf(to, "%-16s %llu\n", "read", (unsigned long long)a->read);
    fprintf(to, "%-16s %llu\n", "written", (unsigned long long)a->written);
    for (unsigned i = 0; i < REASON_COUNT; i++)
        if (a->responder.count[i] > 0)
            fprintf(to, "%-16s %llu  %s\n", reason_name((enum reason)i),
                    (unsigned long long)a->responder.count[i], reason_sentence((enum reason)i));
}

static enum command_status print_json(const struct answering *a, FILE *to)
{
    json_t *reasons = json_object();

    for (unsigned i = 0; i < REASON_COUNT; i++)
        if (a->responder.count[i] > 0)
            json_object_set_new(reasons, reason_name((enum reason)i),
                                json_integer((json_int_t)a->responder.count[i]));
    return tale_print_json(COMMAND, to,
                           json_pack("{s:I, s:I, s:o}", "read", (json_int_t)a->read, "written",
                                     (json_int_t)a->written, "reasons", reasons));
}

/* From `in` to the open `output`, and the account of it. */
static enum command_status answer_to(struct answering *a, const char *in, struct output *output)
{
    struct capture *capture = NULL;
    char error[512];
    enum command_status status;
    int rc;

    if (capture_open_file(in, &capture, error, sizeof error) != 0)
        return command_failed(COMMAND, "%s", error);
    rc = dump_open(output->to, capture_link_type(capture), &a->dump);
    status = rc == 0 ? answer_all(a, capture, in) : COMMAND_DONE;
    capture_close(capture);
    if (rc == 0)
        rc = dump_close(a->dump);
    if (status != COMMAND_DONE)
        return status;
    if (rc == 0)
        rc = output_finish(output);
    if (rc != 0)
        return command_failed(COMMAND, "cannot write %s: %s", output->path, strerror(-rc));
    return COMMAND_DONE;
}

static enum command_status answer_files(struct tale *tale, const char *in, const char *out,
                                        const struct question *question)
{
    struct answering *a = calloc(1, sizeof *a);
    struct output output = {.to = NULL};
    enum command_status status = COMMAND_FAILED;
    /* what is told does not go where the capture goes */
    FILE *const account = strcmp(out, "-") == 0 ? stderr : stdout;
    int rc;

    if (a == NULL || answer_queue_new(ON_THEIR_WAY_MAX, ON_THEIR_WAY_OCTETS, &a->queue) != 0) {
        command_failed(COMMAND, "not enough memory for the answers");
        goto out;
    }
    a->responder.tales = (struct tales){.count = 1, .tale = &tale};
    a->responder.routers = &a->routers;
    a->responder.anybody = question->visitor;
    a->responder.random = random_seeded(question->seed);
    rc = output_open(out, &output);
    if (rc != 0) {
        command_failed(COMMAND, "cannot write %s: %s", out, strerror(-rc));
        goto out;
    }
    status = command_confine(COMMAND, SANDBOX_READER | SANDBOX_WRITER);
    if (status == COMMAND_DONE)
        status = answer_to(a, in, &output);
    if (status == COMMAND_DONE && question->format > 0)
        status = print_json(a, account);
    else if (status == COMMAND_DONE)
        print_text(a, account);
out:
    output_deinit(&output);
    if (a != NULL)
        answer_queue_free(a->queue);
    free(a);
    return status;
}

enum command_status tale_answer(int argc, char **argv)
{
    struct question question = {.seed = SEED_DEFAULT};
    struct tale *tale = NULL;
    enum command_status status;

    if (!options_take(&tale_answer_options, argc, argv, &question, &status))
        return status;
    if (argc - optind != 3)
        return command_usage(COMMAND, "expected three files (a tale, IN, OUT), found %d",
                             argc - optind);
    if (strcmp(argv[optind], "-") == 0 && strcmp(argv[optind + 1], "-") == 0)
        return command_usage(COMMAND, "expected standard input for one file, found it for two");
    status = tale_load(COMMAND, argv[optind], &tale);
    if (status == COMMAND_DONE)
        status = answer_files(tale, argv[optind + 1], argv[optind + 2], &question);
    tale_free(tale);
    return status;
}
