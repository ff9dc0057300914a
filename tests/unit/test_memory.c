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

/* Each of its own subscriber: none goes before there are more than was said. */
static void as_many_as_were_wanted_are_remembered(void **state)
{
    struct watch_settings settings = watch_settings_default();
    struct judgement judgement;
    struct watch *watch;

    (void)state;
    settings.connections = settings.subscribers = WANTED;
    settings.hash_key[0] = 0x0123456789abcdef;
    settings.hash_key[1] = 0xfedcba9876543210;
    assert_int_equal(watch_new(&settings, &watch), 0);
    for (unsigned n = 0; n < WANTED; n++) {
        const struct observation observation = nth_connection(n);

        watch_observe(watch, &observation, &judgement);
    }
    for (unsigned n = 0; n < WANTED; n++) {
        const struct observation o = nth_connection(n);

        assert_true(watch_lookup(watch, &o.client, o.client_port, &judgement));
        assert_int_equal(judgement.observation.sequence, n);
        assert_true(address_equal(&judgement.observation.server, &o.server));
        assert_non_null(watch_subscriber(watch, &o.client));
    }
    watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_were_wanted_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
