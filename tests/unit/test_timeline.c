#include "unit.h"

#include "watch/timeline.h"

#include <stdio.h>

#define MINUTE 60000000u

static struct moment at(unsigned minute, enum verdict verdict, enum stack_family family)
{
    return (struct moment){
        .time_us = 1700000000000000u + (uint64_t)minute * MINUTE,
        .verdict = verdict,
        .family = family,
        .probability = verdict == VERDICT_TETHERED ? 0.98 : 0.02,
    };
}

static struct moment because(struct moment moment, const char *signal, float weight)
{
    moment.reason.weight = weight;
    snprintf(moment.reason.signal, sizeof moment.reason.signal, "%s", signal);
    snprintf(moment.reason.text, sizeof moment.reason.text, "%s %.1f", signal, (double)weight);
    return moment;
}

static unsigned minutes(uint64_t time_us)
{
    return (unsigned)((time_us - 1700000000000000u) / MINUTE);
}

static void a_hotspot_is_one_episode_though_its_phone_goes_on(void **state)
{
    const struct moment moments[] = {
        at(0, VERDICT_UNKNOWN, STACK_ANDROID),  at(5, VERDICT_DIRECT, STACK_ANDROID),
        at(8, VERDICT_DIRECT, STACK_ANDROID),   at(9, VERDICT_TETHERED, STACK_WINDOWS),
        at(12, VERDICT_DIRECT, STACK_ANDROID),  at(20, VERDICT_TETHERED, STACK_WINDOWS),
        at(30, VERDICT_UNKNOWN, STACK_UNKNOWN), at(34, VERDICT_TETHERED, STACK_MACOS),
        at(40, VERDICT_DIRECT, STACK_ANDROID),  at(50, VERDICT_DIRECT, STACK_ANDROID),
    };
    struct episode episodes[4];

    (void)state;
    assert_int_equal(timeline_episodes(moments, 10, episodes, 4), 3);
    assert_int_equal(episodes[0].verdict, VERDICT_DIRECT);
    assert_int_equal(minutes(episodes[0].from_us), 40);
    assert_int_equal(minutes(episodes[0].to_us), 50);
    assert_int_equal(episodes[1].verdict, VERDICT_TETHERED);
    assert_int_equal(minutes(episodes[1].from_us), 9);
    assert_int_equal(minutes(episodes[1].to_us), 34);
    assert_int_equal(episodes[1].connections, 3);
    assert_int_equal(episodes[1].beside, 2);
    assert_int_equal(episodes[1].family[STACK_WINDOWS], 2);
    assert_int_equal(episodes[1].family[STACK_MACOS], 1);
    assert_int_equal(episodes[1].host, STACK_ANDROID);
    assert_int_equal(episodes[2].verdict, VERDICT_DIRECT); /* though it began unknown */
    assert_int_equal(episodes[2].connections, 3);
    assert_int_equal(episodes[2].host, STACK_UNKNOWN);
}

static void a_quarter_of_an_hour_without_a_connection_ends_an_episode(void **state)
{
    const struct moment moments[] = {
        at(0, VERDICT_TETHERED, STACK_LINUX),  at(15, VERDICT_TETHERED, STACK_LINUX),
        at(31, VERDICT_TETHERED, STACK_LINUX), at(100, VERDICT_UNKNOWN, STACK_LINUX),
        at(116, VERDICT_UNKNOWN, STACK_LINUX), at(400, VERDICT_TETHERED, STACK_LINUX),
    };
    struct episode episodes[8];

    (void)state;
    assert_int_equal(timeline_episodes(moments, 6, episodes, 8), 5);
    assert_int_equal(minutes(episodes[4].to_us), 15);
    assert_int_equal(minutes(episodes[3].from_us), 31);
    assert_int_equal(episodes[2].verdict, VERDICT_UNKNOWN);
    assert_int_equal(episodes[0].host, STACK_UNKNOWN); /* nobody was seen near it */
    assert_int_equal(timeline_episodes(moments, 6, episodes, 2), 2);
    assert_int_equal(minutes(episodes[0].from_us), 400);
    assert_int_equal(minutes(episodes[1].from_us), 116);
    assert_int_equal(timeline_episodes(moments, 0, episodes, 8), 0);
    assert_int_equal(timeline_episodes(moments, 6, episodes, 0), 0);
}

static void the_strongest_reasons_are_told_each_once(void **state)
{
    struct moment moments[6];
    struct episode episode;

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        moments[i] = at(i, VERDICT_TETHERED, STACK_WINDOWS);
    moments[0] = because(moments[0], "a", 1);
    moments[1] = because(moments[1], "b", 2);
    moments[2] = because(moments[2], "a", 3);
    moments[3] = because(moments[3], "c", 0.5F);
    moments[4] = because(moments[4], "d", 2.5F);
    assert_int_equal(timeline_episodes(moments, 6, &episode, 1), 1);
    assert_int_equal(episode.reason_count, 3);
    assert_string_equal(episode.reason[0].text, "a 3.0");
    assert_string_equal(episode.reason[1].text, "d 2.5");
    assert_string_equal(episode.reason[2].text, "b 2.0");
}

static void what_is_known_from_two_places_is_counted_once(void **state)
{
    struct moment moments[] = {
        at(7, VERDICT_DIRECT, STACK_IOS),     at(3, VERDICT_DIRECT, STACK_IOS),
        at(7, VERDICT_DIRECT, STACK_IOS),     at(7, VERDICT_TETHERED, STACK_WINDOWS),
        at(3, VERDICT_DIRECT, STACK_ANDROID),
    };

    (void)state;
    assert_int_equal(timeline_sort(moments, 5), 4);
    assert_int_equal(minutes(moments[0].time_us), 3);
    assert_int_equal(moments[0].family, STACK_ANDROID);
    assert_int_equal(moments[3].verdict, VERDICT_TETHERED);
    assert_int_equal(timeline_sort(moments, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hotspot_is_one_episode_though_its_phone_goes_on),
        cmocka_unit_test(a_quarter_of_an_hour_without_a_connection_ends_an_episode),
        cmocka_unit_test(the_strongest_reasons_are_told_each_once),
        cmocka_unit_test(what_is_known_from_two_places_is_counted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
