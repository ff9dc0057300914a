"""The demonstration: what it shows is so, it says when not, and it leaves nothing."""

import os
import signal
import subprocess

from conftest import ROOT, wait_until

DEMO = os.path.join(ROOT, "lab", "demo")
PREFIX = "hoptell-demo-"


def left():
    return [name for directory in ("/run/netns", "/etc/netns") if os.path.isdir(directory)
            for name in os.listdir(directory) if name.startswith(PREFIX)]


def test_all_that_it_shows_is_so(need_root):
    done = subprocess.run([DEMO], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "== 26 of 26 things shown are so"
    assert "NOT SO" not in done.stdout
    assert left() == []


def test_ctrl_c_cleans_up(need_root):
    process = subprocess.Popen([DEMO], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    wait_until(lambda: f"{PREFIX}site" in left(), what="the lab to be built")
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert left() == []


def test_without_a_program_that_runs_it_fails(need_root):
    done = subprocess.run([DEMO], capture_output=True, text=True, check=False, timeout=60,
                          env=dict(os.environ, HOPTELL="/bin/false"))
    assert done.returncode == 3
    assert "expected hoptell to run" in done.stderr
    assert left() == []
