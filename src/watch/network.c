/*
 * What a network usually does, and how an observation stands to it.
 *
 * Everything is compared by hops, so that a Windows guest (initial 128) is one hop below a phone
 * (initial 64) like any other. Of the weight at each number of hops a part is from devices on the
 * line that take a path of that length, and a part from guests behind devices one hop nearer. Which
 * is which follows from their ratio: guests are few beside their hosts, and a second path in
 * ordinary use is not, and carries handsets and computers alike.
 */
#include "watch/network.h"

#include "watch/observation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENOUGH = 16 * NETWORK_WEIGHT_ONE, /* weight from which a network is compared with */
    HALF_LIFE_S = 3 * 24 * 3600,
    CELL_MOST = 60000, /* all cells are halved when one reaches it */
};

/* Share of adjacent hop counts that are a path of their own, before anything is seen of them. */
#define PATH_PRIOR 0.03
/* A guest arrives one hop below its host; some hide the hop, double it, or start one higher. */
#define GUEST_BELOW  0.90
#define GUEST_HIDDEN 0.05
#define GUEST_DOUBLE 0.02
#define GUEST_ABOVE  0.03
/* Chance that a device on the line arrives as nobody did before: always, and for each way that is
 * known, over how often the network was seen. */
#define NOVEL_ALWAYS  0.001
#define NOVEL_PER_WAY 0.05
/* Chance that the network moved just before this observation, and odds from which it is sure. */
#define MOVE_PRIOR 0.0002
#define MOVE_SURE  20.0
/* Shares below these are not believed, after a move and before. */
#define MOVE_NEW_LEAST 0.01
#define MOVE_OLD_LEAST 0.1
/* Chance that a part of a known network that is itself hardly known has a path of its own. */
#define PART_DIFFERS 0.05
/* A network of handsets has at most this share of computers among its usual arrivals. */
#define HANDSETS_COMPUTERS_MOST 0.25
/* Computers among guests, as far as they are told from handsets, and how many arrivals are believed
 * to show what those with some number of hops are. */
#define GUEST_COMPUTERS   0.60
#define MADE_UP_MOST      20.0
#define SECOND_PATH_LEAST 0.15

unsigned network_levels(const struct address *client, struct prefix out[NETWORK_LEVELS_MAX])
{
    static const uint8_t lengths[FAMILY_COUNT][NETWORK_LEVELS_MAX] = {
        [FAMILY_V4] = {96 + 24, 96 + 20, 96 + 16},
        [FAMILY_V6] = {48, 32, 0},
    };
    static const unsigned counts[FAMILY_COUNT] = {[FAMILY_V4] = 3, [FAMILY_V6] = 2};
    const enum family family = address_family(client);

    for (unsigned i = 0; i < counts[family]; i++)
        out[i] = prefix_of(client, lengths[family][i]);
    return counts[family];
}

/* The cells of a network added up by hops. */
struct ways {
    unsigned count;
    double total;
    uint8_t hops[NETWORK_CELLS];
    double weight[NETWORK_CELLS];
    double computer[NETWORK_CELLS]; /* of weight */
    double direct[NETWORK_CELLS];   /* of weight, what is taken to be on the line */
    double direct_total;
    unsigned usual; /* index of the heaviest; 0 when there is none */
    double computers;
    bool handsets;
};

static unsigned way_of(struct ways *ways, uint8_t hops)
{
    unsigned i = 0;

    while (i < ways->count && ways->hops[i] != hops)
        i++;
    if (i == ways->count) {
        ways->hops[i] = hops;
        ways->weight[i] = ways->computer[i] = ways->direct[i] = 0;
        ways->count++;
    }
    return i;
}

static double at_hops(const struct ways *ways, const double *values, int hops)
{
    for (unsigned i = 0; i < ways->count; i++)
        if (ways->hops[i] == hops)
            return values[i];
    return 0;
}

/*
 * How much likelier those who arrive with these hops are by a path of their own than as guests, by
 * what they are: handsets take a path, and guests are computers more often than not. A logarithm;
 * beyond some number more of the same prove no more.
 */
static double made_up_as_path(const struct ways *ways, unsigned way)
{
    const double count = fmin(ways->weight[way] / NETWORK_WEIGHT_ONE, MADE_UP_MOST);
    const double computers = ways->computer[way] / ways->weight[way];

    if (!ways->handsets || ways->weight[way] <= 0)
        return 0;
    return count * (computers * log(ways->computers / GUEST_COMPUTERS) +
                    (1 - computers) * log((1 - ways->computers) / (1 - GUEST_COMPUTERS)));
}

/*
 * Probability that a number of hops is a path of its own, by its share of itself and its nearer
 * neighbour together: guests are few beside their hosts (Beta(1, 9)).
 */
static double is_path(const struct ways *ways, unsigned way, double nearer)
{
    const double left = nearer > 0 ? nearer / (nearer + ways->weight[way]) : 0;
    const double left_4 = left * left * left * left;
    const double guests = (1 - PATH_PRIOR) * 9 * left_4 * left_4;
    const double path = PATH_PRIOR * exp(made_up_as_path(ways, way));

    return path / (path + guests);
}

static void ways_add_cells(struct ways *ways, const struct network *network)
{
    for (unsigned i = 0; i < network->cell_count; i++) {
        const struct network_cell *cell = &network->cell[i];
        const unsigned way = way_of(ways, cell->hops);

        ways->weight[way] += cell->weight;
        ways->computer[way] += cell->computer;
        ways->total += cell->weight;
    }
    for (unsigned i = 1; i < ways->count; i++)
        if (ways->weight[i] > ways->weight[ways->usual])
            ways->usual = i;
    if (ways->count > 0 && ways->total > 0)
        ways->computers = (ways->computer[ways->usual] + NETWORK_WEIGHT_ONE / 2.0) /
                          (ways->weight[ways->usual] + 2 * NETWORK_WEIGHT_ONE);
    ways->handsets = ways->total >= ENOUGH && ways->computers <= HANDSETS_COMPUTERS_MOST;
}

static void ways_of(const struct network *network, struct ways *out)
{
    out->count = out->usual = 0;
    out->hops[0] = 0; /* of a network without any cell */
    out->total = out->direct_total = 0;
    out->computers = 0;
    ways_add_cells(out, network);
    for (unsigned i = 0; i < out->count; i++) {
        const double nearer = at_hops(out, out->weight, out->hops[i] - 1);

        out->direct[i] = out->weight[i] * is_path(out, i, nearer);
        out->direct_total += out->direct[i];
    }
}

static double direct_share(const struct ways *ways, int hops)
{
    return ways->direct_total > 0 ? at_hops(ways, ways->direct, hops) / ways->direct_total : 0;
}

/*
 * Odds that the network has moved, so that what was usual arrives with `hops` now. The devices seen
 * last, newest first, are likelier by the moved baseline than by the one that is known, up to the
 * moment of the move; `device` itself does not count.
 */
static double move_odds(const struct network *network, const struct ways *ways, uint8_t hops,
                        uint16_t device)
{
    const int by = ways->count > 0 ? hops - ways->hops[ways->usual] : 0;
    double odds = MOVE_PRIOR;
    double best = MOVE_PRIOR;

    if (by == 0)
        return 0;
    for (unsigned i = 0; i < network->recent_count; i++) {
        const int its = network->recent_hops[i];

        if (network->recent_device[i] == device)
            continue;
        odds *= fmax(at_hops(ways, ways->weight, its - by) / ways->total, MOVE_NEW_LEAST) /
                fmax(at_hops(ways, ways->weight, its) / ways->total, MOVE_OLD_LEAST);
        best = fmax(best, odds);
    }
    return best;
}

static const struct network_cell *heaviest_at(const struct network *network, int hops)
{
    const struct network_cell *best = NULL;

    for (unsigned i = 0; i < network->cell_count; i++)
        if (network->cell[i].hops == hops && (!best || network->cell[i].weight > best->weight))
            best = &network->cell[i];
    return best;
}

/* Which part of the network the observation is nearest to, and how. */
static void relate(const struct ways *ways, uint8_t hops, struct network_reading *out)
{
    const double usual = direct_share(ways, hops);
    const double below = GUEST_BELOW * direct_share(ways, hops - 1);
    const double above = GUEST_ABOVE * direct_share(ways, hops + 1);
    int related = ways->hops[ways->usual];

    if (usual >= below && usual >= above && usual > 0.02) {
        out->relation = NETWORK_USUAL;
        related = hops;
    } else if (below > above && below > 0.02) {
        out->relation = NETWORK_BELOW;
        related = hops - 1;
    } else if (above > 0.02 * GUEST_ABOVE) {
        out->relation = NETWORK_ABOVE;
        related = hops + 1;
    }
    out->usual = heaviest_at(out->network, related)->hop_limit;
    out->usual_share = at_hops(ways, ways->weight, related) / ways->total;
}

static void find_second(const struct ways *ways, struct network_reading *out)
{
    double best = SECOND_PATH_LEAST;

    for (unsigned i = 0; i < ways->count; i++) {
        const double share = direct_share(ways, ways->hops[i]);

        if (i == ways->usual || share < best)
            continue;
        best = share;
        out->second = ways->hops[i];
        out->second_share = ways->weight[i] / ways->total;
    }
}

/*
 * A coarser network speaks for a part of it that is hardly known itself: that part may have its
 * own path, and less so the more of it was seen to arrive like the whole.
 */
static double part_differs(const struct network *part, int usual, uint8_t hops)
{
    struct ways ways;

    if (!part)
        return PART_DIFFERS;
    ways_of(part, &ways);
    return PART_DIFFERS / (1 + at_hops(&ways, ways.weight, usual) / NETWORK_WEIGHT_ONE) +
           0.5 * at_hops(&ways, ways.weight, hops) / (ways.total + 2 * NETWORK_WEIGHT_ONE);
}

static bool weighs_enough(const struct network *network)
{
    return network->weight >= ENOUGH;
}

/*
 * The finest level that has enough; but a finest one that has just moved keeps its say, since the
 * coarser ones know the old path. Without enough anywhere: the finest of which anything is known.
 */
static unsigned choose(struct network *const *level, unsigned levels, bool *out_enough)
{
    unsigned known = levels;

    *out_enough = true;
    for (unsigned i = 0; i < levels; i++) {
        if (!level[i])
            continue;
        if (known == levels)
            known = i;
        if (weighs_enough(level[i]))
            return i;
        if (level[i]->moved_s != 0)
            break;
    }
    *out_enough = false;
    return known;
}

void network_read(struct network *const *level, unsigned levels, uint8_t hops, uint16_t device,
                  struct network_reading *out)
{
    struct ways ways;
    unsigned chosen;
    double novel;
    double odds;

    *out = (struct network_reading){.second = NETWORK_HOPS_NONE};
    chosen = choose(level, levels, &out->enough);
    if (chosen == levels)
        return;
    out->network = level[chosen];
    out->moving = !out->enough && out->network->moved_s != 0;
    if (!out->enough)
        return;
    ways_of(out->network, &ways);
    novel = NOVEL_ALWAYS + NOVEL_PER_WAY * ways.count * NETWORK_WEIGHT_ONE / ways.total;
    if (chosen > 0)
        novel += part_differs(level[0], ways.hops[ways.usual], hops);
    odds = move_odds(out->network, &ways, hops, device);
    out->move = odds / (1 + odds);
    out->handsets = ways.handsets;
    out->computers = ways.computers;
    out->guests = 1 - ways.direct_total / ways.total;
    out->path = direct_share(&ways, hops);
    out->nearer_path = direct_share(&ways, hops - 1);
    out->direct = out->path + novel + out->move;
    out->tethered = GUEST_BELOW * direct_share(&ways, hops - 1) +
                    GUEST_HIDDEN * direct_share(&ways, hops) +
                    GUEST_DOUBLE * direct_share(&ways, hops - 2) +
                    GUEST_ABOVE * direct_share(&ways, hops + 1) + novel;
    relate(&ways, hops, out);
    find_second(&ways, out);
}

void network_view(const struct network *network, uint8_t hop_limit, struct network_view *out)
{
    const uint8_t initial = observation_initial(hop_limit);
    const struct network_cell *best = NULL;
    bool best_is_own = false;
    double total = 0;

    *out = (struct network_view){0};
    if (!network || network->seen == 0)
        return;
    for (unsigned i = 0; i < network->cell_count; i++) {
        const struct network_cell *cell = &network->cell[i];
        const bool own = observation_initial(cell->hop_limit) == initial;

        total += cell->count;
        if (!best || (own && !best_is_own) || (own == best_is_own && cell->count > best->count)) {
            best = cell;
            best_is_own = own;
        }
    }
    out->known = best != NULL;
    out->prefix = network->prefix;
    out->seen = network->seen;
    if (best) {
        out->hop_limit = best->hop_limit;
        out->share = total > 0 ? best->count / total : 0;
    }
}

static int compare_modes(const void *a, const void *b)
{
    const struct network_mode *left = a;
    const struct network_mode *right = b;

    return (left->share < right->share) - (left->share > right->share);
}

void network_summarize(const struct network *network, struct network_summary *out)
{
    struct ways ways;

    ways_of(network, &ways);
    *out = (struct network_summary){
        .enough = weighs_enough(network),
        .handsets = ways.handsets,
        .computers = ways.computers,
        .tethered = ways.total > 0 ? 1 - ways.direct_total / ways.total : 0,
    };
    for (unsigned i = 0; i < ways.count; i++)
        if (ways.weight[i] > 0)
            out->mode[out->mode_count++] = (struct network_mode){
                .hops = ways.hops[i],
                .hop_limit = heaviest_at(network, ways.hops[i])->hop_limit,
                .share = ways.weight[i] / ways.total,
                .direct = ways.direct[i] / ways.weight[i],
            };
    qsort(out->mode, out->mode_count, sizeof out->mode[0], compare_modes);
}

static void add_up_weight(struct network *network)
{
    network->weight = 0;
    for (unsigned i = 0; i < network->cell_count; i++)
        network->weight += network->cell[i].weight;
}

/* Shifts every cell right; cells of which nothing is left go. */
static void halve(struct network *network, unsigned times)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < network->cell_count; i++) {
        struct network_cell cell = network->cell[i];

        cell.count = times < 16 ? cell.count >> times : 0;
        cell.weight = times < 16 ? cell.weight >> times : 0;
        cell.computer = times < 16 ? cell.computer >> times : 0;
        if (cell.count > 0 || cell.weight > 0)
            network->cell[kept++] = cell;
    }
    network->cell_count = (uint8_t)kept;
    add_up_weight(network);
}

static void decay(struct network *network, uint32_t now_s)
{
    uint32_t lives;

    if (network->seen == 0)
        network->decayed_s = now_s;
    if (now_s <= network->decayed_s)
        return;
    lives = (now_s - network->decayed_s) / HALF_LIFE_S;
    if (lives > 0)
        halve(network, lives);
    network->decayed_s += lives * HALF_LIFE_S;
}

/* The cell for a hop limit; the lightest makes room. */
static struct network_cell *cell_for(struct network *network, uint8_t hop_limit)
{
    unsigned lightest = 0;

    for (unsigned i = 0; i < network->cell_count; i++) {
        if (network->cell[i].hop_limit == hop_limit)
            return &network->cell[i];
        if (network->cell[i].count < network->cell[lightest].count)
            lightest = i;
    }
    if (network->cell_count < NETWORK_CELLS)
        lightest = network->cell_count++;
    else
        network->weight -= network->cell[lightest].weight;
    network->cell[lightest] = (struct network_cell){
        .hop_limit = hop_limit,
        .hops = (uint8_t)(observation_initial(hop_limit) - hop_limit),
    };
    return &network->cell[lightest];
}

static void remember_device(struct network *network, uint16_t device, uint8_t hops)
{
    unsigned at = 0;

    while (at < network->recent_count && network->recent_device[at] != device)
        at++;
    if (at == network->recent_count) {
        if (network->recent_count < NETWORK_RECENT)
            network->recent_count++;
        else
            at--;
    }
    memmove(network->recent_device + 1, network->recent_device, at * sizeof(uint16_t));
    memmove(network->recent_hops + 1, network->recent_hops, at);
    network->recent_device[0] = device;
    network->recent_hops[0] = hops;
}

/* Forgets how it was but for what the newest devices show. */
static void relearn(struct network *network, uint8_t hops, uint32_t now_s, uint8_t from)
{
    unsigned kept = 0;
    uint16_t run = 0;

    while (run < network->recent_count && network->recent_hops[run] != from)
        run++;
    for (unsigned i = 0; i < network->cell_count; i++) {
        struct network_cell cell = network->cell[i];

        if (cell.hops != hops)
            continue;
        if (cell.weight > run * NETWORK_WEIGHT_ONE) {
            cell.computer =
                (uint16_t)((uint32_t)cell.computer * run * NETWORK_WEIGHT_ONE / cell.weight);
            cell.weight = (uint16_t)(run * NETWORK_WEIGHT_ONE);
        }
        if (cell.count > run)
            cell.count = run;
        network->cell[kept++] = cell;
    }
    network->cell_count = (uint8_t)kept;
    add_up_weight(network);
    network->recent_count = (uint8_t)run;
    network->moved_s = now_s ? now_s : 1;
    network->moved_from = from;
    network->moved_to = hops;
}

void network_learn(struct network *network, const struct network_lesson *lesson)
{
    const uint32_t now_s = (uint32_t)(lesson->time_ns / 1000000000u);
    struct network_cell *cell;
    uint8_t hops;

    decay(network, now_s);
    cell = cell_for(network, lesson->hop_limit);
    hops = cell->hops;
    cell->count++;
    cell->weight = (uint16_t)(cell->weight + lesson->weight);
    network->weight += lesson->weight;
    cell->computer = (uint16_t)(cell->computer + (uint16_t)(lesson->weight * lesson->computers));
    if (cell->count >= CELL_MOST || cell->weight >= CELL_MOST)
        halve(network, 1);
    network->seen++;
    network->updated_s = now_s;
    if (lesson->hop_limit > network->highest)
        network->highest = lesson->hop_limit;
    remember_device(network, lesson->device, hops);

    /* Only other devices can show a move, and only away from what was well known. */
    if (network->recent_count > 1 && network->recent_hops[1] == hops && weighs_enough(network)) {
        struct ways ways;

        ways_of(network, &ways);
        if (move_odds(network, &ways, hops, lesson->device) >= MOVE_SURE)
            relearn(network, hops, now_s, ways.hops[ways.usual]);
    }
}

static uint16_t sum_to(uint16_t a, uint16_t b)
{
    const unsigned sum = (unsigned)a + b;

    return (uint16_t)(sum < CELL_MOST ? sum : CELL_MOST - 1);
}

static void merge_cell(struct network *network, const struct network_cell *other)
{
    struct network_cell *cell;

    /* A full network gives up its lightest cell for a heavier one only. */
    for (unsigned i = 0; network->cell_count == NETWORK_CELLS && i <= NETWORK_CELLS; i++) {
        if (i == NETWORK_CELLS)
            return;
        if (network->cell[i].hop_limit == other->hop_limit || network->cell[i].count < other->count)
            break;
    }
    cell = cell_for(network, other->hop_limit);
    cell->count = sum_to(cell->count, other->count);
    cell->weight = sum_to(cell->weight, other->weight);
    cell->computer = sum_to(cell->computer, other->computer);
}

void network_merge(struct network *network, const struct network *other)
{
    struct network later = *other;
    const bool is_new = network->seen == 0;
    const uint32_t now_s =
        network->updated_s > other->updated_s ? network->updated_s : other->updated_s;

    if (is_new) {
        *network = later;
        return;
    }
    decay(network, now_s);
    decay(&later, now_s);
    network->seen += other->seen;
    if (network->moved_s > other->updated_s)
        later.cell_count = 0;
    if (other->moved_s > network->updated_s) {
        network->cell_count = 0;
        network->recent_count = 0;
        network->moved_s = other->moved_s;
        network->moved_from = other->moved_from;
        network->moved_to = other->moved_to;
    }
    for (unsigned i = 0; i < later.cell_count; i++)
        merge_cell(network, &later.cell[i]);
    add_up_weight(network);
    network->updated_s = now_s;
    if (other->highest > network->highest)
        network->highest = other->highest;
}
