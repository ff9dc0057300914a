/*
 * Raw packets, one after the other, each with its length in two octets before it: observed, judged,
 * put into words, and found again; what was learnt of them is shown, saved, restored and forgotten.
 * An odd number of octets asks for the rule first-drop.
 */
#include "watch/judge.h"
#include "watch/network.h"
#include "watch/signature.h"
#include "watch/watch.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct watch *watch, const struct judgement *judgement)
{
    struct judgement found;
    char text[EVIDENCE_TEXT_MAX];

    require(judgement->probability >= 0 && judgement->probability <= 1);
    require(judgement->evidence_count <= EVIDENCE_MAX);
    require(judgement->hops == judgement->initial - judgement->observation.hop_limit);
    for (unsigned i = 0; i < judgement->evidence_count; i++)
        require(strlen(evidence_text(&judgement->evidence[i], text, sizeof text)) > 0);
    require(watch_lookup(watch, &judgement->observation.client, judgement->observation.client_port,
                         &found));
    require(found.verdict == judgement->verdict && found.hops == judgement->hops);
}

static void check_heard(const struct watch *watch, const struct judgement *judgement)
{
    for (unsigned i = 0; i <= STACK_UNKNOWN; i++) {
        struct judgement heard = *judgement;

        judge_hear(watch_threshold(watch), (enum stack_family)i, i == 0, &heard);
        require(heard.probability >= 0 && heard.probability <= 1);
        require(heard.evidence_count <= EVIDENCE_MAX);
    }
}

static void check_network(const struct network *network, void *context)
{
    struct network_summary summary;
    double shares = 0;

    (void)context;
    network_summarize(network, &summary);
    require(summary.mode_count <= NETWORK_CELLS);
    for (unsigned i = 0; i < summary.mode_count; i++)
        shares += summary.mode[i].share;
    require(shares <= 1.001 && summary.tethered >= 0 && summary.tethered <= 1);
}

static bool restore(const struct baseline *baseline, void *context)
{
    require(watch_restore(context, baseline) == 0);
    return true;
}

/* The other has more room: in another order the same entries may not all find a place in as many. */
static void check_learnt(struct watch *watch, const struct watch_settings *settings,
                         const struct address *client)
{
    struct watch_settings roomy = *settings;
    uint64_t position = 0;
    struct watch *other;

    roomy.networks = roomy.subscribers = 16 * settings->subscribers;
    watch_each_network(watch, check_network, NULL);
    require(watch_new(&roomy, &other) == 0);
    watch_each_baseline(watch, &position, restore, other);
    require((watch_subscriber(watch, client) == NULL) || watch_subscriber(other, client) != NULL);
    watch_free(other);
    watch_forget(watch, client);
    require(watch_subscriber(watch, client) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct watch_settings settings = watch_settings_default();
    struct cursor c = cursor_over(octets, length);
    struct watch *watch;
    struct address client = address_v4((const uint8_t[]){192, 0, 2, 1});
    uint64_t time_ns = 1700000000u * 1000000000ull;

    settings.rule = length % 2 == 0 ? RULE_EVIDENCE : RULE_FIRST_DROP;
    settings.networks = settings.subscribers = settings.connections = 64;
    require(watch_new(&settings, &watch) == 0);
    while (cursor_left(&c) > 2) {
        const uint16_t wanted = cursor_u16(&c);
        const size_t left = cursor_left(&c);
        const size_t taken = wanted < left ? wanted : left;
        const uint8_t *packet = cursor_take(&c, taken);
        struct observation observation;
        struct judgement judgement;
        char signature[SIGNATURE_TEXT_MAX];

        time_ns += (uint64_t)wanted << 24;
        if (observation_from_packet(packet, taken, time_ns, &observation) != OBSERVATION_TAKEN)
            continue;
        watch_observe(watch, &observation, &judgement);
        check(watch, &judgement);
        check_heard(watch, &judgement);
        client = observation.client;
        require(!watch_observe(watch, &observation, &judgement)); /* it comes once more */
        (void)watch_hop_limit(watch, &client, (uint8_t)(wanted >> 3), time_ns);
        signature_text(&observation, signature);
        require(strlen(signature) < sizeof signature - 1); /* nothing was cut off */
    }
    check_learnt(watch, &settings, &client);
    watch_free(watch);
    return 0;
}
