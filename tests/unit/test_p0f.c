#include "unit.h"

#include "visit.h"
#include "watch/p0f.h"
#include "watch/signature.h"
#include "watch/stack.h"

#include <errno.h>
#include <stdio.h>

static struct report report;
static struct p0f p0f;

static int parse(const char *text)
{
    report_init(&report, "p0f.fp");
    return p0f_parse(text, strlen(text), &report, &p0f);
}

static struct observation made_by(enum visit_maker maker)
{
    const struct visit visit = {
        .maker = maker,
        .hops = 12,
        .client = visit_v4(203, 0, 113, 7),
        .port = 4000,
        .time_s = 1700000000,
        .clock_ms = 5,
        .flow = 9,
    };

    return visit_observation(&visit);
}

static struct observation of_signature(const char *text)
{
    struct observation o = {0};
    struct pattern pattern;
    struct pattern_fault fault;

    assert_true(pattern_parse(text, strlen(text), &pattern, &fault));
    assert_true(pattern_observation(&pattern, &o));
    return o;
}

static void a_packet_is_told_by_the_best_signature_that_it_matches(void **state)
{
    static const char text[] = "; a comment\n"
                               "classes = win,unix,other\n"
                               "[mtu]\n"
                               "label = Ethernet\n"
                               "sig   = 1500\n"
                               "\n"
                               "[tcp:request]\r\n"
                               "label = s:unix:Linux:3.11 and newer\n"
                               "sig   = *:64:0:*:mss*20,7:mss,sok,ts,nop,ws:df,id+:0\n"
                               "label = s:unix:Linux:(Android)\n"
                               "sig   = *:64:0:*:mss*44,1:mss,sok,ts,nop,ws:df,id+:0\n"
                               "label = g:unix:Linux:2.2.x-3.x\n"
                               "sig   = *:64:0:*:*,*:mss,sok,ts,nop,ws:df,id+:0\n"
                               "label = s:other:Toaster:\n"
                               "sig   = 4:64:4:1024:%512,0:mss,?77,eol+2:opt+:+\n"
                               "label = s:win:Windows:7\n"
                               "sig   = 4:128:0:*:mtu*2,0:mss,nop,nop,sok:df,id+:0\n"
                               "label = s:unix:iOS:iPhone or iPad\n"
                               "sig   = *:64:0:*:65535,2:mss,nop,ws,nop,nop,ts,sok,eol+1:df,id+:0\n"
                               "label = s:!:NMap:SYN scan\n"
                               "sys   = @unix,@win\n"
                               "sig   = *:64-:0:1460:1024,0:mss::0\n"
                               "[http:request]\n"
                               "ua_os = Linux,Windows\n"
                               "label = s:!:wget:\n"
                               "sig   = *:User-Agent::Wget\n";
    enum { ANDROID = 1 << STACK_ANDROID, LINUX = 1 << STACK_LINUX, WINDOWS = 1 << STACK_WINDOWS };
    enum { OTHER = 1 << STACK_OTHER, IOS = 1 << STACK_IOS };
    static const struct {
        const char *packet;
        enum p0f_rank rank;
        uint8_t families;
    } rows[] = {
        {"4:51+13:0:1460:mss*20,7:mss,sok,ts,nop,ws:df,id+:0", P0F_SPECIFIC, LINUX},
        {"6:51+13:0:1440:mss*20,7:mss,sok,ts,nop,ws:flow:0", P0F_SPECIFIC, LINUX},
        {"4:51+13:0:1400:mss*20,7:mss,sok,ts,nop,ws:df,id+:0", P0F_SPECIFIC, LINUX},
        {"4:99+29:0:1400:mss*20,7:mss,sok,ts,nop,ws:df,id+:0", P0F_SPECIFIC, LINUX},
        {"4:51+13:0:1400:mss*44,1:mss,sok,ts,nop,ws:df,id+:0", P0F_SPECIFIC, ANDROID},
        {"4:51+13:0:1400:65535,9:mss,sok,ts,nop,ws:df,id+:0", P0F_GENERIC, ANDROID | LINUX},
        {"4:51+13:0:1400:65535,9:mss,sok,ts,nop,ws:df,id+,ecn:0", P0F_FUZZY, ANDROID | LINUX},
        {"4:51+13:0:1400:65535,9:mss,sok,ts,nop,ws:df,id+,ts2+:0", P0F_NONE, 0},
        {"4:51+13:0:1400:65535,9:mss,sok,ts,nop,ws:df,id+:+", P0F_NONE, 0},
        {"4:51+13:4:1024:2048,0:mss,?77,eol+2:opt+:+", P0F_SPECIFIC, OTHER},
        {"4:51+13:4:1024:2049,0:mss,?77,eol+2:opt+:+", P0F_NONE, 0},
        {"4:51+13:0:1024:2048,0:mss,?77,eol+2:opt+:+", P0F_NONE, 0},
        {"4:51+13:4:1024:2048,0:mss,?77,eol+3:opt+:+", P0F_NONE, 0},
        {"6:51+13:4:1024:2048,0:mss,?77,eol+2:opt+:+", P0F_NONE, 0},
        {"4:128+0:0:1460:mtu*2,0:mss,nop,nop,sok:df,id+:0", P0F_SPECIFIC, WINDOWS},
        {"4:128+0:0:1460:mtu*2,0:mss,nop,nop,sok:df:0", P0F_FUZZY, WINDOWS},
        {"4:64+0:0:1400:65535,2:mss,nop,ws,nop,nop,ts,sok,eol+1:df:0", P0F_FUZZY, IOS},
        {"4:64+0:0:1460:1024,0:mss:id-:0", P0F_FUZZY, OTHER},
        {"4:64+0:0:1460:1024,0:mss::0", P0F_SPECIFIC, OTHER},
    };

    (void)state;
    assert_int_equal(parse(text), 0);
    assert_int_equal(p0f.count, 7);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct observation o = of_signature(rows[i].packet);
        uint8_t families;

        if (p0f_match(&p0f, &o, &families) != rows[i].rank || families != rows[i].families)
            fail_msg("%s: %d, %x", rows[i].packet, p0f_match(&p0f, &o, &families), families);
    }
}

static void a_packet_comes_back_from_its_signature(void **state)
{
    static const char *const rows[] = {
        "4:51+13:0:1400:mss*20,8:mss,sok,ts,nop,ws:df,id+:0",
        "4:64+0:8:1460:mss*44,15:mss,sok,ts,nop,ws:id-,ecn,0+,exws:+",
        "6:20+12:0:1440:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1:flow,seq-,ts1-:0",
        "4:1+31:0:0:0,0::uptr+,bad:0",
        "4:128+0:0:1452:8192,2:?254,eol+0:df,urgf+,pushf+:0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct observation o = of_signature(rows[i]);
        char text[SIGNATURE_TEXT_MAX];

        assert_string_equal(signature_text(&o, text), rows[i]);
    }
}

static void of_a_clamped_mss_the_larger_window_is_meant(void **state)
{
    (void)state;
    assert_int_equal(of_signature("4:51+13:0:1400:mss*44,7:mss:df:0").window, 44 * 1460);
    assert_int_equal(of_signature("4:51+13:0:1460:mss*45,7:mss:df:0").window, 45 * 1448);
    assert_int_equal(of_signature("6:51+13:0:1220:mtu*40,7:mss::0").window, 40 * 1500);
}

static void a_wrong_file_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"", "p0f.fp: error: expected signatures in [tcp:request], found none"},
        {"[tcp]\n", "p0f.fp:1:1: error: expected a section of p0f's, as [tcp:request], found "
                    "'[tcp]'"},
        {"label = s:unix:Linux:\n", "p0f.fp:1:1: error: expected a section, as [tcp:request], "
                                    "before it, found 'label = s:unix:Linux:'"},
        {"[mtu]\nlabel\n", "p0f.fp:2:1: error: expected classes, label, sys, sig or ua_os, '=' "
                           "and a value, found 'label'"},
        {"[mtu]\n name = x\n", "p0f.fp:2:2: error: expected classes, label, sys, sig or ua_os, '=' "
                               "and a value, found 'name = x'"},
        {"[tcp:request]\nsig = *:64:0:*:*,*:mss::0\n",
         "p0f.fp:2:7: error: expected a label before the signature, found '*:64:0:*:*,*:mss::0'"},
        {"[tcp:request]\nlabel = x:unix:Linux:\n",
         "p0f.fp:2:9: error: expected a label as s:CLASS:NAME:FLAVOUR or g:CLASS:NAME:FLAVOUR, "
         "found 'x:unix:Linux:'"},
        {"[tcp:request]\nlabel = s:unix:Linux\n",
         "p0f.fp:2:9: error: expected a label as s:CLASS:NAME:FLAVOUR or g:CLASS:NAME:FLAVOUR, "
         "found 's:unix:Linux'"},
    };
    static const struct {
        const char *signature;
        const char *error;
    } signatures[] = {
        {"5:64:0:*:*,*:mss::0", "3:7: error: expected a version of 4, 6 or *, found '5'"},
        {"*:0:0:*:*,*:mss::0", "3:9: error: expected a hop limit, as in 64, 51+13 or 64-, found "
                               "'0'"},
        {"*:64+200:0:*:*,*:mss::0", "3:9: error: expected a hop limit, as in 64, 51+13 or 64-, "
                                    "found '64+200'"},
        {"*:64:*:*:*,*:mss::0", "3:12: error: expected the octets of IP options, at most 40, found "
                                "'*'"},
        {"*:64:0:x:*,*:mss::0", "3:14: error: expected an MSS or *, found 'x'"},
        {"*:64:0:*:%0,*:mss::0", "3:16: error: expected a window, as in 65535, mss*20, mtu*2, "
                                 "%8192 or *, found '%0'"},
        {"*:64:0:*:*,256:mss::0", "3:18: error: expected a window scale or *, found '256'"},
        {"*:64:0:*:*,*:mss,xyz::0", "3:24: error: expected an option of eol+N, nop, mss, ws, sok, "
                                    "sack, ts or ?N, found 'xyz'"},
        {"*:64:0:*:*,*:eol+1,mss::0", "3:26: error: expected an option of eol+N, nop, mss, ws, "
                                      "sok, sack, ts or ?N, found 'mss'"},
        {"*:64:0:*:*,*:mss:df,xy:0", "3:27: error: expected a quirk of p0f's, found 'xy'"},
        {"*:64:0:*:*,*:mss:df,:0", "3:27: error: expected a quirk of p0f's, found ''"},
        {"*:64:0:*:*,*:mss::1", "3:25: error: expected a payload of 0, + or *, found '1'"},
        {"*:64:0:*:*,*:mss::0:0", "3:27: error: expected nothing after the payload, found '0'"},
        {"*:64:0:*:*", "3:17: error: expected a window scale or *, found ''"},
    };
    char line[512];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i].text), -EINVAL);
        assert_string_equal(report_line(&report, 0, line, sizeof line), rows[i].error);
    }
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        char text[256];

        snprintf(text, sizeof text, "[tcp:request]\nlabel = s:a:b:\nsig = %s\n",
                 signatures[i].signature);
        assert_int_equal(parse(text), -EINVAL);
        assert_string_equal(report_line(&report, 0, line, sizeof line) + strlen("p0f.fp:"),
                            signatures[i].error);
    }
}

static void a_signature_names_what_the_table_leaves_open(void **state)
{
    static struct stack_table table;
    struct stack_cache cache = {0};
    struct observation o = made_by(MAKER_LINUX);
    struct stack stack;
    struct stack again;

    (void)state;
    report_init(&report, "t");
    assert_int_equal(stack_table_parse(watch_stacks_txt, strlen(watch_stacks_txt), &report, &table),
                     0);
    o.option[0] = TCP_OPTION_WINDOW_SCALE;
    o.option[4] = TCP_OPTION_MSS;
    stack_guess(&table, &o, &stack);
    assert_int_equal(stack.family, STACK_UNKNOWN);

    assert_int_equal(parse("[tcp:request]\nlabel = s:unix:Linux:x\n"
                           "sig = *:64:0:*:*,*:ws,sok,ts,nop,mss:df,id+:0\n"),
                     0);
    table.p0f = p0f;
    stack_guess(&table, &o, &stack);
    assert_int_equal(stack.family, STACK_LINUX);
    (void)stack_recall(&table, &cache, &o, &again);
    assert_int_equal(again.family, STACK_LINUX);
    o.flags |= OBSERVATION_PAYLOAD; /* of which the table takes no notice, and the signature does */
    (void)stack_recall(&table, &cache, &o, &again);
    assert_int_equal(again.family, STACK_UNKNOWN);
    for (uint16_t mss = 536; mss < 1460; mss = (uint16_t)(mss + 28)) {
        o.flags &= ~(uint32_t)OBSERVATION_PAYLOAD;
        o.mss = mss;
        o.hop_limit = (uint8_t)(mss % 64);
        stack_guess(&table, &o, &again);
        assert_memory_equal(again.probability, stack.probability, sizeof stack.probability);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_is_told_by_the_best_signature_that_it_matches),
        cmocka_unit_test(a_packet_comes_back_from_its_signature),
        cmocka_unit_test(of_a_clamped_mss_the_larger_window_is_meant),
        cmocka_unit_test(a_wrong_file_is_refused_with_its_place),
        cmocka_unit_test(a_signature_names_what_the_table_leaves_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
