#include "unit.h"

#include "serve/json.h"
#include "visit.h"
#include "watch/signal.h"

#include <errno.h>
#include <malloc.h>
#include <math.h>
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
    assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
    assert_true(scene.last.probability <= 0.05);
    for (unsigned i = 0; i < 4; i++) {
        arrives(&scene, guests[i], HOPS + 1, address(3), 99000000 + i * 500000);
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
            a_carrier_case(phones[i], nat, times);
            a_carrier_case(phones[i], slash_64, times);
        }
}

/* Many lines of one carrier, in no order; a share of them has a guest. Returns false tethered. */
static unsigned lines_visit(struct scene *scene, unsigned times, unsigned hops, unsigned guest_of,
                            unsigned *out_found)
{
    unsigned false_tethered = 0;

    *out_found = 0;
    for (unsigned i = 0; i < times; i++) {
        const unsigned line = (i * 7919u + i / 97u) % 400;
        const bool is_guest = guest_of != 0 && i % guest_of == 0;
        const enum verdict verdict =
            arrives(scene,
                    is_guest   ? MAKER_MAC
                    : line % 2 ? MAKER_ANDROID
                               : MAKER_IPHONE,
                    hops + is_guest, visit_v6(0x42, (uint16_t)(line + 1), 1), line * 100000);

        *out_found += is_guest && verdict == VERDICT_TETHERED;
        false_tethered += !is_guest && verdict == VERDICT_TETHERED;
    }
    return false_tethered;
}

static void guests_are_found_while_a_fifth_of_the_network_is_tethered(void **state)
{
    static const unsigned guest_of[] = {10, 5};
    struct scene scene;
    unsigned found;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        scene_begin(&scene, RULE_EVIDENCE);
        lines_visit(&scene, 400, HOPS, guest_of[i], &found);
        assert_int_equal(lines_visit(&scene, 2000, HOPS, guest_of[i], &found), 0);
        assert_true(found >= 2000 / guest_of[i] * 85 / 100);
        scene_end(&scene);
    }
}

static void a_new_route_brings_no_burst_of_false_verdicts(void **state)
{
    static const int shifts[] = {2, 1, -1, -2, 5};
    struct scene scene;
    unsigned found;

    (void)state;
    for (size_t i = 0; i < sizeof shifts / sizeof shifts[0]; i++) {
        const unsigned hops = (unsigned)(HOPS + shifts[i]);

        scene_begin(&scene, RULE_EVIDENCE);
        lines_visit(&scene, 4000, HOPS, 10, &found); /* each line has a usual of its own too */
        assert_true(lines_visit(&scene, 60, hops, 0, &found) <= 2);
        assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
        assert_int_equal(lines_visit(&scene, 1000, hops, 10, &found), 0);
        assert_true(found >= 85);
        scene_end(&scene);
    }
}

static void while_a_route_is_new_the_verdict_is_unknown_and_says_why(void **state)
{
    struct scene scene;
    unsigned found;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    lines_visit(&scene, 1000, HOPS, 0, &found);
    lines_visit(&scene, 8, HOPS + 2, 0, &found);
    assert_int_equal(scene.last.verdict, VERDICT_UNKNOWN);
    says(&scene.last, 0, "this network moved from 12 to 14 hops, and is being learnt anew");
    scene_end(&scene);
}

static void a_shared_address_mutes_what_is_about_one_subscriber(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    phones_visit(&scene, MAKER_ANDROID, nat, 5, HOPS);
    arrives(&scene, MAKER_IPHONE, HOPS + 1, nat(0), 0);
    assert_true(has_signal(&scene.last, "shared_address"));
    assert_false(has_signal(&scene.last, "below_subscriber"));
    assert_false(has_signal(&scene.last, "several_stacks"));
    scene_end(&scene);
}

/* The newest Linux has another clock for each connection; so have the lab's hosts, and loopback. */
static void a_clock_for_each_connection_is_no_shared_address(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    for (unsigned i = 0; i < 200; i++)
        arrives(&scene, MAKER_LINUX, HOPS, nat(0), i * 2654435761u);
    assert_false(has_signal(&scene.last, "shared_address"));
    arrives(&scene, MAKER_LINUX, HOPS + 1, nat(0), 77);
    assert_true(has_signal(&scene.last, "below_subscriber"));
    scene_end(&scene);
}

static void a_line_that_goes_between_two_hop_limits_is_seen_to(void **state)
{
    const struct address line = visit_v6(0x42, 900, 1);
    struct scene scene;
    unsigned found;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    lines_visit(&scene, 200, HOPS, 0, &found);
    for (unsigned i = 0; i < 3; i++) {
        arrives(&scene, MAKER_ANDROID, HOPS, line, 5);
        assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
        arrives(&scene, MAKER_ANDROID, HOPS + 1, visit_v6(0x42, 900, 2), 90000);
        assert_int_equal(scene.last.verdict, VERDICT_TETHERED);
    }
    assert_true(has_signal(&scene.last, "alternating"));
    scene_end(&scene);
}

static void one_busy_guest_does_not_make_a_path(void **state)
{
    struct scene scene;
    unsigned found;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    for (unsigned line = 1; line <= 100; line++)
        arrives(&scene, MAKER_LINUX, HOPS, visit_v6(0x42, (uint16_t)line, 1), line * 100000);
    for (unsigned i = 0; i < 600; i++) {
        arrives(&scene, MAKER_LINUX, HOPS + 1, visit_v6(0x42, 500, 1), 9);
        lines_visit(&scene, i % 6 == 0, HOPS, 0, &found);
    }
    arrives(&scene, MAKER_LINUX, HOPS + 1, visit_v6(0x42, 501, 1), 77);
    assert_int_equal(scene.last.verdict, VERDICT_TETHERED);
    scene_end(&scene);
}

static void the_prior_alone_is_no_verdict(void **state)
{
    struct watch_settings settings = watch_settings_default();
    struct visit visit = {
        .maker = MAKER_WINDOWS, .client = visit_v4(203, 0, 113, 7), .time_s = NOW};
    struct observation observation = visit_observation(&visit);
    struct judgement judgement;
    struct watch *watch;

    (void)state;
    settings.prior = 0.001;
    settings.networks = settings.subscribers = settings.connections = 64;
    assert_int_equal(watch_new(&settings, &watch), 0);
    watch_observe(watch, &observation, &judgement);
    assert_true(judgement.probability < 0.05);
    assert_int_equal(judgement.verdict, VERDICT_UNKNOWN);
    observation.client_port++;
    observation.hop_limit = 52;
    watch_observe(watch, &observation, &judgement);
    assert_true(judgement.rewritten);
    assert_true(has_signal(&judgement, "stack_hop_limit"));
    assert_int_equal(judgement.verdict, VERDICT_UNKNOWN);
    watch_free(watch);
}

static void a_rewritten_hop_limit_is_a_finding(void **state)
{
    struct visit visit = {.maker = MAKER_WINDOWS, .client = visit_v6(0x42, 901, 1), .port = 9};
    struct observation observation;
    struct scene scene;
    unsigned found;
    char text[EVIDENCE_TEXT_MAX];

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    lines_visit(&scene, 400, HOPS, 0, &found);
    visit.time_s = scene.time_s;
    observation = visit_observation(&visit);
    observation.hop_limit = 64 - HOPS; /* forced to 64 on the phone */
    watch_observe(scene.watch, &observation, &scene.last);
    assert_true(scene.last.rewritten);
    assert_true(has_signal(&scene.last, "stack_hop_limit"));
    assert_false(has_signal(&scene.last, "as_network")); /* which the hops would say */
    assert_int_not_equal(scene.last.verdict, VERDICT_DIRECT);
    for (unsigned i = 0; i < scene.last.evidence_count; i++)
        if (strcmp(evidence_signal(&scene.last.evidence[i]), "stack_hop_limit") == 0)
            assert_string_equal(
                evidence_text(&scene.last.evidence[i], text, sizeof text),
                "sent by windows, which starts from 128, but it arrived as if from 64: rewritten");
    scene_end(&scene);
}

static void an_initial_of_255_mutes_what_hops_say(void **state)
{
    struct visit visit = {.maker = MAKER_LINUX, .client = visit_v6(0x42, 901, 1), .port = 9};
    struct observation observation;
    struct scene scene;
    unsigned found;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    lines_visit(&scene, 400, HOPS, 0, &found);
    visit.time_s = scene.time_s;
    observation = visit_observation(&visit);
    observation.hop_limit = 255 - HOPS - 1;
    watch_observe(scene.watch, &observation, &scene.last);
    assert_true(has_signal(&scene.last, "initial_255"));
    assert_false(has_signal(&scene.last, "below_network"));
    scene_end(&scene);
}

#ifdef __SANITIZE_ADDRESS__
#define FLOOD 1000000
#elif defined(__has_feature) /* clang's word for the same */
#define FLOOD (__has_feature(address_sanitizer) ? 1000000 : 10000000)
#else
#define FLOOD 10000000
#endif

/* Spoofed sources, each seen once, with any hop limit. */
static void flood(struct scene *scene, unsigned count)
{
    uint64_t random = 88172645463325252u;
    struct judgement ignored;

    for (unsigned i = 0; i < count; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        struct visit visit = {
            .maker = MAKER_LINUX,
            .hops = (unsigned)(random >> 50) % 30,
            .client = visit_v4((uint8_t)(1 + random % 200), (uint8_t)(random >> 8),
                               (uint8_t)(random >> 16), (uint8_t)(random >> 24)),
            .port = (uint16_t)(random >> 32),
            .time_s = scene->time_s + i / 100000,
            .flow = i,
        };
        const struct observation observation = visit_observation(&visit);

        watch_observe(scene->watch, &observation, &ignored);
    }
    scene->time_s += count / 100000;
}

static void a_flood_takes_nothing_from_those_who_are_known(void **state)
{
    struct judgement before;
    struct judgement after;
    struct scene scene;
    unsigned found;
    size_t allocated;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    lines_visit(&scene, 4000, HOPS, 10, &found);
    arrives(&scene, MAKER_WINDOWS, HOPS + 1, visit_v6(0x42, 3, 1), 0);
    before = scene.last;
    allocated = mallinfo2().uordblks + mallinfo2().hblkhd;
    flood(&scene, FLOOD);
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd == allocated);
    assert_true(watch_lookup(scene.watch, &before.observation.client,
                             before.observation.client_port, &after));
    assert_int_equal(after.verdict, VERDICT_TETHERED);
    arrives(&scene, MAKER_WINDOWS, HOPS + 1, visit_v6(0x42, 5, 1), 0);
    assert_int_equal(scene.last.verdict, VERDICT_TETHERED);
    assert_int_equal(scene.last.network.seen, before.network.seen + 1);
    assert_true(has_signal(&scene.last, "below_subscriber"));
    arrives(&scene, MAKER_ANDROID, HOPS, visit_v6(0x42, 7, 1), 0);
    assert_int_equal(scene.last.verdict, VERDICT_DIRECT);
    scene_end(&scene);
}

static void a_retransmission_is_judged_again_but_not_learnt(void **state)
{
    struct visit visit = {
        .maker = MAKER_ANDROID, .hops = HOPS, .port = 9, .time_s = NOW, .flow = 3};
    struct observation observation;
    struct judgement first;
    struct judgement again;
    struct scene scene;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    phones_visit(&scene, MAKER_ANDROID, slash_64, 5, HOPS);
    visit.client = slash_64(4);
    visit.time_s = scene.time_s + 5;
    observation = visit_observation(&visit);
    assert_true(watch_observe(scene.watch, &observation, &first));
    observation.time_ns += 1000000000u;
    assert_false(watch_observe(scene.watch, &observation, &again));
    assert_int_equal(again.verdict, first.verdict);
    assert_true(again.observation.time_ns == observation.time_ns);
    assert_int_equal(again.observation.window, 65535);
    assert_int_equal(again.network.seen, first.network.seen);
    observation.sequence++; /* the port again, for another connection */
    assert_true(watch_observe(scene.watch, &observation, &again));
    assert_int_equal(again.network.seen, first.network.seen + 1);
    scene_end(&scene);
}

static void a_lookup_gives_the_judgement_as_it_was_given(void **state)
{
    struct scene scene;
    struct judgement found;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    phones_visit(&scene, MAKER_ANDROID, slash_64, 5, HOPS);
    arrives(&scene, MAKER_WINDOWS, HOPS + 1, slash_64(3), 0);
    assert_true(watch_lookup(scene.watch, &scene.last.observation.client,
                             scene.last.observation.client_port, &found));
    assert_int_equal(found.observation.time_ns / 1000, scene.last.observation.time_ns / 1000);
    assert_true(address_equal(&found.observation.server, &scene.last.observation.server));
    assert_int_equal(found.observation.server_port, 443);
    assert_int_equal(found.observation.hop_limit, scene.last.observation.hop_limit);
    assert_int_equal(found.initial, 128);
    assert_int_equal(found.hops, HOPS + 1);
    assert_int_equal(found.verdict, scene.last.verdict);
    assert_int_equal(found.stack.family, scene.last.stack.family);
    assert_true(found.probability > scene.last.probability - 0.0001);
    assert_true(found.probability < scene.last.probability + 0.0001);
    assert_true(found.network.known);
    assert_memory_equal(&found.network.prefix, &scene.last.network.prefix, sizeof(struct prefix));
    assert_int_equal(found.network.seen, scene.last.network.seen);
    assert_int_equal(found.network.hop_limit, scene.last.network.hop_limit);
    assert_int_equal(found.evidence_count, scene.last.evidence_count);
    for (unsigned i = 0; i < found.evidence_count; i++) {
        assert_int_equal(found.evidence[i].signal, scene.last.evidence[i].signal);
        assert_memory_equal(found.evidence[i].detail, scene.last.evidence[i].detail,
                            EVIDENCE_DETAILS);
        assert_int_equal((int)(found.evidence[i].weight * 10.01f),
                         (int)(scene.last.evidence[i].weight * 10.01f));
    }
    assert_false(watch_lookup(scene.watch, &scene.last.observation.client, 1, &found));
    scene_end(&scene);
}

static void weights_and_prior_add_up_to_the_probability(void **state)
{
    struct scene scene;
    unsigned found;

    (void)state;
    scene_begin(&scene, RULE_EVIDENCE);
    lines_visit(&scene, 100, HOPS, 10, &found);
    for (unsigned i = 0; i < 200; i++) {
        double sum = log(0.1 / 0.9);

        lines_visit(&scene, 1, HOPS + i % 3, 0, &found);
        for (unsigned j = 0; j < scene.last.evidence_count; j++)
            sum += (double)scene.last.evidence[j].weight;
        assert_true(fabs(1 / (1 + exp(-sum)) - scene.last.probability) < 1e-6);
    }
    scene_end(&scene);
}

static void first_drop_compares_with_the_highest_ever_seen(void **state)
{
    static const struct {
        enum visit_maker maker;
        unsigned hops;
        enum verdict verdict;
        const char *sentence;
    } rows[] = {
        {MAKER_ANDROID, 12, VERDICT_UNKNOWN, "nothing was seen of this network before"},
        {MAKER_ANDROID, 12, VERDICT_DIRECT,
         "arrived with 52, the highest ever seen from this network"},
        {MAKER_ANDROID, 13, VERDICT_TETHERED,
         "arrived with 51; the highest ever seen from this network is 52"},
        {MAKER_ANDROID, 11, VERDICT_DIRECT,
         "arrived with 53, higher than any before from this network (52)"},
        {MAKER_ANDROID, 12, VERDICT_TETHERED,
         "arrived with 52; the highest ever seen from this network is 53"},
    };
    struct scene scene;

    (void)state;
    scene_begin(&scene, RULE_FIRST_DROP);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            arrives(&scene, rows[i].maker, rows[i].hops, visit_v4(203, 0, 113, (uint8_t)i), 0),
            rows[i].verdict);
        assert_int_equal(scene.last.evidence_count, 1);
        says(&scene.last, 0, rows[i].sentence);
        assert_int_equal(scene.last.network.known, i > 0);
    }
    arrives(&scene, MAKER_ANDROID, 30, visit_v4(203, 0, 114, 1), 0);
    assert_int_equal(scene.last.verdict, VERDICT_UNKNOWN); /* another /24 */
    scene_end(&scene);
}

struct copy {
    struct watch *to;
    unsigned networks;
    unsigned subscribers;
};

static bool copy_baseline(const struct baseline *baseline, void *context)
{
    struct copy *copy = context;

    assert_int_equal(watch_restore(copy->to, baseline), 0);
    *(baseline->subscriber ? &copy->subscribers : &copy->networks) += 1;
    return true;
}

static void baselines_carry_over_to_another_watch(void **state)
{
    struct scene first;
    struct scene second;
    struct copy copy = {0};
    uint64_t position = 0;
    unsigned found;

    (void)state;
    scene_begin(&first, RULE_EVIDENCE);
    scene_begin(&second, RULE_EVIDENCE);
    lines_visit(&first, 1000, HOPS, 10, &found);
    copy.to = second.watch;
    for (unsigned i = 0; i < 2; i++) /* twice is the same as once */
        assert_true(watch_each_baseline(first.watch, &position, copy_baseline, &copy));
    assert_int_equal(copy.networks, 2 * 2);
    assert_int_equal(copy.subscribers, 2 * 400);
    second.time_s = first.time_s;
    arrives(&first, MAKER_WINDOWS, HOPS + 1, visit_v6(0x42, 5, 1), 0);
    arrives(&second, MAKER_WINDOWS, HOPS + 1, visit_v6(0x42, 5, 1), 0);
    assert_int_equal(second.last.verdict, VERDICT_TETHERED);
    assert_true(fabs(second.last.probability - first.last.probability) < 1e-9);
    assert_int_equal(second.last.network.seen, first.last.network.seen);
    scene_end(&first);
    scene_end(&second);
}

struct serial {
    struct watch *watch;
    const struct observation *next;
    unsigned count;
};

static void as_one_by_one(const struct judgement *judgement, bool is_new, void *context)
{
    struct serial *serial = context;
    struct judgement expected;
    char line[2][JSON_LINE_MAX];

    assert_int_equal(watch_observe(serial->watch, serial->next++, &expected), is_new);
    assert_true(json_judgement_line(judgement, line[0], JSON_LINE_MAX) > 0);
    assert_true(json_judgement_line(&expected, line[1], JSON_LINE_MAX) > 0);
    assert_string_equal(line[0], line[1]);
    serial->count++;
}

/* Few clients and ports, so that those of one batch meet and repeat each other. */
static void many_at_once_are_judged_as_one_by_one(void **state)
{
    struct observation observations[WATCH_OBSERVATIONS_MAX];
    struct scene together;
    struct scene apart;
    struct serial serial = {0};

    (void)state;
    scene_begin(&together, RULE_EVIDENCE);
    scene_begin(&apart, RULE_EVIDENCE);
    serial.watch = apart.watch;
    for (uint32_t i = 0; i < 4000; i += WATCH_OBSERVATIONS_MAX) {
        for (uint32_t k = 0; k < WATCH_OBSERVATIONS_MAX; k++) {
            const uint32_t random = (i + k) * 2654435761u;
            const struct visit visit = {
                .maker = random >> 30 == 0 ? MAKER_WINDOWS : MAKER_ANDROID,
                .hops = random >> 30 == 0 ? HOPS + 1 : HOPS,
                .client = nat(random >> 20 & 15),
                .port = (uint16_t)(20000 + (random >> 16 & 7)),
                .time_s = NOW + (i + k) / 64,
                .flow = random >> 24,
            };

            observations[k] = visit_observation(&visit);
        }
        serial.next = observations;
        watch_observe_all(together.watch, observations, WATCH_OBSERVATIONS_MAX, as_one_by_one,
                          &serial);
    }
    assert_int_equal(serial.count, 4000);
    scene_end(&together);
    scene_end(&apart);
}

static void settings_out_of_range_are_refused(void **state)
{
    static const struct {
        double prior;
        double threshold;
        uint32_t entries;
    } rows[] = {{0, 0.95, 8}, {1, 0.95, 8}, {0.1, 0.4, 8}, {0.1, 1, 8}, {0.1, 0.95, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct watch_settings settings = watch_settings_default();
        struct watch *watch;

        settings.prior = rows[i].prior;
        settings.threshold = rows[i].threshold;
        settings.connections = rows[i].entries;
        assert_int_equal(watch_new(&settings, &watch), -EINVAL);
    }
    watch_free(NULL);
}

static void every_signal_has_a_name_and_a_sentence_that_fits(void **state)
{
    (void)state;
    for (unsigned signal = 0; signal < 256; signal++)
        for (unsigned detail = 0; detail < 256; detail++) {
            const struct evidence evidence = {
                .signal = (uint8_t)signal,
                .detail = {(uint8_t)detail, (uint8_t)~detail, (uint8_t)(detail * 7)},
            };
            char text[EVIDENCE_TEXT_MAX];

            assert_true(strlen(evidence_signal(&evidence)) > 0);
            assert_true(strlen(evidence_text(&evidence, text, sizeof text)) < sizeof text - 1);
            assert_int_equal(text[0] != '\0', signal < SIGNAL_COUNT);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_carrier_with_a_dozen_phones_tells_phones_from_guests),
        cmocka_unit_test(guests_are_found_while_a_fifth_of_the_network_is_tethered),
        cmocka_unit_test(a_new_route_brings_no_burst_of_false_verdicts),
        cmocka_unit_test(while_a_route_is_new_the_verdict_is_unknown_and_says_why),
        cmocka_unit_test(a_shared_address_mutes_what_is_about_one_subscriber),
        cmocka_unit_test(a_clock_for_each_connection_is_no_shared_address),
        cmocka_unit_test(a_line_that_goes_between_two_hop_limits_is_seen_to),
        cmocka_unit_test(one_busy_guest_does_not_make_a_path),
        cmocka_unit_test(the_prior_alone_is_no_verdict),
        cmocka_unit_test(a_rewritten_hop_limit_is_a_finding),
        cmocka_unit_test(an_initial_of_255_mutes_what_hops_say),
        cmocka_unit_test(a_flood_takes_nothing_from_those_who_are_known),
        cmocka_unit_test(a_retransmission_is_judged_again_but_not_learnt),
        cmocka_unit_test(a_lookup_gives_the_judgement_as_it_was_given),
        cmocka_unit_test(weights_and_prior_add_up_to_the_probability),
        cmocka_unit_test(first_drop_compares_with_the_highest_ever_seen),
        cmocka_unit_test(baselines_carry_over_to_another_watch),
        cmocka_unit_test(many_at_once_are_judged_as_one_by_one),
        cmocka_unit_test(settings_out_of_range_are_refused),
        cmocka_unit_test(every_signal_has_a_name_and_a_sentence_that_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
