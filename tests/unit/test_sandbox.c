/* The sandbox: what each purpose may still ask of the kernel, what it may not, and what ends it. */
#include "unit.h"

#include "base/sandbox.c"

#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FINE = 0, KILLED = 1000, COULD_NOT_ENTER = 200 };

/* Each attempt gives 0 or an errno of at most 199. */

static int result_of(long returned)
{
    return returned < 0 ? errno : 0;
}

static int run_a_program(void)
{
    char *const words[] = {(char *)"true", NULL};

    return result_of(execve("/bin/true", words, NULL));
}

static int make_a_process(void)
{
    const pid_t child = fork();

    if (child == 0)
        _exit(0);
    return result_of(child);
}

static void *do_nothing(void *context)
{
    return context;
}

static int make_a_thread(void)
{
    pthread_t thread;
    const int code = pthread_create(&thread, NULL, do_nothing, NULL);

    if (code == 0)
        pthread_join(thread, NULL);
    return code;
}

static int trace(void)
{
    return result_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int mount_something(void)
{
    return result_of(mount("none", "/nowhere", "tmpfs", 0, NULL));
}

static int unmount_nothing(void)
{
    return result_of(umount2("/nowhere-at-all", MNT_DETACH));
}

static int load_into_the_kernel(void)
{
    return result_of(syscall(SYS_bpf, -1, NULL, 0));
}

static int enter_a_namespace(void)
{
    return result_of(unshare(CLONE_NEWUSER));
}

static int become_root(void)
{
    return result_of(syscall(SYS_setuid, 0));
}

static int open_socket(int family, int type, int protocol)
{
    return result_of(socket(family, type, protocol));
}

static int open_packet_socket(void)
{
    return open_socket(AF_PACKET, SOCK_RAW, 0);
}

static int open_raw_socket(void)
{
    return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int open_netlink_socket(void)
{
    return open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static int open_connection(void)
{
    return open_socket(AF_INET6, SOCK_STREAM, 0);
}

static int listen_somewhere(void)
{
    return result_of(listen(STDIN_FILENO, 1));
}

static int change_a_ring(void)
{
    const struct tpacket_req request = {0};

    return result_of(
        setsockopt(STDIN_FILENO, SOL_PACKET, PACKET_RX_RING, &request, sizeof request));
}

static int type_into_the_terminal(void)
{
    return result_of(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}

static int map(int protection)
{
    void *memory = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? errno : 0;
}

static int map_memory(void)
{
    return map(PROT_READ | PROT_WRITE);
}

static int map_code(void)
{
    return map(PROT_READ | PROT_EXEC);
}

static int map_code_to_write(void)
{
    return map(PROT_WRITE | PROT_EXEC);
}

static int make_code_of_memory(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? 0 : result_of(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

static int read_a_file(void)
{
    return result_of(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static int write_a_file(void)
{
    return result_of(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static int create_a_file(void)
{
    return result_of(open("/dev/null", O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int remove_a_file(void)
{
    const int code = result_of(unlink("/nowhere/at/all"));

    return code == ENOENT ? 0 : code;
}

static int by_an_unknown_number(void)
{
    return result_of(syscall(100000));
}

static int child_of(unsigned purposes, int (*attempt)(void))
{
    char error[256];

    return sandbox_enter(purposes, error, sizeof error) == 0 ? attempt() : COULD_NOT_ENTER;
}

/* What becomes of an attempt in the sandbox, in a process of its own. */
static int outcome(unsigned purposes, int (*attempt)(void))
{
    int status;
    const pid_t child = fork();

    if (child == 0)
        _exit(child_of(purposes, attempt));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? KILLED : -WTERMSIG(status);
    return WEXITSTATUS(status);
}

/* What the search for leaks does too, in builds that have it. */
static bool is_of_sanitizers(int (*attempt)(void))
{
    static int (*const theirs[])(void) = {trace, make_a_process, make_a_thread, write_a_file,
                                          create_a_file};

    for (size_t i = 0; WITH_SANITIZER && i < COUNT(theirs); i++)
        if (theirs[i] == attempt)
            return true;
    return false;
}

static void a_call_is_allowed_by_purpose(void **state)
{
    static const unsigned every[] = {SANDBOX_DAEMON,
                                     SANDBOX_DAEMON | SANDBOX_CLIENT,
                                     SANDBOX_DAEMON | SANDBOX_INTERFACES,
                                     SANDBOX_KEEPER,
                                     SANDBOX_READER,
                                     SANDBOX_READER | SANDBOX_WRITER};
    static const struct {
        const char *name;
        int (*attempt)(void);
        int expected[sizeof every / sizeof every[0]];
    } rows[] = {
        {"a program", run_a_program, {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"a namespace", enter_a_namespace, {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"a mount", mount_something, {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"root", become_root, {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"another process", trace, {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"a process", make_a_process, {ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
        {"a thread", make_a_thread, {FINE, FINE, FINE, ENOSYS, ENOSYS, ENOSYS}},
        {"writing", write_a_file, {FINE, FINE, FINE, FINE, ENOSYS, ENOSYS}},
        {"creating", create_a_file, {FINE, FINE, FINE, FINE, ENOSYS, ENOSYS}},
        {"unmounting", unmount_nothing, {KILLED, KILLED, KILLED, ENOENT, KILLED, KILLED}},
        {"bpf", load_into_the_kernel, {ENOSYS, ENOSYS, ENOSYS, EINVAL, ENOSYS, ENOSYS}},
        {"packets", open_packet_socket, {ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
        {"a connection", open_connection, {ENOSYS, FINE, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
        {"netlink", open_netlink_socket, {ENOSYS, ENOSYS, FINE, FINE, ENOSYS, ENOSYS}},
        {"listening", listen_somewhere, {ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
        {"a ring", change_a_ring, {ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
        {"a terminal", type_into_the_terminal, {ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
        {"memory", map_memory, {FINE, FINE, FINE, FINE, FINE, FINE}},
        {"code", map_code, {ENOSYS, FINE, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
        {"code to write", map_code_to_write, {ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
        {"code of data", make_code_of_memory, {ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
        {"reading", read_a_file, {FINE, FINE, FINE, FINE, FINE, FINE}},
        {"removing", remove_a_file, {FINE, FINE, FINE, FINE, ENOSYS, FINE}},
        {"a number", by_an_unknown_number, {ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t j = 0; !is_of_sanitizers(rows[i].attempt) && j < COUNT(every); j++) {
            const int found = outcome(every[j], rows[i].attempt);

            if (found != rows[i].expected[j])
                fail_msg("%s, purposes %#x: expected %d, found %d", rows[i].name, every[j],
                         rows[i].expected[j], found);
        }
}

static void a_raw_socket_is_for_nobody_but_by_rights(void **state)
{
    (void)state;
    assert_int_equal(outcome(SANDBOX_DAEMON, open_raw_socket), ENOSYS);
    assert_int_equal(outcome(SANDBOX_READER, open_raw_socket), ENOSYS);
}

static int gate[2];

static void *run_when_told(void *context)
{
    char octet;

    if (read(gate[0], &octet, 1) == 1)
        run_a_program();
    return context;
}

static int run_in_an_older_thread(void)
{
    return 0;
}

/* A process whose other thread, older than its sandbox, runs a program. */
static int confined_with_an_older_thread(void)
{
    pthread_t thread;
    int code;

    if (pipe(gate) != 0 || pthread_create(&thread, NULL, run_when_told, NULL) != 0)
        return COULD_NOT_ENTER;
    code = child_of(SANDBOX_DAEMON, run_in_an_older_thread);
    if (code != 0 || write(gate[1], "", 1) != 1)
        return COULD_NOT_ENTER;
    pthread_join(thread, NULL);
    return 0;
}

static void a_thread_that_was_there_before_is_confined_too(void **state)
{
    int status;
    const pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(confined_with_an_older_thread());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void every_row_says_what_it_is_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(allowed); i++)
        assert_true(strlen(allowed[i].purpose) > 0 && allowed[i].who != 0 && allowed[i].count > 0);
    for (size_t i = 0; i < COUNT(allowed_if); i++)
        assert_true(strlen(allowed_if[i].purpose) > 0 && allowed_if[i].who != 0);
    for (size_t i = 0; i < COUNT(fatal); i++)
        assert_true(strlen(fatal[i].purpose) > 0 && fatal[i].who != 0 && fatal[i].count > 0);
}

static int need_filters(void **state)
{
    (void)state;
    if (prctl(PR_GET_SECCOMP) == 0)
        return 0;
    print_message("this kernel has no filters of calls\n");
    skip();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_call_is_allowed_by_purpose, need_filters),
        cmocka_unit_test_setup(a_raw_socket_is_for_nobody_but_by_rights, need_filters),
        cmocka_unit_test_setup(a_thread_that_was_there_before_is_confined_too, need_filters),
        cmocka_unit_test(every_row_says_what_it_is_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
