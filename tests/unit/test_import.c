#include "unit.h"

#include "tale/compile.h"
#include "tale/import.h"

#include <stdio.h>

struct written {
    char text[64 * 1024];
};

static void put(const char *text, void *context)
{
    struct written *written = context;
    const size_t length = strlen(written->text);

    snprintf(written->text + length, sizeof written->text - length, "%s", text);
}

static const struct import_format *format_named(const char *name)
{
    for (size_t i = 0; import_format(i) != NULL; i++)
        if (strcmp(import_format(i)->name, name) == 0)
            return import_format(i);
    fail();
    return NULL;
}

/* What all that is reported says, a line each. */
static void say(const struct report *report, char *out, size_t size)
{
    size_t length = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < report->count; i++) {
        char line[400];

        length += (size_t)snprintf(out + length, size - length, "%s\n",
                                   report_line(report, i, line, sizeof line));
    }
}

static void assert_compiles(const char *text)
{
    struct report report;
    struct tale *tale;

    report_init(&report, "t.yaml");
    tale = tale_compile(text, strlen(text), "t.yaml", &report);
    assert_non_null(tale);
    assert_int_equal(report.errors, 0);
    tale_free(tale);
}

#define SCUTTLE_SAID(target) \
    "f: warning: the list does not say the target: the target is " target "\n"
#define SCUTTLE_NAMES                                                                          \
    "f: warning: the names of these hops are in the DNS, not in the list: hops without `say` " \
    "have none\n"
#define TRIPPY_HOP(ttl, rest) "[[hops]]\nttl = " ttl "\nresp = {" rest "}\n"
#define TRIPPY_TWO                                                                                \
    "target = '10.0.0.9'\n" TRIPPY_HOP("1", "tag = 'SingleHost', addr = '10.0.0.1', rtt_ms = 15") \
        TRIPPY_HOP("2", "tag = 'SingleHost', addr = '10.0.0.9', rtt_ms = 0")

static const struct {
    const char *format;
    const char *file;
    const char *text;
    const char *tale; /* NULL: nothing can be made of it */
    const char *said;
} rows[] = {
    {"scuttle", "f", "2001:db8:1::1\n2001:db8:1::2\r\n",
     "name: \"f\"\ntargets: [\"2001:db8:42::9\"]\nhops:\n  - {address: \"2001:db8:1::1\"}\n"
     "  - {address: \"2001:db8:1::2\"}\n",
     SCUTTLE_SAID("2001:db8:42::9") SCUTTLE_NAMES},
    {"scuttle", "f", "10.0.0.1\n2001:db8::1\n::1\n203.0.113.9\nx\n",
     "name: \"f\"\ntargets: [203.0.113.9]\nhops:\n  - {address: 10.0.0.1}\n  - {silent: true}\n"
     "  - {silent: true}\n  - {silent: true}\n",
     SCUTTLE_SAID(
         "203.0.113.9") "f:2:1: warning: expected an IPv4 address, as the target has, found "
                        "2001:db8::1: the hop is "
                        "silent\n"
                        "f:3:1: warning: expected an address that packets come from, found ::1: "
                        "the hop is silent\n"
                        "f:4:1: warning: expected an address that is not the target's, found "
                        "203.0.113.9: the hop is "
                        "silent\n"
                        "f:5:1: warning: expected an address, found 'x': left out\n" SCUTTLE_NAMES},
    {"scuttle", "f", "# nothing\n\n", NULL, "f: error: expected a hop at least, found none\n"},
    {"paris-traceroute", "d/198.51.100.9-line", "#DESC a line\nstart 10.0.0.1\n10.0.0.1 end\n",
     "# a line\nname: \"line\"\ntargets: [198.51.100.9]\nhops:\n  - {address: 10.0.0.1}\n", ""},
    {"paris-traceroute", "127.1.1.1-", "start 10.0.0.1\n10.0.0.1 end\n",
     "name: \"127.1.1\"\ntargets: [203.0.113.9]\nhops:\n  - {address: 10.0.0.1}\n",
     "127.1.1.1-: warning: expected a target that packets come to from other machines, found "
     "127.1.1.1: the target is 203.0.113.9\n"},
    {"paris-traceroute", "f", "start 2001:db8::1\n2001:db8::1 end\n",
     "name: \"f\"\ntargets: [\"2001:db8:42::9\"]\nhops:\n  - {address: \"2001:db8::1\"}\n",
     "f: warning: expected a file named ADDRESS-DESCRIPTION after its target: the target is "
     "2001:db8:42::9\n"},
    {"paris-traceroute", "198.51.100.9-x",
     "start 10.0.0.1\n10.0.0.1 10.0.1.1\n10.0.0.1 10.0.1.2\n10.0.1.1 10.0.2.1\n"
     "10.0.1.2 10.0.3.1\n10.0.2.1 10.0.3.1\n10.0.3.1 end\n",
     "name: \"x\"\ntargets: [198.51.100.9]\nhops:\n  - {address: 10.0.0.1}\n"
     "  - fork:\n      - [{address: 10.0.1.1},\n         {address: 10.0.2.1}]\n"
     "      - [{address: 10.0.1.2}]\n    by: flow\n  - {address: 10.0.3.1}\n",
     ""},
    {"paris-traceroute", "198.51.100.9-x",
     "start 10.0.0.1\nstart 10.0.0.2\n10.0.0.1 end\n10.0.0.1 10.0.0.2\n10.0.0.2 end\n",
     "name: \"x\"\ntargets: [198.51.100.9]\nhops:\n"
     "  - fork:\n      - [{address: 10.0.0.1}]\n      - [{address: 10.0.0.1},\n"
     "         {address: 10.0.0.2}]\n      - [{address: 10.0.0.2}]\n    by: flow\n",
     "198.51.100.9-x:1:1: warning: here is a choice behind another: all ways through the fork are "
     "taken alike often\n"},
    {"paris-traceroute", "198.51.100.9-x",
     "start 10.0.0.1\n10.0.0.1 end\n10.0.0.1 end\nend 10.0.0.1\n10.0.0.1 start\n"
     "10.0.0.1 10.0.0.1\n10.0.0.1 10.0.0.2\n10.0.0.3 end\n10.0.0.1\na b c\n10.0.0.1 x\n",
     "name: \"x\"\ntargets: [198.51.100.9]\nhops:\n  - {address: 10.0.0.1}\n",
#define LEFT(line, what) "198.51.100.9-x:" line ":1: warning: " what ": left out\n"
     LEFT("3", "expected each arc once, found it again")
         LEFT("4", "expected an arc that leads from start towards end")
             LEFT("5", "expected an arc that leads from start towards end")
                 LEFT("6", "expected an arc that leads from start towards end")
                     LEFT("9", "expected an arc, two words, found another number of them")
                         LEFT("10", "expected an arc, two words, found another number of them")
                             LEFT("11", "expected start, end or an address, found 'x'")
                                 LEFT("7", "this arc is on no way from start to end")
                                     LEFT("8", "this arc is on no way from start to end")},
    {"paris-traceroute", "198.51.100.9-x",
     "start 10.0.0.1\n10.0.0.1 10.0.0.2\n10.0.0.2 10.0.0.1\n10.0.0.2 end\n", NULL,
     "198.51.100.9-x:1:1: error: expected ways that end, found one that goes round in a circle\n"},
    {"paris-traceroute", "198.51.100.9-x", "start end\n", NULL,
     "198.51.100.9-x: error: expected a hop at least, found none\n"},
    {"trippy", "f", "name = 'two'\n" TRIPPY_TWO,
     "# two\nname: \"two\"\ntargets: [10.0.0.9]\nhops:\n  - {address: 10.0.0.1, delay: 15ms}\n",
     ""},
    {"trippy", "f",
     "protocol = 'Tcp'\ntos = 4\nport_direction = {tag = 'None'}\n" TRIPPY_TWO "rtt_ms = 3\n",
     "name: \"f\"\ntargets: [10.0.0.9]\nhops:\n  - {address: 10.0.0.1, delay: 15ms}\n"
     "end: {tcp: open}\n",
     "f:1:1: warning: a tale answers probes of every protocol, not of one alone: `protocol` is "
     "left out\n"
     "f:2:1: warning: `tos` is about the tracer and not about the path: left out\n"
     "f:3:1: warning: `port_direction.tag` is about the tracer and not about the path: left out\n"
     "f:11:1: warning: expected a key of a simulation, found 'hops.rtt_ms': left out\n"},
    {"trippy", "f",
     "target = '10.0.0.9'\nhops = [{ttl = 1, resp = {tag = 'NoResponse'}},\n"
     "{ttl = 3, resp = {tag = 'SingleHost', addr = '10.0.0.3', rtt_ms = 65000}},\n"
     "{ttl = 3, resp = {tag = 'NoResponse'}},\n{ttl = 4, resp = {tag = 'NoResponse'}}]\n",
     "name: \"f\"\ntargets: [10.0.0.9]\nhops:\n  - {silent: true}\n  - {silent: true}\n"
     "  - {address: 10.0.0.3, delay: 1min}\nend: silent\n",
     "f:3:67: warning: expected at most 60000 for `rtt_ms`, found 65000: the delay is 60s\n"
     "f:3:1: warning: expected the ttl 2, found 3: hops between are silent\n"
     "f:4:1: warning: expected a ttl above 3, found 3: left out\n"},
    {"trippy", "f",
     "target = '10.0.0.9'\n" TRIPPY_HOP("1", "tag = 'SingleHost', addr = '10.0.0.1', rtt_ms = 0"),
     "name: \"f\"\ntargets: [10.0.0.9]\nhops:\n  - {address: 10.0.0.1}\nend: silent\n",
     "f:2:1: warning: a hop answers its own ttl alone, not those above: the end is silent\n"},
    {"trippy", "f", TRIPPY_TWO TRIPPY_HOP("3", "tag = 'SingleHost', addr = '10.0.0.9', rtt_ms = 7"),
     "name: \"f\"\ntargets: [10.0.0.9]\nhops:\n  - {address: 10.0.0.1, delay: 15ms}\n"
     "  - {silent: true}\n",
     "f:10:1: warning: the end of a tale answers at once: its `rtt_ms` is left out\n"
     "f:5:1: warning: expected an address that is not the target's, found 10.0.0.9: the hop is "
     "silent\n"},
    {"trippy", "f", "target = 9\n", NULL,
     "f:1:10: error: expected an address for `target`, found 9\n"
     "f: error: expected `target`, an address, found none\n"},
    {"trippy", "f", "[[hops]]\nttl = 0\nttl = 1\n[[hops]]\nresp.tag = 'x'\n[hops]\nttl = 300\n",
     NULL,
     "f:2:7: error: expected a number from 1 to 255 for `ttl`, found 0\n"
     "f:3:7: error: expected this key once in a hop, found it again\n"
     "f:5:12: error: expected SingleHost or NoResponse for `tag`, found 'x'\n"
     "f:7:7: error: expected a number from 1 to 255 for `ttl`, found 300\n"
     "f: error: expected `target`, an address, found none\n"
     "f:1:1: error: expected `ttl` and `resp.tag` of a hop\n"},
    {"trippy", "f", "hops.ttl = 1\n", NULL,
     "f:1:12: error: expected [[hops]] before the keys of a hop\n"
     "f: error: expected `target`, an address, found none\n"},
    {"trippy", "f", "target = true\n[[hops]]\nttl = 1\nresp.tag = 'SingleHost'\n[[others]]\n", NULL,
     "f:1:10: error: expected an address for `target`, found true\n"
     "f:5:1: warning: expected [[hops]], found 'others': left out\n"
     "f: error: expected `target`, an address, found none\n"
     "f:2:1: error: expected `resp.addr` of a hop that answers\n"},
    {"trippy", "f", "target: 10.0.0.9\n", NULL, "f:1:7: error: expected '=', found ':'\n"},
};

static void a_file_gives_a_tale_and_what_could_not_be_carried_over(void **state)
{
    static struct written written;
    static char said[8192];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report report;
        bool good;

        written.text[0] = '\0';
        report_init(&report, rows[i].file);
        good = import_tale(format_named(rows[i].format), rows[i].text, strlen(rows[i].text),
                           rows[i].file, &report, put, &written);
        say(&report, said, sizeof said);
        assert_string_equal(said, rows[i].said);
        assert_string_equal(written.text, rows[i].tale != NULL ? rows[i].tale : "");
        assert_int_equal(good, rows[i].tale != NULL);
        if (good)
            assert_compiles(written.text);
    }
}

/* A fan of `branches` ways from one hop to another. */
static void write_fan(unsigned branches, char *out, size_t size)
{
    size_t length = (size_t)snprintf(out, size, "start 10.0.0.1\n10.0.9.1 end\n");

    for (unsigned i = 1; i <= branches; i++)
        length += (size_t)snprintf(out + length, size - length,
                                   "10.0.0.1 10.0.1.%u\n10.0.1.%u 10.0.9.1\n", i, i);
}

static void a_fork_has_at_most_as_many_ways_as_a_tale(void **state)
{
    static struct written written;
    static char text[8192];
    static char said[8192];
    struct report report;

    (void)state;
    write_fan(TALE_BRANCHES_MAX, text, sizeof text);
    report_init(&report, "198.51.100.9-fan");
    assert_true(import_tale(format_named("paris-traceroute"), text, strlen(text),
                            "198.51.100.9-fan", &report, put, &written));
    assert_int_equal(report.count, 0);
    assert_compiles(written.text);
    assert_non_null(strstr(written.text, "10.0.1.16}"));

    written.text[0] = '\0';
    write_fan(25, text, sizeof text);
    assert_true(import_tale(format_named("paris-traceroute"), text, strlen(text),
                            "198.51.100.9-fan", &report, put, &written));
    say(&report, said, sizeof said);
    assert_string_equal(said, "198.51.100.9-fan:36:1: warning: expected at most 16 ways through a "
                              "fork, found more: this and the next are left out\n");
    assert_compiles(written.text);
    assert_null(strstr(written.text, "10.0.1.17}"));
}

static void more_hops_than_a_hop_limit_counts_are_an_error(void **state)
{
    static struct written written;
    static char text[16384];
    struct report report;
    size_t length = 0;

    (void)state;
    for (unsigned i = 0; i < 300; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "10.0.%u.%u\n", 1 + i / 200,
                                   1 + i % 200);
    report_init(&report, "f");
    assert_false(import_tale(format_named("scuttle"), text, length, "f", &report, put, &written));
    assert_string_equal(written.text, "");
    assert_int_equal(report.entry[report.count - 1].line, 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_a_tale_and_what_could_not_be_carried_over),
        cmocka_unit_test(a_fork_has_at_most_as_many_ways_as_a_tale),
        cmocka_unit_test(more_hops_than_a_hop_limit_counts_are_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
