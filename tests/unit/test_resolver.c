/* resolv.conf with hoptell's server first, in a mount namespace of the test's own. */
#include "unit.h"

#include "base/units.h"
#include "edge/resolver.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 4096 };

static int enter_namespace(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return 0;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return -1;
    mkdir("/run/hoptell", 0755);
    return mount("tmpfs", "/run/hoptell", "tmpfs", 0, NULL); /* that of a running one stays alone */
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("needs root to mount\n");
        skip();
    }
}

static void read_file(const char *path, char out[FILE_MAX])
{
    FILE *file = fopen(path, "re");
    size_t length;

    assert_non_null(file);
    length = fread(out, 1, FILE_MAX - 1, file);
    out[length] = '\0';
    fclose(file);
}

static void enter(const char *server)
{
    struct address address;
    char error[256] = "";

    assert_true(units_parse_address(server, &address));
    if (resolver_enter(&address, error, sizeof error) != 0)
        fail_msg("%s", error);
}

static void the_server_stands_first_until_it_leaves(void **state)
{
    char before[FILE_MAX];
    char during[FILE_MAX];
    char after[FILE_MAX];

    (void)state;
    need_root();
    read_file("/etc/resolv.conf", before);
    enter("127.0.0.77");
    read_file("/etc/resolv.conf", during);
    assert_non_null(strstr(during, "nameserver 127.0.0.77\n"));
    assert_string_equal(during + strlen(during) - strlen(before), before);
    assert_int_equal(resolver_leave(), 0);
    read_file("/etc/resolv.conf", after);
    assert_string_equal(after, before);
    assert_int_equal(access("/run/hoptell/hoptell-resolv.conf", F_OK), -1);
}

static void what_an_earlier_one_left_is_taken_away_first(void **state)
{
    char before[FILE_MAX];
    char during[FILE_MAX];
    char after[FILE_MAX];

    (void)state;
    need_root();
    read_file("/etc/resolv.conf", before);
    enter("127.0.0.77");
    enter("127.0.0.78"); /* as after kill -9 of the first */
    read_file("/etc/resolv.conf", during);
    assert_non_null(strstr(during, "nameserver 127.0.0.78\n"));
    assert_null(strstr(during, "127.0.0.77"));
    assert_int_equal(resolver_leave(), 0);
    read_file("/etc/resolv.conf", after);
    assert_string_equal(after, before);
}

static void leaving_without_having_entered_changes_nothing(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(resolver_leave(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_stands_first_until_it_leaves),
        cmocka_unit_test(what_an_earlier_one_left_is_taken_away_first),
        cmocka_unit_test(leaving_without_having_entered_changes_nothing),
    };

    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
