/* The keeper: what it does for the daemon, what it refuses, and what it undoes. */
#include "unit.h"

#include "cli/keeper.c"

#include "base/units.h"
#include "edge/tun.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

static struct prefix allowed_prefixes[2];
static struct prefix device_addresses[2];
static const struct prefix_list addresses = {.count = 2, .item = device_addresses};
static const struct prefix_list allowed = {.count = 2, .item = allowed_prefixes};

static struct prefix prefix_from(const char *text)
{
    struct prefix prefix;

    assert_true(units_parse_prefix(text, &prefix));
    return prefix;
}

static int enter_namespaces(void **state)
{
    (void)state;
    allowed_prefixes[0] = prefix_from("203.0.113.0/24");
    allowed_prefixes[1] = prefix_from("2001:db8::/32");
    device_addresses[0] = prefix_from("192.0.2.1");
    device_addresses[1] = prefix_from("2001:db8::1");
    if (geteuid() != 0)
        return 0;
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return -1;
    mkdir("/run/hoptell", 0755);
    return mount("tmpfs", "/run/hoptell", "tmpfs", 0, NULL);
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("needs root for namespaces of its own\n");
        skip();
    }
}

static void close_tun(void *context)
{
    tun_close(context);
}

static struct tun *open_device(void)
{
    struct route_socket *routes;
    struct tun *tun = NULL;
    char error[256] = "";

    if (tun_open("keep0", 2, &tun, error, sizeof error) != 0)
        fail_msg("%s", error);
    assert_int_equal(route_open(&routes), 0);
    assert_int_equal(route_link_up(routes, tun_index(tun)), 0);
    route_close(routes);
    return tun;
}

static struct keeper *start(struct tun *tun, bool resolver)
{
    const struct keeper_orders orders = {.interface = tun_index(tun),
                                         .addresses = &addresses,
                                         .allowed = &allowed,
                                         .resolver = resolver};
    struct keeper *keeper;

    assert_int_equal(keeper_start(&orders, close_tun, tun, &keeper), 0);
    return keeper;
}

static void it_routes_what_is_allowed_and_nothing_else(void **state)
{
    static const struct {
        const char *prefix;
        int result;
    } rows[] = {
        {"203.0.113.9/32", 0},      {"203.0.113.9/32", -EEXIST},
        {"2001:db8:42::/64", 0},    {"198.51.100.0/28", -EPERM},
        {"203.0.112.0/23", -EPERM}, {"0.0.0.0/0", -EPERM},
        {"::/0", -EPERM},
    };
    const struct prefix target = prefix_from("203.0.113.9/32");
    struct keeper *keeper;
    struct tun *tun;

    (void)state;
    need_root();
    tun = open_device();
    keeper = start(tun, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct prefix prefix = prefix_from(rows[i].prefix);
        const int result = keeper_route_add(keeper, &prefix);

        if (result != rows[i].result)
            fail_msg("%s: expected %d, found %d", rows[i].prefix, rows[i].result, result);
    }
    assert_int_equal(keeper_route_delete(keeper, &target), 0);
    assert_int_equal(keeper_route_delete(keeper, &target), -ESRCH);
    keeper_stop(keeper);
    tun_close(tun);
}

static bool device_has(const char *address)
{
    const struct prefix wanted = prefix_from(address);
    struct ifaddrs *list;
    bool found = false;

    assert_int_equal(getifaddrs(&list), 0);
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        struct address is = {{0}};

        if (i->ifa_addr == NULL || strcmp(i->ifa_name, "keep0") != 0)
            continue;
        if (i->ifa_addr->sa_family == AF_INET)
            is = address_v4((const void *)&((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr);
        if (i->ifa_addr->sa_family == AF_INET6)
            is = address_v6((const void *)&((struct sockaddr_in6 *)(void *)i->ifa_addr)->sin6_addr);
        found = found || address_equal(&is, &wanted.address);
    }
    freeifaddrs(list);
    return found;
}

static void it_gives_the_device_its_addresses_again(void **state)
{
    struct keeper *keeper;
    struct tun *tun;

    (void)state;
    need_root();
    tun = open_device();
    keeper = start(tun, false);
    assert_false(device_has("192.0.2.1") || device_has("2001:db8::1"));
    assert_int_equal(keeper_restore_addresses(keeper), 0);
    assert_true(device_has("192.0.2.1") && device_has("2001:db8::1"));
    assert_int_equal(keeper_restore_addresses(keeper), 0); /* what is there is fine */
    keeper_stop(keeper);
    tun_close(tun);
}

static void it_does_not_keep_the_device(void **state)
{
    struct keeper *keeper;
    struct tun *tun;

    (void)state;
    need_root();
    tun = open_device();
    keeper = start(tun, false);
    assert_int_equal(keeper_route_add(keeper, &(struct prefix){0}), -EPERM); /* it is at work */
    tun_close(tun);
    assert_int_equal(if_nametoindex("keep0"), 0);
    keeper_stop(keeper);
}

static bool resolver_names(const char *server)
{
    FILE *file = fopen("/etc/resolv.conf", "re");
    char text[4096];
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    return strstr(text, server) != NULL;
}

/* A daemon that puts its server first and is then killed; its keeper's end of the socket stays. */
static void killed_daemon(void)
{
    struct tun *tun = open_device();
    struct address server;
    char error[256];

    start(tun, true);
    assert_true(units_parse_address("127.0.0.77", &server));
    assert_int_equal(resolver_enter(&server, error, sizeof error), 0);
    assert_true(resolver_names("127.0.0.77"));
    raise(SIGKILL);
}

static void a_killed_daemons_resolver_is_put_back(void **state)
{
    int status;
    pid_t daemon;

    (void)state;
    need_root();
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that the keeper becomes ours to wait for */
    daemon = fork();
    if (daemon == 0)
        killed_daemon();
    assert_int_equal(waitpid(daemon, &status, 0), daemon);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(waitpid(-1, &status, 0) > 0); /* the keeper ends by itself */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_false(resolver_names("127.0.0.77"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_routes_what_is_allowed_and_nothing_else),
        cmocka_unit_test(it_gives_the_device_its_addresses_again),
        cmocka_unit_test(it_does_not_keep_the_device),
        cmocka_unit_test(a_killed_daemons_resolver_is_put_back),
    };

    return cmocka_run_group_tests(tests, enter_namespaces, NULL);
}
