/*
 * A network's baseline as octets, for the store: the same on every machine.
 *
 *     version 2, highest, moved from, moved to, seen 8, decayed 4, moved 4,
 *     four times: MSS step 1, count 1
 *     cells 1, each: hop limit 1, count 2, weight 2, computer 2
 *     recent 1, each: device 2, hops 1
 */
#include "watch/network.h"

#include "watch/observation.h"

#include <errno.h>

enum { VERSION = 2 };

static uint8_t *put_u8(uint8_t *at, uint8_t value)
{
    *at = value;
    return at + 1;
}

static uint8_t *put_u16(uint8_t *at, uint16_t value)
{
    store_u16(at, value);
    return at + 2;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    store_u32(at, value);
    return at + 4;
}

void network_save(const struct network *network, struct baseline *out)
{
    uint8_t *at = out->octets;

    out->subscriber = false;
    out->prefix = network->prefix;
    out->updated_ns = (uint64_t)network->updated_s * 1000000000u;
    at = put_u8(at, VERSION);
    at = put_u8(at, network->highest);
    at = put_u8(at, network->moved_from);
    at = put_u8(at, network->moved_to);
    at = put_u32(at, (uint32_t)(network->seen >> 32));
    at = put_u32(at, (uint32_t)network->seen);
    at = put_u32(at, network->decayed_s);
    at = put_u32(at, network->moved_s);
    for (unsigned i = 0; i < NETWORK_MSS_CELLS; i++) {
        at = put_u8(at, network->mss[i].step);
        at = put_u8(at, network->mss[i].count);
    }
    at = put_u8(at, network->cell_count);
    for (unsigned i = 0; i < network->cell_count; i++) {
        at = put_u8(at, network->cell[i].hop_limit);
        at = put_u16(at, network->cell[i].count);
        at = put_u16(at, network->cell[i].weight);
        at = put_u16(at, network->cell[i].computer);
    }
    at = put_u8(at, network->recent_count);
    for (unsigned i = 0; i < network->recent_count; i++) {
        at = put_u16(at, network->recent_device[i]);
        at = put_u8(at, network->recent_hops[i]);
    }
    out->length = (uint16_t)(at - out->octets);
}

static bool read_cells(struct cursor *c, struct network *out)
{
    out->cell_count = cursor_u8(c);
    if (out->cell_count > NETWORK_CELLS)
        return false;
    for (unsigned i = 0; i < out->cell_count; i++) {
        struct network_cell *cell = &out->cell[i];

        cell->hop_limit = cursor_u8(c);
        cell->hops = (uint8_t)(observation_initial(cell->hop_limit) - cell->hop_limit);
        cell->count = cursor_u16(c);
        cell->weight = cursor_u16(c);
        cell->computer = cursor_u16(c);
        out->weight += cell->weight;
        if (cell->count >= NETWORK_CELL_MOST || cell->weight >= NETWORK_CELL_MOST ||
            cell->computer > cell->weight || (cell->count == 0 && cell->weight == 0))
            return false;
        for (unsigned j = 0; j < i; j++)
            if (out->cell[j].hop_limit == cell->hop_limit)
                return false;
    }
    return !c->failed;
}

static bool read_recent(struct cursor *c, struct network *out)
{
    out->recent_count = cursor_u8(c);
    if (out->recent_count > NETWORK_RECENT)
        return false;
    for (unsigned i = 0; i < out->recent_count; i++) {
        out->recent_device[i] = cursor_u16(c);
        out->recent_hops[i] = cursor_u8(c);
        if (out->recent_hops[i] > 128)
            return false;
    }
    return !c->failed;
}

/* Any size: the user's file may have had it. */
static bool is_prefix(const struct prefix *prefix)
{
    const struct prefix whole = prefix_of(&prefix->address, prefix->length);

    return prefix->length <= 128 && address_equal(&whole.address, &prefix->address) &&
           (prefix->length >= 96 || !address_is_v4(&prefix->address));
}

int network_restore(const struct baseline *baseline, struct network *out)
{
    struct cursor c = cursor_over(baseline->octets, baseline->length);

    *out = (struct network){.prefix = baseline->prefix};
    if (baseline->length > BASELINE_OCTETS_MAX || !is_prefix(&baseline->prefix) ||
        cursor_u8(&c) != VERSION)
        return -EINVAL;
    out->highest = cursor_u8(&c);
    out->moved_from = cursor_u8(&c);
    out->moved_to = cursor_u8(&c);
    out->seen = (uint64_t)cursor_u32(&c) << 32;
    out->seen |= cursor_u32(&c);
    out->decayed_s = cursor_u32(&c);
    out->moved_s = cursor_u32(&c);
    for (unsigned i = 0; i < NETWORK_MSS_CELLS; i++) {
        out->mss[i].step = cursor_u8(&c);
        out->mss[i].count = cursor_u8(&c);
    }
    out->updated_s = (uint32_t)(baseline->updated_ns / 1000000000u);
    if (c.failed || out->seen == 0 || !read_cells(&c, out) || !read_recent(&c, out) ||
        cursor_left(&c) != 0)
        return -EINVAL;
    return 0;
}
