#include "unit.h"

#include "visit.h"
#include "watch/labelled.h"
#include "watch/stack_learn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 64 * 1024 };

static struct report report;

static struct stack_learn *begin(const char *text)
{
    struct stack_learn *learn = NULL;

    report_init(&report, "t");
    assert_int_equal(stack_learn_new(text, strlen(text), &report, &learn), 0);
    return learn;
}

static void append(const char *text, void *context)
{
    char *out = context;
    const size_t used = strlen(out);

    snprintf(out + used, TEXT_MAX - used, "%s", text);
}

static char *written(const struct stack_learn *learn, bool mix)
{
    char *text = test_calloc(1, TEXT_MAX);

    stack_learn_write(learn, mix, append, text);
    return text;
}

static void parse(const char *text, struct stack_table *out)
{
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

/* A phone as none was before: its options in an order of its own. */
static struct observation new_phone(void)
{
    struct observation o = made_by(MAKER_ANDROID, true);

    o.option[0] = TCP_OPTION_SACK_PERMITTED;
    o.option[1] = TCP_OPTION_MSS;
    o.window = 50000;
    return o;
}

static void what_was_unknown_is_known_once_it_is_learnt(void **state)
{
    const struct observation phone = new_phone();
    struct stack_learn *learn = begin(watch_stacks_txt);
    static struct stack_table table;
    struct stack stack;
    char *text;

    (void)state;
    parse(watch_stacks_txt, &table);
    stack_guess(&table, &phone, &stack);
    assert_int_equal(stack.family, STACK_UNKNOWN);

    stack_learn_add(learn, STACK_ANDROID, &phone, 40);
    text = written(learn, false);
    parse(text, &table);
    stack_guess(&table, &phone, &stack);
    assert_int_equal(stack.family, STACK_ANDROID);
    for (int maker = MAKER_ANDROID; maker <= MAKER_LINUX; maker++) {
        static const enum stack_family families[] = {
            STACK_ANDROID, STACK_IOS, STACK_UNKNOWN, STACK_WINDOWS, STACK_LINUX,
        };
        const struct observation o = made_by((enum visit_maker)maker, true);

        stack_guess(&table, &o, &stack);
        assert_int_equal(stack.family, families[maker]);
    }
    test_free(text);
    stack_learn_free(learn);
}

static void what_was_learnt_nothing_from_stays_as_it_was(void **state)
{
    struct stack_learn *learn = begin(watch_stacks_txt);
    char *text = written(learn, true);
    static struct stack_table before;
    static struct stack_table after;

    (void)state;
    parse(watch_stacks_txt, &before);
    parse(text, &after);
    assert_memory_equal(before.row, after.row, sizeof before.row);
    assert_memory_equal(before.count, after.count, sizeof before.count);
    assert_memory_equal(before.other, after.other, sizeof before.other);
    test_free(text);
    stack_learn_free(learn);
}

static void shares_are_those_of_the_packets_smoothed_by_what_was_known(void **state)
{
    struct stack_learn *learn = begin("prior * 0.5 0.5 0 0 0 0\n"
                                      "layout mss,sok,ts,nop,ws 1 0.5 0 0 0 0\n"
                                      "scale 8 0.5 0.1 0 0 0 0\n"
                                      "scale * 0.5 0.9 1 1 1 1\n");
    struct observation o = made_by(MAKER_ANDROID, true);
    char *text;

    (void)state;
    o.window_scale = 8;
    stack_learn_add(learn, STACK_ANDROID, &o, 15);
    o.window_scale = 9;
    stack_learn_add(learn, STACK_ANDROID, &o, 5);
    o.window_scale = 10;
    stack_learn_add(learn, STACK_ANDROID, &o, 1); /* once is no row */
    text = written(learn, true);
    /* (15 + 20 * 0.5) / 41, (5 + 20 * 0.05) / 41, and what is left */
    assert_non_null(strstr(text, "\nscale   8                                         0.6098  "));
    assert_non_null(strstr(text, "\nscale   9                                         0.1463  "));
    assert_non_null(strstr(text, "\nscale   *                                         0.2439  "));
    assert_null(strstr(text, "scale   10"));
    /* (21 + 20 * 0.5) / 41 */
    assert_non_null(strstr(text, "\nprior   *                                         0.7561  "));
    assert_int_equal(stack_learn_seen(learn, STACK_ANDROID), 21);
    test_free(text);
    stack_learn_free(learn);
}

static void what_ipv4_shows_says_nothing_of_ipv6(void **state)
{
    const struct observation v4 = made_by(MAKER_ANDROID, true);
    const struct observation v6 = made_by(MAKER_ANDROID, false);
    struct observation unscaled = v4;
    struct stack_learn *learn = begin(watch_stacks_txt);
    static struct stack_table before;
    static struct stack_table after;
    struct stack was;
    struct stack is;
    char *text;

    (void)state;
    unscaled.flags &= ~(uint32_t)OBSERVATION_HAS_WINDOW_SCALE;
    stack_learn_add(learn, STACK_ANDROID, &v4, 100000);
    text = written(learn, false);
    parse(watch_stacks_txt, &before);
    parse(text, &after);
    stack_guess(&after, &v6, &is);
    assert_int_equal(is.family, STACK_ANDROID);
    /* nor packets with a window scale of those without */
    stack_guess(&before, &unscaled, &was);
    stack_guess(&after, &unscaled, &is);
    assert_true(is.probability[STACK_ANDROID] > was.probability[STACK_ANDROID] * 0.99);
    test_free(text);
    stack_learn_free(learn);
}

static void the_order_of_packets_does_not_matter(void **state)
{
    struct stack_learn *forth = begin(watch_stacks_txt);
    struct stack_learn *back = begin(watch_stacks_txt);
    char *text[2];

    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        const unsigned at[2] = {i, 59 - i};

        for (unsigned j = 0; j < 2; j++) {
            struct observation o = made_by((enum visit_maker)(at[j] % 5), at[j] % 2 == 0);

            o.window = (uint16_t)(3000 + at[j] / 3);
            o.option[0] = (uint8_t)(70 + at[j] / 10);
            stack_learn_add(j == 0 ? forth : back, (enum stack_family)(at[j] % 6), &o, 1);
        }
    }
    text[0] = written(forth, false);
    text[1] = written(back, false);
    assert_string_equal(text[0], text[1]);
    test_free(text[0]);
    test_free(text[1]);
    stack_learn_free(forth);
    stack_learn_free(back);
}

static void values_without_end_are_bounded_and_counted(void **state)
{
    struct stack_learn *learn = begin(watch_stacks_txt);
    static struct stack_table table;
    char *text;

    (void)state;
    for (unsigned i = 0; i < 3 * STACK_LEARN_VALUES_MAX; i++) {
        struct observation o = made_by(MAKER_ANDROID, true);

        o.window = (uint16_t)(10000 + i * 2);
        stack_learn_add(learn, STACK_ANDROID, &o, STACK_LEARN_SEEN_LEAST);
    }
    assert_true(stack_learn_left_out(learn) > STACK_LEARN_VALUES_MAX);
    text = written(learn, false);
    parse(text, &table); /* at most STACK_ROWS_MAX rows */
    test_free(text);
    stack_learn_free(learn);
}

struct lines {
    unsigned count;
    struct labelled last;
};

static void keep(const struct labelled *labelled, void *context)
{
    struct lines *lines = context;

    lines->count++;
    lines->last = *labelled;
}

static void labelled_signatures_are_read_in_any_order_of_columns(void **state)
{
    static const char text[] =
        "count,name,signature,stack\r\n"
        "\n"
        "1,\"a \"\"phone\"\", mine\",\"4:51+13:0:1400:65535,8:mss,sok,ts,nop,ws:df,id+:0\",ios\n"
        "12,,\"6:51+13:0:1400:mss*44,7:mss,sok,ts,nop,ws:flow:0\",linux";
    struct lines lines = {0};

    (void)state;
    report_init(&report, "l.csv");
    assert_int_equal(labelled_parse(text, strlen(text), &report, keep, &lines), 0);
    assert_int_equal(lines.count, 2);
    assert_int_equal(lines.last.count, 12);
    assert_int_equal(lines.last.family, STACK_LINUX);
    assert_int_equal(lines.last.observation.version, 6);
    assert_int_equal(lines.last.observation.window_scale, 7);
}

static void wrong_lines_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"", "l.csv:1:1: error: expected a header with the columns signature and stack, found an "
             "empty file"},
        {"signature\n", "l.csv:1:1: error: expected a header with the columns signature and "
                        "stack, found none of stack"},
        {"stack,signature\nios,4:1:2,3\n",
         "l.csv:2:1: error: expected 2 fields as in the header, found 3 (a signature stands in "
         "quotation marks)"},
        {"stack,signature\nios,\"4:51+13:0:1400:65535,8:mss,soc:df,id+:0\"\n",
         "l.csv:2:33: error: expected an option of eol+N, nop, mss, ws, sok, sack, ts or ?N, found "
         "'soc'"},
        {"stack,signature\nios,\"4:64:0:*:65535,8:mss:df,id+:0\"\n",
         "l.csv:2:6: error: expected a packet's signature without * and %, found "
         "'4:64:0:*:65535,8:mss:df,id+:0'"},
        {"signature,stack\n\"4:64:0:1400:65535,8:mss:df,id+:0\",iOS\n",
         "l.csv:2:36: error: expected android, ios, macos, windows, linux or other, found 'iOS'"},
        {"signature,stack,count\n\"4:64:0:1400:65535,8:mss:df,id+:0\",ios,0\n",
         "l.csv:2:40: error: expected a count from 1 to 1000000000, found '0'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lines lines = {0};
        char line[512];

        report_init(&report, "l.csv");
        assert_int_equal(labelled_parse(rows[i].text, strlen(rows[i].text), &report, keep, &lines),
                         -EINVAL);
        assert_string_equal(report_line(&report, 0, line, sizeof line), rows[i].error);
        assert_int_equal(lines.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_unknown_is_known_once_it_is_learnt),
        cmocka_unit_test(what_was_learnt_nothing_from_stays_as_it_was),
        cmocka_unit_test(shares_are_those_of_the_packets_smoothed_by_what_was_known),
        cmocka_unit_test(what_ipv4_shows_says_nothing_of_ipv6),
        cmocka_unit_test(the_order_of_packets_does_not_matter),
        cmocka_unit_test(values_without_end_are_bounded_and_counted),
        cmocka_unit_test(labelled_signatures_are_read_in_any_order_of_columns),
        cmocka_unit_test(wrong_lines_are_refused_with_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
