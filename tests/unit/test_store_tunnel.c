#include "unit.h"

#include "judgements.h"
#include "scratch.h"
#include "store/store.h"
#include "watch/subscriber.h"

#include <stdio.h>

static void count_moment(const struct moment *moment, void *context)
{
    (void)moment;
    ++*(unsigned *)context;
}

static unsigned moments(struct store *store, const struct prefix *subscriber)
{
    unsigned count = 0;

    assert_int_equal(store_each_moment(store, subscriber, 10, count_moment, &count), 0);
    return count;
}

static void assert_moments(struct store *store, const struct prefix subscriber[3], unsigned first,
                           unsigned second, unsigned third)
{
    assert_int_equal(moments(store, &subscriber[0]), first);
    assert_int_equal(moments(store, &subscriber[1]), second);
    assert_int_equal(moments(store, &subscriber[2]), third);
}

/* Three observations in one tunnel, two in another, and one in none, all of one address. */
static void put_observations(struct store *store, struct prefix out_subscriber[3])
{
    static const uint8_t gateway[4] = {10, 0, 0, 2};
    const struct address endpoint = address_v4(gateway);
    struct judgement judgement = judgement_example();

    for (unsigned i = 0; i < 6; i++) {
        judgement.observation.time_ns += 1000;
        judgement.observation.line = i < 5 ? tunnel_line(&endpoint, 0x1234 + i % 2) : 0;
        out_subscriber[i < 5 ? i % 2 : 2] =
            subscriber_prefix(subscriber_of(&judgement.observation));
        assert_int_equal(store_put_judgement(store, &judgement), 0);
    }
}

static void a_tunnel_s_observations_are_its_own_though_others_have_its_address(void **state)
{
    char directory[SCRATCH_MAX];
    char url[64];
    struct store_place place = {.url = url};
    struct prefix subscriber[3];
    struct store *store = NULL;
    char error[512];

    (void)state;
    scratch_make(directory);
    snprintf(url, sizeof url, "sqlite:%s/store.db", directory);
    assert_int_equal(store_open(&place, &store, error, sizeof error), 0);
    put_observations(store, subscriber);
    assert_moments(store, subscriber, 3, 2, 6); /* the address is in all of them */
    assert_int_equal(store_forget_subscriber(store, &subscriber[0]), 0);
    assert_moments(store, subscriber, 0, 2, 3);
    assert_int_equal(store_forget_subscriber(store, &subscriber[2]), 0);
    assert_moments(store, subscriber, 0, 0, 0);
    store_close(store);
    scratch_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tunnel_s_observations_are_its_own_though_others_have_its_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
