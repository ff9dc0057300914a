/* What single signals say, on a network of which everything else is plain. */
#include "unit.h"

#include "serve/browser.h"
#include "visit.h"
#include "watch/judge.h"
#include "watch/named_networks.h"
#include "watch/signal.h"

#include <stdio.h>

enum { NOW = 1700000000, HOPS = 12 };

struct scene {
    struct watch *watch;
    struct named_networks *named;
    uint64_t time_s;
    uint32_t flow;
    struct judgement last;
};

static void scene_begin(struct scene *scene, const char *networks)
{
    struct watch_settings settings = watch_settings_default();
    struct report report;

    *scene = (struct scene){.time_s = NOW};
    report_init(&report, "networks.csv");
    if (networks)
        assert_int_equal(named_networks_new(networks, strlen(networks), &report, &scene->named), 0);
    settings.named = scene->named;
    settings.networks = 1u << 10;
    settings.subscribers = settings.connections = 1u << 12;
    settings.hash_key[0] = 1;
    assert_int_equal(watch_new(&settings, &scene->watch), 0);
}

static void scene_end(struct scene *scene)
{
    watch_free(scene->watch);
    named_networks_free(scene->named);
}

static struct address line_v6(unsigned line)
{
    return visit_v6(0x42, (uint16_t)line, 1);
}

static struct address line_v4(unsigned line)
{
    return visit_v4(203, 0, 113, (uint8_t)line);
}

static struct observation packet(struct scene *scene, enum visit_maker maker, unsigned hops,
                                 struct address client)
{
    struct visit visit = {
        .maker = maker,
        .hops = hops,
        .client = client,
        .port = (uint16_t)(20000 + scene->flow % 40000),
        .time_s = scene->time_s += 2,
        .clock_ms = 1000000u * client.octets[15] + 7000000u * client.octets[7],
        .flow = ++scene->flow,
    };

    return visit_observation(&visit);
}

static void observe(struct scene *scene, const struct observation *observation)
{
    watch_observe(scene->watch, observation, &scene->last);
}

static void arrives(struct scene *scene, enum visit_maker maker, unsigned hops,
                    struct address client)
{
    const struct observation observation = packet(scene, maker, hops, client);

    observe(scene, &observation);
}

/* Handsets, each on a line of its own. */
static void lines_visit(struct scene *scene, struct address (*line)(unsigned line))
{
    for (unsigned i = 0; i < 400; i++)
        arrives(scene, i % 2 ? MAKER_ANDROID : MAKER_IPHONE, HOPS, line(1 + i % 200));
}

static const struct evidence *evidence_of(const struct scene *scene, const char *name)
{
    for (unsigned i = 0; i < scene->last.evidence_count; i++)
        if (strcmp(evidence_signal(&scene->last.evidence[i]), name) == 0)
            return &scene->last.evidence[i];
    return NULL;
}

static void on_fixed_lines_one_hop_more_says_nothing(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene, "prefix,name,kind\n203.0.113.0/24,A town,fixed\n");
    lines_visit(&scene, line_v4);
    assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
    arrives(&scene, MAKER_WINDOWS, HOPS + 1, line_v4(7));
    assert_int_not_equal(scene.last.verdict, VERDICT_TETHERED);
    assert_non_null(evidence_of(&scene, "fixed_lines"));
    assert_null(evidence_of(&scene, "below_network"));
    assert_null(evidence_of(&scene, "below_subscriber"));
    scene_end(&scene);
}

static void of_a_hosting_network_nothing_is_said(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene, "prefix,name,kind\n2001:db8:42::/48,A cellar,hosting\n");
    lines_visit(&scene, line_v6);
    assert_int_equal(scene.last.verdict, VERDICT_UNKNOWN);
    assert_non_null(evidence_of(&scene, "hosting"));
    arrives(&scene, MAKER_WINDOWS, HOPS + 1, line_v6(7));
    assert_int_equal(scene.last.verdict, VERDICT_UNKNOWN);
    scene_end(&scene);
}

static void a_named_network_is_compared_by_itself(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene, "prefix,name,kind\n203.0.113.0/25,near,handset\n"
                        "203.0.113.128/25,far,handset\n");
    for (unsigned i = 0; i < 400; i++)
        arrives(&scene, MAKER_ANDROID, i % 2 ? HOPS : HOPS + 1, line_v4(i % 2 ? 1 + i % 100 : 200));
    assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
    assert_int_equal(scene.last.network.prefix.length, 121);
    arrives(&scene, MAKER_ANDROID, HOPS + 1, line_v4(201));
    assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
    arrives(&scene, MAKER_WINDOWS, HOPS + 1, line_v4(101));
    assert_int_equal(scene.last.verdict, VERDICT_TETHERED);
    scene_end(&scene);
}

static void a_larger_mss_than_any_handset_s_speaks_for_a_guest(void **state)
{
    struct observation guest;
    struct scene scene;

    (void)state;
    scene_begin(&scene, NULL);
    lines_visit(&scene, line_v6);
    guest = packet(&scene, MAKER_ANDROID, HOPS, line_v6(7));
    guest.mss = 1440; /* the handsets have 1380 */
    observe(&scene, &guest);
    assert_true(evidence_of(&scene, "larger_mss")->weight > 0);
    guest = packet(&scene, MAKER_ANDROID, HOPS, line_v6(8));
    observe(&scene, &guest);
    assert_null(evidence_of(&scene, "larger_mss"));
    scene_end(&scene);
}

static void the_more_handsets_have_a_larger_mss_the_less_it_says(void **state)
{
    struct observation guest;
    struct scene scene;
    char text[EVIDENCE_TEXT_MAX];
    float alone;

    (void)state;
    scene_begin(&scene, NULL);
    lines_visit(&scene, line_v6);
    guest = packet(&scene, MAKER_ANDROID, HOPS, line_v6(7));
    guest.mss = 1440;
    observe(&scene, &guest);
    alone = evidence_of(&scene, "larger_mss")->weight;
    for (unsigned i = 0; i < 400; i++) { /* one handset of ten */
        guest = packet(&scene, MAKER_ANDROID, HOPS, line_v6(1 + i % 200));
        guest.mss = i % 10 == 0 ? 1440 : 1380;
        observe(&scene, &guest);
    }
    guest = packet(&scene, MAKER_ANDROID, HOPS, line_v6(7));
    guest.mss = 1440;
    observe(&scene, &guest);
    assert_true(evidence_of(&scene, "larger_mss")->weight < alone / 2);
    evidence_text(evidence_of(&scene, "larger_mss"), text, sizeof text);
    assert_non_null(strstr(text, "more than most handsets of this network; "));
    scene_end(&scene);
}

/* A phone of a line whose path has become one hop longer, and then a guest of it. */
static void the_line_s_own_device_by_a_longer_path_is_no_guest(void **state)
{
    struct address (*const lines[])(unsigned line) = {line_v6, line_v4};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;

        scene_begin(&scene, NULL);
        lines_visit(&scene, lines[i]);
        for (unsigned n = 0; n < 3; n++)
            arrives(&scene, MAKER_ANDROID, HOPS, lines[i](9));
        for (unsigned n = 0; n < 5; n++) {
            arrives(&scene, MAKER_ANDROID, HOPS + 1, lines[i](9));
            assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
            assert_non_null(evidence_of(&scene, "longer_path"));
            assert_null(evidence_of(&scene, "below_network"));
        }
        arrives(&scene, MAKER_WINDOWS, HOPS + 1, lines[i](9));
        assert_int_equal(scene.last.verdict, VERDICT_TETHERED);
        assert_null(evidence_of(&scene, "longer_path"));
        scene_end(&scene);
    }
}

static void a_smaller_mss_mutes_one_hop_more(void **state)
{
    struct observation guest;
    struct scene scene;

    (void)state;
    scene_begin(&scene, NULL);
    lines_visit(&scene, line_v6);
    guest = packet(&scene, MAKER_WINDOWS, HOPS + 1, line_v6(7));
    guest.mss = 1240;
    observe(&scene, &guest);
    assert_non_null(evidence_of(&scene, "smaller_mss"));
    assert_null(evidence_of(&scene, "below_network"));
    scene_end(&scene);
}

static void another_clock_beside_a_steady_one_is_another_device(void **state)
{
    struct observation guest;
    struct scene scene;

    (void)state;
    scene_begin(&scene, NULL);
    lines_visit(&scene, line_v6);
    for (unsigned i = 0; i < 3; i++) {
        arrives(&scene, MAKER_ANDROID, HOPS, line_v6(2));
        assert_null(evidence_of(&scene, "clock_break"));
    }
    guest = packet(&scene, MAKER_ANDROID, HOPS, line_v6(2));
    guest.timestamp_value += 123456789;
    observe(&scene, &guest);
    assert_true(evidence_of(&scene, "clock_break")->weight > 0);
    scene_end(&scene);
}

static void a_clock_for_each_connection_cannot_break(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene, NULL);
    lines_visit(&scene, line_v6);
    for (unsigned i = 0; i < 100; i++) {
        struct observation o = packet(&scene, MAKER_ANDROID, HOPS, line_v6(900));

        o.timestamp_value = i * 2654435761u;
        observe(&scene, &o);
        assert_null(evidence_of(&scene, "clock_break"));
    }
    scene_end(&scene);
}

static void a_computer_that_comes_back_after_a_handset_is_not_a_new_line(void **state)
{
    static const struct {
        enum visit_maker maker;
        bool is_told;
    } rows[] = {
        {MAKER_ANDROID, false}, {MAKER_ANDROID, false}, {MAKER_WINDOWS, false},
        {MAKER_WINDOWS, false}, /* the address may have gone to another */
        {MAKER_ANDROID, false}, {MAKER_WINDOWS, true},  {MAKER_WINDOWS, true},
        {MAKER_ANDROID, false}, {MAKER_WINDOWS, true},
    };
    struct scene scene;

    (void)state;
    scene_begin(&scene, NULL);
    lines_visit(&scene, line_v6);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        arrives(&scene, rows[i].maker, HOPS, line_v6(900));
        assert_int_equal(evidence_of(&scene, "stacks_in_turns") != NULL, rows[i].is_told);
    }
    scene_end(&scene);
}

static void packets_that_show_no_stack_are_nobody_s_turn(void **state)
{
    const struct address line = line_v6(900);
    struct scene scene;

    (void)state;
    scene_begin(&scene, NULL);
    lines_visit(&scene, line_v6);
    arrives(&scene, MAKER_WINDOWS, HOPS, line);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(watch_hop_limit(scene.watch, &line, 128 - HOPS, scene.time_s * 1000000000u));
        arrives(&scene, MAKER_WINDOWS, HOPS, line);
        assert_null(evidence_of(&scene, "stacks_in_turns"));
    }
    scene_end(&scene);
}

static void two_addresses_of_one_line_in_turns_are_two_devices(void **state)
{
    const struct address first = visit_v6(0x42, 7, 1);
    const struct address second = visit_v6(0x42, 7, 2);
    struct scene scene;

    (void)state;
    scene_begin(&scene, NULL);
    lines_visit(&scene, line_v6);
    arrives(&scene, MAKER_ANDROID, HOPS, second); /* a change for privacy looks the same */
    assert_null(evidence_of(&scene, "two_identifiers"));
    arrives(&scene, MAKER_ANDROID, HOPS, second);
    assert_null(evidence_of(&scene, "two_identifiers"));
    arrives(&scene, MAKER_ANDROID, HOPS, first);
    assert_true(evidence_of(&scene, "two_identifiers")->weight > 0);
    scene_end(&scene);
}

/* One of two gateways moves; then a guest behind each. */
static void a_part_that_moves_is_learnt_as_moved(void **state)
{
    unsigned called_tethered = 0;
    struct scene scene;

    (void)state;
    scene_begin(&scene, NULL);
    for (unsigned i = 0; i < 800; i++)
        arrives(&scene, MAKER_ANDROID, i % 2 ? HOPS : HOPS + 4, line_v6(1 + i % 200));
    for (unsigned i = 0; i < 200; i++) {
        arrives(&scene, MAKER_ANDROID, i % 2 ? HOPS : HOPS + 5, line_v6(1 + i % 200));
        called_tethered += scene.last.verdict == VERDICT_TETHERED;
    }
    assert_in_range(called_tethered, 0, 3); /* the first could be guests */
    assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
    arrives(&scene, MAKER_WINDOWS, HOPS + 1, line_v6(2));
    assert_int_equal(scene.last.verdict, VERDICT_TETHERED);
    arrives(&scene, MAKER_WINDOWS, HOPS + 6, line_v6(1));
    assert_int_equal(scene.last.verdict, VERDICT_TETHERED);
    scene_end(&scene);
}

static struct judgement heard(struct scene *scene, enum stack_family browser, bool proxied)
{
    struct judgement judgement = scene->last;

    judge_hear(watch_threshold(scene->watch), browser, proxied, &judgement);
    return judgement;
}

static void a_mute_is_told_however_many_reasons_there_are(void **state)
{
    struct judgement judgement = {.evidence_count = EVIDENCE_MAX};

    (void)state;
    for (uint8_t i = 0; i < EVIDENCE_MAX; i++)
        judgement.evidence[i] = (struct evidence){.weight = (float)(9 - i), .signal = i};
    judge_hear(0.95, STACK_UNKNOWN, true, &judgement);
    assert_int_equal(judgement.evidence_count, EVIDENCE_MAX);
    assert_int_equal(judgement.evidence[EVIDENCE_MAX - 1].signal, SIGNAL_PROXY);
    assert_int_equal(judgement.evidence[EVIDENCE_MAX - 2].signal, EVIDENCE_MAX - 2);
    judgement.stack.family = STACK_ANDROID;
    judge_hear(0.95, STACK_WINDOWS, false, &judgement); /* heavier than none of them */
    assert_int_equal(judgement.evidence[EVIDENCE_MAX - 1].signal, SIGNAL_PROXY);
    judgement.evidence[0].weight = 2;
    judgement.evidence[1].weight = 1.5f;
    for (uint8_t i = 2; i < EVIDENCE_MAX - 1; i++)
        judgement.evidence[i].weight = 1;
    judge_hear(0.95, STACK_WINDOWS, false, &judgement); /* heavier than all */
    assert_int_equal(judgement.evidence[0].signal, SIGNAL_BROWSER_STACK);
    assert_int_equal(judgement.evidence[1].signal, 0);
    assert_int_equal(judgement.evidence[EVIDENCE_MAX - 2].signal, EVIDENCE_MAX - 3);
    assert_int_equal(judgement.evidence[EVIDENCE_MAX - 1].signal, SIGNAL_PROXY);
}

static void the_browser_s_name_for_its_system_is_held_against_the_packet(void **state)
{
    struct judgement judgement;
    struct scene scene;

    (void)state;
    scene_begin(&scene, NULL);
    lines_visit(&scene, line_v6);
    arrives(&scene, MAKER_ANDROID, HOPS, line_v6(7));
    assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
    assert_int_equal(heard(&scene, STACK_ANDROID, false).verdict, VERDICT_DIRECT);
    assert_int_equal(heard(&scene, STACK_LINUX, false).verdict, VERDICT_DIRECT);
    assert_int_equal(heard(&scene, STACK_UNKNOWN, false).verdict, VERDICT_DIRECT);
    judgement = heard(&scene, STACK_WINDOWS, false);
    assert_true(judgement.probability > 5 * scene.last.probability);
    assert_int_equal(judgement.verdict, VERDICT_UNKNOWN);
    assert_string_equal(evidence_signal(&judgement.evidence[judgement.evidence_count - 1]),
                        "browser_stack");
    judgement = heard(&scene, STACK_ANDROID, true);
    assert_int_equal(judgement.verdict, VERDICT_UNKNOWN);
    assert_string_equal(evidence_signal(&judgement.evidence[judgement.evidence_count - 1]),
                        "proxy");
    scene_end(&scene);
}

static void systems_are_known_by_how_browsers_call_them(void **state)
{
    static const struct {
        const char *agent;
        enum stack_family family;
    } rows[] = {
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/132.0", STACK_WINDOWS},
        {"Mozilla/5.0 (Linux; Android 14; K) Chrome/130.0.0.0 Mobile", STACK_ANDROID},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", STACK_IOS},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", STACK_MACOS},
        {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0)", STACK_LINUX},
        {"curl/8.0", STACK_UNKNOWN},
        {NULL, STACK_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(browser_family(rows[i].agent), rows[i].family);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_fixed_lines_one_hop_more_says_nothing),
        cmocka_unit_test(of_a_hosting_network_nothing_is_said),
        cmocka_unit_test(a_named_network_is_compared_by_itself),
        cmocka_unit_test(a_larger_mss_than_any_handset_s_speaks_for_a_guest),
        cmocka_unit_test(the_more_handsets_have_a_larger_mss_the_less_it_says),
        cmocka_unit_test(a_computer_that_comes_back_after_a_handset_is_not_a_new_line),
        cmocka_unit_test(packets_that_show_no_stack_are_nobody_s_turn),
        cmocka_unit_test(the_line_s_own_device_by_a_longer_path_is_no_guest),
        cmocka_unit_test(a_smaller_mss_mutes_one_hop_more),
        cmocka_unit_test(another_clock_beside_a_steady_one_is_another_device),
        cmocka_unit_test(a_clock_for_each_connection_cannot_break),
        cmocka_unit_test(two_addresses_of_one_line_in_turns_are_two_devices),
        cmocka_unit_test(a_part_that_moves_is_learnt_as_moved),
        cmocka_unit_test(a_mute_is_told_however_many_reasons_there_are),
        cmocka_unit_test(the_browser_s_name_for_its_system_is_held_against_the_packet),
        cmocka_unit_test(systems_are_known_by_how_browsers_call_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
