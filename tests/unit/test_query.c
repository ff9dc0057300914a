#include "unit.h"

#include "base/units.h"
#include "serve/query.h"

#include <errno.h>

enum { BOTH = QUERY_ADDRESS | QUERY_PORT, LOOKUP = BOTH | QUERY_WAIT };

static struct query_parameter parameter(const char *name, const char *value)
{
    return (struct query_parameter){
        .name = name,
        .name_length = strlen(name),
        .value = value,
        .value_length = value != NULL ? strlen(value) : 0,
    };
}

static void address_and_port_name_a_connection(void **state)
{
    const struct query_parameter given[] = {
        parameter("port", "40001"),
        parameter("address", "2001:db8::7"),
    };
    struct query query;
    char error[QUERY_ERROR_MAX];
    char text[ADDRESS_TEXT_MAX];

    (void)state;
    assert_int_equal(query_parse(given, 2, LOOKUP, BOTH, &query, error), 0);
    assert_string_equal(units_address(&query.address, text), "2001:db8::7");
    assert_int_equal(query.port, 40001);
    assert_int_equal(query.wait_ms, 0);
}

static void a_wait_may_be_asked_for(void **state)
{
    const struct query_parameter given[] = {
        parameter("address", "203.0.113.7"),
        parameter("port", "1"),
        parameter("wait", "10000"),
    };
    struct query query;
    char error[QUERY_ERROR_MAX];

    (void)state;
    assert_int_equal(query_parse(given, 3, LOOKUP, BOTH, &query, error), 0);
    assert_int_equal(query.wait_ms, 10000);
}

static void a_server_port_may_be_given(void **state)
{
    const struct query_parameter given[] = {
        parameter("address", "203.0.113.7"),
        parameter("port", "40001"),
        parameter("server_port", "443"),
    };
    const struct query_parameter wrong[] = {
        parameter("address", "203.0.113.7"),
        parameter("prot", "1"),
    };
    struct query query;
    char error[QUERY_ERROR_MAX];

    (void)state;
    assert_int_equal(query_parse(given, 3, LOOKUP | QUERY_SERVER_PORT, BOTH, &query, error), 0);
    assert_int_equal(query.port, 40001);
    assert_int_equal(query.server_port, 443);
    assert_int_equal(query_parse(wrong, 2, LOOKUP | QUERY_SERVER_PORT, BOTH, &query, error),
                     -EINVAL);
    assert_string_equal(error, "expected address, port, wait and server_port alone, found 'prot'");
}

/* The error for address=203.0.113.7&port=40001 with one more parameter, or with one replaced. */
static const struct {
    const char *address;
    const char *port;
    const char *name;
    const char *value;
    const char *error;
} refused[] = {
    {NULL, "1", NULL, NULL, "expected an IPv4 or IPv6 address as address, found none"},
    {"::1", NULL, NULL, NULL, "expected a port from 1 to 65535 as port, found none"},
    {"203.0.113", "1", NULL, NULL,
     "expected an IPv4 or IPv6 address as address, found '203.0.113'"},
    {"", "1", NULL, NULL, "expected an IPv4 or IPv6 address as address, found ''"},
    {"::1", "0", NULL, NULL, "expected a port from 1 to 65535 as port, found '0'"},
    {"::1", "65536", NULL, NULL, "expected a port from 1 to 65535 as port, found '65536'"},
    {"::1", "4294967297", NULL, NULL,
     "expected a port from 1 to 65535 as port, found '4294967297'"},
    {"::1", "+1", NULL, NULL, "expected a port from 1 to 65535 as port, found '+1'"},
    {"::1", " 1", NULL, NULL, "expected a port from 1 to 65535 as port, found ' 1'"},
    {"::1", "1", "wait", "10001", "expected milliseconds from 0 to 10000 as wait, found '10001'"},
    {"::1", "1", "wait", "1s", "expected milliseconds from 0 to 10000 as wait, found '1s'"},
    {"::1", "1", "wait", NULL, "expected milliseconds from 0 to 10000 as wait, found ''"},
    {"::1", "1", "port", "2", "expected port once, found it again"},
    {"::1", "1", "prot", "2", "expected address, port and wait alone, found 'prot'"},
    {"::1", "1", "", "2", "expected address, port and wait alone, found ''"},
    {"::1\r\n<b>", "1", NULL, NULL,
     "expected an IPv4 or IPv6 address as address, found '::1?"
     "?<b>'"},
};

static void anything_else_is_refused_in_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct query_parameter given[3];
        struct query query;
        char error[QUERY_ERROR_MAX];
        size_t count = 0;

        if (refused[i].address != NULL)
            given[count++] = parameter("address", refused[i].address);
        if (refused[i].port != NULL)
            given[count++] = parameter("port", refused[i].port);
        if (refused[i].name != NULL)
            given[count++] = parameter(refused[i].name, refused[i].value);
        assert_int_equal(query_parse(given, count, LOOKUP, BOTH, &query, error), -EINVAL);
        assert_string_equal(error, refused[i].error);
    }
}

static void what_was_found_is_cut_where_it_is_long(void **state)
{
    char value[128] = "";

    (void)state;
    memset(value, 'f', sizeof value - 1);
    for (size_t length = 56; length < 72; length++) {
        struct query_parameter given = parameter("address", value);
        struct query query;
        char error[QUERY_ERROR_MAX];
        size_t shown;

        given.value_length = length;
        assert_int_equal(query_parse(&given, 1, LOOKUP, BOTH, &query, error), -EINVAL);
        shown = strspn(strchr(error, '\'') + 1, "f");
        assert_int_equal(shown, length < 64 ? length : 60);
        assert_string_equal(strchr(error, '\'') + 1 + shown, length < 64 ? "'" : "...'");
    }
}

static void a_nul_inside_a_value_does_not_end_it(void **state)
{
    struct query_parameter given[] = {
        {.name = "address", .name_length = 7, .value = "::1\0x", .value_length = 5},
        parameter("port", "1"),
    };
    struct query query;
    char error[QUERY_ERROR_MAX];

    (void)state;
    assert_int_equal(query_parse(given, 2, LOOKUP, BOTH, &query, error), -EINVAL);
    assert_string_equal(error, "expected an IPv4 or IPv6 address as address, found '::1?x'");
}

/* Others than those of a lookup: what is accepted, and what is made of it. */
static const struct {
    unsigned accepted;
    const char *name;
    const char *value;
    const char *error; /* NULL: it is good */
} others[] = {
    {QUERY_PREFIX | QUERY_LIMIT, "prefix", "203.0.113.0/24", NULL},
    {QUERY_PREFIX | QUERY_LIMIT, "limit", "1000", NULL},
    {QUERY_PREFIX | QUERY_LIMIT, "limit", "0",
     "expected a number from 1 to 1000 as limit, found '0'"},
    {QUERY_PREFIX | QUERY_LIMIT, "limit", "1001",
     "expected a number from 1 to 1000 as limit, found '1001'"},
    {QUERY_PREFIX | QUERY_LIMIT, "prefix", "203.0.113.7/24",
     "expected a prefix, as in 203.0.113.0/24 as prefix, found '203.0.113.7/24'"},
    {QUERY_PREFIX | QUERY_LIMIT, "address", "::1",
     "expected prefix and limit alone, found 'address'"},
    {QUERY_LIMIT, "prefix", "::/0", "expected limit alone, found 'prefix'"},
    {0, "limit", "1", "expected no parameters, found 'limit'"},
};

static void each_question_takes_its_own_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct query_parameter given = parameter(others[i].name, others[i].value);
        struct query query;
        char error[QUERY_ERROR_MAX];
        const int result = query_parse(&given, 1, others[i].accepted, 0, &query, error);

        assert_int_equal(result, others[i].error == NULL ? 0 : -EINVAL);
        if (others[i].error != NULL)
            assert_string_equal(error, others[i].error);
    }
}

static void what_is_not_given_has_its_default(void **state)
{
    const struct query_parameter given = parameter("address", "203.0.113.7");
    struct query query;
    char error[QUERY_ERROR_MAX];

    (void)state;
    assert_int_equal(query_parse(&given, 1, LOOKUP, QUERY_ADDRESS, &query, error), 0);
    assert_int_equal(query.given, QUERY_ADDRESS);
    assert_int_equal(query.port, 0);
    assert_int_equal(query.limit, QUERY_LIMIT_DEFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_and_port_name_a_connection),
        cmocka_unit_test(a_wait_may_be_asked_for),
        cmocka_unit_test(a_server_port_may_be_given),
        cmocka_unit_test(anything_else_is_refused_in_a_sentence),
        cmocka_unit_test(what_was_found_is_cut_where_it_is_long),
        cmocka_unit_test(each_question_takes_its_own_parameters),
        cmocka_unit_test(what_is_not_given_has_its_default),
        cmocka_unit_test(a_nul_inside_a_value_does_not_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
