/*
 * Questions and answers, put together and taken apart by ldns, which dns.c does not use for it.
 */
#include "names_built.h"

#include "names/dns.h"

#include <ldns/ldns.h>

#define TALE                                                   \
    "targets: [203.0.113.9, 203.0.113.10, '2001:db8:42::9']\n" \
    "addresses: [198.51.100.16/28, '2001:db8:43::/64']\n"      \
    "zone: tale.example.net\n"                                 \
    "hops: [One Hop, {say: two, address: 198.51.100.99}, {say: three, address: 198.51.100.99}]\n"

enum { UDP = 0, TCP = 1 };

static struct names *names;
static uint8_t out[DNS_MESSAGE_MAX];

static int set_up(void **state)
{
    static const char *const texts[] = {TALE};

    (void)state;
    names = built_names(texts, 1, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    names_free(names);
    return 0;
}

static ldns_pkt *query_for(const char *name, ldns_rr_type type)
{
    ldns_pkt *query = NULL;

    assert_int_equal(ldns_pkt_query_new_frm_str(&query, name, type, LDNS_RR_CLASS_IN, LDNS_RD),
                     LDNS_STATUS_OK);
    ldns_pkt_set_id(query, 0x1234);
    return query;
}

/* The answer to `query`, which this frees; NULL when there is none. */
static ldns_pkt *ask(ldns_pkt *query, bool stream, size_t *out_length)
{
    ldns_pkt *answer = NULL;
    uint8_t *wire = NULL;
    size_t length = 0;

    assert_int_equal(ldns_pkt2wire(&wire, query, &length), LDNS_STATUS_OK);
    *out_length = dns_answer(names, wire, length, stream, out, sizeof out);
    if (*out_length > 0) {
        assert_int_equal(ldns_wire2pkt(&answer, out, *out_length), LDNS_STATUS_OK);
        assert_int_equal(ldns_pkt_id(answer), 0x1234);
        assert_true(ldns_pkt_qr(answer));
        assert_false(ldns_pkt_ra(answer));
    }
    free(wire);
    ldns_pkt_free(query);
    return answer;
}

static const char *records(const ldns_rr_list *list)
{
    static char text[4096];
    char *printed = ldns_rr_list2str(list);

    snprintf(text, sizeof text, "%s", printed);
    free(printed);
    for (char *tab = strchr(text, '\t'); tab != NULL; tab = strchr(tab, '\t'))
        *tab = ' ';
    return text;
}

#define SOA_OF(zone) \
    zone " 60 IN SOA ns.tale.example.net. hostmaster.tale.example.net. 7 3600 600 604800 60\n"

static void questions_are_answered(void **state)
{
    static const struct {
        const char *name;
        ldns_rr_type type;
        ldns_pkt_rcode code;
        bool authoritative;
        const char *answer;
        const char *authority;
    } rows[] = {
        {"17.100.51.198.in-addr.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_NOERROR, true,
         "17.100.51.198.in-addr.arpa. 60 IN PTR One.Hop.\n", ""},
        {"99.100.51.198.in-addr.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_NOERROR, true,
         "99.100.51.198.in-addr.arpa. 60 IN PTR two.\n"
         "99.100.51.198.in-addr.arpa. 60 IN PTR three.\n",
         ""},
        {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.IP6.arpa.",
         LDNS_RR_TYPE_PTR, LDNS_RCODE_NOERROR, true,
         "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.IP6.arpa. 60 IN PTR "
         "One.Hop.\n",
         ""},
        {"tALE.example.NET.", LDNS_RR_TYPE_A, LDNS_RCODE_NOERROR, true,
         "tALE.example.NET. 60 IN A 203.0.113.9\ntALE.example.NET. 60 IN A 203.0.113.10\n", ""},
        {"tale.example.net.", LDNS_RR_TYPE_AAAA, LDNS_RCODE_NOERROR, true,
         "tale.example.net. 60 IN AAAA 2001:db8:42::9\n", ""},
        {"9.113.0.203.in-addr.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_NOERROR, true,
         "9.113.0.203.in-addr.arpa. 60 IN PTR tale.example.net.\n", ""},
        {"tale.example.net.", LDNS_RR_TYPE_SOA, LDNS_RCODE_NOERROR, true,
         SOA_OF("tale.example.net."), ""},
        {"113.0.203.in-addr.arpa.", LDNS_RR_TYPE_NS, LDNS_RCODE_NOERROR, true,
         "113.0.203.in-addr.arpa. 60 IN NS ns.tale.example.net.\n", ""},
        /* ANY gets one type */
        {"tale.example.net.", LDNS_RR_TYPE_ANY, LDNS_RCODE_NOERROR, true,
         SOA_OF("tale.example.net."), ""},
        {"17.100.51.198.in-addr.arpa.", LDNS_RR_TYPE_ANY, LDNS_RCODE_NOERROR, true,
         "17.100.51.198.in-addr.arpa. 60 IN PTR One.Hop.\n", ""},
        /* a name without such a record; a name with others under it */
        {"tale.example.net.", LDNS_RR_TYPE_MX, LDNS_RCODE_NOERROR, true, "",
         SOA_OF("tale.example.net.")},
        {"0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_REFUSED, false, "",
         ""},
        {"0.0.0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_NOERROR,
         true, "", SOA_OF("0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa.")},
        /* no such name, and none like one */
        {"18.100.51.198.in-addr.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_NXDOMAIN, true, "",
         SOA_OF("100.51.198.in-addr.arpa.")},
        {"7.100.51.198.in-addr.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_NXDOMAIN, true, "",
         SOA_OF("100.51.198.in-addr.arpa.")},
        {"x.17.100.51.198.in-addr.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_NXDOMAIN, true, "",
         SOA_OF("100.51.198.in-addr.arpa.")},
        {"1.0.0.0.0.0.4.3.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_REFUSED,
         false, "", ""},
        {"WWW.Tale.example.net.", LDNS_RR_TYPE_A, LDNS_RCODE_NXDOMAIN, true, "",
         SOA_OF("Tale.example.net.")},
        /* not ours */
        {"example.net.", LDNS_RR_TYPE_A, LDNS_RCODE_REFUSED, false, "", ""},
        {"atale.example.net.", LDNS_RR_TYPE_A, LDNS_RCODE_REFUSED, false, "", ""},
        {"51.198.in-addr.arpa.", LDNS_RR_TYPE_PTR, LDNS_RCODE_REFUSED, false, "", ""},
        {".", LDNS_RR_TYPE_NS, LDNS_RCODE_REFUSED, false, "", ""},
        {"tale.example.net.", LDNS_RR_TYPE_AXFR, LDNS_RCODE_REFUSED, false, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        size_t length;
        const size_t r = i / 2;
        ldns_pkt *answer = ask(query_for(rows[r].name, rows[r].type), i % 2, &length);

        assert_non_null(answer);
        if (ldns_pkt_get_rcode(answer) != rows[r].code)
            fail_msg("%s: %d", rows[r].name, ldns_pkt_get_rcode(answer));
        assert_int_equal(ldns_pkt_aa(answer), rows[r].authoritative);
        assert_string_equal(records(ldns_pkt_answer(answer)), rows[r].answer);
        assert_string_equal(records(ldns_pkt_authority(answer)), rows[r].authority);
        assert_true(ldns_pkt_rd(answer));
        assert_false(ldns_pkt_tc(answer));
        assert_int_equal(ldns_pkt_qdcount(answer), 1);
        assert_int_equal(ldns_pkt_arcount(answer), 0);
        ldns_pkt_free(answer);
    }
}

static ldns_pkt *with_edns(ldns_pkt *query, uint16_t size, uint8_t version, bool dnssec)
{
    ldns_pkt_set_edns_udp_size(query, size);
    ldns_pkt_set_edns_version(query, version);
    ldns_pkt_set_edns_do(query, dnssec);
    return query;
}

static void edns_is_answered_by_edns(void **state)
{
    size_t length;
    ldns_pkt *answer =
        ask(with_edns(query_for("tale.example.net.", LDNS_RR_TYPE_A), 4096, 0, true), UDP, &length);

    (void)state;
    assert_true(ldns_pkt_edns(answer));
    assert_int_equal(ldns_pkt_edns_udp_size(answer), DNS_UDP_MAX);
    assert_int_equal(ldns_pkt_edns_extended_rcode(answer), 0);
    assert_true(ldns_pkt_edns_do(answer));
    assert_int_equal(ldns_pkt_ancount(answer), 2);
    ldns_pkt_free(answer);
}

static void an_edns_version_to_come_is_badvers(void **state)
{
    size_t length;
    ldns_pkt *answer = ask(
        with_edns(query_for("tale.example.net.", LDNS_RR_TYPE_A), 4096, 1, false), UDP, &length);

    (void)state;
    assert_int_equal(ldns_pkt_edns_extended_rcode(answer), 1);
    assert_int_equal(ldns_pkt_get_rcode(answer), 0);
    assert_int_equal(ldns_pkt_edns_version(answer), 0);
    assert_int_equal(ldns_pkt_ancount(answer), 0);
    ldns_pkt_free(answer);
}

/* Sixty targets, so that their addresses take more room than UDP has. */
static void build_many(void)
{
    static char text[4096];
    const char *const texts[] = {text};

    strcpy(text, "targets: [");
    for (unsigned i = 1; i <= 60; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "203.0.113.%u, ", i);
    strcat(text, "]\naddresses: 198.51.100.0/24\nzone: many.example\nhops: [a]\n");
    names_free(names);
    names = built_names(texts, 1, NULL);
}

static void what_udp_cannot_hold_is_truncated(void **state)
{
    static const struct {
        uint16_t size; /* 0: no EDNS */
        bool stream;
        bool truncated;
        size_t most;
    } rows[] = {
        {0, false, true, 512},      {100, false, true, 512}, /* less than 512 counts as 512 */
        {900, false, true, 900},    {1232, false, false, 1232},
        {4096, false, false, 1232}, {0, true, false, 65535},
    };

    (void)state;
    build_many();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ldns_pkt *query = query_for("many.example.", LDNS_RR_TYPE_A);
        ldns_pkt *answer;
        size_t length;

        if (rows[i].size > 0)
            with_edns(query, rows[i].size, 0, false);
        answer = ask(query, rows[i].stream, &length);
        assert_int_equal(ldns_pkt_tc(answer), rows[i].truncated);
        assert_int_equal(ldns_pkt_ancount(answer), rows[i].truncated ? 0 : 60);
        assert_int_equal(ldns_pkt_edns(answer), rows[i].size > 0);
        assert_true(length <= rows[i].most);
        ldns_pkt_free(answer);
    }
}

static void little_room_is_never_overrun(void **state)
{
    static const uint8_t query[] = {0x12, 0x34, 1,   0,   0,   1,   0,   0, 0,   0,
                                    0,    0,    4,   'm', 'a', 'n', 'y', 7, 'e', 'x',
                                    'a',  'm',  'p', 'l', 'e', 0,   0,   1, 0,   1};

    (void)state;
    build_many();
    for (size_t room = 0; room < 1100; room++) {
        memset(out, 0xee, sizeof out);
        assert_true(dns_answer(names, query, sizeof query, true, out, room) <= room);
        assert_int_equal(out[room], 0xee);
    }
}

/* Messages by hand: what is wrong with them, and the code they get; -1: no answer. */
static void messages_that_are_no_questions(void **state)
{
#define NAME 1, 'a', 0
    static const struct {
        int code;
        size_t length;
        uint8_t octets[64];
        size_t answer_length;
    } rows[] = {
        {-1, 0, {0}, 0},
        {-1, 11, {0x12, 0x34}, 0},
        {-1, 19, {0, 0, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, NAME, 0, 1, 0, 1}, 0}, /* a response */
        {1, 12, {0, 0, 1}, 12},                                                 /* no question */
        {1, 12, {0, 0, 1, 0, 0, 1}, 12}, /* said, not there */
        {1, 26, {0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, NAME, 0, 1, 0, 1, NAME, 0, 1, 0, 1}, 12},
        {1, 16, {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, NAME, 0}, 12}, /* cut in the type */
        {1, 18, {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1}, 12}, /* a pointer */
        {1, 20, {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 1, 0, 1}, 12}, /* a long label */
        {1, 19, {0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, NAME, 0, 1, 0, 1}, 12},   /* an answer in it */
        {1, 19, {0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, NAME, 0, 1, 0, 1}, 19},   /* an authority */
        {5, 19, {0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, NAME, 0, 251, 0, 1}, 19}, /* IXFR */
        {4, 19, {0, 0, 0x10, 0, 0, 1, 0, 0, 0, 0, 0, 0, NAME, 0, 1, 0, 1}, 12}, /* STATUS */
        {4, 19, {0, 0, 0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, NAME, 0, 6, 0, 1}, 12}, /* NOTIFY */
        {4, 19, {0, 0, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0, NAME, 0, 6, 0, 1}, 12}, /* UPDATE */
        {5, 19, {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, NAME, 0, 1, 0, 3}, 19},    /* class CH */
        {1, 19, {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, NAME, 0, 41, 0, 1}, 19},   /* type OPT */
        /* an OPT record that is cut; one whose owner is not the root; two of them */
        {1, 24, {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, NAME, 0, 1, 0, 1, 0, 0, 41, 4, 0}, 19},
        {1,
         31,
         {0, 0, 1, 0,   0, 1, 0,  0, 0, 0, 0, 1, NAME, 0, 1,
          0, 1, 1, 'x', 0, 0, 41, 4, 0, 0, 0, 0, 0,    0, 0},
         19},
        {1,
         41,
         {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0,  2, NAME, 0, 1, 0, 1, 0, 0, 41,
          4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41, 4, 0,    0, 0, 0, 0, 0, 0},
         30},
        /* another additional record is passed over, its name a pointer */
        {5,
         31,
         {0, 0, 1,    0,  0, 1, 0, 0, 0, 0, 0, 1, NAME, 0, 1,
          0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0,    0},
         19},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t length =
            dns_answer(names, rows[i].octets, rows[i].length, false, out, sizeof out);

        if (rows[i].code < 0) {
            assert_int_equal(length, 0);
            continue;
        }
        if (length != rows[i].answer_length)
            fail_msg("row %zu: %zu octets", i, length);
        if ((out[3] & 0x0f) != rows[i].code || !(out[2] & 0x80))
            fail_msg("row %zu: flags %02x%02x", i, out[2], out[3]);
        assert_int_equal(out[2] & 0x78, rows[i].octets[2] & 0x78);
    }
}

static void checking_disabled_and_the_id_are_copied(void **state)
{
    static const uint8_t query[] = {0xab, 0xcd, 0x01, 0x30, 0,   1, 0,   0,   0,   0,   0,   0,
                                    4,    't',  'a',  'L',  'e', 7, 'e', 'x', 'a', 'm', 'p', 'l',
                                    'e',  3,    'n',  'e',  't', 0, 0,   1,   0,   1};

    (void)state;
    assert_true(dns_answer(names, query, sizeof query, false, out, sizeof out) > sizeof query);
    assert_int_equal(out[0], 0xab);
    assert_int_equal(out[1], 0xcd);
    assert_int_equal(out[2], 0x85);
    assert_int_equal(out[3], 0x10); /* CD is kept, AD is not */
    assert_memory_equal(out + 12, query + 12, sizeof query - 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(questions_are_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(edns_is_answered_by_edns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_edns_version_to_come_is_badvers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_udp_cannot_hold_is_truncated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(little_room_is_never_overrun, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_that_are_no_questions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checking_disabled_and_the_id_are_copied, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
