/* The service manager: when it is told, what it reads, how often it wants to hear. */
#include "unit.h"

#include "edge/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A manager's socket in the abstract namespace, where nothing has to be removed. */
static int manager_listen(char out_name[64])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int length = snprintf(out_name, 64, "@hoptell-test-%d", (int)getpid());

    memcpy(address.sun_path + 1, out_name + 1, (size_t)length - 1);
    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
                     0);
    return descriptor;
}

static void the_manager_reads_what_is_told(void **state)
{
    char name[64];
    char heard[64] = "";
    const int manager = manager_listen(name);
    int supervisor;

    (void)state;
    setenv("NOTIFY_SOCKET", name, 1);
    supervisor = supervisor_open();
    assert_true(supervisor >= 0);
    supervisor_tell(supervisor, "READY=1");
    assert_int_equal(recv(manager, heard, sizeof heard - 1, MSG_DONTWAIT), 7);
    assert_string_equal(heard, "READY=1");
    close(manager);
    supervisor_tell(supervisor, "STOPPING=1"); /* to nobody, which is no harm */
    close(supervisor);
}

static void without_a_manager_there_is_nobody_to_tell(void **state)
{
    static const struct {
        const char *socket;
        int expected;
    } rows[] = {
        {NULL, -ENOENT},
        {"", -ENOENT},
        {"relative", -EINVAL},
        {"/nowhere/at/all", -ENOENT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].socket != NULL)
            setenv("NOTIFY_SOCKET", rows[i].socket, 1);
        else
            unsetenv("NOTIFY_SOCKET");
        assert_int_equal(supervisor_open(), rows[i].expected);
    }
    supervisor_tell(-ENOENT, "READY=1");
}

static void a_watchdog_is_for_the_process_that_it_names(void **state)
{
    static const struct {
        const char *microseconds;
        long process; /* 0: not named; 1: another */
        uint64_t expected;
    } rows[] = {
        {NULL, 0, 0},        {"60000000", 0, 60000},
        {"60000000", 1, 0},  {"60000000", -1, 60000}, /* this one */
        {"sixty", 0, 0},     {"60s", 0, 0},
        {"-60000000", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char process[24];

        snprintf(process, sizeof process, "%ld", rows[i].process < 0 ? getpid() : rows[i].process);
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        if (rows[i].microseconds != NULL)
            setenv("WATCHDOG_USEC", rows[i].microseconds, 1);
        if (rows[i].process != 0)
            setenv("WATCHDOG_PID", process, 1);
        assert_int_equal(supervisor_watchdog_ms(), rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manager_reads_what_is_told),
        cmocka_unit_test(without_a_manager_there_is_nobody_to_tell),
        cmocka_unit_test(a_watchdog_is_for_the_process_that_it_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
