#include "unit.h"

#include "visit.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOW = 1700000000, HOPS = 12 };

struct scene {
    struct watch *watch;
    uint64_t time_s;
    uint32_t flow;
    struct judgement last;
};

static void scene_begin(struct scene *scene, enum watch_rule rule)
{
    struct watch_settings settings = watch_settings_default();

    settings.rule = rule;
    settings.networks = 1u << 12;
    settings.subscribers = 1u << 14;
    settings.connections = 1u << 14;
    settings.hash_key[0] = 1;
    settings.hash_key[1] = 2;
    *scene = (struct scene){.time_s = NOW};
    assert_int_equal(watch_new(&settings, &scene->watch), 0);
}

static void scene_end(struct scene *scene)
{
    watch_free(scene->watch);
}

/* One connection, `hops` away, two seconds after the last. */
static enum verdict arrives(struct scene *scene, enum visit_maker maker, unsigned hops,
                            struct address client, uint32_t clock_ms)
{
    struct visit visit = {
        .maker = maker,
        .hops = hops,
        .client = client,
        .port = (uint16_t)(20000 + scene->flow % 40000),
        .time_s = scene->time_s += 2,
        .clock_ms = clock_ms,
        .flow = ++scene->flow,
    };
    struct observation observation = visit_observation(&visit);

    assert_true(watch_observe(scene->watch, &observation, &scene->last));
    return scene->last.verdict;
}

static bool has_signal(const struct judgement *judgement, const char *name)
{
    for (unsigned i = 0; i < judgement->evidence_count; i++)
        if (strcmp(evidence_signal(&judgement->evidence[i]), name) == 0)
            return true;
    return false;
}

static void says(const struct judgement *judgement, unsigned index, const char *sentence)
{
    char text[EVIDENCE_TEXT_MAX];

    assert_true(index < judgement->evidence_count);
    assert_string_equal(evidence_text(&judgement->evidence[index], text, sizeof text), sentence);
}

static void show(const char *what, const struct judgement *j)
{
    char text[EVIDENCE_TEXT_MAX];

    if (!getenv("SHOW"))
        return;
    printf("%s: %s %.3f stack %s share %.3f seen %llu\n", what, verdict_name(j->verdict),
           j->probability, stack_family_name(j->stack.family), j->network.share,
           (unsigned long long)j->network.seen);
    for (unsigned i = 0; i < j->evidence_count; i++)
        printf("   %+.1f %s: %s\n", (double)j->evidence[i].weight, evidence_signal(&j->evidence[i]),
               evidence_text(&j->evidence[i], text, sizeof text));
}

/* A dozen phones behind one IPv4 address, each with the clock of its own. */
static struct address nat(unsigned phone)
{
    (void)phone;
    return visit_v4(203, 0, 113, 7);
}

/* A dozen phones with a /64 each. */
static struct address slash_64(unsigned phone)
{
    return visit_v6(0x42, (uint16_t)(phone + 1), 0x1234);
}

static void phones_visit(struct scene *scene, enum visit_maker maker,
                         struct address (*address)(unsigned phone), unsigned times, unsigned hops)
{
    for (unsigned i = 0; i < times * 12; i++)
        arrives(scene, maker, hops, address(i % 12), (i % 12 + 1) * 1000000);
}

static void a_carrier_case(enum visit_maker phones, struct address (*address)(unsigned phone),
                           unsigned times)
{
    static const enum visit_maker guests[] = {MAKER_LINUX, MAKER_WINDOWS, MAKER_MAC, MAKER_ANDROID};
    struct scene scene;

    scene_begin(&scene, RULE_EVIDENCE);
    assert_int_equal(arrives(&scene, phones, HOPS, address(0), 1000000), VERDICT_UNKNOWN);
    says(&scene.last, 0, "nothing was seen of this network before");
    phones_visit(&scene, phones, address, times, HOPS);
    show("phone", &scene.last);
    assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
    assert_true(scene.last.probability <= 0.05);
    for (unsigned i = 0; i < 4; i++) {
        arrives(&scene, guests[i], HOPS + 1, address(3), 99000000 + i * 500000);
        show("guest", &scene.last);
        assert_int_equal(scene.last.verdict, VERDICT_TETHERED);
        assert_true(has_signal(&scene.last, "below_network"));
        for (unsigned j = 0; j < 3; j++)
            arrives(&scene, phones, HOPS, address(j), (j + 1) * 1000000);
        assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
    }
    scene_end(&scene);
}

static void a_carrier_with_a_dozen_phones_tells_phones_from_guests(void **state)
{
    static const enum visit_maker phones[] = {MAKER_ANDROID, MAKER_IPHONE, MAKER_LINUX};

    (void)state;
    for (unsigned times = 5; times <= 10; times += 5)
        for (unsigned i = 0; i < 3; i++) {
            if (getenv("SHOW"))
                printf("== times %u maker %u\n", times, phones[i]);
            a_carrier_case(phones[i], nat, times);
            a_carrier_case(phones[i], slash_64, times);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_carrier_with_a_dozen_phones_tells_phones_from_guests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
