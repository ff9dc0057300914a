#include "unit.h"

#include "tale/respond.h"
#include "tale_built.h"

/* How a row's tale differs from the usual. */
static void as_it_is(struct built *b)
{
    (void)b;
}

static void ends(struct built *b, enum end_answer all)
{
    for (unsigned i = 0; i < PROBE_PROTOCOL_COUNT; i++)
        b->tale.end[i] = all;
}

static void replying(struct built *b)
{
    ends(b, END_REPLY);
}

static void resetting(struct built *b)
{
    ends(b, END_RESET);
}

static void unreachable(struct built *b)
{
    ends(b, END_UNREACHABLE);
}

static void mute(struct built *b)
{
    ends(b, END_SILENT);
}

static void passing(struct built *b)
{
    ends(b, END_PASS);
}

static void narrow(struct built *b)
{
    b->hop[1].mtu = 1400;
}

static void very_narrow(struct built *b)
{
    b->hop[1].mtu = 600;
}

static void far(struct built *b)
{
    b->tale.base_hop_limit = 255;
}

static void hiding(struct built *b)
{
    b->hop[0].silent = 1u << PROBE_UDP;
}

static void old(struct built *b)
{
    b->hop[0].address[FAMILY_V6] = (struct address){0};
}

static void wide(struct built *b)
{
    b->tale.target[0] = prefix_of(&b->tale.target[0].address, 96 + 24);
}

#define REFUSING(name, refusal)                  \
    static void refusing_##name(struct built *b) \
    {                                            \
        b->hop[0].refuse = refusal;              \
    }

REFUSING(net, REFUSE_NET)
REFUSING(host, REFUSE_HOST)
REFUSING(protocol, REFUSE_PROTOCOL)
REFUSING(port, REFUSE_PORT)
REFUSING(admin, REFUSE_ADMIN)
REFUSING(source_route, REFUSE_SOURCE_ROUTE)
REFUSING(precedence, REFUSE_PRECEDENCE)
REFUSING(policy, REFUSE_POLICY)
REFUSING(reject, REFUSE_REJECT)

/*
 * Probes to the tale of tale_built.h and what each gets, octet for octet. The octets are not
 * hoptell's: they were put together with scapy.
 */
struct row {
    const char *name;
    void (*change)(struct built *b);
    enum reason reason;
    const char *probe;
    const char *answer;
};

static const struct row rows[] = {
#include "answers_at_a_hop.h"
#include "answers_at_the_end.h"
#include "answers_never.h"
};

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t unhex(const char *text, uint8_t *out)
{
    size_t length = 0;

    for (; text[0] != '\0'; text += 2)
        out[length++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
    return length;
}

static struct built built;
static struct responder responder;
static uint8_t out[ANSWER_CAPACITY];

static uint8_t probe[2048];
static uint8_t expected[2048];

/* The row's probe to the row's tale. */
static struct answer play(const struct row *row)
{
    built_usual(&built);
    row->change(&built);
    responder.tales = built.tales;
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
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t expected_length = unhex(rows[i].answer, expected);
        const struct answer answer = play(&rows[i]);

        if (answer.reason != rows[i].reason || answer.length != expected_length ||
            memcmp(out, expected, expected_length) != 0)
            print_error("%s: %s\n", rows[i].name, reason_name(answer.reason));
        assert_int_equal(answer.reason, rows[i].reason);
        assert_int_equal(answer.length, expected_length);
        assert_memory_equal(out, expected, expected_length);
        assert_int_equal(answer.due_ns, 5);
    }
}

/* What reaches a target is answered again; what came out must not be. */
static void no_icmp_answer_is_answered_when_it_comes_to_a_target(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answer answer = play(&rows[i]);
        struct prefix *target = built.tale.target;

        if (reason_fate(answer.reason) != FATE_ANSWER ||
            (out[0] >> 4 == 4 ? out[9] != PROTOCOL_ICMP : out[6] != PROTOCOL_ICMPV6))
            continue;
        memcpy(probe, out, answer.length);
        target[0] = (struct prefix){address_v4(probe + 16), 128};
        target[1] = (struct prefix){address_v6(probe + 24), 128};
        answer = respond(&responder, probe, answer.length, 6, out, sizeof out);
        assert_int_equal(reason_fate(answer.reason), FATE_DROP);
    }
}

static void every_packet_is_counted_once_by_its_reason(void **state)
{
    uint64_t counted = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        (void)play(&rows[i]);
    for (unsigned i = 0; i < REASON_COUNT; i++)
        counted += responder.count[i];
    assert_int_equal(counted, sizeof rows / sizeof rows[0]);
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
