/*
 * The rules. By rule `evidence` each signal gives a weight: a log-likelihood ratio, how much more
 * often a tethered connection looks like this than one from the device on the line. Weights of one
 * group are about the same thing and are capped together; all are added to the prior.
 */
#include "watch/judge.h"

#include "base/rounded.h"

#include <math.h>

static const double group_cap[GROUP_COUNT] = {
    [GROUP_HOPS] = 6.0,
    [GROUP_STACK] = 5.0,
    [GROUP_SUBSCRIBER] = 5.0,
    [GROUP_BROWSER] = 3.0,
};

/* Of a browser that names another system: no capture has it, so that it is not fitted, but set low. */
#define BROWSER_WEIGHT 2.5f

/* Rule first-drop knows no doubt; this is how sure it is shown to be. */
#define FIRST_DROP_SURE 0.99

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_UNKNOWN] = "unknown",
        [VERDICT_DIRECT] = "direct",
        [VERDICT_TETHERED] = "tethered",
    };

    return verdict <= VERDICT_TETHERED ? names[verdict] : "unknown";
}

static double logit(double p)
{
    return log(p / (1 - p));
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* What is shown is what is counted. Of such numbers a tenth is the same float as a division by ten. */
static float to_tenths(double weight)
{
    return (float)(rounded(weight * 10) * 0.1);
}

/* Mutes are lighter than any weight. */
static bool is_heavier(const struct evidence *a, const struct evidence *b)
{
    return fabsf(a->weight) > fabsf(b->weight);
}

/* Puts the evidence behind all that is as heavy. */
static void insert_evidence(struct judgement *out, const struct evidence *evidence)
{
    unsigned at = out->evidence_count++;

    for (; at > 0 && is_heavier(evidence, &out->evidence[at - 1]); at--)
        out->evidence[at] = out->evidence[at - 1];
    out->evidence[at] = *evidence;
}

/*
 * Where there is no room the lightest reason goes, but no mute: without it nobody would see why the
 * heavy ones do not count.
 */
static void add_evidence(struct judgement *out, const struct evidence *evidence)
{
    const bool is_mute = evidence->weight == 0;
    unsigned reasons = out->evidence_count;

    if (out->evidence_count < EVIDENCE_MAX) {
        insert_evidence(out, evidence);
        return;
    }
    while (reasons > 0 && out->evidence[reasons - 1].weight == 0)
        reasons--;
    if (reasons == 0 || (!is_mute && !is_heavier(evidence, &out->evidence[reasons - 1])))
        return;
    for (unsigned i = reasons; i < EVIDENCE_MAX; i++)
        out->evidence[i - 1] = out->evidence[i];
    out->evidence_count--;
    insert_evidence(out, evidence);
}

/* What a group's weights are multiplied with, so that they stay within its cap. */
static double group_scale(const struct facts *facts, enum signal_group group, double sum)
{
    double cap = group_cap[group];

    /* Everything that hops say has one other explanation in common: the network is moving. */
    if (group == GROUP_HOPS && sum > 0 && facts->network.move > 0)
        cap = fmin(cap, -log(facts->network.move));
    return fabs(sum) > cap ? cap / fabs(sum) : 1;
}

static enum verdict verdict_of(double probability, double threshold)
{
    if (probability >= threshold)
        return VERDICT_TETHERED;
    return probability <= 1 - threshold ? VERDICT_DIRECT : VERDICT_UNKNOWN;
}

static void judge_by_evidence(const struct watch_settings *settings, const struct facts *facts,
                              struct judgement *out)
{
    struct evidence found[SIGNAL_COUNT];
    double group_sum[GROUP_COUNT] = {0};
    double sum = facts->prior_logit;
    bool weighed = false;
    const unsigned count = signal_weigh_all(facts, found);

    for (unsigned i = 0; i < count; i++)
        group_sum[signal_group((enum signal)found[i].signal)] += (double)found[i].weight;
    for (unsigned i = 0; i < count; i++) {
        const enum signal_group group = signal_group((enum signal)found[i].signal);
        const double weight = (double)found[i].weight * group_scale(facts, group, group_sum[group]);

        found[i].weight = to_tenths(weight);
        if (group != GROUP_MUTE && fabsf(found[i].weight) < 0.05f)
            continue; /* a mute is what has no weight by itself */
        weighed = weighed || group != GROUP_MUTE;
        sum += (double)found[i].weight;
        add_evidence(out, &found[i]);
    }
    out->probability = weighed ? logistic(sum) : facts->prior;
    /* The prior alone is no reason, and neither is anything about a network hardly known. */
    if (weighed && facts->network.enough)
        out->verdict = verdict_of(out->probability, settings->threshold);
}

static void judge_by_first_drop(const struct facts *facts, struct judgement *out)
{
    const uint8_t arrived = facts->observation->hop_limit;
    struct evidence evidence = {.signal = SIGNAL_TOO_LITTLE_SEEN};

    out->probability = 0.5;
    if (facts->finest) {
        const bool is_lower = arrived < facts->finest->highest;

        out->verdict = is_lower ? VERDICT_TETHERED : VERDICT_DIRECT;
        out->probability = is_lower ? FIRST_DROP_SURE : 1 - FIRST_DROP_SURE;
        evidence = (struct evidence){
            .signal = SIGNAL_FIRST_DROP,
            .weight = to_tenths(logit(out->probability)),
            .detail = {arrived, facts->finest->highest},
        };
    }
    add_evidence(out, &evidence);
}

void judge(const struct watch_settings *settings, const struct facts *facts, struct judgement *out)
{
    out->verdict = VERDICT_UNKNOWN;
    out->evidence_count = 0;
    if (settings->rule == RULE_FIRST_DROP)
        judge_by_first_drop(facts, out);
    else
        judge_by_evidence(settings, facts, out);
}

/* Tablets call themselves Macintosh, and phones that are asked for the desktop's page X11; Linux. */
static bool may_be_same(enum stack_family browser, enum stack_family stack)
{
    const bool apple = browser == STACK_MACOS && stack == STACK_IOS;
    const bool android = browser == STACK_LINUX && stack == STACK_ANDROID;

    return browser == stack || apple || android || browser == STACK_UNKNOWN ||
           stack == STACK_UNKNOWN || stack == STACK_OTHER;
}

/*
 * A computer's browser by a handset's packet: an application on the handset opens connections for
 * somebody else. The other way round something in between has opened it, and hops are its own.
 */
void judge_hear(double threshold, enum stack_family browser, bool proxied,
                struct judgement *judgement)
{
    const enum stack_family stack = judgement->stack.family;
    struct evidence evidence = {.signal = SIGNAL_PROXY};

    if (!proxied) {
        if (may_be_same(browser, stack))
            return;
        evidence = (struct evidence){
            .signal = SIGNAL_BROWSER_STACK,
            .weight = stack_family_is_handset(stack) && !stack_family_is_handset(browser)
                          ? BROWSER_WEIGHT
                          : 0,
            .detail = {(uint8_t)browser, (uint8_t)stack},
        };
    }
    judgement->probability = logistic(logit(judgement->probability) + (double)evidence.weight);
    judgement->verdict = evidence.weight > 0 && judgement->verdict != VERDICT_UNKNOWN
                             ? verdict_of(judgement->probability, threshold)
                             : VERDICT_UNKNOWN;
    add_evidence(judgement, &evidence);
}
