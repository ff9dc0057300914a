/*
 * Opening packets of made-up visitors, for tests of watch: how systems make them, and how many
 * routers they pass.
 */
#ifndef HOPTELL_TESTS_VISIT_H
#define HOPTELL_TESTS_VISIT_H

#include "watch/watch.h"

enum visit_maker { MAKER_ANDROID, MAKER_IPHONE, MAKER_MAC, MAKER_WINDOWS, MAKER_LINUX };

struct visit {
    enum visit_maker maker;
    unsigned hops;
    struct address client;
    uint16_t port;
    uint64_t time_s;
    uint32_t clock_ms; /* of the device's own TCP clock at time 0; Linux and Android */
    uint32_t flow;     /* for the sequence number */
};

static inline void visit_options(struct observation *o, const uint8_t *kinds, uint8_t count,
                                 uint8_t padding)
{
    __builtin_memcpy(o->option, kinds, count);
    o->option_count = count;
    o->option_padding = padding;
}

static inline struct observation visit_observation(const struct visit *v)
{
    static const uint8_t linux_kinds[] = {2, 4, 8, 1, 3};
    static const uint8_t apple_kinds[] = {2, 1, 3, 1, 1, 8, 4, 0};
    static const uint8_t windows_kinds[] = {2, 1, 3, 1, 1, 4};
    const bool is_v4 = address_is_v4(&v->client);
    const bool is_apple = v->maker == MAKER_IPHONE || v->maker == MAKER_MAC;
    struct observation o = {
        .time_ns = v->time_s * 1000000000u,
        .client = v->client,
        .server =
            {.octets = {[10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = 1}},
        .client_port = v->port,
        .server_port = 443,
        .version = is_v4 ? 4 : 6,
        .hop_limit = (uint8_t)((v->maker == MAKER_WINDOWS ? 128 : 64) - v->hops),
        .tcp_bits = TCP_SYN,
        .mss = 1380,
        .sequence = v->flow * 2654435761u + v->port,
        .flags =
            OBSERVATION_HAS_MSS | OBSERVATION_HAS_WINDOW_SCALE | OBSERVATION_HAS_SACK_PERMITTED,
        .ip_id = (uint16_t)(is_v4 && !is_apple ? v->flow | 1 : 0),
        .flow_label = is_v4 ? 0 : 77,
    };

    if (is_v4)
        o.flags |= OBSERVATION_DONT_FRAGMENT;
    if (is_apple)
        visit_options(&o, apple_kinds, sizeof apple_kinds, 1);
    else if (v->maker == MAKER_WINDOWS)
        visit_options(&o, windows_kinds, sizeof windows_kinds, 0);
    else
        visit_options(&o, linux_kinds, sizeof linux_kinds, 0);
    if (v->maker != MAKER_WINDOWS) {
        o.flags |= OBSERVATION_HAS_TIMESTAMPS;
        o.timestamp_value =
            is_apple ? v->flow * 0x9e3779b1u : (uint32_t)(v->time_s * 1000) + v->clock_ms;
    }
    o.window = v->maker == MAKER_WINDOWS || v->maker == MAKER_LINUX ? 64240 : UINT16_MAX;
    o.window_scale =
        is_apple ? (v->maker == MAKER_IPHONE ? 5 : 6) : (v->maker == MAKER_LINUX ? 7 : 8);
    return o;
}

static inline struct address visit_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return address_v4((const uint8_t[4]){a, b, c, d});
}

/* 2001:db8:C:N::I */
static inline struct address visit_v6(uint16_t c, uint16_t n, uint16_t i)
{
    struct address a = {.octets = {0x20, 0x01, 0x0d, 0xb8}};

    store_u16(a.octets + 4, c);
    store_u16(a.octets + 6, n);
    store_u16(a.octets + 14, i);
    return a;
}

#endif
