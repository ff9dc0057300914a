#include "unit.h"

#include "visit.h"
#include "watch/watch.h"

enum { WANTED = 1 << 14 };

static struct observation nth_connection(unsigned n)
{
    const uint8_t client[4] = {100, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    const uint8_t server[4] = {198, 51, 100, 1};
    const bool is_v6 = n % 3 == 0;

    return (struct observation){
        .time_ns = (1700000000 + n / 1000) * 1000000000ull,
        .client = is_v6 ? visit_v6((uint16_t)(n >> 8), (uint8_t)n, 7) : address_v4(client),
        .server = is_v6 ? visit_v6(0xff, 0, 1) : address_v4(server),
        .client_port = (uint16_t)n,
        .server_port = 443,
        .version = is_v6 ? 6 : 4,
        .hop_limit = 52,
        .sequence = n,
    };
}

static struct watch *watch_of(uint32_t wanted)
{
    struct watch_settings settings = watch_settings_default();
    struct watch *watch;

    settings.connections = settings.subscribers = wanted;
    settings.hash_key[0] = 0x0123456789abcdef;
    settings.hash_key[1] = 0xfedcba9876543210;
    assert_int_equal(watch_new(&settings, &watch), 0);
    return watch;
}

static void observe_all(struct watch *watch, unsigned from, unsigned end)
{
    struct judgement judgement;

    for (unsigned n = from; n < end; n++) {
        const struct observation observation = nth_connection(n);

        watch_observe(watch, &observation, &judgement);
    }
}

/* Each of its own subscriber: none goes before there are more than was said. */
static void as_many_as_were_wanted_are_remembered(void **state)
{
    struct watch *watch = watch_of(WANTED);
    struct judgement judgement;

    (void)state;
    observe_all(watch, 0, WANTED);
    for (unsigned n = 0; n < WANTED; n++) {
        const struct observation o = nth_connection(n);

        assert_true(watch_lookup(watch, &o.client, o.client_port, &judgement));
        assert_int_equal(judgement.observation.sequence, n);
        assert_true(address_equal(&judgement.observation.server, &o.server));
        assert_non_null(watch_subscriber(watch, &o.client));
    }
    watch_free(watch);
}

/* A tunnel's are not found by their subscriber: each is told by what it is. */
static void one_connection_can_be_forgotten_but_not_the_one_after_it(void **state)
{
    struct observation o = nth_connection(1);
    const struct observation other = nth_connection(2);
    struct watch *watch = watch_of(100);
    struct judgement first;
    struct judgement second;
    struct judgement found;

    (void)state;
    watch_observe(watch, &other, &found);
    watch_observe(watch, &o, &first);
    o.sequence++;
    o.time_ns += 1000000;
    watch_observe(watch, &o, &second);
    assert_false(watch_forget_connection(watch, &first));
    assert_true(watch_lookup(watch, &o.client, o.client_port, &found));
    assert_true(watch_forget_connection(watch, &found));
    assert_false(watch_lookup(watch, &o.client, o.client_port, &found));
    assert_false(watch_forget_connection(watch, &second));
    assert_true(watch_lookup(watch, &other.client, other.client_port, &found));
    watch_free(watch);
}

/* Which subscribers were given, and for how many more there is room now. */
struct saved {
    bool is_given[WANTED];
    unsigned room;
};

/* The 24 bits that nth_connection puts into an address. */
static bool save(const struct baseline *baseline, void *context)
{
    const uint8_t *at = baseline->prefix.address.octets + 13;
    struct saved *saved = context;

    if (!baseline->subscriber)
        return true;
    if (saved->room == 0)
        return false;
    saved->room--;
    if (address_is_v4(&baseline->prefix.address))
        saved->is_given[at[0] << 16 | at[1] << 8 | at[2]] = true;
    return true;
}

/* Saves a part of all, and lets others come in before the next, of whom nothing is asked. */
static unsigned left_out(struct watch *watch, unsigned known, unsigned come)
{
    static struct saved saved;
    uint64_t position = 0;
    unsigned missing = 0;

    saved = (struct saved){.room = known / 2};
    assert_false(watch_each_baseline(watch, &position, save, &saved));
    observe_all(watch, known, known + come);
    saved.room = UINT32_MAX;
    assert_true(watch_each_baseline(watch, &position, save, &saved));
    for (unsigned n = 0; n < known; n++)
        missing += n % 3 != 0 && !saved.is_given[n];
    return missing;
}

static void who_saves_in_parts_is_told_that_some_may_be_left_out(void **state)
{
    const unsigned nearly_all = WANTED * 95 / 100;
    struct watch *watch = watch_of(WANTED);
    uint64_t before;

    (void)state;
    observe_all(watch, 0, WANTED / 2);
    before = watch_moved(watch);
    assert_int_equal(left_out(watch, WANTED / 2, 100), 0);
    assert_int_equal(watch_moved(watch), before);
    observe_all(watch, WANTED / 2 + 100, nearly_all);
    before = watch_moved(watch);
    assert_true(left_out(watch, nearly_all, WANTED - nearly_all) > 0);
    assert_true(watch_moved(watch) > before);
    watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_were_wanted_are_remembered),
        cmocka_unit_test(one_connection_can_be_forgotten_but_not_the_one_after_it),
        cmocka_unit_test(who_saves_in_parts_is_told_that_some_may_be_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
