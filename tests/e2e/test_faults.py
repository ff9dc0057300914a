"""What goes wrong on a machine while hoptell works, and what is lost by it: nothing that hoptell has
acknowledged, and whatever else is lost is counted."""

import contextlib
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import public_directory, wait_until
from loopback import Hoptell
from mariadb import USER

KILLS = 100
DESCRIPTORS = 80
CONNECTIONS = 500
FAKETIME = "/usr/$LIB/faketime/libfaketimeMT.so.1"
DAY = 86400


@pytest.fixture
def directory(need_root):
    with public_directory() as made:
        yield made


def make(directory, state=None, **options):
    """hoptell with a store in a file, in its own directory or in another."""
    hoptell = Hoptell(directory, "none", **options)
    hoptell.state = state or hoptell.state
    hoptell.database = f"{hoptell.state}/hoptell.db"
    hoptell.write(f"sqlite:{hoptell.database}")
    return hoptell


@pytest.fixture
def hoptell(directory):
    made = make(directory)
    yield made
    made.kill()


def ask(hoptell, statement):
    with contextlib.closing(sqlite3.connect(f"file:{hoptell.database}?mode=ro", uri=True)) as store:
        return store.execute(statement).fetchall()


def is_quiet(hoptell):
    """All that came is in the store."""
    return hoptell.metric("hoptell_store_queued") == 0 and \
        hoptell.metric("hoptell_store_spooled") == 0


def is_well(hoptell):
    """The store takes what it is given."""
    try:
        return hoptell.get("/readyz")
    except urllib.error.HTTPError:
        return False


def stored_and_lost(hoptell):
    return ask(hoptell, "SELECT count(*) FROM observation")[0][0] + \
        hoptell.metric("hoptell_store_lost_total")


class Labeller(threading.Thread):
    """Labels one connection after the other, and knows which labels were acknowledged."""

    def __init__(self, hoptell):
        super().__init__()
        self.hoptell = hoptell
        self.acknowledged = []
        self.stopping = threading.Event()
        self.start()

    def run(self):
        port = 0
        while not self.stopping.is_set():
            port += 1
            body = f'{{"address": "192.0.2.{1 + port // 60000}", "port": {1 + port % 60000},' \
                   f' "label": "direct"}}'.encode()
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.hoptell.operators}/v1/labels", data=body,
                headers={"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    assert answer.status in (200, 204)
                self.acknowledged.append((f"192.0.2.{1 + port // 60000}", 1 + port % 60000))
            except (OSError, urllib.error.HTTPError):
                time.sleep(0.005)

    def stop(self):
        self.stopping.set()
        self.join()


# Crashes


def test_a_hundred_crashes_lose_nothing_that_was_acknowledged(hoptell):
    chance = random.Random(1)
    labeller = Labeller(hoptell)
    visited = []
    try:
        for _ in range(KILLS):
            hoptell.start()
            visited.append(hoptell.visit()["port"])
            time.sleep(chance.random() / 20)  # the moment of the crash is what is random here
            hoptell.kill()
    finally:
        labeller.stop()
    hoptell.start()
    wait_until(lambda: is_quiet(hoptell), what="what the spool has in the store")
    assert len(labeller.acknowledged) > KILLS
    labelled = ask(hoptell, "SELECT address, port FROM label")
    assert len(set(labelled)) == len(labelled)
    assert set(labeller.acknowledged) <= set(labelled)
    rows = ask(hoptell, "SELECT address, port, seen_at FROM observation")
    assert len(set(rows)) == len(rows)
    assert {port for _, port, _ in rows} <= set(visited)
    assert ask(hoptell, "PRAGMA integrity_check") == [("ok",)]
    assert hoptell.end() == 0


# A full disk


@pytest.fixture
def small_disk(directory):
    """Two megabytes, and hoptell's state on them."""
    path = os.path.join(directory, "disk")
    os.mkdir(path)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=755", "hoptell-test", path],
                   check=True)
    shutil.chown(path, USER)
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


def fill(path):
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_disk_loses_nothing_that_memory_has_room_for(directory, small_disk):
    hoptell = make(directory, state=small_disk)
    try:
        hoptell.start()
        before = [hoptell.visit()["port"] for _ in range(20)]
        wait_until(lambda: is_quiet(hoptell), what="rows in the store")
        filler = os.path.join(small_disk, "filler")
        fill(filler)
        wait_until(lambda: hoptell.visit() and "waits in memory" in hoptell.said(),
                   what="neither store nor spool to take anything")
        os.unlink(filler)
        wait_until(lambda: hoptell.visit() and is_well(hoptell), what="the store to be well again")
        after = [hoptell.visit()["port"] for _ in range(20)]
        wait_until(lambda: is_quiet(hoptell), what="rows in the store")
        assert ask(hoptell, "SELECT count(*) FROM observation")[0][0] == \
            hoptell.metric("hoptell_observations_total")
        assert hoptell.metric("hoptell_store_lost_total") == 0
        ports = {port for port, in ask(hoptell, "SELECT port FROM observation")}
        assert set(before) | set(after) <= ports
        assert "full" in hoptell.said() or "No space left" in hoptell.said()
        assert ask(hoptell, "PRAGMA integrity_check") == [("ok",)]
        assert hoptell.end() == 0
    finally:
        hoptell.kill()


# The clock


def test_a_clock_that_is_stepped_by_a_day_changes_no_verdict(directory):
    """Both ways, and the rows of all three times stay."""
    offset = os.path.join(directory, "offset")

    def step(seconds):
        with open(offset + ".new", "w", encoding="utf-8") as file:
            file.write(f"{seconds:+d}\n")
        os.chmod(offset + ".new", 0o644)
        os.rename(offset + ".new", offset)

    step(0)
    hoptell = make(directory, environment={
        "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": offset, "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DISABLE_SHM": "1"})
    try:
        hoptell.start()
        for _ in range(50):  # until it is sure
            hoptell.visit()
        verdicts = set()
        for seconds in (0, DAY, -DAY, 0):
            step(seconds)
            seen = [hoptell.visit() for _ in range(10)]
            verdicts |= {visit["verdict"] for visit in seen}
            assert abs(seen[-1]["time"] - time.time() - seconds) < 3600
            assert hoptell.get(f"/v1/lookup?address=127.0.0.1&port={seen[-1]['port']}")
        assert verdicts == {seen[-1]["verdict"]}
        wait_until(lambda: is_quiet(hoptell), what="rows in the store")
        assert ask(hoptell, "SELECT count(*) FROM observation") == [(90,)]
        assert hoptell.metric("hoptell_store_lost_total") == 0
        assert hoptell.end() == 0
    finally:
        hoptell.kill()


# Want of descriptors, and of memory


def descriptors(hoptell):
    return len(os.listdir(f"/proc/{hoptell.process.pid}/fd"))


def test_without_descriptors_it_waits_and_goes_on(directory):
    hoptell = make(directory, wrapper=("prlimit", f"--nofile={DESCRIPTORS}"))
    waiting = []
    try:
        hoptell.start()
        idle = descriptors(hoptell)
        for _ in range(DESCRIPTORS):  # the kernel takes those that hoptell cannot
            waiting.append(socket.create_connection(("127.0.0.1", hoptell.visitors), timeout=10))
        wait_until(lambda: descriptors(hoptell) == DESCRIPTORS, what="all descriptors in use")
        for connection in waiting:
            connection.close()
        wait_until(lambda: descriptors(hoptell) <= idle + 2, what="descriptors to be free")
        assert hoptell.visit()["verdict"]
        wait_until(lambda: is_quiet(hoptell), what="rows in the store")
        assert stored_and_lost(hoptell) == hoptell.metric("hoptell_observations_total")
        assert hoptell.end() == 0
    finally:
        for connection in waiting:
            connection.close()
        hoptell.kill()


class Cgroup:
    """A limit to the memory of what is in it; of version 2, or of version 1 where that has memory."""

    def __init__(self, name, octets):
        old = os.path.isdir("/sys/fs/cgroup/memory")
        self.path = f"/sys/fs/cgroup/{'memory/' if old else ''}{name}"
        if not old and "memory" not in open("/sys/fs/cgroup/cgroup.subtree_control",
                                            encoding="utf-8").read():
            pytest.skip("this machine's control groups have no memory controller")
        os.makedirs(self.path, exist_ok=True)
        self.limit_name = "memory.limit_in_bytes" if old else "memory.max"
        self.usage_name = "memory.usage_in_bytes" if old else "memory.current"
        self.write(self.limit_name, octets)

    def limit_to_use(self):
        """Half a mebibyte above what is in use."""
        with open(f"{self.path}/{self.usage_name}", encoding="utf-8") as file:
            self.write(self.limit_name, int(file.read()) + (512 << 10))

    def wrapper(self):
        """Words that start a command in it."""
        return ("sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$@"', "sh")

    def write(self, name, value):
        with open(f"{self.path}/{name}", "w", encoding="utf-8") as file:
            file.write(str(value))

    def remove(self):
        with contextlib.suppress(OSError):
            os.rmdir(self.path)


@pytest.fixture
def narrow():
    made = Cgroup(f"hoptell-test-{os.getpid()}", 512 << 20)
    yield made
    wait_until(lambda: not open(f"{made.path}/cgroup.procs", encoding="utf-8").read(),
               what="the control group to be empty")
    made.remove()


def test_out_of_memory_is_a_crash_that_loses_nothing_acknowledged(directory, narrow):
    hoptell = make(directory, wrapper=narrow.wrapper())
    hoptell.start()
    labeller = Labeller(hoptell)
    try:
        wait_until(lambda: len(labeller.acknowledged) > 20, what="labels")
        narrow.limit_to_use()
        connections = []
        while hoptell.process.poll() is None and len(connections) < CONNECTIONS:
            with contextlib.suppress(OSError):
                connections.append(socket.create_connection(("127.0.0.1", hoptell.operators), 1))
                connections[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 4000)
        wait_until(lambda: hoptell.process.poll() is not None, what="the kernel to end it")
        for connection in connections:
            connection.close()
    finally:
        labeller.stop()
        ended = hoptell.process.poll()
        hoptell.kill()
    assert ended == -signal.SIGKILL, hoptell.said()
    hoptell.wrapper = []
    hoptell.start()
    assert set(labeller.acknowledged) <= set(ask(hoptell, "SELECT address, port FROM label"))
    assert hoptell.end() == 0


# Reload


def test_nothing_is_lost_by_a_reload_under_load(hoptell):
    hoptell.start()
    labeller = Labeller(hoptell)
    visits = []
    try:
        for number in range(40):
            hoptell.more = f"judge: {{prior: {5 + number % 2 * 5}%}}\n"
            hoptell.write(f"sqlite:{hoptell.database}")
            hoptell.process.send_signal(signal.SIGHUP)
            visits += [hoptell.visit()["port"] for _ in range(5)]
            wait_until(lambda: hoptell.said().count("are in force") > number, what="the reload")
    finally:
        labeller.stop()
    wait_until(lambda: is_quiet(hoptell), what="rows in the store")
    assert set(labeller.acknowledged) <= set(ask(hoptell, "SELECT address, port FROM label"))
    assert sorted(visits) == sorted(port for port, in ask(hoptell, "SELECT port FROM observation"))
    assert "not good" not in hoptell.said()
    assert hoptell.end() == 0


def test_a_reload_that_takes_long_keeps_nobody_waiting(hoptell):
    """A file of networks that comes in drops: all goes on until its end, and a second reload's."""
    networks = f"{hoptell.directory}/networks.csv"
    os.mkfifo(networks)
    hoptell.start()
    with open(hoptell.settings, encoding="utf-8") as file:
        settings = file.read()
    with open(hoptell.settings, "w", encoding="utf-8") as file:
        file.write(settings.replace("interfaces: []", f"interfaces: [], networks_file: {networks}"))
    labeller = Labeller(hoptell)
    visits = []
    try:
        hoptell.process.send_signal(signal.SIGHUP)
        for number in (1, 2):
            with open(networks, "w", encoding="utf-8") as file:
                if number == 1:  # the second one is asked for while the first is under way
                    hoptell.process.send_signal(signal.SIGHUP)
                before = len(labeller.acknowledged)
                visits += [hoptell.visit() for _ in range(20)]
                wait_until(lambda before=before: len(labeller.acknowledged) > before + 5,
                           what="labels")
                assert hoptell.get("/readyz")
                assert hoptell.said().count("are in force") == number - 1
                file.write("prefix,name,kind\n127.0.0.0/8,here,fixed\n")
            wait_until(lambda number=number: hoptell.said().count("are in force") == number,
                       what="the reload")
    finally:
        labeller.stop()
    visits.append(hoptell.visit())
    assert visits[-1]["network"]["prefix"] == "127.0.0.0/8"
    wait_until(lambda: is_quiet(hoptell), what="rows in the store")
    assert set(labeller.acknowledged) <= set(ask(hoptell, "SELECT address, port FROM label"))
    assert sorted(visit["port"] for visit in visits) == \
        sorted(port for port, in ask(hoptell, "SELECT port FROM observation"))
    hoptell.process.send_signal(signal.SIGHUP)
    with open(networks, "w", encoding="utf-8"):  # the end comes while it is read
        hoptell.process.send_signal(signal.SIGTERM)
    assert hoptell.process.wait(30) == 0
