/*
 * The XDP program and user space, side by side: the same frame to both, and everything that can be
 * seen of what they did with it compared.
 */
#ifndef HOPTELL_TESTS_SAME_H
#define HOPTELL_TESTS_SAME_H

#include "edge/xdp.h"
#include "tale/book.h"
#include "tale/limit_set.h"
#include "tale/respond.h"
#include "wire/frame.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

enum { SAME_FRAME_MAX = 3000, SAME_WHY_MAX = 256 };

struct same {
    struct xdp *xdp;
    bool watches;
    struct responder responder;
    uint64_t handed; /* frames that the program gave to user space */
    uint64_t frames;
    struct xdp_counters before;
    const uint8_t *handed_frame; /* of the last run; NULL: none */
    size_t handed_length;
    uint8_t handed_octets[XDP_FRAME_MAX];
    uint8_t answer[ANSWER_CAPACITY];
    uint8_t out[SAME_FRAME_MAX + 1500];
};

/* With `watches` connections are watched besides, which has to change nothing. */
static inline int same_open(struct same *s, bool watches, char *error, size_t error_size)
{
    const struct xdp_orders orders = {
        .tells = true, .watches = watches, .limit_sets = 16, .connections = 64, .subscribers = 64};

    *s = (struct same){.watches = watches, .responder = {.random = random_seeded(1)}};
    return xdp_open(&orders, &s->xdp, error, error_size);
}

/* Both run these tales from now on. Without limits: those have tests of their own. */
static inline int same_tales(struct same *s, const struct tales *tales, const struct address *own,
                             size_t own_count)
{
    const struct limit_settings none = {0};
    char error[SAME_WHY_MAX];
    const int code =
        book_write(tales, own, own_count, &none, xdp_book(s->xdp), error, sizeof error);

    xdp_turn(s->xdp);
    s->responder.tales = *tales;
    return code;
}

static inline void same_take_handed(const uint8_t *frame, size_t length, void *context)
{
    struct same *s = context;

    memcpy(s->handed_octets, frame, length);
    s->handed_frame = s->handed_octets;
    s->handed_length = length;
}

static inline void same_drop_seen(const struct xdp_seen *seen, void *context)
{
    (void)seen;
    (void)context;
}

/* The one reason that the program counted. */
static inline int same_reason(struct same *s)
{
    int reason = -1;

    for (unsigned i = 0; i < XDP_COUNTS; i++) {
        const uint64_t now = xdp_count(s->xdp, i);
        const bool counted = now != s->before.count[i];

        s->before.count[i] = now;
        if (counted && (i < REASON_COUNT || i == XDP_COUNT_HANDED || i == XDP_COUNT_HANDED_LOST ||
                        i == XDP_COUNT_IN_USE))
            reason = reason == -1 ? (int)i : -2;
    }
    return reason;
}

static inline uint32_t same_verdict(enum fate fate)
{
    return fate == FATE_ANSWER ? XDP_TX : fate == FATE_PASS ? XDP_PASS : XDP_DROP;
}

/* The frame that user space would send: the Ethernet header turned round, and the answer. */
static inline bool same_octets(const struct same *s, const uint8_t *frame, size_t link,
                               const struct answer *answer, size_t out_length)
{
    return out_length == link + answer->length && memcmp(s->out, frame + 6, 6) == 0 &&
           memcmp(s->out + 6, frame, 6) == 0 && memcmp(s->out + 12, frame + 12, link - 12) == 0 &&
           memcmp(s->out + link, s->answer, answer->length) == 0;
}

/* True when both did the same; else `why` says what was different. */
static inline bool same_check(struct same *s, const uint8_t *frame, size_t length,
                              char why[SAME_WHY_MAX])
{
    struct xdp_run run = {
        .frame = frame, .length = length, .repeat = 1, .out = s->out, .capacity = sizeof s->out};
    struct cursor c = cursor_over(frame, length);
    struct answer answer = {.reason = REASON_NOT_IP};
    size_t link;
    int reason;
    int code;

    s->frames++;
    s->handed_frame = NULL;
    (void)same_reason(s); /* what others have counted */
    code = xdp_run(s->xdp, &run);
    if (code != 0) {
        snprintf(why, SAME_WHY_MAX, "cannot run it: %s", strerror(-code));
        return false;
    }
    if (s->watches)
        xdp_read_seen(s->xdp, same_drop_seen, NULL);
    if (frame_to_ip(LINK_ETHERNET, &c))
        answer = respond(&s->responder, c.at, cursor_left(&c), 5, s->answer, sizeof s->answer);
    link = (size_t)(c.at - frame);
    reason = same_reason(s);
    if (reason == XDP_COUNT_HANDED) {
        xdp_read_handed(s->xdp, same_take_handed, s);
        s->handed++;
        snprintf(why, SAME_WHY_MAX, "handed over, but not as it came");
        return run.out_verdict == XDP_DROP && s->handed_frame && s->handed_length == length &&
               memcmp(s->handed_frame, frame, length) == 0;
    }
    if (reason == XDP_COUNT_HANDED_LOST && length > XDP_FRAME_MAX)
        return true;
    snprintf(why, SAME_WHY_MAX, "user space: %s; kernel: %s, verdict %u, %zu octets, not %zu",
             reason_name(answer.reason),
             reason >= 0 && reason < REASON_COUNT ? reason_name((enum reason)reason) : "another",
             run.out_verdict, run.out_length, link + answer.length);
    if (reason != (int)answer.reason || run.out_verdict != same_verdict(reason_fate(answer.reason)))
        return false;
    if (reason_fate(answer.reason) != FATE_ANSWER)
        return run.out_length == length && memcmp(s->out, frame, length) == 0;
    return same_octets(s, frame, link, &answer, run.out_length);
}

#endif
