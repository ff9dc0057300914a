#include "unit.h"

#include "tale/path.h"
#include "tale/targets.h"
#include "tale_built.h"

static struct built built;
static struct random generator;

/* Enough of a probe for a path: a packet of `length` octets to the target, UDP unless changed. */
static uint8_t payload[8];

static struct probe probe_of(uint8_t hop_limit)
{
    static const uint8_t from[4] = {192, 0, 2, 1};

    memset(payload, 0, sizeof payload);
    return (struct probe){
        .packet = {.source = address_v4(from),
                   .destination = built.tale.target[0].address,
                   .payload = payload,
                   .end = payload + sizeof payload,
                   .version = 4,
                   .protocol = PROTOCOL_UDP,
                   .hop_limit = hop_limit,
                   .length = 60},
        .tale = &built.tale,
        .protocol = PROBE_UDP,
    };
}

static struct probe with_ports(uint8_t hop_limit, uint16_t source, uint16_t destination)
{
    struct probe p = probe_of(hop_limit);

    store_u16(payload, source);
    store_u16(payload + 2, destination);
    return p;
}

static unsigned hop_of(const struct stop *stop)
{
    return stop->hop ? (unsigned)(stop->hop - built.hop) : 999;
}

static unsigned walk(const struct probe *probe, uint64_t now_ns)
{
    const struct stop stop = path_walk(probe, now_ns, &generator);

    return hop_of(&stop);
}

static int set_up(void **state)
{
    (void)state;
    built_empty(&built);
    generator = random_seeded(7);
    return 0;
}

/* hop 0, then a diamond of (1, 2) and (3, 4), then hop 5. */
static void build_diamond(enum fork_by by)
{
    (void)built_add_hop(&built);
    (void)built_add_fork(&built, by, 2, (const uint16_t[]){2, 2});
    (void)built_add_hop(&built);
}

static void a_probe_ends_at_the_hop_of_its_hop_limit(void **state)
{
    static const struct {
        uint8_t hop_limit;
        unsigned hop;
        unsigned position;
    } rows[] = {{0, 0, 1}, {1, 0, 1}, {2, 1, 2}, {3, 2, 3}, {4, 999, 4}, {64, 999, 4}};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        (void)built_add_hop(&built);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct probe p = probe_of(rows[i].hop_limit);
        const struct stop stop = path_walk(&p, 0, &generator);

        assert_int_equal(hop_of(&stop), rows[i].hop);
        assert_int_equal(stop.position, rows[i].position);
        assert_int_equal(stop.cause, rows[i].hop == 999 ? STOP_END : STOP_HOP_LIMIT);
    }
}

/* The short cut of a straight tale leads where the way does. */
static void a_leap_is_a_walk(void **state)
{
    (void)state;
    for (unsigned hops = 0; hops < 5; hops++) {
        assert_true(tale_is_straight(&built.tale));
        for (unsigned k = 0; k < 256; k++) {
            const struct probe p = probe_of((uint8_t)k);
            struct stop walked, leapt;

            built.tale.straight = false;
            walked = path_walk(&p, 0, &generator);
            built.tale.straight = true;
            leapt = path_walk(&p, 0, &generator);
            assert_int_equal(walked.cause, leapt.cause);
            assert_int_equal(walked.position, leapt.position);
            assert_ptr_equal(walked.hop, leapt.hop);
        }
        (void)built_add_hop(&built);
    }
}

static void what_stops_or_divides_probes_is_not_straight(void **state)
{
    (void)state;
    (void)built_add_hop(&built);
    built.hop[0].mtu = 1400;
    assert_false(tale_is_straight(&built.tale));
    built.hop[0].mtu = 0;
    built.hop[0].refuse = REFUSE_ADMIN;
    assert_false(tale_is_straight(&built.tale));
    built.hop[0].refuse = REFUSE_NONE;
    assert_true(tale_is_straight(&built.tale));
    (void)built_add_fork(&built, FORK_FLOW, 2, (const uint16_t[]){1, 1});
    assert_false(tale_is_straight(&built.tale));
}

static void a_tale_without_hops_is_its_end(void **state)
{
    const struct probe p = probe_of(1);
    const struct stop stop = path_walk(&p, 0, &generator);

    (void)state;
    assert_int_equal(stop.cause, STOP_END);
    assert_int_equal(stop.position, 1);
}

static void nothing_comes_past_a_hop_that_refuses(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        (void)built_add_hop(&built);
    built.hop[1].refuse = REFUSE_ADMIN;
    for (uint8_t k = 1; k < 70; k++) {
        const struct probe p = probe_of(k);
        const struct stop stop = path_walk(&p, 0, &generator);

        assert_int_equal(hop_of(&stop), k == 1 ? 0 : 1);
        assert_int_equal(stop.cause, k == 1 ? STOP_HOP_LIMIT : STOP_REFUSED);
    }
}

static void a_flow_keeps_to_its_branch_at_every_hop_limit(void **state)
{
    unsigned upper = 0;

    (void)state;
    build_diamond(FORK_FLOW);
    for (unsigned port = 0; port < 1000; port++) {
        const struct probe second = with_ports(2, (uint16_t)(40000 + port), 33434);
        const unsigned hop = walk(&second, 0);
        struct probe third;

        assert_true(hop == 1 || hop == 3);
        third = with_ports(3, (uint16_t)(40000 + port), 33434);
        assert_int_equal(walk(&third, 12345), hop + 1);
        third.packet.hop_limit = 4;
        assert_int_equal(walk(&third, 0), 5);
        upper += hop == 1;
    }
    assert_in_range(upper, 430, 570);
}

/* Each row changes one thing about a probe; whether a router that balances by flow looks at it. */
static void what_makes_a_flow(void **state)
{
    static const struct {
        const char *name;
        uint8_t protocol;
        uint8_t octet; /* of the payload, that changes; 8: flow label, 9: traffic class, 10: id */
        bool counts;
    } rows[] = {
        {"UDP source port", PROTOCOL_UDP, 1, true},
        {"UDP destination port", PROTOCOL_UDP, 3, true},
        {"UDP length", PROTOCOL_UDP, 5, false},
        {"UDP checksum", PROTOCOL_UDP, 7, false},
        {"TCP source port", PROTOCOL_TCP, 1, true},
        {"TCP sequence", PROTOCOL_TCP, 5, false},
        {"SCTP destination port", PROTOCOL_SCTP, 3, true},
        {"DCCP source port", PROTOCOL_DCCP, 0, true},
        {"UDP-Lite destination port", PROTOCOL_UDPLITE, 2, true},
        {"ICMP checksum", PROTOCOL_ICMP, 3, true},
        {"ICMP identifier", PROTOCOL_ICMP, 5, true},
        {"ICMP sequence", PROTOCOL_ICMP, 7, false},
        {"GRE's first word", 47, 1, false},
        {"flow label", PROTOCOL_UDP, 8, true},
        {"traffic class", PROTOCOL_UDP, 9, false},
        {"identification", PROTOCOL_UDP, 10, false},
    };

    (void)state;
    build_diamond(FORK_FLOW);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool seen[16] = {false};

        for (unsigned value = 0; value < 64; value++) {
            struct probe p = probe_of(2);

            p.packet.protocol = rows[i].protocol;
            p.protocol = rows[i].protocol == PROTOCOL_ICMP ? PROBE_ICMP : PROBE_UDP;
            if (rows[i].octet < 8)
                payload[rows[i].octet] = (uint8_t)value;
            p.packet.flow_label = rows[i].octet == 8 ? value : 0;
            p.packet.traffic_class = rows[i].octet == 9 ? (uint8_t)value : 0;
            p.packet.id = rows[i].octet == 10 ? (uint16_t)value : 0;
            seen[walk(&p, 0)] = true;
        }
        if ((seen[1] && seen[3]) != rows[i].counts)
            print_error("%s\n", rows[i].name);
        assert_int_equal(seen[1] && seen[3], rows[i].counts);
    }
}

static void two_forks_choose_each_for_itself(void **state)
{
    unsigned ways[2][2] = {{0}};

    (void)state;
    (void)built_add_fork(&built, FORK_FLOW, 2, (const uint16_t[]){1, 1});
    (void)built_add_fork(&built, FORK_FLOW, 2, (const uint16_t[]){1, 1});
    for (unsigned port = 0; port < 1000; port++) {
        struct probe p = with_ports(1, (uint16_t)port, 80);
        const unsigned first = walk(&p, 0);

        p.packet.hop_limit = 2;
        ways[first][walk(&p, 0) - 2]++;
    }
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(ways[i / 2][i % 2], 180, 320);
}

static void branches_of_different_length_join_again(void **state)
{
    struct probe p = probe_of(1);

    (void)state;
    (void)built_add_fork(&built, FORK_TIME, 2, (const uint16_t[]){1, 3});
    built.step[0].every_us = 1000000;
    (void)built_add_hop(&built);
    for (uint64_t second = 0; second < 2; second++) {
        const unsigned length = second == 0 ? 1 : 3;
        struct stop stop;

        p.packet.hop_limit = (uint8_t)(length + 1);
        assert_int_equal(walk(&p, second * 1000000000u), 4);
        p.packet.hop_limit = 64;
        stop = path_walk(&p, second * 1000000000u, &generator);
        assert_int_equal(stop.cause, STOP_END);
        assert_int_equal(stop.position, length + 2);
    }
}

static void a_fork_by_time_takes_turns(void **state)
{
    const struct probe p = probe_of(1);

    (void)state;
    (void)built_add_fork(&built, FORK_TIME, 3, (const uint16_t[]){1, 1, 1});
    built.step[0].every_us = 500;
    for (unsigned turn = 0; turn < 9; turn++) {
        assert_int_equal(walk(&p, turn * 500000ull), turn % 3);
        assert_int_equal(walk(&p, turn * 500000ull + 499999), turn % 3);
    }
}

static void a_fork_by_packet_does_not_care_for_the_flow(void **state)
{
    const struct probe p = probe_of(1);
    unsigned count[4] = {0};

    (void)state;
    (void)built_add_fork(&built, FORK_PACKET, 4, (const uint16_t[]){1, 1, 1, 1});
    for (unsigned i = 0; i < 4000; i++)
        count[walk(&p, 0)]++;
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(count[i], 880, 1120);
}

static void a_fork_by_destination_looks_at_nothing_else(void **state)
{
    bool seen[2] = {false};

    (void)state;
    (void)built_add_fork(&built, FORK_DESTINATION, 2, (const uint16_t[]){1, 1});
    for (unsigned last = 0; last < 64; last++) {
        struct probe p = with_ports(1, 1, 1);
        unsigned hop;

        p.packet.destination.octets[15] = (uint8_t)last;
        hop = walk(&p, 0);
        seen[hop] = true;
        p = with_ports(1, (uint16_t)(last * 77), 99);
        p.packet.destination.octets[15] = (uint8_t)last;
        p.packet.source.octets[15] = (uint8_t)last;
        assert_int_equal(walk(&p, 0), hop);
    }
    assert_true(seen[0] && seen[1]);
}

static void a_fork_leaves_the_generator_alone_unless_it_is_by_packet(void **state)
{
    const struct probe p = probe_of(4);
    const uint64_t before = generator.state;

    (void)state;
    build_diamond(FORK_FLOW);
    (void)walk(&p, 0);
    assert_true(generator.state == before);
}

static void the_longest_way_counts_each_forks_longest_branch(void **state)
{
    (void)state;
    assert_int_equal(tale_longest(&built.tale), 0);
    (void)built_add_hop(&built);
    (void)built_add_fork(&built, FORK_FLOW, 3, (const uint16_t[]){1, 4, 2});
    (void)built_add_hop(&built);
    assert_int_equal(tale_longest(&built.tale), 6);
}

static void the_longest_prefix_finds_the_tale(void **state)
{
    static const uint8_t octets[4] = {203, 0, 113, 9};
    const struct address a = address_v4(octets);
    static struct built wide;
    struct tale *list[2] = {&wide.tale, &built.tale};
    const struct tales tales = {.count = 2, .tale = list};
    struct address other = a;

    (void)state;
    built_empty(&wide);
    wide.tale.target[0] = prefix_of(&a, 96 + 24);
    other.octets[15] = 10;
    assert_ptr_equal(tales_find(&tales, address_family(&a), &a).tale, &built.tale);
    assert_ptr_equal(tales_find(&tales, FAMILY_V4, &other).tale, &wide.tale);
    other.octets[14] = 0;
    assert_null(tales_find(&tales, FAMILY_V4, &other).tale);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_probe_ends_at_the_hop_of_its_hop_limit, set_up),
        cmocka_unit_test_setup(a_leap_is_a_walk, set_up),
        cmocka_unit_test_setup(what_stops_or_divides_probes_is_not_straight, set_up),
        cmocka_unit_test_setup(a_tale_without_hops_is_its_end, set_up),
        cmocka_unit_test_setup(nothing_comes_past_a_hop_that_refuses, set_up),
        cmocka_unit_test_setup(a_flow_keeps_to_its_branch_at_every_hop_limit, set_up),
        cmocka_unit_test_setup(what_makes_a_flow, set_up),
        cmocka_unit_test_setup(two_forks_choose_each_for_itself, set_up),
        cmocka_unit_test_setup(branches_of_different_length_join_again, set_up),
        cmocka_unit_test_setup(a_fork_by_time_takes_turns, set_up),
        cmocka_unit_test_setup(a_fork_by_packet_does_not_care_for_the_flow, set_up),
        cmocka_unit_test_setup(a_fork_by_destination_looks_at_nothing_else, set_up),
        cmocka_unit_test_setup(a_fork_leaves_the_generator_alone_unless_it_is_by_packet, set_up),
        cmocka_unit_test_setup(the_longest_way_counts_each_forks_longest_branch, set_up),
        cmocka_unit_test_setup(the_longest_prefix_finds_the_tale, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
