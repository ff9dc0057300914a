/* The TUN device and its routes, in a network namespace of the test's own. */
#include "unit.h"

#include "base/units.h"
#include "edge/route.h"
#include "edge/tun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int enter_namespace(void **state)
{
    (void)state;
    return geteuid() == 0 && unshare(CLONE_NEWNET) != 0 ? -1 : 0;
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("needs root to make a network namespace\n");
        skip();
    }
}

static struct prefix prefix_from(const char *text)
{
    struct prefix prefix;

    assert_true(units_parse_prefix(text, &prefix));
    return prefix;
}

static struct tun *open_or_fail(const char *name)
{
    struct tun *tun = NULL;
    char error[256] = "";

    if (tun_open(name, 1, &tun, error, sizeof error) != 0)
        fail_msg("%s", error);
    return tun;
}

static void a_device_lives_as_long_as_it_is_open(void **state)
{
    struct tun *tun;

    (void)state;
    need_root();
    tun = open_or_fail("tale0");
    assert_int_equal(tun_index(tun), if_nametoindex("tale0"));
    tun_close(tun);
    assert_int_equal(if_nametoindex("tale0"), 0);
}

static void a_name_in_use_is_refused_with_a_sentence(void **state)
{
    struct tun *first;
    struct tun *second;
    char error[256];

    (void)state;
    need_root();
    first = open_or_fail("tale0");
    assert_int_equal(tun_open("tale0", 1, &second, error, sizeof error), -EBUSY);
    assert_string_equal(error,
                        "expected the name tale0 to be free for a TUN device, found it in use");
    assert_int_equal(tun_open("a-name-too-long-for-it", 1, &second, error, sizeof error),
                     -ENAMETOOLONG);
    tun_close(first);
}

/* Sends a datagram by the kernel's own routing and returns what came out of the device. */
static ssize_t datagram_over(struct tun *tun, uint8_t *out, size_t capacity)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(33434),
                                   .sin_addr.s_addr = inet_addr("203.0.113.9")};
    struct pollfd ready = {.fd = tun_descriptor(tun, 0), .events = POLLIN};
    const int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ssize_t got = -EAGAIN;

    assert_true(sender >= 0);
    assert_true(sendto(sender, "probe", 5, 0, (const struct sockaddr *)&to, sizeof to) == 5);
    close(sender);
    while (poll(&ready, 1, 5000) == 1) {
        got = tun_read(tun, 0, out, capacity);
        if (got > 0 && out[0] >> 4 == 4)
            break; /* IPv6 tells of itself on every new device */
    }
    return got;
}

static void a_routed_datagram_comes_out_of_the_device(void **state)
{
    const struct prefix address = prefix_from("192.0.2.1/32");
    const struct prefix target = prefix_from("203.0.113.9/32");
    const struct prefix target_v6 = prefix_from("2001:db8:42::/64");
    struct route_socket *routes;
    struct tun *tun;
    uint8_t octets[1500];

    (void)state;
    need_root();
    tun = open_or_fail("tale0");
    assert_int_equal(route_open(&routes), 0);
    assert_int_equal(route_link_up(routes, tun_index(tun)), 0);
    assert_int_equal(route_address_add(routes, tun_index(tun), &address.address, 128), 0);
    assert_int_equal(route_add(routes, tun_index(tun), &target), 0);
    assert_int_equal(route_add(routes, tun_index(tun), &target), -EEXIST);
    assert_int_equal(route_add(routes, tun_index(tun), &target_v6), 0);

    assert_int_equal(datagram_over(tun, octets, sizeof octets), 20 + 8 + 5);
    assert_memory_equal(octets + 12, address_wire(&address.address), 4);
    assert_memory_equal(octets + 16, address_wire(&target.address), 4);

    assert_int_equal(route_delete(routes, tun_index(tun), &target), 0);
    assert_int_equal(route_delete(routes, tun_index(tun), &target), -ESRCH);
    assert_int_equal(route_delete(routes, tun_index(tun), &target_v6), 0);
    route_close(routes);
    tun_close(tun);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_lives_as_long_as_it_is_open),
        cmocka_unit_test(a_name_in_use_is_refused_with_a_sentence),
        cmocka_unit_test(a_routed_datagram_comes_out_of_the_device),
    };

    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
