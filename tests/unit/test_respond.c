#include "unit.h"

#include "answers.h"

static struct built built;
static struct responder responder;
static uint8_t out[ANSWER_CAPACITY];

static uint8_t probe[2048];
static uint8_t expected[2048];

/* The row's probe to the row's tale. */
static struct answer play(const struct answer_row *row)
{
    built_usual(&built);
    row->change(&built);
    responder.tales = built_tales(&built);
    responder.random = random_seeded(1);
    return respond(&responder, probe, unhex(row->probe, probe), 5, out, sizeof out);
}

static int set_up(void **state)
{
    (void)state;
    responder = (struct responder){0};
    return 0;
}

static void each_probe_gets_exactly_its_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < ANSWER_ROWS; i++) {
        const size_t expected_length = unhex(answer_rows[i].answer, expected);
        const struct answer answer = play(&answer_rows[i]);

        if (answer.reason != answer_rows[i].reason || answer.length != expected_length ||
            memcmp(out, expected, expected_length) != 0)
            print_error("%s: %s\n", answer_rows[i].name, reason_name(answer.reason));
        assert_int_equal(answer.reason, answer_rows[i].reason);
        assert_int_equal(answer.length, expected_length);
        assert_memory_equal(out, expected, expected_length);
        assert_int_equal(answer.due_ns, 5);
    }
}

/* What reaches a target is answered again; what came out must not be. */
static void no_icmp_answer_is_answered_when_it_comes_to_a_target(void **state)
{
    unsigned returned = 0;

    (void)state;
    for (size_t i = 0; i < ANSWER_ROWS; i++) {
        struct answer answer = play(&answer_rows[i]);
        struct prefix *target = built.tale.target;

        if (reason_fate(answer.reason) != FATE_ANSWER ||
            (out[0] >> 4 == 4 ? out[9] != PROTOCOL_ICMP : out[6] != PROTOCOL_ICMPV6))
            continue;
        memcpy(probe, out, answer.length);
        target[0] = (struct prefix){address_v4(probe + 16), 128};
        target[1] = (struct prefix){address_v6(probe + 24), 128};
        answer = respond(&responder, probe, answer.length, 6, out, sizeof out);
        assert_int_equal(reason_fate(answer.reason), FATE_DROP);
        returned++;
    }
    assert_true(returned > ANSWER_ROWS / 3);
}

static void every_packet_is_counted_once_by_its_reason(void **state)
{
    uint64_t counted = 0;

    (void)state;
    for (size_t i = 0; i < ANSWER_ROWS; i++)
        (void)play(&answer_rows[i]);
    for (unsigned i = 0; i < REASON_COUNT; i++)
        counted += responder.count[i];
    assert_int_equal(counted, ANSWER_ROWS);
    assert_int_equal(responder.count[REASON_NOT_TARGET], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_probe_gets_exactly_its_answer, set_up),
        cmocka_unit_test_setup(no_icmp_answer_is_answered_when_it_comes_to_a_target, set_up),
        cmocka_unit_test_setup(every_packet_is_counted_once_by_its_reason, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
