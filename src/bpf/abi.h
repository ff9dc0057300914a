/*
 * What the XDP program and user space both know: the tales as tables, the records that go to user
 * space, and the counters. Fixed widths and no pointers: it is an ABI.
 *
 * The tables are laid out so that the program needs no loop over hops. A tale's steps are by
 * position, and a step's hops are by branch:
 *
 *   ranges (sorted)   address -> tale
 *   tales             first step, how many; what comes past the last
 *   steps             first hop, how many branches
 *   hops              the answer, all but the probe's own octets
 */
#ifndef HOPTELL_BPF_ABI_H
#define HOPTELL_BPF_ABI_H

#include <stdint.h>

enum {
    BOOK_RANGES = 4096, /* a power of two */
    BOOK_TALES = 256,
    BOOK_STEPS = 8192,
    BOOK_HOPS = 8192,
    BOOK_EXTENSIONS = 262144, /* octets of all extensions; a power of two */
    BOOK_EXTENSION_MAX = 256, /* octets of one; hops with more are answered in user space */
    BOOK_BATCH_MAX = 16,      /* tokens of the total that a processor takes at once */
};

/* Addresses from `first` to `last`, as two numbers each (address_half); ranges do not overlap. */
struct book_range {
    uint64_t first[2];
    uint64_t last[2];
    uint64_t host_mask; /* IPv4: the bits of a target's address that are all ones in a broadcast */
    uint16_t tale;
    uint8_t family; /* enum family */
    uint8_t own;    /* an address of this machine: what is no probe goes on to it */
    uint8_t usual;  /* 1u << enum probe_protocol: by these all that comes is a probe */
    uint8_t reserved[3];
};

/* From the first address of all ranges to the last; the other way round where there are none. */
struct book_span {
    uint64_t first[2];
    uint64_t last[2];
    uint64_t only; /* the range that fills it all, counted from 1; 0: there are several, or none */
};

enum book_rest { /* what comes past the last step */
                 BOOK_REST_END,
                 BOOK_REST_REFUSED,    /* nothing: the last hop refuses */
                 BOOK_REST_USER_SPACE, /* hops that only user space can tell apart */
};

struct book_tale {
    uint32_t first_step;
    uint16_t steps;
    uint16_t longest; /* tale_longest() */
    uint16_t mtu[2];  /* by family: of the hops before the end; 0: no limit */
    uint8_t rest;     /* enum book_rest */
    uint8_t end_hop_limit;
    uint8_t end[4]; /* enum end_answer by enum probe_protocol */
    uint8_t reserved[2];
};

struct book_step {
    uint32_t first_hop;
    uint16_t mtu[2]; /* by family: the smallest of the hops before this one; 0: no limit */
    uint16_t salt;   /* of the flow's hash */
    uint8_t fork;    /* enum fork_by */
    uint8_t branches;
    uint16_t usual[2]; /* by family: the longest packet that comes to its one hop; 0: none does */
};

struct book_hop { /* arrays are by family */
    uint8_t address[2][16];
    uint32_t extension[2];        /* where in book.extensions: a multiple of 8 */
    uint16_t extension_length[2]; /* 0: none */
    uint8_t type[2];              /* of the ICMP error */
    uint8_t code[2];
    uint8_t silent; /* 1u << enum probe_protocol */
    uint8_t hop_limit;
    uint8_t user_space; /* delay, loss and the like */
    uint8_t refuses;
    uint8_t usual[2];   /* 1u << enum probe_protocol: whose probes it answers as bpf/usual.h does */
    uint8_t icmp[2][8]; /* the header of its errors, with a checksum of 0 */
    uint32_t sum[2];    /* of what their IP headers, in IPv6 pseudo-headers, have in common */
};

/* Token buckets; see tale/bucket.h. */
struct book_limits {
    uint64_t source_token_ns;
    uint64_t source_missing_ns;
    uint64_t total_token_ns;
    uint64_t total_missing_ns;
    uint64_t total_batch; /* tokens that a processor takes of it at once; 1 or more */
};

struct book {
    struct book_limits limits;
    uint32_t range_count;
    uint32_t nothing;     /* 0; where the verifier must not know it */
    uint32_t search_step; /* the greatest power of two below range_count; 0 for a single range */
    uint32_t reserved;
    struct book_span span[2]; /* by family: what lies outside is in no range */
    struct book_range range[BOOK_RANGES];
    struct book_tale tale[BOOK_TALES];
    struct book_step step[BOOK_STEPS];
    struct book_hop hop[BOOK_HOPS];
    uint8_t extensions[BOOK_EXTENSIONS];
};

/* What became of a frame; enum reason comes before these. */
enum { XDP_REASONS = 32 };
enum xdp_count {
    XDP_COUNT_FRAMES = XDP_REASONS,
    XDP_COUNT_IN_USE,        /* to a socket of this machine, and so no probe */
    XDP_COUNT_HANDED,        /* probes handed to user space */
    XDP_COUNT_HANDED_LOST,   /* and those for which there was no room */
    XDP_COUNT_OPENING,       /* opening packets told to user space */
    XDP_COUNT_OPENING_AGAIN, /* the same once more, and not told */
    XDP_COUNT_OPENING_LOST,  /* for which the ring had no room */
    XDP_COUNT_NEW_HOP_LIMIT, /* established flows with a hop limit not seen of the subscriber */
    XDP_COUNTS = 64,
};

enum {
    XDP_PROCESSORS = 256,          /* counters are apart for so many; a power of two */
    XDP_SEEN_OCTETS = 192,         /* of an opening packet, from its IP header on */
    XDP_RING_OCTETS = 1024 * 1024, /* a power of two */
    XDP_WALKS_OCTETS = 256 * 1024, /* of the ring of probes; a power of two */
    XDP_WALKS_MAX = 256,           /* probes that a processor tells of at a time */
    XDP_FRAME_MAX = 2048,          /* octets of a frame that is handed over */
};

struct xdp_counters {
    uint64_t count[XDP_COUNTS];
};

/* Tokens of the total that a processor has taken and not yet given; on a line of its own. */
struct xdp_kept_tokens {
    uint64_t tokens;
    uint64_t walks;   /* probes that it may still tell of, until user space asks for more */
    uint64_t tick;    /* when it last looked at the coarse clock, */
    uint64_t tick_ns; /* which said this */
    uint64_t reserved[4];
};

enum xdp_seen_kind { XDP_SEEN_OPENING, XDP_SEEN_HOP_LIMIT, XDP_SEEN_PROBE };

/*
 * One record of a ring: an opening packet as it came, or the first octets of one of a flow, or of a
 * probe.
 */
struct xdp_seen {
    uint64_t time_ns;  /* CLOCK_MONOTONIC */
    uint16_t kind;     /* enum xdp_seen_kind */
    uint16_t captured; /* octets of it in octets[] */
    uint8_t position;  /* of a probe: where it stopped */
    uint8_t is_end;
    uint8_t reserved[2];
    uint8_t octets[XDP_SEEN_OCTETS];
};

/* Before each frame that is handed over. */
struct xdp_handed {
    uint32_t length;
    uint32_t reserved;
};

struct xdp_connection {
    uint8_t source[16];
    uint8_t destination[16];
    uint8_t ports[4]; /* as in the packet */
};

struct xdp_opening {
    uint64_t time_ns;
    uint32_t sequence;
    uint8_t hop_limit;
    uint8_t reserved[3];
};

/* The hop limits that a subscriber (IPv4 address, IPv6 /64) has shown, a bit each. */
struct xdp_subscriber {
    uint64_t hop_limits[4];
};

#endif
