/*
 * What a network usually does, and how an observation stands to it.
 *
 * Everything is compared by hops, so that a Windows guest (initial 128) is one hop below a phone
 * (initial 64) like any other. Which of them are guests and which take a path of their own is the
 * work of network_ways.c.
 */
#include "watch/network_ways.h"
#include "watch/table.h"

#include "watch/observation.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    HALF_LIFE_S = 3 * 24 * 3600,
    MSS_TOTAL_LEAST = 16, /* handsets whose MSS is known */
    HOPS_MOST = 127,      /* of an initial of 255 */
};

_Static_assert(NETWORK_FADED_S == 16 * HALF_LIFE_S && NETWORK_CELL_MOST < 1 << 16,
               "all are halved to 0");

/* A guest arrives one hop below its host; some hide the hop, double it, or start one higher. */
#define GUEST_BELOW  0.90
#define GUEST_HIDDEN 0.05
#define GUEST_DOUBLE 0.02
#define GUEST_ABOVE  0.03
/* Chance that a device on the line arrives as nobody did before: always, and for each way that is
 * known, over how often the network was seen. */
#define NOVEL_ALWAYS  0.001
#define NOVEL_PER_WAY 0.05
/* Handsets with an MSS that is not a usual one: hidden guests that are taken for handsets are among
 * those with a larger one, and nobody takes part in a small tunnel unseen. */
#define MSS_LARGER_MOST  0.15
#define MSS_SMALLER_MOST 0.03
/* Chance that a part of a known network that is itself hardly known has a path of its own. */
#define PART_DIFFERS 0.05

unsigned network_levels(const struct address *client, struct prefix out[NETWORK_LEVELS_MAX])
{
    if (address_is_v4(client)) {
        out[0] = prefix_of(client, 96 + 24);
        out[1] = prefix_of(client, 96 + 20);
        out[2] = prefix_of(client, 96 + 16);
        return 3;
    }
    out[0] = prefix_of(client, 48);
    out[1] = prefix_of(client, 32);
    return 2;
}

static const struct network_cell *heaviest_at(const struct network *network, int hops)
{
    const struct network_cell *best = NULL;

    for (unsigned i = 0; i < network->cell_count; i++)
        if (network->cell[i].hops == hops && (!best || network->cell[i].weight > best->weight))
            best = &network->cell[i];
    return best;
}

/* The shares of the hops of an observation, and of their neighbours: the usual ones on the line. */
struct around {
    double second_nearer;
    double nearer;
    double same;
    double farther;
};

static void look_around(const struct network_ways *ways, uint8_t hops, struct around *out)
{
    out->second_nearer = network_ways_share(ways, hops - 2);
    out->nearer = network_ways_share(ways, hops - 1);
    out->same = network_ways_share(ways, hops);
    out->farther = network_ways_share(ways, hops + 1);
}

/* Which part of the network the observation is nearest to, and how. */
static void relate(const struct network_ways *ways, uint8_t hops, const struct around *around,
                   struct network_reading *out)
{
    const double usual = around->same;
    const double below = GUEST_BELOW * around->nearer;
    const double above = GUEST_ABOVE * around->farther;
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
    out->usual_share = network_ways_at(ways, ways->weight, related) / ways->total;
}

static void find_second(const struct network_ways *ways, struct network_reading *out)
{
    double best = NETWORK_SECOND_PATH_LEAST;

    for (unsigned i = 0; i < ways->count; i++) {
        double share;

        if (i == ways->usual)
            continue;
        share = ways->direct[i] / ways->direct_total;
        if (share < best)
            continue;
        best = share;
        out->second = ways->hops[i];
        out->second_share = ways->weight[i] / ways->total;
    }
}

static uint32_t weight_at(const struct network *network, uint8_t hops)
{
    uint32_t weight = 0;

    for (unsigned i = 0; i < network->cell_count; i++)
        weight += network->cell[i].hops == hops ? network->cell[i].weight : 0u;
    return weight;
}

/*
 * A coarser network speaks for a part of it that is hardly known itself: that part may have its
 * own path, and less so the more of it was seen to arrive like the whole.
 */
static double part_differs(const struct network *part, uint8_t usual, uint8_t hops)
{
    if (!part)
        return PART_DIFFERS;
    return PART_DIFFERS / (1 + (double)weight_at(part, usual) / NETWORK_WEIGHT_ONE) +
           0.5 * weight_at(part, hops) / (part->weight + 2 * NETWORK_WEIGHT_ONE);
}

static bool weighs_enough(const struct network *network)
{
    return network->weight >= NETWORK_ENOUGH;
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
    struct network_ways ways;
    struct around around;
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
    network_ways_of(out->network, &ways);
    novel = NOVEL_ALWAYS + NOVEL_PER_WAY * ways.count * NETWORK_WEIGHT_ONE / ways.total;
    if (chosen > 0)
        novel += part_differs(level[0], ways.hops[ways.usual], hops);
    odds = network_ways_move_odds(out->network, &ways, hops, device);
    out->move = odds / (1 + odds);
    out->handsets = ways.handsets;
    out->computers = ways.computers;
    out->guests = 1 - ways.direct_total / ways.total;
    look_around(&ways, hops, &around);
    out->path = around.same;
    out->nearer_path = around.nearer;
    out->nearest_path = around.second_nearer;
    out->direct = out->path + novel + out->move;
    out->tethered = GUEST_BELOW * around.nearer + GUEST_HIDDEN * around.same +
                    GUEST_DOUBLE * around.second_nearer + GUEST_ABOVE * around.farther + novel;
    relate(&ways, hops, &around, out);
    find_second(&ways, out);
}

/*
 * Of two hop limits the one that has this initial comes first, then the more frequent, and then the first.
 * One number says it all, so that no branch has to.
 */
static uint32_t view_rank(const struct network *network, unsigned i, uint8_t initial)
{
    const struct network_cell *cell = &network->cell[i];
    const uint32_t own = cell->hop_limit + cell->hops == initial;

    return own << 24 | (uint32_t)cell->count << 4 | (NETWORK_CELLS - i);
}

_Static_assert(NETWORK_CELLS < 1 << 4 && NETWORK_CELL_MOST < 1 << 20, "each part has its bits");

void network_view(const struct network *network, uint8_t hop_limit, struct network_view *out)
{
    const uint8_t initial = observation_initial(hop_limit);
    uint32_t highest = 0;
    unsigned total = 0;

    *out = (struct network_view){0};
    if (!network || network->seen == 0)
        return;
    for (unsigned i = 0; i < network->cell_count; i++) {
        const uint32_t rank = view_rank(network, i, initial);

        total += network->cell[i].count;
        highest = rank > highest ? rank : highest;
    }
    out->known = highest > 0;
    out->prefix = network->prefix;
    out->seen = network->seen;
    if (highest > 0) {
        const struct network_cell *best = &network->cell[NETWORK_CELLS - highest % (1 << 4)];

        out->hop_limit = best->hop_limit;
        out->share = total > 0 ? (double)best->count / total : 0;
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
    struct network_ways ways;

    network_ways_of(network, &ways);
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

static uint8_t mss_step(uint16_t mss)
{
    enum { LEAST = 1024, STEP = 4, LAST = 255 };

    if (mss < LEAST)
        return 0;
    return mss >= LEAST + STEP * LAST ? LAST : (uint8_t)((mss - LEAST) / STEP);
}

static enum network_mss compare_mss(const struct network *network, uint16_t mss, double *out_share)
{
    const struct network_mss_cell *cell = network->mss;
    const uint8_t step = mss_step(mss);
    unsigned heaviest = 0;
    unsigned alike = 0;
    unsigned total = 0;

    for (unsigned i = 0; i < NETWORK_MSS_CELLS; i++) {
        total += cell[i].count;
        if (cell[i].count > 0 && cell[i].step == step)
            alike = cell[i].count;
        if (cell[i].count > cell[heaviest].count)
            heaviest = i;
    }
    if (total < MSS_TOTAL_LEAST)
        return NETWORK_MSS_USUAL;
    *out_share = (double)alike / total;
    if (step > cell[heaviest].step)
        return *out_share <= MSS_LARGER_MOST ? NETWORK_MSS_LARGER : NETWORK_MSS_USUAL;
    return *out_share <= MSS_SMALLER_MOST ? NETWORK_MSS_SMALLER : NETWORK_MSS_USUAL;
}

enum network_mss network_compare_mss(const struct network_reading *reading, uint16_t mss,
                                     double *out_share)
{
    *out_share = 0;
    if (mss == 0 || !reading->enough || !reading->handsets)
        return NETWORK_MSS_USUAL;
    return compare_mss(reading->network, mss, out_share);
}

/* Those that come again and again stay; the others take turns in the cell that counts least. */
static void add_mss(struct network *network, uint8_t step, unsigned count)
{
    struct network_mss_cell *cell = network->mss;
    unsigned sum;
    unsigned at = 0;

    for (unsigned i = 0; i < NETWORK_MSS_CELLS; i++) {
        if (cell[i].count > 0 && cell[i].step == step) {
            at = i;
            break;
        }
        if (cell[i].count < cell[at].count)
            at = i;
    }
    if (cell[at].step != step)
        cell[at] = (struct network_mss_cell){.step = step};
    sum = cell[at].count + count;
    cell[at].count = (uint8_t)(sum < UINT8_MAX ? sum : UINT8_MAX);
    if (sum >= UINT8_MAX)
        for (unsigned i = 0; i < NETWORK_MSS_CELLS; i++)
            cell[i].count /= 2;
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

/* The first place with this device; NETWORK_RECENT for none. All are looked at, several at a time. */
static unsigned place_of_device(const struct network *network, uint16_t device)
{
    int16_t after = 0; /* places from it on */

    for (unsigned i = 0; i < NETWORK_RECENT; i++) {
        const int16_t its = network->recent_device[i] == device ? (int16_t)(NETWORK_RECENT - i) : 0;

        after = its > after ? its : after;
    }
    return NETWORK_RECENT - (unsigned)after;
}

/* As many as a register of any machine with vectors holds. */
typedef uint16_t eight_devices __attribute__((vector_size(8 * sizeof(uint16_t))));
typedef uint8_t sixteen_hops __attribute__((vector_size(16 * sizeof(uint8_t))));

_Static_assert(NETWORK_RECENT == 16, "two of devices, and one of hops");
_Static_assert(offsetof(struct network, recent_hops) > 0 &&
                   offsetof(struct network, recent_device) > 0,
               "something stands before each");

/*
 * Those in places up to `at` go one place on, without a copy on the stack, which would be waited for.
 * Into the first place comes what stands before it in the network, until the caller writes to it.
 */
static void move_devices(struct network *network, unsigned at)
{
    const eight_devices place[2] = {{0, 1, 2, 3, 4, 5, 6, 7}, {8, 9, 10, 11, 12, 13, 14, 15}};
    const size_t offset = offsetof(struct network, recent_device) - sizeof(uint16_t);
    eight_devices here[2];
    eight_devices before[2];

    memcpy(here, network->recent_device, sizeof here);
    memcpy(before, (const uint8_t *)network + offset, sizeof before);
    for (unsigned i = 0; i < 2; i++) {
        const eight_devices moves = (eight_devices)(place[i] <= (uint16_t)at);

        here[i] = (before[i] & moves) | (here[i] & ~moves);
    }
    memcpy(network->recent_device, here, sizeof here);
}

static void move_hops(struct network *network, unsigned at)
{
    const sixteen_hops place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const sixteen_hops moves = (sixteen_hops)(place <= (uint8_t)at);
    const size_t offset = offsetof(struct network, recent_hops) - sizeof(uint8_t);
    sixteen_hops here;
    sixteen_hops before;

    memcpy(&here, network->recent_hops, sizeof here);
    memcpy(&before, (const uint8_t *)network + offset, sizeof before);
    here = (before & moves) | (here & ~moves);
    memcpy(network->recent_hops, &here, sizeof here);
}

/* It comes first, and what stood before its place, or the last, goes one place on. */
static void remember_device(struct network *network, uint16_t device, uint8_t hops)
{
    const unsigned count = network->recent_count;
    const unsigned known = place_of_device(network, device);
    const unsigned at = known < count ? known : count < NETWORK_RECENT ? count : NETWORK_RECENT - 1;

    move_devices(network, at);
    move_hops(network, at);
    network->recent_device[0] = device;
    network->recent_hops[0] = hops;
    network->recent_count = (uint8_t)(at < count ? count : at + 1);
}

static uint16_t sum_to(uint16_t a, uint16_t b)
{
    const unsigned sum = (unsigned)a + b;

    return (uint16_t)(sum < NETWORK_CELL_MOST ? sum : NETWORK_CELL_MOST - 1);
}

/* What had `hops` before has `by` more now; what is there already stays. */
static void shift_cells(struct network *network, uint8_t hops, int by)
{
    struct network_cell moving[NETWORK_CELLS];
    unsigned count = 0;
    unsigned kept = 0;

    for (unsigned i = 0; i < network->cell_count; i++) {
        const struct network_cell cell = network->cell[i];
        const int to = cell.hop_limit - by;

        if (cell.hops == hops && to > 0 &&
            observation_initial((uint8_t)to) == observation_initial(cell.hop_limit))
            moving[count++] = cell;
        else
            network->cell[kept++] = cell;
    }
    network->cell_count = (uint8_t)kept;
    for (unsigned i = 0; i < count; i++) {
        struct network_cell *to = cell_for(network, (uint8_t)(moving[i].hop_limit - by));

        to->count = sum_to(to->count, moving[i].count);
        to->weight = sum_to(to->weight, moving[i].weight);
        to->computer = sum_to(to->computer, moving[i].computer);
    }
    add_up_weight(network);
}

/*
 * Several paths, or one of them, have changed: who took them, and their guests, are known by another
 * number.
 */
static void move_paths(struct network *network, const struct network_move *move, uint32_t now_s)
{
    const int first = move->whole ? 0 : move->from;
    const int last = move->whole ? HOPS_MOST : move->from + 1;

    /* The foremost first, so that nobody is moved twice. */
    for (int i = 0; i <= last - first; i++)
        shift_cells(network, (uint8_t)(move->by > 0 ? last - i : first + i), move->by);
    network->recent_count = 0;
    network->moved_s = now_s ? now_s : 1;
    network->moved_from = move->from;
    network->moved_to = (uint8_t)(move->from + move->by);
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

/*
 * Only other devices can show a move, and only away from what was well known and to what was not. Those
 * of another path move, too, so that the device before need not have come by the same.
 */
static bool may_have_moved(const struct network *network, uint8_t hops)
{
    const double in_use = NETWORK_SECOND_PATH_LEAST * network->weight;

    return network->recent_count > 1 && weighs_enough(network) &&
           2 * weight_at(network, hops) < network->weight &&
           (network->recent_hops[1] == hops ||
            weight_at(network, network->recent_hops[1]) < in_use);
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
    if (cell->count >= NETWORK_CELL_MOST || cell->weight >= NETWORK_CELL_MOST)
        halve(network, 1);
    if (lesson->handset_mss != 0)
        add_mss(network, mss_step(lesson->handset_mss), 1);
    network->seen++;
    network->updated_s = now_s;
    if (lesson->hop_limit > network->highest)
        network->highest = lesson->hop_limit;
    remember_device(network, lesson->device, hops);

    if (may_have_moved(network, hops)) {
        struct network_move move;
        struct network_ways ways;

        if (!network_ways_have_moved(network, hops, lesson->device, &ways, &move))
            return;
        if (move.whole && network_ways_is_one_path(&ways))
            relearn(network, hops, now_s, move.from);
        else
            move_paths(network, &move, now_s);
    }
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
    for (unsigned i = 0; i < NETWORK_MSS_CELLS; i++)
        if (other->mss[i].count > 0)
            add_mss(network, other->mss[i].step, other->mss[i].count);
    add_up_weight(network);
    network->updated_s = now_s;
    if (other->highest > network->highest)
        network->highest = other->highest;
}

struct visiting {
    void (*each)(const struct network *network, void *context);
    void *context;
};

static void visit(void *entry, void *context)
{
    const struct visiting *visiting = context;

    visiting->each(entry, visiting->context);
}

void network_each(const struct table *networks,
                  void (*each)(const struct network *network, void *context), void *context)
{
    struct visiting visiting = {each, context};

    table_each(networks, visit, &visiting);
}
