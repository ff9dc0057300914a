/*
 * A tale, compiled: what the responder, the names and `tale show` all read. It is built once by
 * tale_compile (compile.h) and never changes afterwards, so that any number of threads may use it.
 *
 * A path is a list of steps. A step is one hop, or a fork of several branches, each a run of hops
 * of its own length; after the fork the branches join again:
 *
 *   steps:  [hop 0] [hop 1] [fork: branch (2,3) | branch (4)] [hop 5] ...
 *   hops:    0       1              2 3           4            5
 */
#ifndef HOPTELL_TALE_TALE_H
#define HOPTELL_TALE_TALE_H

#include "wire/extension.h"
#include "wire/packet.h"

enum {
    TALE_PATH_MAX = 255,  /* hops on the longest way through a tale: a hop limit has 8 bits */
    TALE_HOPS_MAX = 4096, /* hops of one tale, all branches counted */
    TALE_TARGETS_MAX = 64,
    TALE_POOLS_MAX = 16,    /* prefixes under `addresses` */
    TALE_BRANCHES_MAX = 16, /* of one fork */
    TALE_NAME_MAX = 253,    /* a name's octets in dotted form (RFC 1035, 2.3.4) */
    TALE_TEXT_MAX = 512,    /* a hop's `say` */
    TALE_LABELS_MAX = 8,    /* of an MPLS stack; RFC 4950 objects stay within the answer */
    TALE_INTERFACES_MAX = 4 /* RFC 5837 objects of one hop: one a role */
};

/* Protocols that a tale can treat apart. */
enum probe_protocol { PROBE_ICMP, PROBE_UDP, PROBE_TCP, PROBE_OTHER, PROBE_PROTOCOL_COUNT };

/* Of a packet with this number as its protocol or last next header; UDP-Lite (RFC 3828) is UDP here. */
static inline enum probe_protocol probe_protocol_of(unsigned version, uint8_t protocol)
{
    switch (protocol) {
    case PROTOCOL_ICMP:
        return version == 4 ? PROBE_ICMP : PROBE_OTHER;
    case PROTOCOL_ICMPV6:
        return version == 6 ? PROBE_ICMP : PROBE_OTHER;
    case PROTOCOL_UDP:
    case PROTOCOL_UDPLITE:
        return PROBE_UDP;
    case PROTOCOL_TCP:
        return PROBE_TCP;
    default:
        return PROBE_OTHER;
    }
}

/* Mid-path refusal: each has its type and code in ICMPv4 (RFC 792, 1812) and ICMPv6 (RFC 4443). */
enum refusal {
    REFUSE_NONE,
    REFUSE_NET,
    REFUSE_HOST,
    REFUSE_PROTOCOL,
    REFUSE_PORT,
    REFUSE_ADMIN,
    REFUSE_SOURCE_ROUTE,
    REFUSE_PRECEDENCE,
    REFUSE_POLICY,
    REFUSE_REJECT,
    REFUSE_COUNT,
};

enum delay_distribution { DELAY_NORMAL, DELAY_UNIFORM, DELAY_PARETO };

/* What tale_prepare knows of a hop's answers before any probe. */
struct prepared {
    struct {                   /* its extensions as they stand in an answer of a family */
        const uint8_t *octets; /* NULL: it has none */
        uint16_t length;
    } extension[FAMILY_COUNT];
    bool steady; /* nothing of loss, delay and the like: what it answers it answers at once */
    bool plain[FAMILY_COUNT]; /* and it answers every probe of the family */
};

struct hop {
    struct address address[FAMILY_COUNT]; /* unspecified (::) where the tale has none */
    struct prepared prepared;
    uint8_t silent; /* 1u << enum probe_protocol for each that gets no answer */
    uint8_t label_count;
    uint8_t interface_count;
    enum refusal refuse;
    uint16_t mtu;  /* 0: no limit */
    uint32_t loss; /* of 2^32: the probability times 2^32, saturated */
    uint32_t duplicate;
    uint32_t reorder; /* an answer held back (DELAY_REORDER_US) */
    uint32_t rate;    /* answers a second of a simulated router's own limit; 0: none */
    uint32_t burst;
    uint32_t delay_us;
    uint32_t jitter_us; /* the spread: standard deviation, half width, or scale */
    enum delay_distribution distribution;
    uint8_t trait; /* 1 + what of the visitor its text is for (personal.h), or 0 */
    struct mpls_label label[TALE_LABELS_MAX];
    struct interface_info *interface; /* interface_count of them, owned by the tale */
    char *say;                        /* as written, UTF-8; "" for a hop without text */
    char *name;                       /* as a PTR record gives it, without the last dot; or "" */
    uint32_t line;                    /* of the source file, from 1 */
};

enum fork_by { FORK_NONE, FORK_FLOW, FORK_PACKET, FORK_DESTINATION, FORK_TIME, FORK_VISITOR };

struct branch {
    uint16_t first; /* index of its first hop */
    uint16_t count;
};

struct step {
    /*
     * FORK_NONE: branch[0] is a single hop and the only branch. FORK_VISITOR: the same, and behind
     * that hop stand those for the other values of the trait.
     */
    enum fork_by by;
    uint8_t branch_count;
    uint8_t trait;     /* FORK_VISITOR: enum trait */
    uint32_t every_us; /* FORK_TIME: how long one branch is used before the next */
    struct branch branch[TALE_BRANCHES_MAX];
};

/* What the end does with a probe of a protocol. */
enum end_answer {
    END_REPLY,       /* echo: reply. TCP: SYN+ACK, "open". UDP: its own octets back */
    END_UNREACHABLE, /* UDP: port unreachable. Others: protocol unreachable */
    END_RESET,       /* TCP */
    END_SILENT,
    END_PASS, /* the machine itself answers (where the datapath allows it) */
};

struct tale {
    char name[64];
    char zone[TALE_NAME_MAX + 1]; /* where the target's forward name lives; "" for none */
    uint16_t target_count;
    uint16_t pool_count;
    uint16_t step_count;
    uint16_t hop_count;
    struct prefix target[TALE_TARGETS_MAX];
    struct prefix pool[TALE_POOLS_MAX];
    struct step *step;
    struct hop *hop;
    enum end_answer end[PROBE_PROTOCOL_COUNT];
    uint8_t base_hop_limit; /* 64 or 255 */
    bool straight;          /* tale_is_straight, for the responder; false is always right */
    bool personal;          /* tale_is_personal */
    uint8_t *extensions;    /* octets of its hops' extensions; of tale_prepare */
};

struct targets;

/* All tales that run together. The tales are the caller's. */
struct tales {
    size_t count;
    struct tale *const *tale;
    const struct targets *targets; /* theirs (targets.h); NULL: they are gone through one by one */
};

struct target {
    const struct tale *tale; /* NULL: no target */
    const struct prefix *prefix;
};

/* What tales_find (targets.h) finds, by going through all of them. */
struct target tales_search(const struct tales *tales, const struct address *address);

/* No forks, and nothing on the way that stops a probe but its hop limit: hop k is hop[k - 1]. */
bool tale_is_straight(const struct tale *tale);

/* Some of its hops say what was read from the visitor's own packets. */
bool tale_is_personal(const struct tale *tale);

/*
 * Writes down what the answers of the tale's hops have in common whatever the probe: the last step
 * before they are given, and again after a hop was changed. tale_prepared_size octets are to be
 * there at `extensions`, as long as the tale is.
 */
void tale_prepare(struct tale *tale, uint8_t *extensions);
size_t tale_prepared_size(const struct tale *tale);

/* How many hops the longest way through the tale has. */
unsigned tale_longest(const struct tale *tale);

#endif
