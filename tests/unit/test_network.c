#include "unit.h"

#include "visit.h"
#include "watch/network.h"

#include <errno.h>

enum { NOW = 1700000000 };

struct group {
    unsigned count;
    uint8_t hop_limit;
    double computers;
};

static void learn(struct network *network, uint8_t hop_limit, uint16_t device, double computers,
                  uint32_t at_s)
{
    const struct network_lesson lesson = {
        .hop_limit = hop_limit,
        .device = device,
        .weight = NETWORK_WEIGHT_ONE,
        .computers = computers,
        .time_ns = (uint64_t)at_s * 1000000000u,
    };

    network_learn(network, &lesson);
}

static struct network network_at(struct address client)
{
    struct prefix prefix[NETWORK_LEVELS_MAX];

    network_levels(&client, prefix);
    return (struct network){.prefix = prefix[0]};
}

/* Groups mixed evenly, so that none comes in one run; each arrival is a device of its own. */
static struct network made_of(const struct group *groups, size_t count)
{
    struct network network = network_at(visit_v4(203, 0, 113, 7));
    unsigned done[8] = {0};
    unsigned total = 0;

    for (size_t i = 0; i < count; i++)
        total += groups[i].count;
    for (unsigned arrival = 1; arrival <= total; arrival++) {
        size_t next = 0;

        while (done[next] * total >= groups[next].count * arrival)
            next++;
        done[next]++;
        learn(&network, groups[next].hop_limit, (uint16_t)arrival, groups[next].computers, NOW);
    }
    return network;
}

static struct network_reading read_of(struct network *network, uint8_t hops)
{
    struct network *level[1] = {network};
    struct network_reading reading;

    network_read(level, 1, hops, 0, &reading);
    return reading;
}

static double ratio(const struct network_reading *reading)
{
    return reading->tethered / reading->direct;
}

static void levels_go_from_fine_to_coarse_in_each_family(void **state)
{
    static const struct {
        const char *what;
        bool is_v4;
        unsigned count;
        uint8_t written[NETWORK_LEVELS_MAX];
    } rows[] = {{"IPv4", true, 3, {24, 20, 16}}, {"IPv6", false, 2, {48, 32}}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct address a = rows[i].is_v4 ? visit_v4(203, 0, 113, 7) : visit_v6(1, 2, 3);
        struct prefix prefix[NETWORK_LEVELS_MAX];

        assert_int_equal(network_levels(&a, prefix), rows[i].count);
        for (unsigned j = 0; j < rows[i].count; j++) {
            assert_int_equal(prefix_written_length(&prefix[j]), rows[i].written[j]);
            assert_true(prefix_contains(&prefix[j], &a));
        }
    }
}

static void nothing_is_said_before_enough_is_seen(void **state)
{
    struct network network = network_at(visit_v4(203, 0, 113, 7));
    struct network *none[1] = {NULL};
    struct network_reading reading;

    (void)state;
    network_read(none, 1, 12, 0, &reading);
    assert_null(reading.network);
    assert_false(reading.enough);
    for (uint16_t i = 0; i < 15; i++)
        learn(&network, 52, i, 0, NOW);
    reading = read_of(&network, 12);
    assert_ptr_equal(reading.network, &network);
    assert_false(reading.enough);
    learn(&network, 52, 15, 0, NOW);
    assert_true(read_of(&network, 12).enough);
}

static void hops_stand_to_the_usual_as_they_should(void **state)
{
    static const struct group groups[] = {{500, 52, 0}};
    static const struct {
        uint8_t hops;
        enum network_relation relation;
    } rows[] = {
        {12, NETWORK_USUAL}, {13, NETWORK_BELOW}, {11, NETWORK_ABOVE},
        {15, NETWORK_NEW},   {5, NETWORK_NEW},
    };
    struct network network = made_of(groups, 1);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(read_of(&network, rows[i].hops).relation, rows[i].relation);
}

/* The weight of one hop below must hold while guests are few, and go where a path is plain. */
static void guests_do_not_hide_each_other_but_a_path_does(void **state)
{
    static const struct {
        unsigned usual;
        unsigned below;
        double least; /* ratio of tethered to direct */
        double most;
    } rows[] = {
        {1000, 0, 200, 1000}, {900, 100, 100, 1000}, {800, 200, 50, 1000},
        {500, 500, 0, 5},     {400, 600, 0, 1.5},    {100, 900, 0, 0.3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* as many computers as handsets, so that nothing follows from what they are */
        const struct group groups[] = {{rows[i].usual, 52, 0.5}, {rows[i].below, 51, 0.5}};
        struct network network = made_of(groups, 2);
        const struct network_reading reading = read_of(&network, 13);

        assert_in_range((uintmax_t)(ratio(&reading) * 1000), (uintmax_t)(rows[i].least * 1000),
                        (uintmax_t)(rows[i].most * 1000));
    }
}

static void computers_one_below_handsets_are_no_path_however_many(void **state)
{
    static const struct group computers[] = {{600, 52, 0}, {400, 51, 1}};
    static const struct group handsets[] = {{600, 52, 0}, {400, 51, 0}};
    struct network network = made_of(computers, 2);
    const struct network_reading with_computers = read_of(&network, 13);
    struct network other = made_of(handsets, 2);
    const struct network_reading with_handsets = read_of(&other, 13);

    (void)state;
    assert_true(with_computers.handsets);
    assert_true(ratio(&with_computers) > 50);
    assert_true(ratio(&with_handsets) < 20);
}

static void handsets_one_below_handsets_are_a_path_though_they_be_few(void **state)
{
    static const struct group groups[] = {{800, 52, 0}, {200, 51, 0}};
    struct network network = made_of(groups, 2);
    const struct network_reading reading = read_of(&network, 13);

    (void)state;
    assert_true(ratio(&reading) < 10);
    assert_int_equal(read_of(&network, 12).relation, NETWORK_USUAL);
}

static void nobody_moves_to_a_path_that_is_in_ordinary_use(void **state)
{
    static const struct group groups[] = {{600, 52, 0}, {200, 50, 0}, {20, 47, 0}};
    static const struct {
        uint8_t hops;
        bool may_have_moved;
    } rows[] = {{12, false}, {14, false}, {17, true}, {20, true}};
    struct network network = made_of(groups, 3);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(read_of(&network, rows[i].hops).move > 0, rows[i].may_have_moved);
}

static void a_network_of_several_paths_says_so(void **state)
{
    static const struct group groups[] = {{600, 52, 0}, {400, 50, 0}};
    struct network network = made_of(groups, 2);
    const struct network_reading reading = read_of(&network, 13);

    (void)state;
    assert_int_equal(reading.second, 14);
    assert_int_equal(reading.relation, NETWORK_BELOW);
    assert_int_equal(read_of(&network, 14).relation, NETWORK_USUAL);
    assert_int_equal(read_of(&network, 15).relation, NETWORK_BELOW);
}

static void initials_are_compared_by_hops(void **state)
{
    static const struct group groups[] = {{300, 52, 0}, {30, 116, 1}};
    struct network network = made_of(groups, 2);
    const struct network_reading reading = read_of(&network, 13);
    struct network_view view;

    (void)state;
    assert_int_equal(reading.usual, 52);
    assert_true(reading.usual_share > 0.99);
    network_view(&network, 115, &view);
    assert_int_equal(view.hop_limit, 116);
    network_view(&network, 51, &view);
    assert_int_equal(view.hop_limit, 52);
    assert_true(view.share > 0.90 && view.share < 0.92);
    assert_int_equal(view.seen, 330);
    network_view(&network, 200, &view);
    assert_int_equal(view.hop_limit, 52);
}

static void a_move_is_recognised_and_learnt_anew(void **state)
{
    static const struct group groups[] = {{500, 52, 0}};
    struct network network = made_of(groups, 1);
    struct network_reading reading;
    uint16_t device = 5000;
    unsigned runs = 0;

    (void)state;
    while (network.moved_s == 0 && runs < 50) {
        learn(&network, 50, device++, 0, NOW + 10);
        runs++;
    }
    assert_in_range(runs, 3, 8);
    assert_int_equal(network.moved_from, 12);
    assert_int_equal(network.moved_to, 14);
    reading = read_of(&network, 14);
    assert_true(reading.moving);
    assert_false(reading.enough);
    for (unsigned i = 0; i < 16; i++)
        learn(&network, 50, device++, 0, NOW + 20);
    reading = read_of(&network, 14);
    assert_false(reading.moving);
    assert_int_equal(reading.relation, NETWORK_USUAL);
    assert_int_equal(read_of(&network, 15).relation, NETWORK_BELOW);
}

/* Three gateways are two hops farther, and two of them show it in turns. */
static void several_paths_that_move_at_once_are_known_at_their_new_places(void **state)
{
    static const struct group groups[] = {{200, 54, 0}, {200, 51, 0}, {200, 47, 0}};
    struct network network = made_of(groups, 3);
    uint16_t device = 5000;
    unsigned runs = 0;

    (void)state;
    for (; network.moved_s == 0 && runs < 50; runs++)
        learn(&network, runs % 2 ? 49 : 45, device++, 0, NOW + 10);
    assert_in_range(runs, 3, 14);
    assert_int_equal(network.moved_to - network.moved_from, 2);
    for (unsigned i = 0; i < 3; i++) {
        static const uint8_t hops[] = {12, 15, 19};
        const struct network_reading at = read_of(&network, hops[i]);
        const struct network_reading after = read_of(&network, (uint8_t)(hops[i] + 1));

        assert_true(at.enough);
        assert_int_equal(at.relation, NETWORK_USUAL);
        assert_int_equal(after.relation, NETWORK_BELOW);
    }
}

static void one_device_alone_moves_no_network(void **state)
{
    static const struct group groups[] = {{100, 52, 0}};
    struct network network = made_of(groups, 1);

    (void)state;
    for (unsigned i = 0; i < 60; i++)
        learn(&network, 51, 7777, 0, NOW + 10);
    assert_int_equal(network.moved_s, 0);
}

static void a_run_of_others_makes_a_move_likelier_than_guests(void **state)
{
    static const struct group groups[] = {{500, 52, 0}};
    struct network network = made_of(groups, 1);
    double before = ratio(&(struct network_reading){.tethered = 1, .direct = 1e-9});

    (void)state;
    for (uint16_t i = 0; i < 4; i++) {
        const struct network_reading reading = read_of(&network, 13);

        assert_true(ratio(&reading) < before);
        before = ratio(&reading);
        learn(&network, 51, (uint16_t)(6000 + i), 0, NOW + 10);
    }
    assert_true(before < 40);
}

static void a_coarser_network_speaks_with_less_weight_for_an_unknown_part(void **state)
{
    static const struct group groups[] = {{1000, 52, 0}};
    struct network coarse = made_of(groups, 1);
    struct network part = network_at(visit_v4(203, 0, 113, 7));
    struct network *level[2] = {NULL, &coarse};
    struct network_reading without;
    struct network_reading with_little;

    (void)state;
    network_read(level, 2, 13, 0, &without);
    assert_true(without.enough);
    assert_ptr_equal(without.network, &coarse);
    assert_true(ratio(&without) < 20);
    for (uint16_t i = 0; i < 15; i++)
        learn(&part, 52, i, 0, NOW);
    level[0] = &part;
    network_read(level, 2, 13, 0, &with_little);
    assert_ptr_equal(with_little.network, &coarse);
    assert_true(ratio(&with_little) > 100);
}

static void a_part_that_moved_is_not_judged_by_the_whole(void **state)
{
    static const struct group groups[] = {{1000, 52, 0}};
    struct network coarse = made_of(groups, 1);
    struct network part = made_of(groups, 1);
    struct network *level[2] = {&part, &coarse};
    struct network_reading reading;

    (void)state;
    for (uint16_t device = 5000; part.moved_s == 0 && device < 5100; device++)
        learn(&part, 51, device, 0, NOW + 10);
    network_read(level, 2, 13, 0, &reading);
    assert_ptr_equal(reading.network, &part);
    assert_true(reading.moving);
}

static void what_was_seen_long_ago_fades(void **state)
{
    static const struct group groups[] = {{64, 52, 0}};
    struct network network = made_of(groups, 1);
    const unsigned count = network.cell[0].count;

    (void)state;
    learn(&network, 40, 9, 0, NOW + 3 * 86400 + 1);
    assert_int_equal(network.cell[0].count, count / 2);
    learn(&network, 40, 9, 0, NOW + 60 * 86400);
    assert_int_equal(network.cell_count, 1);
    assert_int_equal(network.cell[0].hop_limit, 40);
    assert_int_equal(network.seen, 66);
}

static void a_time_that_goes_back_does_no_harm(void **state)
{
    static const struct group groups[] = {{64, 52, 0}};
    struct network network = made_of(groups, 1);

    (void)state;
    learn(&network, 52, 9, 0, 5);
    assert_int_equal(network.cell[0].count, 65);
}

static void more_hop_limits_than_cells_cost_the_rarest(void **state)
{
    static const struct group groups[] = {{50, 52, 0}};
    struct network network = made_of(groups, 1);
    unsigned weight = 0;

    (void)state;
    for (unsigned i = 0; i < 200; i++)
        learn(&network, (uint8_t)(i + 33), (uint16_t)i, 0, NOW);
    assert_int_equal(network.cell_count, NETWORK_CELLS);
    assert_int_equal(network.cell[0].hop_limit, 52);
    for (unsigned i = 0; i < network.cell_count; i++)
        weight += network.cell[i].weight;
    assert_int_equal(network.weight, weight);
}

static void it_survives_as_octets(void **state)
{
    static const struct group groups[] = {{500, 52, 0}, {60, 51, 1}, {5, 115, 1}};
    struct network network = made_of(groups, 3);
    struct network back;
    struct baseline baseline;

    (void)state;
    network_save(&network, &baseline);
    assert_false(baseline.subscriber);
    assert_int_equal(network_restore(&baseline, &back), 0);
    assert_memory_equal(&network, &back, sizeof network);
}

static void octets_that_it_never_gave_are_refused(void **state)
{
    static const struct group groups[] = {{500, 52, 0}, {60, 51, 1}};
    struct network network = made_of(groups, 2);
    struct network back;
    struct baseline good;
    struct baseline bad;

    (void)state;
    network_save(&network, &good);
    for (uint16_t length = 0; length < good.length; length++) {
        bad = good;
        bad.length = length;
        assert_int_equal(network_restore(&bad, &back), -EINVAL);
    }
    bad = good;
    bad.octets[0] = 99;
    assert_int_equal(network_restore(&bad, &back), -EINVAL);
    bad = good;
    bad.prefix.length = 96 + 23;
    assert_int_equal(network_restore(&bad, &back), -EINVAL);
    bad = good;
    bad.prefix.address.octets[15] = 1;
    assert_int_equal(network_restore(&bad, &back), -EINVAL);
    bad = good;
    bad.length++;
    assert_int_equal(network_restore(&bad, &back), -EINVAL);
    network.cell[0].weight = NETWORK_CELL_MOST; /* it would have been halved */
    network_save(&network, &bad);
    assert_int_equal(network_restore(&bad, &back), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_go_from_fine_to_coarse_in_each_family),
        cmocka_unit_test(nothing_is_said_before_enough_is_seen),
        cmocka_unit_test(hops_stand_to_the_usual_as_they_should),
        cmocka_unit_test(guests_do_not_hide_each_other_but_a_path_does),
        cmocka_unit_test(computers_one_below_handsets_are_no_path_however_many),
        cmocka_unit_test(handsets_one_below_handsets_are_a_path_though_they_be_few),
        cmocka_unit_test(nobody_moves_to_a_path_that_is_in_ordinary_use),
        cmocka_unit_test(a_network_of_several_paths_says_so),
        cmocka_unit_test(initials_are_compared_by_hops),
        cmocka_unit_test(a_move_is_recognised_and_learnt_anew),
        cmocka_unit_test(several_paths_that_move_at_once_are_known_at_their_new_places),
        cmocka_unit_test(one_device_alone_moves_no_network),
        cmocka_unit_test(a_run_of_others_makes_a_move_likelier_than_guests),
        cmocka_unit_test(a_coarser_network_speaks_with_less_weight_for_an_unknown_part),
        cmocka_unit_test(a_part_that_moved_is_not_judged_by_the_whole),
        cmocka_unit_test(what_was_seen_long_ago_fades),
        cmocka_unit_test(a_time_that_goes_back_does_no_harm),
        cmocka_unit_test(more_hop_limits_than_cells_cost_the_rarest),
        cmocka_unit_test(it_survives_as_octets),
        cmocka_unit_test(octets_that_it_never_gave_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
