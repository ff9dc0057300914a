/* What single signals say, on a network of which everything else is plain. */
#include "unit.h"

#include "visit.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_fixed_lines_one_hop_more_says_nothing),
        cmocka_unit_test(of_a_hosting_network_nothing_is_said),
        cmocka_unit_test(a_named_network_is_compared_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
