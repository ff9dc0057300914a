"""The list of system calls of the daemon as it runs, of its keeper and of a command: the kernel is asked for
the filter of each thread (PTRACE_SECCOMP_GET_FILTER), and the filter for every call there could be. What it
says must be what the tables of src/base/sandbox.c say, no more and no less."""

import contextlib
import ctypes
import errno
import os
import pathlib
import re
import struct
import subprocess

import pytest

from conftest import ROOT, own_prefix, public_directory, wait_until
from hoptell import PROGRAM
from neighbourhood import Neighbourhood, Site

SOURCE = os.path.join(ROOT, "src", "base", "sandbox.c")
TALE = "targets: [203.0.113.9]\naddresses: [198.51.100.16/28]\nhops: [one, two, three]\n"
SETTINGS = """
user: nobody
own: [203.0.113.0/24, 198.51.100.0/24]
visitors: {listen: []}
"""
NOBODY_THERE = "mariadb://hoptell@127.0.0.1:1/hoptell"
STARTS = {  # settings, and the purposes of the daemon and of its keeper
    "sqlite": ('store: "sqlite:{state}/hoptell.db"\nwatch: {{interfaces: [north]}}\n', "D", None),
    "mariadb": (f'store: "{NOBODY_THERE}"\nspool: {{{{path: "{{state}}/spool"}}}}\n'
                "watch: {{interfaces: [north]}}\n", "DC", None),
    "tun": ("store: none\nwatch: {{interfaces: []}}\ntales: [tale.yaml]\n", "D", "K"),
    "xdp": ('store: "sqlite:{state}/hoptell.db"\nwatch: {{interfaces: [north], datapath: xdp}}\n', "DI",
            "K"),
}

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
PTRACE_SECCOMP_GET_FILTER = 0x420c
WALL = 0x40000000
X86_64, AARCH64, I386 = 0xc000003e, 0xc00000b7, 0x40000003
HERE = {"x86_64": X86_64, "aarch64": AARCH64}[os.uname().machine]
ALLOW, ERRNO, KILL = 0x7fff0000, 0x00050000, 0x80000000
REFUSED = ERRNO | errno.ENOSYS
NUMBERS = list(range(1024)) + [0x40000000, 0x40000000 + 59, 100000, 0xffffffff]  # with x32's
ANYTHING = [(0,) * 6, (2**64 - 1,) * 6, (0x5555555555555555,) * 6]

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
libseccomp = ctypes.CDLL("libseccomp.so.2")


def number(call):
    return libseccomp.seccomp_syscall_resolve_name(call.encode())


# The filter of a thread, as the kernel has it


def ptrace(request, thread, address=0, data=None):
    found = libc.ptrace(request, thread, address, data)
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return found


@contextlib.contextmanager
def stopped(thread):
    ptrace(PTRACE_SEIZE, thread)
    try:
        ptrace(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WALL)
        yield
    finally:
        ptrace(PTRACE_DETACH, thread)


def filters(thread):
    """Every filter of a thread: instructions as (code, jump if true, jump if not, constant)."""
    found = []
    with stopped(thread):
        while True:
            try:
                length = ptrace(PTRACE_SECCOMP_GET_FILTER, thread, len(found))
            except OSError as error:
                if error.errno in (errno.EIO, errno.EACCES):
                    pytest.skip("the kernel tells no filters: no CONFIG_CHECKPOINT_RESTORE, or this "
                                "process has a filter itself")
                assert error.errno == errno.ENOENT, error
                return found
            octets = ctypes.create_string_buffer(8 * length)
            ptrace(PTRACE_SECCOMP_GET_FILTER, thread, len(found), octets)
            found.append(list(struct.iter_unpack("=HBBI", octets.raw)))


def verdict(instructions, call, arguments=(0,) * 6, architecture=HERE):
    """What a filter says of a call: the classic BPF that libseccomp writes (seccomp(2))."""
    data = struct.pack("=IIQ6Q", call, architecture, 0, *arguments)
    at, a, memory = 0, 0, [0] * 16
    jumps = {0x15: lambda k: a == k, 0x25: lambda k: a > k, 0x35: lambda k: a >= k,
             0x45: lambda k: a & k}
    while True:
        code, if_so, if_not, k = instructions[at]
        at += 1
        if code == 0x20:
            a, = struct.unpack_from("=I", data, k)
        elif code == 0x06:
            return k
        elif code == 0x05:
            at += k
        elif code in jumps:
            at += if_so if jumps[code](k) else if_not
        elif code == 0x54:
            a &= k
        elif code == 0x02:
            memory[k] = a
        elif code == 0x60:
            a = memory[k]
        else:
            pytest.fail(f"expected an instruction of libseccomp's, found {code:#x}")


# The tables of the source


def table(name):
    """Rows of a table of sandbox.c: [(who, text of the row)]."""
    source = pathlib.Path(SOURCE).read_text(encoding="utf-8")
    source = re.sub(r"#if WITH_SANITIZER\n.*?#endif\n", "", source, flags=re.S)
    source = re.sub(r"#if !WITH_SANITIZER\n(.*?)#endif\n", r"\1", source, flags=re.S)
    body = re.search(rf"static const struct \w+ {name}\[\] = \{{\n(.*?)\n\}};", source, re.S)[1]
    rows = re.findall(r'\{"[^"]*",\s*([A-Z| ]+),\s*(.*?)\},?\n(?=\s*\{"|$)', body + "\n", re.S)
    assert len(rows) == len(re.findall(r'\{"', body)), f"a row of {name} that was not understood"
    return [(set("DKR") if who == "ALL" else set(who.replace(" ", "").split("|")), text)
            for who, text in rows]


def calls(name, purposes):
    """Numbers of the calls of a table that are for one of the purposes."""
    return {number(call) for who, text in table(name) if who & set(purposes)
            for call in re.findall(r"SCMP_SYS\((\w+)\)", text)}


def test_the_tables_are_read_whole():
    assert len(calls("allowed", "D")) > 100 and len(calls("fatal", "D")) > 40
    assert number("execve") in calls("fatal", "K") and number("ptrace") in calls("fatal", "D")
    assert number("connect") in calls("allowed", "C") - calls("allowed", "D")
    assert number("socket") in calls("allowed_if", "C") - calls("allowed_if", "D")


# What narrow rows leave out: (call, arguments, purposes that may)

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET = 1, 2, 10, 16, 17
PROT_WRITE, PROT_EXEC, CLONE_THREAD, CLONE_NEWUSER = 2, 4, 0x10000, 0x10000000
SOL_SOCKET, SOL_PACKET, SOL_NETLINK, TIOCSTI, TCGETS, FIONBIO = 1, 263, 270, 0x5412, 0x5401, 0x5421
PR_SET_NAME, PR_SET_SECCOMP, PR_CAP_AMBIENT = 15, 22, 47
NARROW = [
    ("socket", (AF_PACKET, 3), ""), ("socket", (AF_INET, 1), "CK"), ("socket", (AF_INET6, 3), "C"),
    ("socket", (AF_UNIX, 1), "CK"), ("socket", (AF_NETLINK, 3), "IK"), ("socket", (40, 1), ""),
    ("mmap", (0, 4096, PROT_EXEC), "C"), ("mmap", (0, 4096, PROT_EXEC | PROT_WRITE), ""),
    ("mmap", (0, 4096, PROT_WRITE), "DCIKR"), ("mprotect", (0, 4096, PROT_EXEC), ""),
    ("clone", (CLONE_THREAD,), "D"), ("clone", (17,), ""), ("clone", (CLONE_NEWUSER,), ""),
    ("prctl", (PR_SET_NAME,), "D"), ("prctl", (PR_SET_SECCOMP,), ""), ("prctl", (PR_CAP_AMBIENT,), ""),
    ("ioctl", (0, TCGETS), "DKR"), ("ioctl", (0, FIONBIO), "D"), ("ioctl", (0, TIOCSTI), ""),
    ("setsockopt", (3, SOL_SOCKET), "DK"), ("setsockopt", (3, SOL_PACKET), ""),
    ("setsockopt", (3, SOL_NETLINK), "K"), ("prlimit64", (0, 7, 0), "DKR"),
    ("prlimit64", (0, 7, 4096), "K"),
]


def check(instructions, purposes):
    allowed, fatal = calls("allowed", purposes), calls("fatal", purposes)
    narrow = calls("allowed_if", purposes) - allowed
    for call in NUMBERS:
        expected = ALLOW if call in allowed else KILL if call in fatal else REFUSED
        if HERE == X86_64 and 0x40000000 <= call < 0xffffffff:
            expected = KILL  # x32 is another architecture's numbers
        for arguments in ANYTHING if call not in narrow else []:
            assert verdict(instructions, call, arguments) == expected, (call, hex(arguments[0]))
        assert verdict(instructions, call, architecture=I386) == KILL
    for call, arguments, who in NARROW:
        expected = ALLOW if set(who) & set(purposes) else REFUSED
        found = verdict(instructions, number(call), (*arguments, *(0,) * (6 - len(arguments))))
        assert found == expected, (call, arguments, hex(found))


# The daemon as it is started


@pytest.fixture(scope="module")
def pair(need_root):
    made = Neighbourhood(own_prefix("sandbox"), ("north", "site"))
    try:
        made.link("north", "site", 0)
        yield made
    finally:
        made.down()


@pytest.fixture
def start(pair):
    with public_directory() as directory:
        with open(f"{directory}/tale.yaml", "w", encoding="utf-8") as file:
            file.write(TALE)
        os.mkdir(f"{directory}/state")
        os.chmod(f"{directory}/state", 0o777)
        sites = []

        def start_with(settings):
            sites.append(Site(pair, "site", directory, SETTINGS + settings.format(
                state=f"{directory}/state")))
            sites[0].start(ready=False, queue=False)
            wait_until(lambda: sites[0].get("/healthz")[0] == 200, 20, "hoptell to serve")
            return sites[0]

        yield start_with
        for site in sites:
            site.kill()


def threads(process):
    return [int(name) for name in os.listdir(f"/proc/{process}/task")]


def keepers(process):
    path = pathlib.Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in path.read_text(encoding="ascii").split()]


@pytest.mark.parametrize("how", STARTS)
def test_every_call_that_is_not_in_the_table_is_denied_to_the_daemon_that_runs(start, how):
    settings, daemon_is_for, keeper_is_for = STARTS[how]
    site = start(settings)
    daemon = site.process.pid
    found = filters(daemon)
    assert len(found) == 1
    check(found[0], daemon_is_for)
    assert len(threads(daemon)) > 1
    assert all(filters(thread) == found for thread in threads(daemon))
    assert len(keepers(daemon)) == (keeper_is_for is not None)
    for keeper in keepers(daemon):
        found = filters(keeper)
        assert len(found) == 1
        check(found[0], keeper_is_for)
    assert site.stop() == 0


def is_confined(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return "\nSeccomp:\t2\n" in status


def test_every_call_that_is_not_in_the_table_is_denied_to_a_command_that_reads(need_root):
    with subprocess.Popen([PROGRAM, "read", "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as command:
        wait_until(lambda: is_confined(command.pid), what="the command to be confined")
        found = filters(command.pid)
        command.stdin.close()
        assert len(found) == 1
        check(found[0], "R")
