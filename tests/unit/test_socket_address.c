#include "unit.h"

#include "base/socket_address.h"
#include "base/units.h"

#include <arpa/inet.h>

static void an_address_and_a_port_come_back_from_their_socket(void **state)
{
    static const struct {
        const char *text;
        int family;
        socklen_t length;
    } rows[] = {
        {"203.0.113.7", AF_INET, sizeof(struct sockaddr_in)},
        {"0.0.0.0", AF_INET, sizeof(struct sockaddr_in)},
        {"2001:db8::7", AF_INET6, sizeof(struct sockaddr_in6)},
        {"::", AF_INET6, sizeof(struct sockaddr_in6)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        union socket_address at;
        struct address address;
        struct address back;
        uint16_t port = 0;

        assert_true(units_parse_address(rows[i].text, &address));
        assert_int_equal(socket_address_of(&address, 40001, &at), rows[i].length);
        assert_int_equal(at.any.sa_family, rows[i].family);
        assert_int_equal(ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port),
                         40001);
        assert_true(socket_address_read(&at.any, &back, &port));
        assert_true(address_equal(&address, &back));
        assert_int_equal(port, 40001);
        assert_true(socket_address_read(&at.any, &back, NULL));
    }
}

static void a_mapped_address_is_an_ipv4_address(void **state)
{
    union socket_address at = {.v6 = {.sin6_family = AF_INET6}};
    struct address address;

    (void)state;
    assert_int_equal(inet_pton(AF_INET6, "::ffff:203.0.113.7", &at.v6.sin6_addr), 1);
    assert_true(socket_address_read(&at.any, &address, NULL));
    assert_true(address_is_v4(&address));
}

static void other_families_have_none(void **state)
{
    const union socket_address at = {.any = {.sa_family = AF_UNIX}};
    struct address address = {{1}};
    uint16_t port = 1;

    (void)state;
    assert_false(socket_address_read(&at.any, &address, &port));
    assert_false(socket_address_read(NULL, &address, &port));
    assert_int_equal(address.octets[0], 1);
    assert_int_equal(port, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_and_a_port_come_back_from_their_socket),
        cmocka_unit_test(a_mapped_address_is_an_ipv4_address),
        cmocka_unit_test(other_families_have_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
