/*
 * One probe in, its answer out: the same function for TUN, XDP's slow path and offline.
 */
#ifndef HOPTELL_TALE_RESPOND_H
#define HOPTELL_TALE_RESPOND_H

#include "tale/limit.h"
#include "tale/random.h"
#include "tale/router.h"
#include "tale/tale.h"
#include "tale/traits.h"

struct visitors; /* tale/visitors.h */
struct walkers;  /* tale/walker.h */

/*
 * Why a packet was answered, left alone or dropped: the counter's name and a sentence. Fate is
 * what becomes of the packet: ANSWER it, DROP it without an answer, or PASS it on untouched.
 */
#define REASONS(X)                                                                           \
    X(TIME_EXCEEDED, ANSWER, "time_exceeded", "ended at a hop")                              \
    X(REFUSED, ANSWER, "refused", "a hop of the tale refused it")                            \
    X(TOO_BIG, ANSWER, "too_big", "larger than a hop's MTU and not to be fragmented")        \
    X(END_REPLIED, ANSWER, "end_replied", "reached the end and was replied to")              \
    X(END_UNREACHABLE, ANSWER, "end_unreachable", "reached the end: unreachable")            \
    X(END_RESET, ANSWER, "end_reset", "reached the end: reset or aborted")                   \
    X(END_PASSED, PASS, "end_passed", "reached the end, where the machine itself answers")   \
    X(NOT_TARGET, PASS, "not_target", "not to a target")                                     \
    X(NOT_IP, PASS, "not_ip", "no IP packet")                                                \
    X(SILENT, DROP, "silent", "ended at a hop that the tale keeps silent")                   \
    X(END_SILENT, DROP, "end_silent", "reached the end, which the tale keeps silent for it") \
    X(LOST, DROP, "lost", "lost on purpose, as the tale says")                               \
    X(ROUTER_LIMIT, DROP, "router_limit", "over the rate limit of a hop of the tale")        \
    X(SOURCE_LIMIT, DROP, "source_limit", "over the limit for its source")                   \
    X(TOTAL_LIMIT, DROP, "total_limit", "over the limit for all")                            \
    X(FRAGMENT, DROP, "fragment", "a fragment other than the first")                         \
    X(PARTIAL, DROP, "partial", "a first fragment at the end, where none are put together")  \
    X(ICMP_ERROR, DROP, "icmp_error", "an ICMP error, which is never answered with one")     \
    X(BAD_ADDRESS, DROP, "bad_address", "to or from an address that is never answered")      \
    X(BROKEN, DROP, "broken", "a broken header or checksum")                                 \
    X(TRUNCATED, DROP, "truncated", "declares more octets than were received")               \
    X(NO_ADDRESS, DROP, "no_address", "ended at a hop without an address of its family")     \
    X(NO_ANSWER, DROP, "no_answer", "the RFCs allow no answer to it")                        \
    X(NO_ROOM, DROP, "no_room", "its answer is larger than the room that was given for it")

enum fate { FATE_ANSWER, FATE_DROP, FATE_PASS };

enum reason {
#define X(id, fate, name, sentence) REASON_##id,
    REASONS(X)
#undef X
        REASON_COUNT
};

const char *reason_name(enum reason reason);
const char *reason_sentence(enum reason reason);
enum fate reason_fate(enum reason reason);

enum {
    ANSWER_CAPACITY = 40 + 65535 /* an echo reply carries the whole of its request's data */
};

struct answer {
    enum reason reason;
    size_t length;           /* octets written; 0 unless the fate is FATE_ANSWER */
    uint64_t due_ns;         /* when to send it: never before the probe's own time */
    bool duplicate;          /* send it twice */
    const struct tale *tale; /* whose probe it was; NULL when no tale's */
    uint8_t position;        /* the hop that it reached, from 1; past the last: the end */
};

/* One thread's; begin with all zero from `count` on. */
struct responder {
    struct tales tales;              /* may be replaced between two calls */
    struct limiter *limiter;         /* NULL: no limits; the caller's */
    struct routers *routers;         /* NULL: no hop has a limit of its own; the caller's */
    struct walkers *walkers;         /* who walks is noted here; NULL: nobody is; the caller's */
    const struct visitors *visitors; /* what is known of whom; NULL: all are like `anybody` */
    struct traits anybody;
    struct random random;
    uint64_t count[REASON_COUNT];
};

/*
 * Decides what becomes of the IP packet at `octets` (the receiver's hop limit not yet taken off)
 * and writes the answer, an IP packet with all checksums, to `out`, of which `capacity` octets are
 * there; ANSWER_CAPACITY is always enough. `now_ns` is any clock that does not go back, the same in
 * all calls. Counts its reason in `responder`. Allocates nothing.
 */
struct answer respond(struct responder *responder, const uint8_t *octets, size_t length,
                      uint64_t now_ns, uint8_t *out, size_t capacity);

#endif
