"""What the daemon and its keeper may still do once they run: read off /proc, thread by thread."""

import os
import pathlib
import pwd
import shutil
import subprocess

import pytest

from conftest import ROOT, wait_until
from hoptell import PROGRAM, SETTINGS, Hoptell

TALE = os.path.join(ROOT, "lab", "tale.yaml")
TELLING = (f"{SETTINGS}\ntales: [{TALE}]\n"
           "tun: {addresses: [198.51.100.1, '2001:db8:43:1::1'], queues: 2}\n")
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
NET_ADMIN, SYS_ADMIN = 1 << 12, 1 << 21
# In the mount namespace that the command has to itself: who may open the device is udev's to say.
OPEN_TUN = ("mount -t tmpfs tmpfs /dev/shm && mknod -m 666 /dev/shm/tun c 10 200 && "
            'mount --bind /dev/shm/tun /dev/net/tun && exec "$0" "$@"')
NOBODY = pwd.getpwnam("nobody").pw_uid


def processes(hoptell):
    """(the daemon, its keeper): their folders of /proc. Under 'ip netns exec' a start is one exec."""
    daemon = pathlib.Path(f"/proc/{hoptell.process.pid}")
    assert os.readlink(daemon / "exe") == os.path.realpath(PROGRAM)
    children = (daemon / "task" / daemon.name / "children").read_text(encoding="ascii").split()
    assert len(children) == 1
    return daemon, pathlib.Path(f"/proc/{children[0]}")


def threads(process):
    """What /proc says of each thread: {field: text}."""
    found = []
    for folder in (process / "task").iterdir():
        lines = (folder / "status").read_text(encoding="utf-8").splitlines()
        found.append(dict(line.split(":\t", 1) for line in lines if ":\t" in line))
    return found


def capabilities(status):
    return {name: int(status[name], 16) for name in CAPABILITIES}


@pytest.fixture
def hoptell(lab, public):
    made = Hoptell(lab, public, TELLING)
    yield made
    made.kill()


def check_confined(status):
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1"), status


def check_no_rights(status):
    assert capabilities(status) == dict.fromkeys(CAPABILITIES, 0)
    assert status["Uid"].split() == [str(NOBODY)] * 4
    assert "0" not in status["Gid"].split() + status["Groups"].split()
    check_confined(status)


def test_no_thread_that_reads_packets_has_any_right(hoptell):
    hoptell.start()
    daemon, _ = processes(hoptell)
    found = threads(daemon)
    assert len(found) > 2  # two that answer probes, beside the one that watches and serves
    for status in found:
        check_no_rights(status)


def test_no_new_thread_gets_a_right_by_a_reload(hoptell):
    hoptell.start()
    daemon, _ = processes(hoptell)
    hoptell.write(TELLING.replace("watch:", "judge: {threshold: 90%}\nwatch:"))
    hoptell.process.send_signal(1)
    wait_until(lambda: "are in force" in hoptell.said(), what="the reload")
    for status in threads(daemon):
        check_no_rights(status)


def test_the_keeper_keeps_two_rights(hoptell):
    hoptell.start()
    _, keeper = processes(hoptell)
    found = threads(keeper)
    assert len(found) == 1
    rights = capabilities(found[0])
    assert rights["CapEff"] == rights["CapPrm"] == NET_ADMIN | SYS_ADMIN
    assert rights["CapInh"] == rights["CapAmb"] == 0
    check_confined(found[0])


def test_with_rights_of_a_service_it_gives_up_those_too(lab, hoptell, public):
    """As systemd starts it: not root, but with capabilities."""
    shutil.copy(PROGRAM, os.path.join(public, "hoptell"))
    with open(hoptell.log, "a", encoding="utf-8") as log:
        hoptell.process = lab.start(
            "site", "sh", "-c", OPEN_TUN, "setpriv", f"--reuid={NOBODY}", "--regid=65534", "--clear-groups",
            "--inh-caps=-all,+net_admin,+net_raw,+net_bind_service",
            "--ambient-caps=-all,+net_admin,+net_raw,+net_bind_service",
            os.path.join(public, "hoptell"), "run", "-c", hoptell.settings,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    wait_until(hoptell.is_ready, what="hoptell to be ready")
    daemon = pathlib.Path(f"/proc/{hoptell.process.pid}")
    for status in threads(daemon):
        rights = capabilities(status)
        assert rights["CapEff"] == rights["CapPrm"] == rights["CapAmb"] == 0
        check_confined(status)
    assert "Once.there.was.a.packet" in lab.run("phone5", "traceroute", "-w5", "-q1", "203.0.113.9")
    assert hoptell.stop() == 0, hoptell.said()
