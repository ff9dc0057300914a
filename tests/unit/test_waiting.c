#include "unit.h"

#include "base/units.h"
#include "serve/waiting.h"

#include <errno.h>

static struct wait wait_for(const char *address, uint16_t port, uint64_t deadline_ms)
{
    struct wait wait = {.wanted.port = port, .deadline_ms = deadline_ms};

    assert_true(units_parse_address(address, &wait.address));
    return wait;
}

static struct judgement judged(const char *address, uint16_t port)
{
    struct judgement judgement = {.observation.client_port = port, .hops = 13};

    assert_true(units_parse_address(address, &judgement.observation.client));
    return judgement;
}

static void a_judgement_ends_the_waits_for_its_connection_alone(void **state)
{
    const struct judgement judgement = judged("203.0.113.7", 40001);
    struct waiting waiting = {.count = 0};
    struct wait one = wait_for("203.0.113.7", 40001, 100);
    struct wait two = wait_for("203.0.113.7", 40001, 200);
    struct wait port = wait_for("203.0.113.7", 40002, 100);
    struct wait address = wait_for("203.0.113.8", 40001, 100);

    (void)state;
    assert_int_equal(waiting_add(&waiting, &port), 0);
    assert_int_equal(waiting_add(&waiting, &one), 0);
    assert_int_equal(waiting_add(&waiting, &address), 0);
    assert_int_equal(waiting_add(&waiting, &two), 0);
    assert_int_equal(waiting_judged(&waiting, &judgement), 2);
    assert_non_null(waiting_take_finished(&waiting));
    assert_non_null(waiting_take_finished(&waiting));
    assert_null(waiting_take_finished(&waiting));
    assert_int_equal(one.state, WAIT_FOUND);
    assert_int_equal(two.state, WAIT_FOUND);
    assert_int_equal(two.judgement.hops, 13);
    assert_int_equal(port.state, WAIT_WAITING);
    assert_int_equal(address.state, WAIT_WAITING);
    assert_int_equal(waiting.count, 2);
}

static void what_the_store_tells_ends_the_wait_with_its_ticket_alone(void **state)
{
    const struct judgement judgement = judged("203.0.113.7", 40001);
    const struct recalled recalled = {.is_whole = true, .count = 3};
    struct waiting waiting = {.count = 0};
    struct wait one = wait_for("203.0.113.7", 0, 100);
    struct wait two = wait_for("203.0.113.7", 0, 100);

    (void)state;
    one.ticket = 1;
    two.ticket = 2;
    assert_int_equal(waiting_add(&waiting, &one), 0);
    assert_int_equal(waiting_add(&waiting, &two), 0);
    assert_int_equal(waiting_judged(&waiting, &judgement), 0);
    assert_false(waiting_recalled(&waiting, 3, &recalled));
    assert_true(waiting_recalled(&waiting, 2, &recalled));
    assert_ptr_equal(waiting_take_finished(&waiting), &two);
    assert_int_equal(two.recalled.count, 3);
    assert_int_equal(one.state, WAIT_WAITING);
    waiting_expire(&waiting, 100);
    assert_false(waiting_recalled(&waiting, 1, &recalled)); /* too late */
}

static void who_names_no_port_waits_for_any_connection_of_the_address(void **state)
{
    struct judgement judgement = judged("203.0.113.7", 40001);
    struct waiting waiting = {.count = 0};
    struct wait any = wait_for("203.0.113.7", 0, 100);
    struct wait other = wait_for("203.0.113.8", 0, 100);

    (void)state;
    assert_int_equal(waiting_add(&waiting, &any), 0);
    assert_int_equal(waiting_add(&waiting, &other), 0);
    assert_int_equal(waiting_judged(&waiting, &judgement), 1);
    assert_int_equal(any.judgement.observation.client_port, 40001);
    assert_int_equal(other.state, WAIT_WAITING);
}

static void who_names_a_server_port_waits_for_a_connection_to_it(void **state)
{
    struct judgement judgement = judged("203.0.113.7", 40001);
    struct waiting waiting = {.count = 0};
    struct wait web = wait_for("203.0.113.7", 40001, 100);
    struct wait tls = wait_for("203.0.113.7", 40001, 100);

    (void)state;
    web.wanted.server_port = 80;
    tls.wanted.server_port = 443;
    judgement.observation.server_port = 443;
    assert_int_equal(waiting_add(&waiting, &web), 0);
    assert_int_equal(waiting_add(&waiting, &tls), 0);
    assert_int_equal(waiting_judged(&waiting, &judgement), 1);
    assert_int_equal(web.state, WAIT_WAITING);
    assert_int_equal(tls.state, WAIT_FOUND);
}

static void a_wait_is_over_at_its_deadline(void **state)
{
    struct waiting waiting = {.count = 0};
    struct wait soon = wait_for("::1", 1, 100);
    struct wait late = wait_for("::1", 1, 200);

    (void)state;
    assert_true(waiting_deadline(&waiting) == UINT64_MAX);
    waiting_add(&waiting, &late);
    waiting_add(&waiting, &soon);
    assert_int_equal(waiting_deadline(&waiting), 100);
    waiting_expire(&waiting, 99);
    assert_null(waiting_take_finished(&waiting));
    waiting_expire(&waiting, 100);
    assert_ptr_equal(waiting_take_finished(&waiting), &soon);
    assert_int_equal(soon.state, WAIT_EXPIRED);
    assert_int_equal(waiting_deadline(&waiting), 200);
}

static void what_was_found_does_not_expire(void **state)
{
    const struct judgement judgement = judged("::1", 1);
    struct waiting waiting = {.count = 0};
    struct wait wait = wait_for("::1", 1, 100);

    (void)state;
    waiting_add(&waiting, &wait);
    waiting_judged(&waiting, &judgement);
    waiting_expire(&waiting, UINT64_MAX);
    assert_int_equal(wait.state, WAIT_FOUND);
}

static void no_more_wait_than_there_is_room_for(void **state)
{
    static struct wait waits[WAITING_MAX + 1];
    struct waiting waiting = {.count = 0};

    (void)state;
    for (unsigned i = 0; i < WAITING_MAX; i++)
        assert_int_equal(waiting_add(&waiting, &waits[i]), 0);
    assert_int_equal(waiting_add(&waiting, &waits[WAITING_MAX]), -EBUSY);
    assert_int_equal(waits[WAITING_MAX].state, WAIT_NONE);
    waiting_remove(&waiting, &waits[WAITING_MAX]); /* is not in it: nothing happens */
    assert_int_equal(waiting.count, WAITING_MAX);
    waiting_remove(&waiting, &waits[17]);
    assert_int_equal(waiting_add(&waiting, &waits[WAITING_MAX]), 0);
    for (unsigned i = 0; i < waiting.count; i++)
        assert_int_equal(waiting.wait[i]->slot, i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_judgement_ends_the_waits_for_its_connection_alone),
        cmocka_unit_test(what_the_store_tells_ends_the_wait_with_its_ticket_alone),
        cmocka_unit_test(who_names_no_port_waits_for_any_connection_of_the_address),
        cmocka_unit_test(who_names_a_server_port_waits_for_a_connection_to_it),
        cmocka_unit_test(a_wait_is_over_at_its_deadline),
        cmocka_unit_test(what_was_found_does_not_expire),
        cmocka_unit_test(no_more_wait_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
