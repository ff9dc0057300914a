#include "unit.h"

#include "judgements.h"
#include "serve/json.h"
#include "watch/connection.h"

#include <math.h>

enum { ROUNDS = 2000 };

/* Any that a judge may give until 2112: both addresses of one family, and weights in tenths. */
static struct judgement given(uint64_t *state)
{
    struct judgement j = judgement_any(state);
    const bool is_v4 = address_is_v4(&j.observation.client);

    j.observation.line = 0; /* a tunnel is kept beside it, by the journal */
    while (address_is_v4(&j.observation.server) != is_v4)
        j.observation.server = judgement_random_address(state);
    j.observation.time_ns %= 4500000000ull * 1000000000u;
    j.observation.sequence = (uint32_t)judgement_random(state);
    j.initial = observation_initial(j.observation.hop_limit);
    j.hops = (uint8_t)(j.initial - j.observation.hop_limit);
    j.network.seen &= UINT32_MAX;
    for (unsigned i = 0; i < j.evidence_count; i++)
        j.evidence[i].weight = (float)lround((double)j.evidence[i].weight * 10) / 10;
    return j;
}

static void what_is_recalled_shows_the_same_to_the_last_digit(void **state)
{
    uint64_t random = 20261122;
    char before[JSON_LINE_MAX];
    char after[JSON_LINE_MAX];

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const struct judgement kept = given(&random);
        struct connection_side side;
        struct connection connection;
        struct judgement recalled;

        connection_keep(&kept, &connection, &side);
        connection_recall(&connection, &side, &recalled);
        assert_true(json_judgement_line(&kept, before, sizeof before) > 0);
        assert_true(json_judgement_line(&recalled, after, sizeof after) > 0);
        assert_string_equal(after, before);
        assert_int_equal(recalled.observation.version,
                         address_is_v4(&kept.observation.client) ? 4 : 6);
    }
}

static void what_its_stack_may_be_adds_up_to_one(void **state)
{
    static const double likeliest[] = {0.2, 0.5, 0.93, 1};

    (void)state;
    for (size_t i = 0; i < sizeof likeliest / sizeof likeliest[0]; i++)
        for (unsigned family = 0; family <= STACK_UNKNOWN; family++) {
            struct judgement judgement = judgement_example();
            struct connection_side side;
            struct connection connection;
            double sum = 0;

            judgement.stack = (struct stack){.family = (enum stack_family)family};
            judgement.stack.probability[family % STACK_FAMILY_COUNT] = likeliest[i];
            connection_keep(&judgement, &connection, &side);
            connection_recall(&connection, &side, &judgement);
            assert_int_equal(judgement.stack.family, family);
            for (unsigned j = 0; j < STACK_FAMILY_COUNT; j++)
                sum += judgement.stack.probability[j];
            assert_true(fabs(sum - 1) < 1e-9);
            assert_true(fabs(stack_probability(&judgement.stack) - likeliest[i]) < 1e-9);
        }
}

/* Each differs from the first in one thing alone. */
static void it_is_told_from_every_other(void **state)
{
    const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    struct judgement judgement = judgement_example();
    struct connection_side side;
    struct connection connection;
    struct connection_key key;

    (void)state;
    for (unsigned is_v6 = 0; is_v6 < 2; is_v6++) {
        if (is_v6)
            judgement.observation.client = judgement.observation.server = address_v6(v6);
        connection_keep(&judgement, &connection, &side);
        connection_key(&connection, &side, &key);
        assert_true(address_equal(&key.client, &judgement.observation.client));
        assert_int_equal(key.port, 40001);
        assert_true(connection_is_of(&connection, &side, &key));
        key.port++;
        assert_false(connection_is_of(&connection, &side, &key));
        key.port--;
        for (unsigned octet = is_v6 ? 0 : 12; octet < 16; octet++) {
            key.client.octets[octet] ^= 1;
            assert_false(connection_is_of(&connection, &side, &key));
            key.client.octets[octet] ^= 1;
        }
    }
}

/* ::203.0.113.7 and 203.0.113.7 have the same last octets, and are two. */
static void the_families_are_told_apart(void **state)
{
    const struct judgement judgement = judgement_example();
    struct connection_side side = {.client = {0}};
    struct connection connection;
    struct connection_key key = {judgement.observation.client, 40001};

    (void)state;
    connection_keep(&judgement, &connection, &side);
    key.client.octets[10] = key.client.octets[11] = 0;
    assert_false(connection_is_of(&connection, &side, &key));
}

static void a_packet_is_the_same_once_more_or_it_is_not(void **state)
{
    struct judgement judgement = judgement_example();
    struct connection_side side;
    struct connection connection;
    struct observation again;

    (void)state;
    judgement.observation.sequence = 0x11223344;
    connection_keep(&judgement, &connection, &side);
    again = judgement.observation;
    assert_true(connection_is_repeated(&connection, &side, &again));
    again.sequence++;
    assert_false(connection_is_repeated(&connection, &side, &again));
    again = judgement.observation;
    again.hop_limit--;
    assert_false(connection_is_repeated(&connection, &side, &again));
    again = judgement.observation;
    again.server_port++;
    assert_false(connection_is_repeated(&connection, &side, &again));
    again = judgement.observation;
    again.server.octets[15] ^= 1;
    assert_false(connection_is_repeated(&connection, &side, &again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_recalled_shows_the_same_to_the_last_digit),
        cmocka_unit_test(what_its_stack_may_be_adds_up_to_one),
        cmocka_unit_test(it_is_told_from_every_other),
        cmocka_unit_test(the_families_are_told_apart),
        cmocka_unit_test(a_packet_is_the_same_once_more_or_it_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
