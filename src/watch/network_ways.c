/*
 * Hosts and guests of a network by hops, and its moves; see network_ways.h.
 */
#include "watch/network_ways.h"

#include <math.h>
#include <string.h>

/* Share of adjacent hop counts that are a path of their own, before anything is seen of them. */
#define PATH_PRIOR 0.03
/* Chance that the network moved just before this observation. */
#define MOVE_PRIOR 0.0002
/* Odds above which a move is sure. */
#define MOVE_SURE 20.0
/* Shares below these are not believed, after a move and before. */
#define MOVE_NEW_LEAST 0.01
#define MOVE_OLD_LEAST 0.1
/* A network of handsets has at most this share of computers among its usual arrivals. */
#define HANDSETS_COMPUTERS_MOST 0.25
/* Computers among guests, as far as they are told from handsets, and how many arrivals are believed
 * to show what those with some number of hops are. */
#define GUEST_COMPUTERS 0.60
#define MADE_UP_MOST    20.0

static unsigned way_of(struct network_ways *ways, uint8_t hops)
{
    unsigned i = network_ways_find(ways, hops);

    if (i == NETWORK_WAY_NONE) {
        i = ways->count++;
        ways->at[hops] = (uint8_t)i;
        ways->hops[i] = hops;
        ways->weight[i] = ways->computer[i] = 0;
    }
    return i;
}

/*
 * How much likelier one that arrives is by a path of its own than as a guest, by what it is: handsets take
 * a path, and guests are computers more often than not. Logarithms.
 */
struct made_up {
    double computer;
    double handset;
};

static struct made_up made_up_of(const struct network_ways *ways)
{
    if (!ways->handsets)
        return (struct made_up){0};
    return (struct made_up){
        .computer = log(ways->computers / GUEST_COMPUTERS),
        .handset = log((1 - ways->computers) / (1 - GUEST_COMPUTERS)),
    };
}

/* The same of all who arrive so; beyond some number more of the same prove no more. */
static double made_up_as_path(const struct network_ways *ways, unsigned way,
                              const struct made_up *made_up)
{
    const double count = fmin(ways->weight[way] / NETWORK_WEIGHT_ONE, MADE_UP_MOST);
    const double computers = ways->computer[way] / ways->weight[way];

    return count * (computers * made_up->computer + (1 - computers) * made_up->handset);
}

/*
 * Probability that a number of hops is a path of its own, by its share of itself and its nearer
 * neighbour together: guests are few beside their hosts (Beta(1, 9)).
 */
static double is_path(const struct network_ways *ways, unsigned way, double nearer,
                      const struct made_up *made_up)
{
    double left;
    double left_4;
    double guests;
    double path;

    if (nearer <= 0) /* guests of nobody */
        return 1;
    left = nearer / (nearer + ways->weight[way]);
    left_4 = left * left * left * left;
    guests = (1 - PATH_PRIOR) * 9 * left_4 * left_4;
    path = PATH_PRIOR;
    if (ways->handsets && ways->weight[way] > 0)
        path *= exp(made_up_as_path(ways, way, made_up));
    return path / (path + guests);
}

/* All but what is on the line, which takes longer. */
static void find_weights(const struct network *network, struct network_ways *ways)
{
    unsigned total = 0;
    unsigned usual = 0;
    double computers = 0;

    memset(ways->at, NETWORK_WAY_NONE, sizeof ways->at);
    ways->weight[NETWORK_WAY_NONE] = 0;
    ways->count = 0;
    ways->hops[0] = 0; /* of a network without any cell */
    for (unsigned i = 0; i < network->cell_count; i++) {
        const struct network_cell *cell = &network->cell[i];
        const unsigned way = way_of(ways, cell->hops);

        ways->weight[way] += cell->weight;
        ways->computer[way] += cell->computer;
        total += cell->weight;
    }
    for (unsigned i = 1; i < ways->count; i++)
        usual = ways->weight[i] > ways->weight[usual] ? i : usual;
    if (total > 0)
        computers = (ways->computer[usual] + NETWORK_WEIGHT_ONE / 2.0) /
                    (ways->weight[usual] + 2 * NETWORK_WEIGHT_ONE);
    ways->usual = usual;
    ways->total = total;
    ways->computers = computers;
    ways->handsets = total >= NETWORK_ENOUGH && computers <= HANDSETS_COMPUTERS_MOST;
}

/* With find_weights done. */
static void find_direct(struct network_ways *ways)
{
    const struct made_up made_up = made_up_of(ways);
    double total = 0;

    ways->direct[NETWORK_WAY_NONE] = 0;
    for (unsigned i = 0; i < ways->count; i++) {
        const double nearer = network_ways_at(ways, ways->weight, ways->hops[i] - 1);

        ways->direct[i] = ways->weight[i] * is_path(ways, i, nearer, &made_up);
        total += ways->direct[i];
    }
    ways->direct_total = total;
}

void network_ways_of(const struct network *network, struct network_ways *out)
{
    find_weights(network, out);
    find_direct(out);
}

/* Weight at a number of hops after a move. */
static double weight_after(const struct network_ways *ways, const struct network_move *move,
                           int hops)
{
    const int before = hops - move->by;
    const bool came = before == move->from || before == move->from + 1;
    const bool went = hops == move->from || hops == move->from + 1;

    if (move->whole)
        return network_ways_at(ways, ways->weight, before);
    return (came ? network_ways_at(ways, ways->weight, before) : 0) +
           (went ? 0 : network_ways_at(ways, ways->weight, hops));
}

/*
 * The devices seen last, newest first, all but the one that is asked about. For each what is the same
 * for every move: one over the share that its hops have now, and how much the odds of a move can grow
 * from that device on, at most. What cannot become the likeliest so is not followed.
 */
struct recent {
    unsigned count;
    double per_weight; /* one over the weight of all */
    uint8_t hops[NETWORK_RECENT];
    double per_share[NETWORK_RECENT];
    double growth[2][NETWORK_RECENT + 1]; /* of a move of a part, and of the whole */
};

/* fmax is a call, for what it does with numbers that are none. */
static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* What devices of a way have in common. */
struct recent_way {
    double per_share;
    double growth[2]; /* by a device, of a move of a part and of the whole */
};

static void find_recent_ways(const struct network_ways *ways, uint8_t hops, double per_weight,
                             struct recent_way out[NETWORK_CELLS + 1])
{
    const double most = larger(ways->weight[ways->usual] * per_weight, MOVE_NEW_LEAST);
    const double per_share_of_none = 1 / MOVE_OLD_LEAST;

    for (unsigned i = 0; i < ways->count; i++) {
        const double per_share = 1 / larger(ways->weight[i] * per_weight, MOVE_OLD_LEAST);
        /* What a part moves to, with its guests, is the hops that are asked about, and one more: the
         * weight comes beside what is there. Elsewhere it can but lose. */
        const bool is_gain = ways->hops[i] == hops || ways->hops[i] == hops + 1;

        out[i] = (struct recent_way){
            .per_share = per_share,
            .growth = {is_gain ? most * per_share + 1 : 1, larger(most * per_share, 1)},
        };
    }
    /* What is no way may have either of these hops. */
    out[NETWORK_WAY_NONE] = (struct recent_way){
        .per_share = per_share_of_none,
        .growth = {most * per_share_of_none + 1, larger(most * per_share_of_none, 1)},
    };
}

static void find_recent(const struct network *network, const struct network_ways *ways,
                        uint8_t hops, uint16_t device, struct recent *out)
{
    const double per_weight = 1 / ways->total;
    struct recent_way of[NETWORK_CELLS + 1];
    uint8_t way[NETWORK_RECENT] = {0};
    double part = 1;
    double whole = 1;
    unsigned count = 0;

    find_recent_ways(ways, hops, per_weight, of);
    for (unsigned i = 0; i < network->recent_count; i++) {
        const uint8_t its = network->recent_hops[i];

        way[count] = (uint8_t)network_ways_find(ways, its);
        out->hops[count] = its;
        out->per_share[count] = of[way[count]].per_share;
        count += network->recent_device[i] != device;
    }
    out->growth[false][count] = out->growth[true][count] = 1;
    for (unsigned i = count; i-- > 0;) {
        out->growth[false][i] = part *= of[way[i]].growth[false];
        out->growth[true][i] = whole *= of[way[i]].growth[true];
    }
    out->per_weight = per_weight;
    out->count = count;
}

/*
 * Odds of a move, or `known`, MOVE_PRIOR or more, where they are no better. The devices seen last are
 * likelier by the moved baseline than by the one that is known, up to the moment of the move.
 */
static double odds_of(const struct recent *recent, const struct network_ways *ways,
                      const struct network_move *move, double known)
{
    const double *growth = recent->growth[move->whole];
    double odds = MOVE_PRIOR;
    double best = known;

    for (unsigned i = 0; i < recent->count && odds * growth[i] > best; i++) {
        const double after = weight_after(ways, move, recent->hops[i]) * recent->per_weight;

        odds *= larger(after, MOVE_NEW_LEAST) * recent->per_share[i];
        best = larger(best, odds);
    }
    return best;
}

/* Whether so many hops are a path in ordinary use, with the part of those on the line that takes it. */
static bool is_in_use(const struct network_ways *ways, unsigned way)
{
    return ways->direct_total > 0 &&
           ways->direct[way] >= NETWORK_SECOND_PATH_LEAST * ways->direct_total;
}

bool network_ways_is_one_path(const struct network_ways *ways)
{
    return 2 * ways->direct[ways->usual] >= 1.7 * ways->direct_total;
}

/* The ways that what now arrives with `hops` may have left, a bit for each: those in use, and the usual. */
static unsigned ways_to_leave(const struct network_ways *ways, uint8_t hops)
{
    unsigned found = 0;

    for (unsigned i = 0; i < ways->count; i++)
        if (ways->hops[i] != hops && (i == ways->usual || is_in_use(ways, i)))
            found |= 1u << i;
    return found;
}

/* The likeliest move with better odds than `least` is in *out; its odds, or `least` for none. */
static double likeliest_move(const struct network_ways *ways, const struct recent *recent,
                             uint8_t hops, double least, struct network_move *out)
{
    /* Where all of it is one path, the whole is the part. */
    const unsigned kinds = network_ways_is_one_path(ways) ? 1 : 2;
    double best = least;

    for (unsigned left = ways_to_leave(ways, hops); left != 0; left &= left - 1) {
        const uint8_t from = ways->hops[__builtin_ctz(left)];

        for (unsigned i = 0; i < kinds; i++) {
            const struct network_move move = {from, hops - from, i == 0};
            const double odds = odds_of(recent, ways, &move, best);

            if (odds > best) {
                best = odds;
                *out = move;
            }
        }
    }
    return best;
}

double network_ways_move_odds(const struct network *network, const struct network_ways *ways,
                              uint8_t hops, uint16_t device)
{
    struct network_move move;
    struct recent recent;

    if (is_in_use(ways, network_ways_find(ways, hops)) || ways_to_leave(ways, hops) == 0)
        return 0;
    find_recent(network, ways, hops, device, &recent);
    return likeliest_move(ways, &recent, hops, MOVE_PRIOR, &move);
}

bool network_ways_have_moved(const struct network *network, uint8_t hops, uint16_t device,
                             struct network_ways *ways, struct network_move *out)
{
    struct recent recent;

    find_weights(network, ways);
    find_recent(network, ways, hops, device, &recent);
    /* Most need not be looked at more closely. */
    if (MOVE_PRIOR * larger(recent.growth[false][0], recent.growth[true][0]) <= MOVE_SURE)
        return false;
    find_direct(ways);
    return likeliest_move(ways, &recent, hops, MOVE_SURE, out) > MOVE_SURE;
}
