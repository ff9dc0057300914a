/*
 * Tales of every kind for the kernel and user space to tell alike: forks, limits of size, refusals,
 * silence, ends of all kinds.
 */
#ifndef HOPTELL_TESTS_SCENES_H
#define HOPTELL_TESTS_SCENES_H

#include "tale_built.h"

static inline void scene_usual(struct built *b)
{
    built_usual(b);
    b->hop[0].silent = 1u << PROBE_UDP;
    built_add_hop(b)->mtu = 1400;
    built_add_hop(b)->address[FAMILY_V6] = (struct address){0};
}

static inline void scene_forks(struct built *b)
{
    static const uint16_t alike[] = {2, 2, 2};

    built_usual(b);
    (void)built_add_fork(b, FORK_FLOW, 3, alike);
    (void)built_add_fork(b, FORK_DESTINATION, 2, alike);
    (void)built_add_hop(b);
    b->tale.base_hop_limit = 255;
}

static inline void scene_forks_for_user_space(struct built *b)
{
    static const uint16_t alike[] = {1, 1};
    static const uint16_t unlike[] = {1, 3};

    built_usual(b);
    built_add_fork(b, FORK_TIME, 2, alike)->every_us = 1000000;
    (void)built_add_fork(b, FORK_FLOW, 2, unlike);
    built_add_hop(b)->mtu = 1300;
}

static inline void scene_refusing(struct built *b)
{
    built_usual(b);
    built_add_hop(b)->refuse = REFUSE_ADMIN;
    (void)built_add_hop(b);
    b->tale.target[0] = prefix_of(&b->tale.target[0].address, 96 + 24);
}

static inline void scene_refusing_protocols(struct built *b)
{
    built_usual(b);
    b->hop[1].refuse = REFUSE_PROTOCOL;
    b->tale.base_hop_limit = 255;
}

static inline void scene_delays(struct built *b)
{
    built_usual(b);
    b->hop[0].delay_us = 1000;
    b->hop[2].loss = UINT32_MAX / 2;
}

static inline void scene_ends(struct built *b, enum end_answer all)
{
    built_usual(b);
    for (unsigned i = 0; i < PROBE_PROTOCOL_COUNT; i++)
        b->tale.end[i] = all;
}

static inline void scene_replies(struct built *b)
{
    scene_ends(b, END_REPLY);
}

static inline void scene_resets(struct built *b)
{
    scene_ends(b, END_RESET);
}

static inline void scene_unreachable(struct built *b)
{
    scene_ends(b, END_UNREACHABLE);
}

static inline void scene_silent(struct built *b)
{
    scene_ends(b, END_SILENT);
}

static inline void scene_passes(struct built *b)
{
    scene_ends(b, END_PASS);
}

/* Some of them within others, with gaps between. */
static inline void scene_many_targets(struct built *b)
{
    built_usual(b);
    b->tale.target_count = 48;
    for (uint8_t i = 0; i < 48; i++) {
        const uint8_t v4[4] = {203, 0, 113, (uint8_t)(i * 11)};
        const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x42, [15] = (uint8_t)(i * 11)};
        const struct address a = i % 2 ? address_v4(v4) : address_v6(v6);

        b->tale.target[i] = prefix_of(&a, (uint8_t)(128 - i % 7));
    }
}

/* Sources lie among the targets, and some of them are one. */
static inline void scene_targets_around_sources(struct built *b)
{
    const uint8_t v4[2][4] = {{192, 0, 2, 100}, {192, 0, 2, 0}};
    const uint8_t v6[2][16] = {{0x20, 0x01, 0x0d, 0xb8, 0, 0x99, [15] = 100},
                               {0x20, 0x01, 0x0d, 0xb8, 0, 0xa0}};

    built_usual(b);
    for (unsigned i = 0; i < 2; i++) {
        const struct address a[] = {address_v4(v4[i]), address_v6(v6[i])};

        for (unsigned j = 0; j < 2; j++)
            b->tale.target[b->tale.target_count++] = prefix_of(&a[j], i == 0 ? 124 : 128);
    }
}

static inline void scene_without_hops(struct built *b)
{
    built_empty(b);
}

static void (*const scenes[])(struct built *b) = {
    scene_usual,
    scene_forks,
    scene_forks_for_user_space,
    scene_refusing,
    scene_refusing_protocols,
    scene_delays,
    scene_replies,
    scene_resets,
    scene_unreachable,
    scene_silent,
    scene_passes,
    scene_without_hops,
    scene_many_targets,
    scene_targets_around_sources,
};

enum { SCENES = sizeof scenes / sizeof scenes[0] };

#endif
