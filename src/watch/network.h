/*
 * The baseline of one network (a prefix): how often its clients arrive with which hop limit, and
 * which devices were seen last. Kept for the finest prefix and two coarser ones at once (IPv4 /24,
 * /20, /16; IPv6 /48, /32); whoever judges takes the finest that has been seen often enough.
 */
#ifndef HOPTELL_WATCH_NETWORK_H
#define HOPTELL_WATCH_NETWORK_H

#include "watch/judgement.h"
#include "watch/watch.h"

enum {
    NETWORK_LEVELS_MAX = 3,
    NETWORK_CELLS = 11,
    NETWORK_MSS_CELLS = 4,
    NETWORK_RECENT = 16,
    NETWORK_WEIGHT_ONE = 16, /* weights of observations are in sixteenths */
    NETWORK_HOPS_NONE = 255,
    NETWORK_CELL_MOST = 60000,            /* all cells are halved when one reaches it */
    NETWORK_FADED_S = 16 * 3 * 24 * 3600, /* without a visit nothing is left of what is counted */
};

/* How the clients of a network arrive: one hop limit. */
struct network_cell {
    uint8_t hop_limit;
    uint8_t hops;
    uint16_t count;    /* observations */
    uint16_t weight;   /* the same, but the many of one subscriber count for less; sixteenths */
    uint16_t computer; /* of weight, what came from systems of computers */
};

/* How often handsets that arrive as usual sent which MSS; a count of 0: the cell is free. */
struct network_mss_cell {
    uint8_t step; /* of four octets, from 1024 on */
    uint8_t count;
};

struct network {
    struct prefix prefix; /* the key */
    uint8_t cell_count;
    uint8_t highest; /* hop limit ever seen */
    uint8_t recent_count;
    uint32_t decayed_s; /* time up to which the cells are decayed, seconds since 1970 */
    uint32_t updated_s;
    uint32_t moved_s;   /* when the network was last seen to move as a whole; 0 for never */
    uint32_t weight;    /* of all cells */
    uint8_t moved_from; /* hops */
    uint8_t moved_to;
    uint64_t seen;                                  /* observations ever */
    struct network_mss_cell mss[NETWORK_MSS_CELLS]; /* of handsets */
    uint8_t recent_hops[NETWORK_RECENT];            /* of the devices seen last, newest first */
    uint16_t recent_device[NETWORK_RECENT];
    struct network_cell cell[NETWORK_CELLS];
};

/* How an observation's hops stand to what the network does. */
enum network_relation {
    NETWORK_NEW,   /* as nobody known arrives, near or far from the usual */
    NETWORK_USUAL, /* as a good part of the network does */
    NETWORK_BELOW, /* one hop more than a good part of it */
    NETWORK_ABOVE, /* one hop less */
};

/* What a network says about an observation before it has learnt from it. */
struct network_reading {
    const struct network *network; /* NULL: nothing is known */
    bool enough;                   /* seen often enough to be compared with */
    bool moving;                   /* it moved as a whole, and is being learnt anew */
    bool handsets;                 /* hardly any computers among those that arrive as usual */
    enum network_relation relation;
    double path;         /* share of these hops among the devices on the line */
    double nearer_path;  /* the same of one hop fewer, */
    double nearest_path; /* and of two */
    double direct;       /* probability of these hops for a device on the line */
    double tethered;     /* the same for one behind another */
    double guests;       /* share of the network that looks tethered, 0 to 1 */
    double computers;    /* share of computers among the devices on the line */
    double move;   /* probability that it is moving right now, as far as seen; 0 on a path in use */
    uint8_t usual; /* the hop limit of the part that the relation is to */
    double usual_share;  /* how much arrives with the hops of `usual` */
    uint8_t second;      /* hops of a second path in ordinary use, or NETWORK_HOPS_NONE */
    double second_share; /* how much arrives so */
};

/* How many levels there are for an address, and their prefixes, finest first. */
unsigned network_levels(const struct address *client, struct prefix out[NETWORK_LEVELS_MAX]);

/*
 * Chooses among the levels (finest first, entries may be NULL) and reads what it says of an
 * observation with `hops` from `device`.
 */
void network_read(struct network *const *level, unsigned levels, uint8_t hops, uint16_t device,
                  struct network_reading *out);

/* What is shown of it to people, for an observation with this hop limit. */
void network_view(const struct network *network, uint8_t hop_limit, struct network_view *out);

/* One length of path: what arrives with so many hops. */
struct network_mode {
    uint8_t hops;
    uint8_t hop_limit; /* the most frequent with these hops */
    double share;  /* of what arrives, where the many of one subscriber count for less; 0 to 1 */
    double direct; /* of this share, what is taken to be on the line and no guest; 0 to 1 */
};

struct network_summary {
    bool enough;      /* seen often enough to be compared with */
    bool handsets;    /* hardly any computers among those that arrive as usual */
    double tethered;  /* share of the network that looks tethered, 0 to 1 */
    double computers; /* share of computers among the devices on the line */
    unsigned mode_count;
    struct network_mode mode[NETWORK_CELLS]; /* the largest share first */
};

/* What it knows, for those who show it. */
void network_summarize(const struct network *network, struct network_summary *out);

struct network_lesson {
    uint8_t hop_limit;
    uint16_t device;
    uint16_t weight;      /* sixteenths */
    double computers;     /* probability that it came from a computer */
    uint16_t handset_mss; /* 0: not of a handset that arrives as usual */
    uint64_t time_ns;
};

/*
 * How an MSS stands to what the handsets of a network send: like a good part of them, or larger than
 * most of them and like few, or smaller and like hardly any.
 */
enum network_mss {
    NETWORK_MSS_USUAL, /* or nothing is known */
    NETWORK_MSS_LARGER,
    NETWORK_MSS_SMALLER,
};

/* Of handsets' networks alone, and of an MSS: 0 stands for none. *out_share: of handsets with it. */
enum network_mss network_compare_mss(const struct network_reading *reading, uint16_t mss,
                                     double *out_share);

void network_learn(struct network *network, const struct network_lesson *lesson);

/*
 * Adds what was seen of the same network elsewhere on the same paths, both decayed to the later time.
 * Of two that moved apart, what is from before the later move does not count.
 */
void network_merge(struct network *network, const struct network *other);

/* To octets and back. network_restore returns 0, or -EINVAL with *out undefined. */
void network_save(const struct network *network, struct baseline *out);
int network_restore(const struct baseline *baseline, struct network *out);

struct table; /* table.h */

/* Calls `each` for every network of a table of them. */
void network_each(const struct table *networks,
                  void (*each)(const struct network *network, void *context), void *context);

#endif
