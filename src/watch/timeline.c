/*
 * From connections to episodes; see timeline.h.
 */
#include "watch/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US 1000000u

void moment_of(const struct judgement *judgement, struct moment *out)
{
    const struct evidence *first = &judgement->evidence[0];

    *out = (struct moment){
        .time_us = judgement->observation.time_ns / 1000,
        .verdict = judgement->verdict,
        .family = judgement->stack.family,
        .probability = judgement->probability,
    };
    if (judgement->evidence_count == 0 || first->weight <= 0)
        return;
    out->reason.weight = first->weight;
    snprintf(out->reason.signal, sizeof out->reason.signal, "%s", evidence_signal(first));
    evidence_text(first, out->reason.text, sizeof out->reason.text);
}

static int compare(const void *a, const void *b)
{
    const struct moment *left = a;
    const struct moment *right = b;

    if (left->time_us != right->time_us)
        return left->time_us < right->time_us ? -1 : 1;
    if (left->verdict != right->verdict)
        return left->verdict < right->verdict ? -1 : 1;
    return (int)left->family - (int)right->family;
}

size_t timeline_sort(struct moment *moments, size_t count)
{
    size_t kept = 0;

    if (count == 0)
        return 0;
    qsort(moments, count, sizeof moments[0], compare);
    for (size_t i = 1; i < count; i++)
        if (compare(&moments[kept], &moments[i]) != 0)
            moments[++kept] = moments[i];
    return kept + 1;
}

static bool is_near(uint64_t before_us, uint64_t after_us, unsigned seconds)
{
    return after_us - before_us <= (uint64_t)seconds * SECOND_US;
}

/* The strongest of each signal, the strongest first. */
static void add_reason(struct episode *episode, const struct timeline_evidence *reason)
{
    unsigned at = 0;

    if (reason->weight <= 0)
        return;
    while (at < episode->reason_count && strcmp(episode->reason[at].signal, reason->signal) != 0)
        at++;
    if (at < episode->reason_count && episode->reason[at].weight >= reason->weight)
        return;
    if (at == EPISODE_REASONS) {
        if (episode->reason[--at].weight >= reason->weight)
            return;
    } else if (at == episode->reason_count) {
        episode->reason_count++;
    }
    for (; at > 0 && episode->reason[at - 1].weight < reason->weight; at--)
        episode->reason[at] = episode->reason[at - 1];
    episode->reason[at] = *reason;
}

static void begin(struct episode *episode, const struct moment *moment)
{
    *episode = (struct episode){
        .from_us = moment->time_us,
        .to_us = moment->time_us,
        .verdict = moment->verdict,
        .host = STACK_UNKNOWN,
        .probability = moment->probability,
    };
}

static void add(struct episode *episode, const struct moment *moment)
{
    const bool is_tethered = moment->verdict == VERDICT_TETHERED;

    episode->to_us = moment->time_us;
    episode->connections++;
    episode->family[moment->family]++;
    if (moment->verdict != VERDICT_UNKNOWN)
        episode->verdict = moment->verdict;
    if (is_tethered == (moment->probability > episode->probability))
        episode->probability = moment->probability;
    if (is_tethered)
        add_reason(episode, &moment->reason);
}

/* Most of what others sent around it, of those whose family is known. */
static enum stack_family host_of(const struct episode *episode, const struct moment *moments,
                                 size_t count)
{
    uint32_t seen[STACK_UNKNOWN + 1] = {0};
    enum stack_family best = STACK_UNKNOWN;

    for (size_t i = 0; i < count; i++) {
        const struct moment *m = &moments[i];
        const bool is_before = m->time_us < episode->from_us;

        if (m->verdict == VERDICT_TETHERED ||
            !(is_before ? is_near(m->time_us, episode->from_us, TIMELINE_AROUND_S)
                        : m->time_us <= episode->to_us ||
                              is_near(episode->to_us, m->time_us, TIMELINE_AROUND_S)))
            continue;
        seen[m->family]++;
    }
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        if (seen[i] > (best == STACK_UNKNOWN ? 0 : seen[best]))
            best = (enum stack_family)i;
    return best;
}

/* The end of the tethered connections that `first` begins. */
static size_t tethered_end(const struct moment *moments, size_t count, size_t first)
{
    size_t last = first;

    for (size_t i = first + 1; i < count; i++) {
        if (!is_near(moments[last].time_us, moments[i].time_us, TIMELINE_GAP_S))
            break;
        if (moments[i].verdict == VERDICT_TETHERED)
            last = i;
    }
    return last + 1;
}

static size_t tethered_episode(const struct moment *moments, size_t count, size_t first,
                               struct episode *out)
{
    const size_t end = tethered_end(moments, count, first);

    begin(out, &moments[first]);
    for (size_t i = first; i < end; i++) {
        if (moments[i].verdict == VERDICT_TETHERED)
            add(out, &moments[i]);
        else
            out->beside++;
    }
    out->host = host_of(out, moments, count);
    return end;
}

static size_t other_episode(const struct moment *moments, size_t count, size_t first,
                            struct episode *out)
{
    size_t i = first;

    begin(out, &moments[first]);
    do
        add(out, &moments[i++]);
    while (i < count && moments[i].verdict != VERDICT_TETHERED &&
           is_near(moments[i - 1].time_us, moments[i].time_us, TIMELINE_GAP_S));
    return i;
}

static void turn_round(struct episode *episodes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const struct episode swapped = episodes[i];

        episodes[i] = episodes[count - 1 - i];
        episodes[count - 1 - i] = swapped;
    }
}

size_t timeline_episodes(const struct moment *moments, size_t count, struct episode *out,
                         size_t most)
{
    size_t found = 0;

    for (size_t i = 0; most > 0 && i < count;) {
        if (found == most) { /* the oldest goes */
            memmove(out, out + 1, (most - 1) * sizeof out[0]);
            found--;
        }
        i = (moments[i].verdict == VERDICT_TETHERED ? tethered_episode : other_episode)(
            moments, count, i, &out[found]);
        found++;
    }
    turn_round(out, found);
    return found;
}
