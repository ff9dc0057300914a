"""`sudo make run`: tools/run in a network and a mount namespace of its own, as on a machine that has
nothing but a loopback interface."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from conftest import ROOT, wait_until

STATE = pathlib.Path("/var/lib/hoptell-try")


class Trial:
    """tools/run, started, and commands beside it."""

    def __init__(self, folder):
        self.log = folder / "log"
        self.keeper = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c",
             "ip link set lo up && echo up && exec sleep 1000"], stdout=subprocess.PIPE, text=True)
        assert self.keeper.stdout.readline() == "up\n"
        self.process = None

    def words(self, *command):
        return ["nsenter", "-t", str(self.keeper.pid), "-m", "-n", *map(str, command)]

    def run(self, *command):
        return subprocess.run(self.words(*command), capture_output=True, text=True, check=False,
                              timeout=60).stdout

    def start(self):
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.words(os.path.join(ROOT, "tools", "run")),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.is_ready, 60, self)

    def is_ready(self):
        assert self.process.poll() is None, self.said()
        return self.run("curl", "-sm", "5", "http://127.0.0.1:8081/readyz") != ""

    def __str__(self):
        """For a failed wait: what hoptell said, and what of it is there."""
        return f"it to be ready; it said: {self.said()}\nthere are: {self.run('ps', '-efww')}"

    def said(self):
        return self.log.read_text(encoding="utf-8")

    def end(self, how):
        self.process.send_signal(how)
        return self.process.wait(20)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.keeper.kill()
        self.keeper.wait()


@pytest.fixture
def trial(tmp_path):
    was_there = STATE.exists()
    made = Trial(tmp_path)
    yield made
    made.close()
    if not was_there:
        shutil.rmtree(STATE, ignore_errors=True)


def test_it_says_what_to_try_and_all_of_it_works(trial):
    trial.start()
    for family, target in (("-4", "203.0.113.9"), ("-6", "2001:db8:42::9")):
        assert f"traceroute {target}" in trial.said()
        shown = trial.run("traceroute", "-w5", family, target)
        assert "1  Hello.and.welcome (" in shown
        assert f"welcome.hoptell.example ({target})" in shown.splitlines()[-1]
    assert "http://localhost:8080/" in trial.said()
    assert "hop limit on arrival" in trial.run("curl", "-sm", "5", "http://localhost:8080/")
    assert "hoptell lookup ADDRESS PORT" in trial.said()
    visit = trial.run("curl", "-4sm", "5", "-o", "/dev/null", "-w", "%{local_port}",
                      "http://localhost:8080/")
    looked_up = trial.run(f"{ROOT}/build/hoptell", "lookup", "127.0.0.1", visit,
                          "-c", f"{ROOT}/tools/run.yaml")
    assert re.search(rf"127\.0\.0\.1:{visit} +-> 127\.0\.0\.1:8080", looked_up)


def test_ctrl_c_ends_it_and_nothing_stays(trial):
    before = trial.run("ip", "-o", "link"), trial.run("cat", "/etc/resolv.conf")
    trial.start()
    assert "127.0.0.77" in trial.run("cat", "/etc/resolv.conf")
    assert trial.end(signal.SIGINT) == 0
    assert (trial.run("ip", "-o", "link"), trial.run("cat", "/etc/resolv.conf")) == before


def test_it_starts_again_after_it_was_killed(trial):
    trial.start()
    trial.end(signal.SIGKILL)
    wait_until(lambda: "hoptell0" not in trial.run("ip", "-o", "link"), what="the device to go")
    trial.start()
    assert trial.end(signal.SIGINT) == 0
    assert "127.0.0.77" not in trial.run("cat", "/etc/resolv.conf")


def test_it_is_nobody_and_nobody_else_reads_its_state(trial):
    trial.start()
    assert STATE.stat().st_mode & 0o777 == 0o700
    assert STATE.owner() == "nobody"
    (user,) = trial.run("ps", "-o", "user=", "-p", str(trial.process.pid)).split()
    assert user == "nobody"


def test_without_rights_it_says_so_and_does_nothing(tmp_path):
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    done = subprocess.run([os.path.join(ROOT, "tools", "run")], check=False, capture_output=True,
                          text=True, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=30)
    assert done.returncode == 3
    assert "expected to be root" in done.stderr
    assert done.stdout == ""
