/*
 * hoptell evaluate: captures whose truth is known in, and how good the verdicts are out.
 */
#include "base/labels.h"
#include "cli/command.h"
#include "cli/networks_file.h"
#include "cli/options.h"
#include "cli/replay.h"
#include "cli/stacks.h"
#include "watch/accuracy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { LABELS_OCTETS_MAX = 1 << 30 };

struct question {
    const char *labels;
    int format; /* 0: text */
    int rule;   /* 0: evidence */
    const char *networks;
    const char *stacks;
    const char *p0f;
};

static const struct option_row rows[] = {
    {"format", 'f', "text|json", "how it is printed (text)", .take = option_choice,
     .member = offsetof(struct question, format)},
    {"labels", 'l', "FILE", "the truth, without which there is nothing to say", .take = option_text,
     .member = offsetof(struct question, labels)},
    {"networks", 'w', "FILE", "networks that are known: CSV with prefix,name,kind",
     .take = option_text, .member = offsetof(struct question, networks)},
    {"p0f", 0, "FILE", "go by these signatures of p0f's, too", .take = option_text,
     .member = offsetof(struct question, p0f)},
    {"rule", 'r', "evidence|first-drop", "how it is judged (evidence)", .take = option_choice,
     .member = offsetof(struct question, rule)},
    {"stacks", 0, "FILE", "go by this table of stacks, not by the shipped one", .take = option_text,
     .member = offsetof(struct question, stacks)},
};

const struct options evaluate_options = {
    .command = "evaluate",
    .operands = "CAPTURE...",
    .purpose =
        "Judges the connections of captures and compares with what is known of them, a CSV file\n"
        "with the header address,port,label: label is direct or tethered. Connections without a\n"
        "label are learnt from, not counted.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

struct evaluation {
    struct replay replay;
    struct labels labels;
    struct accuracy accuracy;
    uint64_t unlabelled;
};

static void judged(const struct judgement *judgement, void *context)
{
    struct evaluation *e = context;
    const struct observation *o = &judgement->observation;
    const struct label *label = labels_take(&e->labels, &o->client, o->client_port);

    if (label)
        accuracy_add(&e->accuracy, judgement, label->word == LABEL_TETHERED);
    else
        e->unlabelled++;
}

static void print_text(const struct evaluation *e)
{
    static const char *const names[] = {"direct", "tethered"};
    const struct accuracy *a = &e->accuracy;

    printf("%" PRIu64 " connections with a label, %" PRIu64 " without\n\n",
           accuracy_count(a, false) + accuracy_count(a, true), e->unlabelled);
    printf("%-10s %12s %12s %12s\n", "", "tethered", "unknown", "direct");
    for (unsigned label = 2; label-- > 0;)
        printf("%-10s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "\n", names[label],
               a->judged[label][VERDICT_TETHERED], a->judged[label][VERDICT_UNKNOWN],
               a->judged[label][VERDICT_DIRECT]);
    printf("\nprecision %.4f, recall %.4f, unknown %.4f, calibration error %.4f\n\n",
           accuracy_precision(a), accuracy_recall(a), accuracy_unknown(a),
           accuracy_calibration_error(a));
    printf("%12s %12s %12s\n", "probability", "came true", "connections");
    for (unsigned i = 0; i < ACCURACY_BINS; i++)
        if (a->bin[i].count > 0)
            printf("%12.3f %12.3f %12" PRIu64 "\n", a->bin[i].said / (double)a->bin[i].count,
                   (double)a->bin[i].tethered / (double)a->bin[i].count, a->bin[i].count);
}

static void print_json(const struct evaluation *e)
{
    const struct accuracy *a = &e->accuracy;
    const char *comma = "";

    printf("{\"labelled\": %" PRIu64 ", \"unlabelled\": %" PRIu64 ", \"judged\": {",
           accuracy_count(a, false) + accuracy_count(a, true), e->unlabelled);
    for (unsigned label = 2; label-- > 0; comma = ", ")
        printf("%s\"%s\": {\"tethered\": %" PRIu64 ", \"unknown\": %" PRIu64
               ", \"direct\": %" PRIu64 "}",
               comma, label ? "tethered" : "direct", a->judged[label][VERDICT_TETHERED],
               a->judged[label][VERDICT_UNKNOWN], a->judged[label][VERDICT_DIRECT]);
    printf("}, \"precision\": %.6f, \"recall\": %.6f, \"unknown\": %.6f, "
           "\"calibration_error\": %.6f, \"calibration\": [",
           accuracy_precision(a), accuracy_recall(a), accuracy_unknown(a),
           accuracy_calibration_error(a));
    comma = "";
    for (unsigned i = 0; i < ACCURACY_BINS; i++) {
        if (a->bin[i].count == 0)
            continue;
        printf("%s{\"probability\": %.4f, \"came_true\": %.4f, \"connections\": %" PRIu64 "}",
               comma, a->bin[i].said / (double)a->bin[i].count,
               (double)a->bin[i].tethered / (double)a->bin[i].count, a->bin[i].count);
        comma = ", ";
    }
    puts("]}");
}

static enum command_status load_labels(const char *path, struct labels *out)
{
    enum command_status status = COMMAND_DONE;
    struct report *report = malloc(sizeof *report);
    size_t length;
    char *text = command_slurp("evaluate", path, LABELS_OCTETS_MAX, &length);
    int rc;

    if (!text || !report) {
        status = COMMAND_FAILED;
        goto out;
    }
    report_init(report, path);
    rc = labels_parse(text, length, &label_verdicts, report, out);
    if (rc == -EINVAL)
        command_print_report(report);
    if (rc < 0)
        status = rc == -ENOMEM ? command_failed("evaluate", "expected memory for the labels, found "
                                                            "too little")
                               : COMMAND_FAILED;
out:
    free(text);
    free(report);
    return status;
}

static enum command_status evaluate(struct evaluation *e, const struct watch_settings *settings,
                                    char **files)
{
    enum command_status status = COMMAND_DONE;

    if (watch_new(settings, &e->replay.watch) != 0)
        return command_failed("evaluate", "expected memory for what is learnt, found too little");
    for (; *files != NULL && status == COMMAND_DONE; files++) {
        char error[512];

        if (replay_file(&e->replay, *files, error, sizeof error) != 0)
            status = command_failed("evaluate", "%s", error);
    }
    watch_free(e->replay.watch);
    return status;
}

enum command_status command_evaluate(int argc, char **argv)
{
    struct evaluation evaluation = {.replay = {.judged = judged, .context = &evaluation}};
    struct watch_settings settings = watch_settings_default();
    struct stack_table *stacks = NULL;
    enum command_status status;
    struct named_networks *named = NULL;
    struct question question = {.labels = NULL};

    if (!options_take(&evaluate_options, argc, argv, &question, &status))
        return status;
    if (question.labels == NULL)
        return command_usage("evaluate", "expected --labels FILE, found none");
    if (optind == argc)
        return command_usage("evaluate", "expected a capture file, found none");
    if (command_confine("evaluate", SANDBOX_READER) != COMMAND_DONE)
        return COMMAND_FAILED;
    settings.rule = question.rule == 0 ? RULE_EVIDENCE : RULE_FIRST_DROP;
    /* No random key: nobody waits while a capture makes tables slow, and figures are to come again. */
    if (question.networks != NULL && networks_file_load(question.networks, &named) != 0)
        return COMMAND_FAILED;
    settings.named = named;
    if (stacks_load(question.stacks, question.p0f, &stacks) != 0)
        return COMMAND_FAILED;
    settings.stacks = stacks;
    status = load_labels(question.labels, &evaluation.labels);
    if (status == COMMAND_DONE)
        status = evaluate(&evaluation, &settings, argv + optind);
    if (status == COMMAND_DONE)
        (question.format == 0 ? print_text : print_json)(&evaluation);
    labels_deinit(&evaluation.labels);
    named_networks_free(named);
    free(stacks);
    return status;
}
