/* Judgements for tests: a plain one, and as many random but reproducible ones as are wanted. */
#ifndef HOPTELL_TESTS_JUDGEMENTS_H
#define HOPTELL_TESTS_JUDGEMENTS_H

#include "watch/judgement.h"
#include "watch/signal.h"
#include "wire/tunnel.h"

/* design 4.1's example, but for the words of its evidence: the judge has none here. */
static inline struct judgement judgement_example(void)
{
    const uint8_t client[4] = {203, 0, 113, 7};
    const uint8_t server[4] = {198, 51, 100, 1};
    struct judgement j = {
        .observation =
            {
                .time_ns = 1700000000123456000,
                .client = address_v4(client),
                .server = address_v4(server),
                .client_port = 40001,
                .server_port = 443,
                .hop_limit = 51,
            },
        .initial = 64,
        .hops = 13,
        .stack = {.probability = {[STACK_ANDROID] = 0.93, [STACK_LINUX] = 0.07},
                  .family = STACK_ANDROID},
        .network = {.known = true, .hop_limit = 52, .share = 0.94, .seen = 1812},
        .verdict = VERDICT_TETHERED,
        .probability = 0.981,
    };

    j.network.prefix = prefix_of(&j.observation.client, 120);
    return j;
}

/* xorshift64: the same judgements on every machine; *state must not be zero. */
static inline uint64_t judgement_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline double judgement_random_share(uint64_t *state)
{
    return (double)(judgement_random(state) >> 11) / (double)(1ull << 53);
}

static inline struct address judgement_random_address(uint64_t *state)
{
    struct address a = {{0}};

    for (unsigned i = 0; i < 16; i++)
        a.octets[i] = (uint8_t)judgement_random(state);
    return judgement_random(state) % 2 ? a : address_v4(a.octets);
}

static inline struct evidence judgement_random_evidence(uint64_t *state)
{
    struct evidence e = {.weight = (float)(judgement_random_share(state) * 20 - 10)};

    e.signal = (uint8_t)(judgement_random(state) % SIGNAL_COUNT);
    for (unsigned i = 0; i < EVIDENCE_DETAILS; i++)
        e.detail[i] = (uint8_t)judgement_random(state);
    return e;
}

static inline struct judgement judgement_any(uint64_t *state)
{
    struct judgement j = judgement_example();

    j.observation.time_ns = judgement_random(state) >> 2; /* whole microseconds in a double */
    j.observation.client = judgement_random_address(state);
    j.observation.server = judgement_random_address(state);
    j.observation.client_port = (uint16_t)judgement_random(state);
    j.observation.hop_limit = (uint8_t)judgement_random(state);
    if (judgement_random(state) % 4 == 0) {
        j.observation.endpoint = j.observation.server;
        j.observation.line =
            tunnel_line(&j.observation.endpoint, (uint32_t)judgement_random(state));
    }
    j.initial = (uint8_t)judgement_random(state);
    j.hops = (uint8_t)judgement_random(state);
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        j.stack.probability[i] = judgement_random_share(state);
    j.stack.family = (enum stack_family)(judgement_random(state) % (STACK_UNKNOWN + 1));
    j.network.known = judgement_random(state) % 4 != 0;
    j.network.prefix =
        prefix_of(&j.observation.client, (uint8_t)(96 + judgement_random(state) % 33));
    j.network.hop_limit = (uint8_t)judgement_random(state);
    j.network.share = judgement_random_share(state);
    j.network.seen = judgement_random(state) >> 20;
    j.verdict = (enum verdict)(judgement_random(state) % 3);
    j.probability = judgement_random_share(state);
    j.rewritten = judgement_random(state) % 2 != 0;
    j.evidence_count = (uint8_t)(judgement_random(state) % (EVIDENCE_MAX + 1));
    for (unsigned i = 0; i < j.evidence_count; i++)
        j.evidence[i] = judgement_random_evidence(state);
    return j;
}

#endif
