/*
 * The sandbox, by libseccomp; see sandbox.h. The tables are all there is to it: a row is what calls
 * are for, who may make them, and the calls.
 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum {
    D = SANDBOX_DAEMON,
    C = SANDBOX_CLIENT,
    I = SANDBOX_INTERFACES,
    K = SANDBOX_KEEPER,
    R = SANDBOX_READER,
    W = SANDBOX_WRITER,
    ALL = D | K | R,
};

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#elif defined(__has_feature)
#define WITH_SANITIZER __has_feature(address_sanitizer)
#else
#define WITH_SANITIZER 0
#endif

struct row {
    const char *purpose;
    unsigned who;
    const int *calls;
    size_t count;
};

/* A call that is allowed with one kind of argument; several rows of one call are alternatives. */
struct narrow_row {
    const char *purpose;
    unsigned who;
    int call;
    struct scmp_arg_cmp argument;
};

#define CALLS(...) (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int)

static const struct row allowed[] = {
    {"memory", ALL,
     CALLS(SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
           SCMP_SYS(membarrier))},
    {"signals, and the end", ALL,
     CALLS(SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
           SCMP_SYS(sigaltstack), SCMP_SYS(tgkill), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
           SCMP_SYS(exit_group))},
    {"the clock, random octets, who and where it is", ALL,
     CALLS(SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
           SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid),
           SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname),
           SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu))},
    {"what is open", ALL,
     CALLS(SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev),
           SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(close),
           SCMP_SYS(close_range), SCMP_SYS(fstat), SCMP_SYS(fstat64), SCMP_SYS(fcntl),
           SCMP_SYS(fcntl64), SCMP_SYS(dup), SCMP_SYS(fadvise64))},
    {"what files there are", ALL,
     CALLS(SCMP_SYS(stat), SCMP_SYS(stat64), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
           SCMP_SYS(fstatat64), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
           SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
           SCMP_SYS(getdents64), SCMP_SYS(statfs), SCMP_SYS(fstatfs))},
    {"waiting", ALL,
     CALLS(SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
           SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep))},
    {"locks", ALL, CALLS(SCMP_SYS(futex), SCMP_SYS(sched_yield))},
    {"threads", D,
     CALLS(SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(set_tid_address),
           SCMP_SYS(arch_prctl))},
    {"the loop", D,
     CALLS(SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
           SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2), SCMP_SYS(pipe2),
           SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime))},
    {"connections that are open or come in", D,
     CALLS(SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
           SCMP_SYS(recvmmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
           SCMP_SYS(sendfile), SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
           SCMP_SYS(getsockopt))},
    {"the store, its spool, settings and tales at a reload", D,
     CALLS(SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(ftruncate), SCMP_SYS(ftruncate64),
           SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(unlink),
           SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
           SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(fchmod), SCMP_SYS(flock),
           SCMP_SYS(umask), SCMP_SYS(utimensat))},
    {"a file that was written gets its name", W,
     CALLS(SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink),
           SCMP_SYS(unlinkat))},
    {"the way to a database server", C, CALLS(SCMP_SYS(connect))},
    {"the addresses of interfaces, asked of the kernel", I, CALLS(SCMP_SYS(bind))},
    {"the daemon's orders, and the kernel's tables of routes", K,
     CALLS(SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
           SCMP_SYS(bind), SCMP_SYS(getsockname), SCMP_SYS(getsockopt))},
    {"resolv.conf put back", K,
     CALLS(SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(umount2), SCMP_SYS(unlink),
           SCMP_SYS(unlinkat))},
#if WITH_SANITIZER
    {"the search for leaks, by a process that stops the others", ALL,
     CALLS(SCMP_SYS(clone), SCMP_SYS(ptrace), SCMP_SYS(prctl), SCMP_SYS(wait4), SCMP_SYS(pipe2),
           SCMP_SYS(pipe), SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(prlimit64), SCMP_SYS(getppid),
           SCMP_SYS(getdents), SCMP_SYS(kill))},
#endif
    {"the XDP program taken off", K,
     CALLS(SCMP_SYS(bpf), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(rename),
           SCMP_SYS(renameat2), SCMP_SYS(flock), SCMP_SYS(prlimit64), SCMP_SYS(memfd_create),
           SCMP_SYS(ftruncate), SCMP_SYS(perf_event_open))},
};

/* Compares an argument with a value, or some of its bits. */
#define IS(n, value)                                                    \
    {                                                                   \
        .arg = (n), .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)(value) \
    }
#define BITS(n, mask, value)                                                   \
    {                                                                          \
        .arg = (n), .op = SCMP_CMP_MASKED_EQ, .datum_a = (scmp_datum_t)(mask), \
        .datum_b = (scmp_datum_t)(value)                                       \
    }

static const struct narrow_row allowed_if[] = {
    {"memory that holds no code", ALL, SCMP_SYS(mmap), BITS(2, PROT_EXEC, 0)},
    {"memory that holds no code", ALL, SCMP_SYS(mprotect), BITS(2, PROT_EXEC, 0)},
    {"plugins of the database's client and of the resolver: code that nobody writes to", C,
     SCMP_SYS(mmap), BITS(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)},
    {"threads, and no processes", D, SCMP_SYS(clone), BITS(0, CLONE_THREAD, CLONE_THREAD)},
    {"what a thread is called", D, SCMP_SYS(prctl), IS(0, PR_SET_NAME)},
    {"how many descriptors there may be", D | R, SCMP_SYS(prlimit64), IS(2, 0)},
    {"is it a terminal, and how wide", ALL, SCMP_SYS(ioctl), IS(1, TCGETS)},
    {"is it a terminal, and how wide", ALL, SCMP_SYS(ioctl), IS(1, TIOCGWINSZ)},
    {"not to wait", D, SCMP_SYS(ioctl), IS(1, FIONBIO)},
    {"how much there is to read", D, SCMP_SYS(ioctl), IS(1, FIONREAD)},
    {"not for children", D, SCMP_SYS(ioctl), IS(1, FIOCLEX)},
    {"is the interface there", D, SCMP_SYS(ioctl), IS(1, SIOCGIFFLAGS)},
    {"which interface", D, SCMP_SYS(ioctl), IS(1, SIOCGIFNAME)},
    {"which interface", D | K, SCMP_SYS(ioctl), IS(1, SIOCGIFINDEX)},
    {"the buffers of a connection", D, SCMP_SYS(setsockopt), IS(1, SOL_SOCKET)},
    {"when its segments leave", D, SCMP_SYS(setsockopt), IS(1, IPPROTO_TCP)},
    {"the class of its packets", C, SCMP_SYS(setsockopt), IS(1, IPPROTO_IP)},
    {"the class of its packets", C, SCMP_SYS(setsockopt), IS(1, IPPROTO_IPV6)},
    {"a database server and the way to it", C, SCMP_SYS(socket), IS(0, AF_INET)},
    {"a database server and the way to it", C, SCMP_SYS(socket), IS(0, AF_INET6)},
    {"a database server here", C, SCMP_SYS(socket), IS(0, AF_UNIX)},
    {"the addresses of interfaces, asked of the kernel", I, SCMP_SYS(socket), IS(0, AF_NETLINK)},
    {"routes, and programs on interfaces", K, SCMP_SYS(socket), IS(0, AF_NETLINK)},
    {"the number of an interface", K, SCMP_SYS(socket), IS(0, AF_UNIX)},
    {"the number of an interface", K, SCMP_SYS(socket), IS(0, AF_INET)},
    {"how the kernel explains a refusal", K, SCMP_SYS(setsockopt), IS(1, SOL_NETLINK)},
    {"the buffers of netlink", K, SCMP_SYS(setsockopt), IS(1, SOL_SOCKET)},
    {"captures, which are not written to", R, SCMP_SYS(openat),
     BITS(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)},
    {"captures, which are not written to", R, SCMP_SYS(open),
     BITS(1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)},
};

/* What hoptell never does and a payload begins with: not an answer, but the end. */
static const struct row fatal[] = {
    {"another program", ALL, CALLS(SCMP_SYS(execve), SCMP_SYS(execveat))},
    {"another process's memory and descriptors", ALL,
     CALLS(SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
           SCMP_SYS(kcmp), SCMP_SYS(userfaultfd))},
#if !WITH_SANITIZER
    {"another process, stopped", ALL, CALLS(SCMP_SYS(ptrace))},
#endif
    {"other namespaces and roots", ALL,
     CALLS(SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(chroot), SCMP_SYS(pivot_root))},
    {"mounts", ALL,
     CALLS(SCMP_SYS(mount), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen),
           SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(mount_setattr))},
    {"mounts", D | R, CALLS(SCMP_SYS(umount2))},
    {"the kernel itself", ALL,
     CALLS(SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
           SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(iopl),
           SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(syslog))},
    {"another user", ALL,
     CALLS(SCMP_SYS(setuid), SCMP_SYS(setreuid), SCMP_SYS(setresuid), SCMP_SYS(setgid),
           SCMP_SYS(setregid), SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(capset))},
    {"keys, swap, accounts, the clock's setting", ALL,
     CALLS(SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(swapon),
           SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
           SCMP_SYS(adjtimex), SCMP_SYS(sethostname))},
    {"files by their handle, devices", ALL,
     CALLS(SCMP_SYS(open_by_handle_at), SCMP_SYS(mknod), SCMP_SYS(mknodat))},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static int add_rows(scmp_filter_ctx filter, uint32_t action, const struct row *rows, size_t count,
                    unsigned purposes)
{
    int code = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; (rows[i].who & purposes) && code == 0 && j < rows[i].count; j++)
            code = seccomp_rule_add_array(filter, action, rows[i].calls[j], 0, NULL);
    return code;
}

static int add_narrow_rows(scmp_filter_ctx filter, unsigned purposes)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < COUNT(allowed_if); i++)
        if (allowed_if[i].who & purposes)
            code = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, allowed_if[i].call, 1,
                                          &allowed_if[i].argument);
    return code;
}

/* The filter goes to all threads alike; calls by another architecture's numbers are nobody's. */
static int set_attributes(scmp_filter_ctx filter)
{
    int code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

    if (code == 0)
        code = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    return code;
}

int sandbox_enter(unsigned purposes, char *error, size_t error_size)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int code = filter == NULL ? -ENOMEM : set_attributes(filter);

    if (code == 0)
        code = add_rows(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed), purposes);
    if (code == 0)
        code = add_narrow_rows(filter, purposes);
    if (code == 0)
        code = add_rows(filter, SCMP_ACT_KILL_PROCESS, fatal, COUNT(fatal), purposes);
    if (code == 0)
        code = seccomp_load(filter);
    seccomp_release(filter);
    if (code == -EOPNOTSUPP)
        code = -ENOSYS; /* libseccomp's word for a kernel, or an emulator, without filters */
    if (code != 0)
        snprintf(error, error_size,
                 "expected the kernel to take a filter of calls (CONFIG_SECCOMP_FILTER), found: %s",
                 strerror(-code));
    return code;
}
