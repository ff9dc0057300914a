#include "unit.h"

#include "visit.h"
#include "watch/journal.h"
#include "watch/subscriber.h"
#include "wire/tunnel.h"

#include <errno.h>

enum { CAPACITY = 64, FIRST = 1000 };

static const uint64_t key[2] = {1, 2};

static struct journal *journal_of(uint32_t capacity)
{
    struct journal *journal;

    assert_int_equal(journal_new(capacity, FIRST, key, &journal), 0);
    return journal;
}

static void add(struct journal *journal, struct address client, uint16_t port)
{
    journal_add(journal, &(struct judgement){
                             .observation = {.client = client, .client_port = port},
                             .verdict = VERDICT_DIRECT,
                         });
}

static bool find(const struct journal *journal, const struct address *client, uint16_t port,
                 uint16_t server_port, struct judgement *out)
{
    const struct journal_wanted wanted = {
        .client = client, .port = port, .server_port = server_port};

    return journal_newest(journal, &wanted, out);
}

static uint16_t newest_port(const struct journal *journal, struct address client)
{
    struct judgement judgement;

    if (!find(journal, &client, 0, 0, &judgement))
        return 0;
    assert_true(address_equal(&judgement.observation.client, &client));
    assert_int_equal(judgement.verdict, VERDICT_DIRECT);
    return judgement.observation.client_port;
}

static void the_newest_connection_of_each_address_is_found(void **state)
{
    struct journal *journal = journal_of(CAPACITY);

    (void)state;
    for (uint8_t i = 0; i < 30; i++) {
        add(journal, visit_v4(203, 0, 113, i % 10), (uint16_t)(1 + i));
        add(journal, visit_v6(1, 7, i % 3), (uint16_t)(1 + i));
    }
    for (uint8_t i = 0; i < 10; i++)
        assert_int_equal(newest_port(journal, visit_v4(203, 0, 113, i)), 21 + i);
    for (uint8_t i = 0; i < 3; i++)
        assert_int_equal(newest_port(journal, visit_v6(1, 7, i)), 28 + i);
    assert_int_equal(newest_port(journal, visit_v6(1, 7, 3)), 0);
    assert_int_equal(newest_port(journal, visit_v4(203, 0, 113, 10)), 0);
    journal_free(journal);
}

/* Two clients of one NAT may have the same port at once, to different ports of the server. */
static void a_connection_is_found_by_its_ports(void **state)
{
    const struct address client = visit_v4(203, 0, 113, 7);
    static const uint16_t server_ports[] = {80, 443, 443};
    struct journal *journal = journal_of(CAPACITY);
    struct judgement judgement;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        journal_add(journal, &(struct judgement){
                                 .observation = {.client = client,
                                                 .client_port = 40001,
                                                 .server_port = server_ports[i],
                                                 .hop_limit = (uint8_t)(51 + i)},
                             });
    assert_true(find(journal, &client, 40001, 80, &judgement));
    assert_int_equal(judgement.observation.hop_limit, 51);
    assert_true(find(journal, &client, 40001, 443, &judgement));
    assert_int_equal(judgement.observation.hop_limit, 53);
    assert_true(find(journal, &client, 0, 80, &judgement));
    assert_int_equal(judgement.observation.hop_limit, 51);
    assert_false(find(journal, &client, 40001, 22, &judgement));
    assert_false(find(journal, &client, 40002, 443, &judgement));
    journal_free(journal);
}

static void a_port_that_is_used_again_is_told_by_its_time(void **state)
{
    static const struct {
        uint64_t from_ns;
        uint64_t until_ns;
        uint8_t hop_limit; /* 0: none */
    } rows[] = {
        {0, 0, 52}, {0, 1999, 51}, {2000, 0, 52}, {1000, 1000, 51}, {1001, 1999, 0}, {2001, 0, 0},
    };
    const struct address client = visit_v4(203, 0, 113, 7);
    struct journal *journal = journal_of(CAPACITY);

    (void)state;
    for (uint8_t i = 0; i < 2; i++)
        journal_add(journal, &(struct judgement){
                                 .observation = {.client = client,
                                                 .client_port = 40001,
                                                 .time_ns = 1000u * (i + 1u),
                                                 .hop_limit = (uint8_t)(51 + i)},
                             });
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct journal_wanted wanted = {.client = &client,
                                              .port = 40001,
                                              .from_ns = rows[i].from_ns,
                                              .until_ns = rows[i].until_ns};
        struct judgement judgement;

        assert_int_equal(journal_newest(journal, &wanted, &judgement), rows[i].hop_limit != 0);
        if (rows[i].hop_limit != 0)
            assert_int_equal(judgement.observation.hop_limit, rows[i].hop_limit);
    }
    journal_free(journal);
}

static void what_is_pushed_out_is_gone_and_the_rest_stays_in_order(void **state)
{
    struct journal *journal = journal_of(CAPACITY);
    struct judgement judgement;

    (void)state;
    assert_int_equal(journal_begin(journal), FIRST);
    assert_int_equal(journal_end(journal), FIRST);
    assert_false(journal_at(journal, FIRST, &judgement));
    for (unsigned i = 0; i < CAPACITY + 10; i++)
        add(journal, visit_v4(10, 0, 0, (uint8_t)i), (uint16_t)i);
    assert_int_equal(journal_begin(journal), FIRST + 10);
    assert_int_equal(journal_end(journal), FIRST + CAPACITY + 10);
    for (unsigned i = 0; i < CAPACITY + 12; i++) {
        const bool is_there = i >= 10 && i < CAPACITY + 10;

        assert_int_equal(journal_at(journal, FIRST + i, &judgement), is_there);
        if (is_there)
            assert_int_equal(judgement.observation.client_port, i);
        assert_int_equal(newest_port(journal, visit_v4(10, 0, 0, (uint8_t)i)), is_there ? i : 0);
    }
    journal_free(journal);
}

static void a_subscriber_is_told_newest_first_with_all_addresses_of_its_64(void **state)
{
    const struct address other = visit_v6(1, 8, 1);
    const struct address one = visit_v6(1, 7, 1);
    struct journal *journal = journal_of(CAPACITY);
    uint64_t numbers[CAPACITY];

    (void)state;
    for (uint16_t i = 0; i < CAPACITY + 20; i++)
        add(journal, visit_v6(1, i % 2 ? 7 : 8, i), i);
    assert_int_equal(journal_of_subscriber(journal, &one, numbers, CAPACITY), CAPACITY / 2);
    for (unsigned i = 0; i < CAPACITY / 2; i++)
        assert_int_equal(numbers[i], FIRST + CAPACITY + 19 - 2 * i);
    assert_int_equal(journal_of_subscriber(journal, &other, numbers, 5), 5);
    assert_int_equal(numbers[4], FIRST + CAPACITY + 18 - 8);
    journal_free(journal);
}

static void one_that_is_forgotten_leaves_the_others(void **state)
{
    struct journal *journal = journal_of(8); /* short: chains are shared */
    struct address client = visit_v4(203, 0, 113, 7);
    struct judgement judgement;
    uint64_t number;

    (void)state;
    for (uint8_t i = 0; i < 8; i++)
        add(journal, i % 2 ? client : visit_v4(198, 51, 100, i), (uint16_t)(1 + i));
    assert_int_equal(journal_forget(journal, &client, NULL, NULL), 4);
    assert_int_equal(journal_forget(journal, &client, NULL, NULL), 0);
    assert_int_equal(journal_of_subscriber(journal, &client, &number, 1), 0);
    assert_int_equal(newest_port(journal, client), 0);
    assert_false(journal_at(journal, FIRST + 1, &judgement));
    for (uint8_t i = 0; i < 8; i += 2)
        assert_int_equal(newest_port(journal, visit_v4(198, 51, 100, i)), 1 + i);
    add(journal, client, 99);
    assert_int_equal(newest_port(journal, client), 99);
    journal_free(journal);
}

static void one_subscriber_that_fills_it_costs_no_more_than_so_many_steps(void **state)
{
    enum { MANY = 3 * JOURNAL_STEPS_MAX };
    struct journal *journal = journal_of(MANY);
    static uint64_t numbers[MANY];
    const struct address first = visit_v6(1, 7, 1);

    (void)state;
    add(journal, first, 1);
    for (uint16_t i = 0; i < JOURNAL_STEPS_MAX - 1; i++)
        add(journal, visit_v6(1, 7, 2), 2);
    assert_int_equal(newest_port(journal, first), 1);
    add(journal, visit_v6(1, 7, 2), 2);
    assert_int_equal(newest_port(journal, first), 0);
    assert_int_equal(journal_of_subscriber(journal, &first, numbers, MANY), JOURNAL_STEPS_MAX);
    journal_free(journal);
}

static void add_port(const struct judgement *judgement, void *context)
{
    unsigned *sum = context;

    *sum += judgement->observation.client_port;
}

static void who_forgets_is_told_what(void **state)
{
    struct journal *journal = journal_of(8);
    struct address client = visit_v4(203, 0, 113, 7);
    unsigned sum = 0;

    (void)state;
    for (uint16_t i = 1; i <= 12; i++)
        add(journal, i % 2 ? client : visit_v4(198, 51, 100, 1), i);
    assert_int_equal(journal_forget(journal, &client, add_port, &sum), 4);
    assert_int_equal(sum, 5 + 7 + 9 + 11);
    assert_int_equal(journal_forget(journal, &client, add_port, &sum), 0);
    assert_int_equal(sum, 5 + 7 + 9 + 11);
    journal_free(journal);
}

/* A connection from `client` in the tunnel `identifier` of one endpoint. */
static void add_in_tunnel(struct journal *journal, struct address client, uint32_t identifier,
                          uint16_t port)
{
    const struct address endpoint = visit_v4(10, 0, 0, 2);

    journal_add(journal, &(struct judgement){
                             .observation = {.client = client,
                                             .client_port = port,
                                             .line = tunnel_line(&endpoint, identifier),
                                             .endpoint = endpoint},
                             .verdict = VERDICT_DIRECT,
                         });
}

static struct address tunnel(uint32_t identifier)
{
    const struct address endpoint = visit_v4(10, 0, 0, 2);

    return subscriber_prefix(tunnel_line(&endpoint, identifier)).address;
}

/* Of private addresses every tunnel has the same. */
static void two_tunnels_with_one_address_are_two_subscribers(void **state)
{
    struct journal *journal = journal_of(16); /* short: chains are shared */
    const struct address client = visit_v4(100, 64, 0, 7);
    const struct address of_tunnel = tunnel(0x1234);
    struct judgement judgement;
    uint64_t number[8];
    char name[SUBSCRIBER_NAME_MAX];

    (void)state;
    add(journal, client, 4000);
    assert_false(journal_has_tunnels(journal));
    add_in_tunnel(journal, client, 0x1234, 5000);
    add_in_tunnel(journal, client, 0x1235, 5000);
    add_in_tunnel(journal, visit_v4(100, 64, 0, 8), 0x1234, 6000);
    assert_true(journal_has_tunnels(journal));
    for (uint32_t identifier = 0x1234; identifier <= 0x1235; identifier++) {
        const struct address wanted = tunnel(identifier);

        assert_true(find(journal, &wanted, 5000, 0, &judgement));
        assert_true(address_equal(&judgement.observation.client, &client));
        assert_int_equal((uint32_t)judgement.observation.line, identifier);
        assert_false(find(journal, &wanted, 4000, 0, &judgement));
    }
    assert_true(find(journal, &client, 5000, 0, &judgement)); /* the newest, in whatever tunnel */
    assert_string_equal(subscriber_tunnel_name(&judgement.observation, name),
                        "teid:0x1235@10.0.0.2");
    assert_int_equal(journal_of_subscriber(journal, &client, number, 8), 3);
    assert_int_equal(journal_of_subscriber(journal, &of_tunnel, number, 8), 2);
    for (unsigned i = 0; i < 4; i++) /* its own subscriber's newest, all but that of port 5000 */
        assert_int_equal(journal_is_newest(journal, FIRST + i), i != 1);
    assert_int_equal(journal_forget(journal, &of_tunnel, NULL, NULL), 2);
    assert_int_equal(journal_of_subscriber(journal, &client, number, 8), 2);
    assert_false(journal_at(journal, FIRST + 1, &judgement));
    journal_free(journal);
}

static void impossible_sizes_are_refused(void **state)
{
    struct journal *journal;

    (void)state;
    assert_int_equal(journal_new(0, FIRST, key, &journal), -EINVAL);
    assert_int_equal(journal_new((1u << 24) + 1, FIRST, key, &journal), -EINVAL);
    assert_int_equal(journal_new(1, 0, key, &journal), -EINVAL);
    journal_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_connection_of_each_address_is_found),
        cmocka_unit_test(a_connection_is_found_by_its_ports),
        cmocka_unit_test(a_port_that_is_used_again_is_told_by_its_time),
        cmocka_unit_test(what_is_pushed_out_is_gone_and_the_rest_stays_in_order),
        cmocka_unit_test(a_subscriber_is_told_newest_first_with_all_addresses_of_its_64),
        cmocka_unit_test(one_that_is_forgotten_leaves_the_others),
        cmocka_unit_test(who_forgets_is_told_what),
        cmocka_unit_test(one_subscriber_that_fills_it_costs_no_more_than_so_many_steps),
        cmocka_unit_test(two_tunnels_with_one_address_are_two_subscribers),
        cmocka_unit_test(impossible_sizes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
