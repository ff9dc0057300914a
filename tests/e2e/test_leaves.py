"""However hoptell ends, nothing is left of it on the machine it ran on."""

import contextlib
import os
import signal
import subprocess

import pytest

from conftest import ROOT, wait_until
from hoptell import SETTINGS, Hoptell

TALE = os.path.join(ROOT, "lab", "tale.yaml")
DEVICE = "hoptell0"

LOOKS = [
    ("ip", "-o", "link"),
    ("ip", "-o", "address"),
    ("ip", "-4", "route", "show", "table", "all"),
    ("ip", "-6", "route", "show", "table", "all"),
    ("ip", "-4", "rule"),
    ("ip", "-6", "rule"),
    ("nft", "list", "ruleset"),
    ("ss", "-Hltunp"),
    ("cat", "/etc/resolv.conf"),
    ("awk", "{print $5}", "/proc/self/mountinfo"),
]


class Machine:
    """The site, with one mount namespace that lasts as long as it is looked at."""

    def __init__(self, lab):
        self.lab = lab
        self.keeper = lab.start("site", "sleep", "1000")
        wait_until(self.is_set_up, what="the namespaces")

    def is_set_up(self):
        with open(f"/proc/{self.keeper.pid}/comm", encoding="ascii") as name:
            return name.read() == "sleep\n"

    def words(self, *command):
        return ["nsenter", "-t", str(self.keeper.pid), "-m", "-n", *command]

    def start(self, host, *command, **options):
        assert host == "site"
        return subprocess.Popen(self.words(*command), **options)

    def run(self, host, *command, check=True, **_):
        assert host == "site"
        done = subprocess.run(self.words(*command), capture_output=True, text=True, check=False,
                              timeout=60)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def state(self):
        """What can be seen of it, one text for each way of looking; neighbours come and go."""
        return {look: self.run("site", *look) for look in LOOKS}

    def close(self):
        self.keeper.kill()
        self.keeper.wait()


@pytest.fixture
def machine(lab):
    made = Machine(lab)
    yield made
    made.close()


@pytest.fixture
def hoptell(machine, public):
    made = Hoptell(machine, public, settings())
    yield made
    made.kill()


def settings():
    """Everything that leaves traces: a device, routes, listeners, the machine's resolver."""
    text = "\n".join(line for line in SETTINGS.splitlines() if not line.startswith("names:"))
    return (f"{text}\ntales: [{TALE}]\n"
            "tun: {addresses: [198.51.100.1, '2001:db8:43:1::1']}\n"
            "names: {listen: ['127.0.0.77:53'], resolver: system}\n")


def check_it_is_there(machine):
    state = machine.state()
    assert DEVICE in state["ip", "-o", "link"]
    assert f"203.0.113.9 dev {DEVICE}" in state["ip", "-4", "route", "show", "table", "all"]
    assert f"2001:db8:42::/64 dev {DEVICE}" in state["ip", "-6", "route", "show", "table", "all"]
    assert "127.0.0.77" in state["cat", "/etc/resolv.conf"]


def differences(machine, before):
    after = machine.state()
    return {look: (before[look], after[look]) for look in before if before[look] != after[look]}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_takes_everything_along(machine, hoptell, how):
    before = machine.state()
    hoptell.start()
    check_it_is_there(machine)
    assert hoptell.stop(how) == 0, hoptell.said()
    assert differences(machine, before) == {}


def test_a_crash_leaves_no_device_and_no_route(machine, hoptell):
    before = machine.state()
    hoptell.start()
    check_it_is_there(machine)
    hoptell.kill()
    with contextlib.suppress(pytest.fail.Exception):
        wait_until(lambda: not differences(machine, before), what="the traces to be gone")
    assert differences(machine, before) == {}


def test_a_new_start_after_a_crash_and_its_end_leave_nothing(machine, hoptell):
    before = machine.state()
    hoptell.start()
    hoptell.kill()
    hoptell.start()
    check_it_is_there(machine)
    assert hoptell.stop() == 0, hoptell.said()
    assert differences(machine, before) == {}


def test_a_tale_is_seen_by_name_on_the_machine_itself(machine, hoptell):
    hoptell.start()
    output = machine.run("site", "traceroute", "-w5", "-q1", "tale.example.net")
    assert "Once.there.was.a.packet (198.51.100.17)" in output
    assert "tale.example.net (203.0.113.9)" in output.splitlines()[-1]
