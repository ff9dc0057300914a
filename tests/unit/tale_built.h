/*
 * A tale built by hand, for tests that need no compiler:
 *
 *   hop 1   198.51.100.1   2001:db8:43::1   plain
 *   hop 2   198.51.100.2   2001:db8:43::2   MPLS
 *   hop 3   198.51.100.3   2001:db8:43::3   interface information
 *   end     203.0.113.9    2001:db8:42::/64
 *
 * A test then changes what it is about, and takes its tales by built_tales.
 */
#ifndef HOPTELL_TESTS_TALE_BUILT_H
#define HOPTELL_TESTS_TALE_BUILT_H

#include "tale/tale.h"

#include <stdlib.h>
#include <string.h>

enum { BUILT_HOPS = 16, BUILT_EXTENSIONS = 2048 };

struct built {
    struct tale tale;
    struct tale *list[1];
    struct step step[BUILT_HOPS];
    struct hop hop[BUILT_HOPS];
    struct interface_info interface;
    uint8_t extensions[BUILT_EXTENSIONS];
};

static inline struct address built_address(enum family family, uint8_t last)
{
    const uint8_t v4[4] = {198, 51, 100, last};
    const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x43, [15] = last};

    return family == FAMILY_V4 ? address_v4(v4) : address_v6(v6);
}

static inline struct hop *built_push_hop(struct built *b)
{
    const uint16_t index = b->tale.hop_count++;

    b->hop[index] = (struct hop){
        .address = {built_address(FAMILY_V4, (uint8_t)(index + 1)),
                    built_address(FAMILY_V6, (uint8_t)(index + 1))},
    };
    return &b->hop[index];
}

/* Appends a step that is one hop; returns the hop. */
static inline struct hop *built_add_hop(struct built *b)
{
    b->step[b->tale.step_count++] =
        (struct step){.branch_count = 1, .branch = {{.first = b->tale.hop_count, .count = 1}}};
    return built_push_hop(b);
}

/* Appends a fork whose branches have as many hops as `counts` says; returns its step. */
static inline struct step *built_add_fork(struct built *b, enum fork_by by, unsigned branches,
                                          const uint16_t *counts)
{
    struct step *step = &b->step[b->tale.step_count++];

    *step = (struct step){.by = by, .branch_count = (uint8_t)branches};
    for (unsigned i = 0; i < branches; i++) {
        step->branch[i] = (struct branch){.first = b->tale.hop_count, .count = counts[i]};
        for (unsigned j = 0; j < counts[i]; j++)
            (void)built_push_hop(b);
    }
    return step;
}

/* A tale without hops, with its targets and the usual ends. */
static inline void built_empty(struct built *b)
{
    static const uint8_t v4[4] = {203, 0, 113, 9};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x42};

    *b = (struct built){
        .tale = {.name = "built",
                 .target_count = 2,
                 .target = {{.address = address_v4(v4), .length = 128},
                            {.address = address_v6(v6), .length = 64}},
                 .end = {[PROBE_ICMP] = END_REPLY,
                         [PROBE_UDP] = END_UNREACHABLE,
                         [PROBE_TCP] = END_RESET,
                         [PROBE_OTHER] = END_UNREACHABLE},
                 .base_hop_limit = 64},
    };
    b->tale.step = b->step;
    b->tale.hop = b->hop;
}

/* The tale alone, prepared as it now is; leads into *b. */
static inline struct tales built_tales(struct built *b)
{
    if (tale_prepared_size(&b->tale) > sizeof b->extensions)
        abort();
    tale_prepare(&b->tale, b->extensions);
    b->list[0] = &b->tale;
    return (struct tales){.count = 1, .tale = b->list};
}

/* The tale of the picture above. */
static inline void built_usual(struct built *b)
{
    struct hop *hop;

    built_empty(b);
    (void)built_add_hop(b);
    hop = built_add_hop(b);
    hop->label_count = 2;
    hop->label[0] = (struct mpls_label){.label = 24001, .tc = 5, .ttl = 1};
    hop->label[1] = (struct mpls_label){.label = 16, .ttl = 254};
    hop = built_add_hop(b);
    b->interface = (struct interface_info){
        .flags =
            INTERFACE_HAS_INDEX | INTERFACE_HAS_ADDRESS | INTERFACE_HAS_NAME | INTERFACE_HAS_MTU,
        .role = ROLE_OUTGOING,
        .index = 7,
        .mtu = 1500,
        .name = "xe-0/0/1",
    };
    hop->interface_count = 1;
    hop->interface = &b->interface;
}

#endif
