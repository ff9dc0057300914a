/*
 * strengths CAPTURE LABELS [NETWORKS]: for each connection that has a label, how strongly every signal
 * speaks, before it is weighed. One line each, comma-separated:
 *
 *     tethered (0, 1), whether a verdict may be given (0, 1), the most that hops may say, signals...
 *
 * after a line each of the signals' names, of their groups and of what these are capped at.
 *
 * The judge's own source is included, so that it can be asked and then go on as it always does: what
 * is learnt does not depend on weights.
 */
#define judge judge_as_shipped
#include "watch/judge.c"
#undef judge

#include "base/labels.h"
#include "cli/replay.h"

#include <stdio.h>
#include <stdlib.h>

void judge(const struct watch_settings *settings, const struct facts *facts, struct judgement *out);

static struct {
    double strength[SIGNAL_COUNT];
    double hops_most;
    bool enough;
} last;

void judge(const struct watch_settings *settings, const struct facts *facts, struct judgement *out)
{
    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        struct evidence evidence;

        last.strength[i] =
            signal_strength((enum signal)i, facts, &evidence) ? (double)evidence.weight : 0;
    }
    last.enough = facts->network.enough;
    last.hops_most = facts->network.move > 0 ? -log(facts->network.move) : 99;
    judge_as_shipped(settings, facts, out);
}

static void judged(const struct judgement *judgement, void *context)
{
    const struct observation *o = &judgement->observation;
    const struct label *label = labels_take(context, &o->client, o->client_port);

    if (!label)
        return;
    printf("%d,%d,%.2f", label->word == LABEL_TETHERED, last.enough, last.hops_most);
    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        printf(",%.4g", last.strength[i]);
    printf("\n");
}

static char *slurp(const char *path, size_t *out_length)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(1u << 28);

    if (!file || !text) {
        perror(path);
        exit(3);
    }
    *out_length = fread(text, 1, 1u << 28, file);
    fclose(file);
    return text;
}

static void print_report(const struct report *report)
{
    char line[512];

    for (unsigned i = 0; i < report->count; i++)
        fprintf(stderr, "%s\n", report_line(report, i, line, sizeof line));
}

static void print_header(void)
{
    printf("tethered,enough,hops_most");
    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        printf(",%s", evidence_signal(&(struct evidence){.signal = (uint8_t)i}));
    printf("\n,,");
    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        printf(",%d", (int)signal_group((enum signal)i));
    printf("\n,,");
    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        printf(",%.1f", group_cap[signal_group((enum signal)i)]);
    printf("\n");
}

int main(int argc, char **argv)
{
    struct watch_settings settings = watch_settings_default();
    struct replay replay = {.judged = judged};
    struct named_networks *named = NULL;
    struct labels labels;
    struct report report;
    char error[512];
    size_t length;
    char *text;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: strengths CAPTURE LABELS [NETWORKS]\n");
        return 2;
    }
    text = slurp(argv[2], &length);
    report_init(&report, argv[2]);
    if (labels_parse(text, length, &label_verdicts, &report, &labels) == 0 && argc == 4) {
        free(text);
        text = slurp(argv[3], &length);
        report_init(&report, argv[3]);
        (void)named_networks_new(text, length, &report, &named);
    }
    free(text);
    print_report(&report);
    settings.named = named;
    if (report.errors > 0 || watch_new(&settings, &replay.watch) != 0)
        return 3;
    replay.context = &labels;
    print_header();
    if (replay_file(&replay, argv[1], error, sizeof error) != 0) {
        fprintf(stderr, "%s\n", error);
        return 3;
    }
    watch_free(replay.watch);
    named_networks_free(named);
    labels_deinit(&labels);
    return 0;
}
