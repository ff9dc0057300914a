#include "unit.h"

#include "visit.h"
#include "watch/stack.h"

#include <errno.h>

static void parse(const char *text, struct stack_table *out)
{
    struct report report;

    report_init(&report, "t");
    assert_int_equal(stack_table_parse(text, strlen(text), &report, out), 0);
}

static struct observation made_by(enum visit_maker maker, bool is_v4)
{
    const struct visit visit = {
        .maker = maker,
        .hops = 12,
        .client = is_v4 ? visit_v4(203, 0, 113, 7) : visit_v6(1, 2, 3),
        .port = 4000,
        .time_s = 1700000000,
        .clock_ms = 5,
        .flow = 9,
    };

    return visit_observation(&visit);
}

static void each_system_is_told_by_its_opening_packet(void **state)
{
    static const struct {
        enum visit_maker maker;
        enum stack_family family;
    } rows[] =
        {
            {MAKER_ANDROID, STACK_ANDROID}, {MAKER_IPHONE, STACK_IOS},
            {MAKER_WINDOWS, STACK_WINDOWS}, {MAKER_LINUX, STACK_LINUX},
            {MAKER_MAC, STACK_UNKNOWN}, /* iPhones send the same as a Mac */
        };
    struct stack_table table;

    (void)state;
    parse(watch_stacks_txt, &table);
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        const struct observation o = made_by(rows[i / 2].maker, i % 2 == 0);
        struct stack stack;
        double sum = 0;

        stack_guess(&table, &o, &stack);
        assert_int_equal(stack.family, rows[i / 2].family);
        for (unsigned j = 0; j < STACK_FAMILY_COUNT; j++)
            sum += stack.probability[j];
        assert_true(sum > 0.9999 && sum < 1.0001);
    }
}

/* Each maker again and again, with each feature changed in turn, so that places are shared. */
static void a_guess_that_is_remembered_is_the_one_that_is_made(void **state)
{
    struct stack_table table;
    struct stack_cache cache = {0};

    (void)state;
    parse(watch_stacks_txt, &table);
    for (unsigned i = 0; i < 4000; i++) {
        struct observation o = made_by((enum visit_maker)(i % 5), i / 5 % 2 == 0);
        struct stack made = {0};
        struct stack remembered = {0};

        o.window_scale = (uint8_t)(o.window_scale + i / 10 % 4);
        o.window = (uint16_t)(o.window - i / 40 % 5 * 8);
        o.timestamp_echo = i / 200 % 3 == 0;
        o.ip_id = i / 600 % 2 == 0 ? 0 : o.ip_id;
        o.flow_label = i / 1200 % 2 == 0 ? 0 : o.flow_label;
        o.tcp_bits |= i / 2400 % 2 == 0 ? TCP_ECE | TCP_CWR : 0;
        o.tcp_bits |= i % 11 == 0 ? TCP_URG : 0;
        o.urgent = i % 13 == 0;
        o.acknowledgment = i % 17 == 0;
        o.option_padding = (uint8_t)(o.option_padding + (i % 19 == 0));
        if (i % 23 == 0)
            o.flags ^= OBSERVATION_PADDING;
        if (i % 3 == 0)
            o.flags ^= OBSERVATION_DONT_FRAGMENT;
        if (i % 7 == 0)
            o.flags &= ~(uint32_t)OBSERVATION_HAS_WINDOW_SCALE;
        stack_guess(&table, &o, &made);
        assert_int_equal(stack_recall(&table, &cache, &o, &remembered), stack_signature(&o));
        assert_int_equal(remembered.family, made.family);
        assert_memory_equal(remembered.probability, made.probability, sizeof made.probability);
    }
}

static void a_mac_and_an_iphone_are_left_open_between_the_two(void **state)
{
    const struct observation o = made_by(MAKER_MAC, true);
    struct stack_table table;
    struct stack stack;

    (void)state;
    parse(watch_stacks_txt, &table);
    stack_guess(&table, &o, &stack);
    assert_true(stack.probability[STACK_MACOS] + stack.probability[STACK_IOS] > 0.99);
    assert_true(stack.probability[STACK_MACOS] > 0.1);
}

static void neither_mss_nor_hop_limit_nor_their_clamping_changes_the_guess(void **state)
{
    struct stack_table table;

    (void)state;
    parse(watch_stacks_txt, &table);
    for (int maker = MAKER_ANDROID; maker <= MAKER_LINUX; maker++) {
        struct observation o = made_by((enum visit_maker)maker, true);
        struct stack first;
        struct stack clamped;

        stack_guess(&table, &o, &first);
        for (uint16_t mss = 536; mss <= 1460; mss = (uint16_t)(mss + 28)) {
            o.mss = mss;
            o.hop_limit = (uint8_t)(mss % 64);
            stack_guess(&table, &o, &clamped);
            assert_int_equal(first.family, clamped.family);
            assert_memory_equal(first.probability, clamped.probability, sizeof first.probability);
        }
    }
}

static void options_in_an_order_that_nobody_sends_are_unknown(void **state)
{
    struct observation o = made_by(MAKER_WINDOWS, true);
    struct stack_table table;
    struct stack stack;

    (void)state;
    parse(watch_stacks_txt, &table);
    o.option[0] = TCP_OPTION_WINDOW_SCALE;
    o.option[2] = TCP_OPTION_MSS;
    stack_guess(&table, &o, &stack);
    assert_int_equal(stack.family, STACK_UNKNOWN);
}

static void windows_of_other_interfaces_are_recognised_as_multiples(void **state)
{
    static const uint16_t windows[] = {64240, 64800, 64400, 65160, 63780};
    struct stack_table table;

    (void)state;
    parse(watch_stacks_txt, &table);
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        struct observation o = made_by(MAKER_LINUX, true);
        struct stack stack;

        o.window = windows[i];
        stack_guess(&table, &o, &stack);
        assert_int_equal(stack.family, STACK_LINUX);
    }
}

static void rows_may_come_in_any_order_and_a_star_is_for_the_rest(void **state)
{
    struct stack_table table;
    struct stack stack;
    struct observation o = made_by(MAKER_LINUX, true);

    (void)state;
    parse("window 64240 0.1 0 0 0 0.9 0\n"
          "layout mss,sok,ts,nop,ws 1 0 0 0 1 0 # a comment\n"
          "\n"
          "prior * 0.5 0 0 0 0.5 0\n"
          "window * 0.9 0 0 0 0.1 0\n",
          &table);
    stack_guess(&table, &o, &stack);
    assert_true(stack.probability[STACK_LINUX] > 0.89 && stack.probability[STACK_LINUX] < 0.91);
    o.window = 1234;
    stack_guess(&table, &o, &stack);
    assert_true(stack.probability[STACK_ANDROID] > 0.89);
}

static void a_file_may_add_to_the_shipped_table_and_take_the_place_of_its_rows(void **state)
{
    struct stack_table table;
    struct stack stack;
    struct observation o = made_by(MAKER_WINDOWS, true);

    (void)state;
    parse("with shipped\n"
          "layout mss,nop,ws,nop,nop,sok 0 0 0 0 1 0\n"
          "layout 77,mss 0 0 0 1 0 0\n",
          &table);
    stack_guess(&table, &o, &stack);
    assert_int_equal(stack.family, STACK_LINUX);
    o.option[0] = 77;
    o.option[1] = TCP_OPTION_MSS;
    o.option_count = 2;
    stack_guess(&table, &o, &stack);
    assert_int_equal(stack.family, STACK_WINDOWS);
}

static void a_wrong_table_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"layout mss 1 1 1 1 1 1\nwindows 1 1 1 1 1 1 1\n",
         "t:2:1: error: expected prior, layout, window, scale, id, ecn, flow or quirk, found "
         "'windows'"},
        {"layout mss,xyz 1 1 1 1 1 1\n",
         "t:1:8: error: expected a value of layout, found 'mss,xyz'"},
        {"layout mss 1 1 1 1 1\n",
         "t:1:1: error: expected a feature, a value and 6 likelihoods, found 7 words"},
        {"layout mss 1 1 1 1 1 1 1\n",
         "t:1:1: error: expected a feature, a value and 6 likelihoods, found 9 words or more"},
        {"layout mss 1 1 2 1 1 1\n", "t:1:16: error: expected a likelihood from 0 to 1, found '2'"},
        {"layout mss 1 1 nan 1 1 1\n",
         "t:1:16: error: expected a likelihood from 0 to 1, found 'nan'"},
        {"window 70000 1 1 1 1 1 1\n", "t:1:8: error: expected a value of window, found '70000'"},
        {"ecn perhaps 1 1 1 1 1 1\n", "t:1:5: error: expected a value of ecn, found 'perhaps'"},
        {"prior all 1 1 1 1 1 1\n", "t:1:7: error: expected a value of prior, found 'all'"},
        {"with shopped\n", "t:1:1: error: expected 'with shipped', found 'with shopped'"},
        {"layout mss 1 1 1 1 1 1\n with shipped\n",
         "t:2:2: error: expected 'with shipped' before all rows, found it after some"},
        {"# nothing\n", "t: error: expected rows of layout, found none"},
    };
    static struct stack_table table;
    static struct report report;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[512];

        report_init(&report, "t");
        assert_int_equal(stack_table_parse(rows[i].text, strlen(rows[i].text), &report, &table),
                         -EINVAL);
        assert_string_equal(report_line(&report, 0, line, sizeof line), rows[i].error);
    }
}

static void signatures_tell_makes_apart_but_not_packets_of_one(void **state)
{
    struct observation a = made_by(MAKER_ANDROID, true);
    struct observation b = a;

    (void)state;
    b.ip_id = 999;
    b.timestamp_value += 12345;
    b.mss = 1200;
    assert_int_equal(stack_signature(&a), stack_signature(&b));
    b.window_scale = 9;
    assert_int_not_equal(stack_signature(&a), stack_signature(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_system_is_told_by_its_opening_packet),
        cmocka_unit_test(a_guess_that_is_remembered_is_the_one_that_is_made),
        cmocka_unit_test(a_mac_and_an_iphone_are_left_open_between_the_two),
        cmocka_unit_test(neither_mss_nor_hop_limit_nor_their_clamping_changes_the_guess),
        cmocka_unit_test(options_in_an_order_that_nobody_sends_are_unknown),
        cmocka_unit_test(windows_of_other_interfaces_are_recognised_as_multiples),
        cmocka_unit_test(rows_may_come_in_any_order_and_a_star_is_for_the_rest),
        cmocka_unit_test(a_file_may_add_to_the_shipped_table_and_take_the_place_of_its_rows),
        cmocka_unit_test(a_wrong_table_is_refused_with_its_line),
        cmocka_unit_test(signatures_tell_makes_apart_but_not_packets_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
