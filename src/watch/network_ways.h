/*
 * How the weight of a network is spread over numbers of hops: what of it is on the line and what are
 * guests, and whether all of it, or a part, takes another path now. Of network.c alone.
 *
 * Of the weight at each number of hops a part is from devices on the line that take a path of that
 * length, and a part from guests behind devices one hop nearer. Which is which follows from their
 * ratio: guests are few beside their hosts, and a second path in ordinary use is not, and carries
 * handsets and computers alike.
 */
#ifndef HOPTELL_WATCH_NETWORK_WAYS_H
#define HOPTELL_WATCH_NETWORK_WAYS_H

#include "watch/network.h"

/* Weight from which a network is compared with. */
enum { NETWORK_ENOUGH = 16 * NETWORK_WEIGHT_ONE };

/* A second path in ordinary use has this share of the devices on the line. */
#define NETWORK_SECOND_PATH_LEAST 0.15

/* The index of the way that there is not, of which everything is 0. */
enum { NETWORK_WAY_NONE = NETWORK_CELLS };

/* The cells of a network added up by hops. */
struct network_ways {
    unsigned count;
    double total;
    uint8_t at[256]; /* the index of so many hops, so that they are not searched for */
    uint8_t hops[NETWORK_CELLS];
    double weight[NETWORK_CELLS + 1];
    double computer[NETWORK_CELLS];   /* of weight */
    double direct[NETWORK_CELLS + 1]; /* of weight, what is taken to be on the line */
    double direct_total;
    unsigned usual; /* index of the heaviest; 0 when there is none */
    double computers;
    bool handsets;
};

void network_ways_of(const struct network *network, struct network_ways *out);

/* The index of so many hops; no way has fewer than 0 hops, nor 128. */
static inline unsigned network_ways_find(const struct network_ways *ways, int hops)
{
    return ways->at[hops & 255];
}

/* What of `values`, weight or direct of the same ways, has so many hops; 0 for none. */
static inline double network_ways_at(const struct network_ways *ways, const double *values,
                                     int hops)
{
    return values[network_ways_find(ways, hops)];
}

/* The share of those on the line that takes so many hops. */
static inline double network_ways_share(const struct network_ways *ways, int hops)
{
    return ways->direct_total > 0 ? network_ways_at(ways, ways->direct, hops) / ways->direct_total
                                  : 0;
}

/* A change of route: what arrived after `from` hops now arrives after `from` plus `by`. */
struct network_move {
    uint8_t from;
    int by;
    bool whole; /* everything else moved with it; or else only its own guests */
};

/* Whether nearly all of those on the line take the usual one. */
bool network_ways_is_one_path(const struct network_ways *ways);

/*
 * Odds that the network has moved so that what used a path in ordinary use arrives with `hops` now:
 * all of it, or what used one of several; `device` itself does not count. 0 when nothing can have, and
 * when these hops are in ordinary use themselves: that somebody takes such a path is no news.
 */
double network_ways_move_odds(const struct network *network, const struct network_ways *ways,
                              uint8_t hops, uint16_t device);

/*
 * Whether it has moved for sure, be it to a path in ordinary use; then *ways is how it was before, and the
 * likeliest move is in *out.
 */
bool network_ways_have_moved(const struct network *network, uint8_t hops, uint16_t device,
                             struct network_ways *ways, struct network_move *out);

#endif
