"""Every example of the README, the pages of docs/, lab/ and examples/, and of the manual runs, or is
named in documents.py with the reason why not."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from scapy.layers.inet import IP, UDP
from scapy.utils import wrpcap

import captures
import documents
from conftest import ROOT, wait_until
from hoptell import PROGRAM

DAEMON_SETTINGS = "user: nobody\nwatch: {interfaces: [lo]}\n"
# A network and a state directory of its own, so that the default settings do.
OWN_MACHINE = ("mount -t tmpfs tmpfs /var/lib && mkdir -m 777 /var/lib/hoptell && "
               'ip link set lo up && ip address add "$2" dev lo && exec "$0" run -c "$1"')
CLIENT = "203.0.113.7"
OF_OTHERS = {  # programs that examples name and that are somebody else's
    "sudo": 'while [ "${1#-}" != "$1" ]; do shift 2; done\nexec "$@"',
    "ssh": 'shift\nexec "$@"',
    "your-traceroute": 'exec traceroute -q1 -w1 "$@"',
    "compare": 'test -s "$1" && test -s "$2"',
}


def advice(page, command, said):
    return (f"{page}: this example did not work here:\n    {command}\n{said}\n"
            "Mend it; or, where it needs a file, name that in FILES of tests/e2e/documents.py; where "
            "it asks a daemon, extend DAEMON; where another program begins it, HARMLESS; where it "
            "cannot be run, name it in NOT_RUN with the reason.")


def numbered(items):
    return [pytest.param(*item, id=f"{item[0]}-{index}") for index, item in enumerate(items)]


@pytest.fixture
def folder(public):
    """A folder with what examples name, where an ordinary user could be too."""
    place = pathlib.Path(public)
    for name, what in documents.FILES.items():
        if isinstance(what, pathlib.Path):
            shutil.copy(what, place / name)
        else:
            (place / name).write_text(what, encoding="utf-8")
    shutil.copytree(os.path.join(ROOT, "examples"), place / "examples")
    (place / "bin").mkdir()
    shutil.copy(PROGRAM, place / "bin" / "hoptell")
    for name, script in OF_OTHERS.items():
        where = place if name in ("your-traceroute", "compare") else place / "bin"
        (where / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (where / name).chmod(0o755)
    return place


def put_captures(folder):
    """The captures that examples name and the tree has not; and what was found once."""
    wrpcap(str(folder / "phones.pcap"),
           [IP(captures.opening(client=client, port=port)) for port in range(40000, 40020)
            for client in ("192.0.2.10", "192.0.2.11")])
    wrpcap(str(folder / "probes.pcap"),
           [IP(src="192.0.2.1", dst="203.0.113.9", ttl=ttl) / UDP(sport=40000, dport=33434)
            for ttl in range(1, 6)])
    subprocess.run([PROGRAM, "tale", "answer", "--seed", "7", "examples/slow.yaml", "probes.pcap",
                    "expected.pcap"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def run(words, folder, command):
    done = subprocess.run([*words, "/bin/bash", "-o", "pipefail", "-c", command], cwd=folder, text=True,
                          env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}",
                               "HOPTELL": PROGRAM, "LC_ALL": "C.UTF-8"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=60)
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def daemon(need_root, tmp_path_factory):
    """What goes before a command so that it runs where a daemon knows CLIENT's connection."""
    place = tmp_path_factory.mktemp("daemon")
    settings = place / "hoptell.yaml"
    settings.write_text(DAEMON_SETTINGS, encoding="utf-8")
    with open(place / "log", "w", encoding="utf-8") as log, subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", OWN_MACHINE, PROGRAM, settings, CLIENT],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process:
        words = ["nsenter", "-t", str(process.pid), "-n", "-m"]
        visit = [*words, "curl", "-s", "--interface", CLIENT, "--local-port", "40001",
                 f"http://{CLIENT}:8080/v1/me"]

        def is_visited():
            assert process.poll() is None, (place / "log").read_text(encoding="utf-8")
            return CLIENT in subprocess.run(visit, stdout=subprocess.PIPE, text=True,
                                            check=False).stdout

        wait_until(is_visited, what="a visit to the daemon")
        yield words
        process.terminate()


@pytest.mark.parametrize("page, commands", numbered(documents.commands()))
def test_commands_run(page, commands, folder, request):
    put_captures(folder)
    for command in commands:
        place = documents.place_of(page, command)
        if place == "make":
            target = re.sub(r"^sudo ", "", command)
            status, said = run([], ROOT, f"make -n {target.partition('make')[2]}")
        elif place == "daemon":
            status, said = run(request.getfixturevalue("daemon"), folder,
                               f"cd {folder} && {command}")
        elif place == "folder":
            status, said = run([], folder, command)
        elif place == "nowhere":
            continue
        else:
            status, said = None, "it was not tried: nothing says that it is harmless"
        assert status == 0, advice(page, command, said)


@pytest.mark.parametrize("page, block", numbered(documents.examples("settings")))
def test_settings_are_good_ones(page, block, tmp_path):
    (tmp_path / "hoptell.yaml").write_text(block, encoding="utf-8")
    status, said = run([], tmp_path, f"{PROGRAM} check -c hoptell.yaml")
    assert status == 0, advice(page, block, said)


@pytest.mark.parametrize("page, block", numbered(documents.examples("tale")))
def test_tales_are_good_ones(page, block, tmp_path):
    (tmp_path / "tale.yaml").write_text(block, encoding="utf-8")
    status, said = run([], tmp_path, f"{PROGRAM} tale check tale.yaml")
    assert status == 0, advice(page, block, said)


def test_what_is_left_out_is_there():
    """A reason whose example has gone goes too."""
    found = documents.blocks()
    for name, beginning in documents.NO_EXAMPLES:
        assert any(page == name and block.startswith(beginning) for page, block in found), name
    every = [(page, command) for page, commands in documents.commands() for command in commands]
    for name, pattern in documents.NOT_RUN:
        assert any(documents.is_named([(name, pattern)], page, command)
                   for page, command in every), (name, pattern)


@pytest.mark.parametrize("text, found", [
    ("See\n\n    make                 build it\n\nand so on\n", [["make"]]),
    ("A list:\n- item\n    that goes on\n", []),
    ("\n\n    a \\\n      b\n    c\n", [["a \\\n  b", "c"]]),
    ("\n\n    for x in y; do\n        z\n    done\n", [["for x in y; do\n    z\ndone"]]),
    ("\n\n    $ one\n    printed\n    $ two\n", [["one", "two"]]),
    ("\n\n```yaml\nhops: [a]\n```\n", [["hops: [a]"]]),
    ("\n\n    cp a /b      # then more\n", [["cp a /b"]]),
    ("\n\n    a 'b  c'  or 'd'\n", [["a 'b  c'"]]),
])
def test_the_collector_sees_commands(text, found):
    assert [documents.commands_of(block) for block in documents.of_markdown(text)] == found
