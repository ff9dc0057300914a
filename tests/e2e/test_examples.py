"""Each tale of examples/ walked by Debian's traceroute, as docs/testing-a-traceroute.md has it done:
by examples/with-tale, in network namespaces of its own."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import ROOT
from hoptell import PROGRAM, show

EXAMPLES = pathlib.Path(ROOT) / "examples"
PAGE = pathlib.Path(ROOT) / "docs" / "testing-a-traceroute.md"
WITH_TALE = EXAMPLES / "with-tale"
TARGETS = {4: "203.0.113.9", 6: "2001:db8:42::9"}
NEXT = "== next"
LINE = re.compile(r"^ *(\d+)  (.*)$")
NAMED = re.compile(r"(\S+) \(([0-9a-fA-F:.]+)\)")

FORKS = ["-q10", "-w5"]  # three times, so that no branch is missed but once in 500 million
WALKS = {  # the options of traceroute, one walk each
    "balanced.yaml": [FORKS] * 3,
    "diamond.yaml": [FORKS] * 3,
    "full.yaml": [["-q1", "-w5", "-m255", "-N64"]],
    "limited.yaml": [["-q1", "-w5"]],
    "slow.yaml": [["-q10", "-w5", "-N80"]] * 2,
    "unequal.yaml": [FORKS] * 3,
}
USUAL = [["-q2", "-w2"]]
METHODS = {"udp": "-U", "icmp": "-I", "tcp": "-T"}
TALES = sorted(path.name for suffix in ("yaml", "txt") for path in EXAMPLES.glob(f"*.{suffix}"))


def with_tale(name, script, check=True):
    """The output of a shell script where the example `name` answers."""
    done = subprocess.run([WITH_TALE, EXAMPLES / name, "sh", "-c", script],
                          env={**os.environ, "HOPTELL": PROGRAM, "LC_ALL": "C"},
                          capture_output=True, text=True, check=False, timeout=60)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def traceroutes(name, families, walks):
    """For each family and walk what traceroute printed: {(family, index): [(hop, text)]}."""
    words = [(family, index, options) for family in families for index, options in
             enumerate(walks)]
    script = f"\necho {NEXT}\n".join(
        f"traceroute -{family} {' '.join(options)} {TARGETS[family]}" for family, _, options in words)
    printed = with_tale(name, script).split(NEXT)
    assert len(printed) == len(words)
    return {(family, index): [(int(line.group(1)), line.group(2))
                              for line in map(LINE.match, text.splitlines()) if line]
            for (family, index, _), text in zip(words, printed)}


def expected(name, family, protocol="udp"):
    """{hop: its lines}, as `tale show` has them."""
    found = {}
    for line in show(EXAMPLES / name, family, protocol)["lines"]:
        found.setdefault(line["hop"], []).append(line)
    return found


def check_hop(lines, seen, where):
    """Everything that was seen is in the tale, and every branch of a fork that can be seen was."""
    names = {(line["name"] or line["address"], line["address"]) for line in lines
             if line["address"]}
    assert seen <= names, where
    one = any(line.get("fork", {}).get("by") in ("destination", "time") for line in lines)
    assert len(seen) == 1 if one else seen == names, where


@pytest.mark.parametrize("name", TALES)
def test_traceroute_sees_what_is_written(need_root, name):
    walks = WALKS.get(name, USUAL)
    for family in (4, 6):
        printed = traceroutes(name, (family,), walks)
        seen = {}
        for index in range(len(walks)):
            for hop, text in printed[family, index]:
                seen.setdefault(hop, set()).update(NAMED.findall(text))
        hops = expected(name, family)
        assert list(seen) == sorted(hops)[:len(seen)]
        assert len(seen) == len(hops) or any("end" in line for line in hops[len(seen)])
        for hop in seen:
            check_hop(hops[hop], seen[hop], f"IPv{family}, hop {hop}")


@pytest.mark.parametrize("protocol", METHODS)
def test_silence_is_for_one_protocol(need_root, protocol):
    printed = traceroutes("silent.yaml", (4, 6), [["-q2", "-w2", METHODS[protocol]]])
    for family in (4, 6):
        stars = {hop for hop, text in printed[family, 0] if text == "* *"}
        assert stars == {hop for hop, lines in expected("silent.yaml", family, protocol).items()
                         if lines[0]["address"] is None}


def test_labels_are_shown(need_root):
    for (family, _), lines in traceroutes("mpls.yaml", (4, 6), [["-q1", "-w5", "-e"]]).items():
        hops = expected("mpls.yaml", family)
        for hop, text in lines:
            stack = hops[hop][0].get("mpls", [])
            words = [f"L={entry['label']},E={entry['tc']},S={int(entry is stack[-1])},"
                     f"T={entry['ttl']}" for entry in stack]
            assert re.findall("<(.*)>", text) == (["MPLS:" + "/".join(words)] if words else [])


def test_interfaces_are_shown(need_root):
    """traceroute prints class 2 of RFC 5837 as numbers: the role and what is in it."""
    for (_, _), lines in traceroutes("interfaces.yaml", (4, 6), [["-q1", "-w5", "-e"]]).items():
        kinds = [re.findall(r"[<;](2/\d+|MPLS)[:,]", text) for _, text in lines]
        assert kinds == [[], ["2/2"], ["2/15"], ["2/10", "2/74", "2/137", "2/196"],
                         ["MPLS", "2/8"], []]


def test_a_router_answers_so_many_a_second(need_root):
    """All probes at once; on a slow machine they take long enough for one or two more."""
    for lines in traceroutes("limited.yaml", (4,), [["-q5", "-w3", "-N40"]]).values():
        answers = [5 - text.split().count("*") for _, text in lines]
        assert answers[0] == answers[3] == answers[4] == 5
        assert 2 <= answers[1] <= 4 and 1 <= answers[2] <= 3


def test_the_path_mtu_gets_smaller(need_root):
    for lines in traceroutes("mtu.yaml", (4, 6), [["--mtu", "-w5"]]).values():
        assert re.findall(r"F=(\d+)", " ".join(text for _, text in lines)) == [
            "1500", "1480", "1400", "1280"]
    printed = with_tale("mtu.yaml", "tracepath -4 203.0.113.9; tracepath -6 2001:db8:42::9")
    assert re.findall(r"Resume: pmtu (\d+) ", printed) == ["1280", "1280"]


def test_the_filter_says_no(need_root):
    for lines in traceroutes("refused.yaml", (4, 6), [["-q1", "-w5"]]).values():
        assert [text.endswith("!X") for _, text in lines] == [False, False, True]


@pytest.fixture
def as_nobody(public):
    """What goes before a command so that an ordinary user runs it, who may open /dev/net/tun."""
    if int(pathlib.Path("/proc/sys/user/max_user_namespaces").read_text(encoding="ascii")) == 0:
        pytest.skip("this machine allows no user namespaces")
    for file in (PROGRAM, WITH_TALE, EXAMPLES / "plain.yaml"):
        shutil.copy(file, public)
    return ["unshare", "--mount", "sh", "-c",
            "mount -t tmpfs tmpfs /dev/shm && mknod -m 666 /dev/shm/tun c 10 200 && "
            "mount --bind /dev/shm/tun /dev/net/tun && cd \"$0\" && "
            "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"", public]


def test_nobody_has_to_be_root(as_nobody, public):
    look = ("traceroute -q1 -w5 tale.example.net; "
            "grep CapEff /proc/$(pgrep -o -P $PPID hoptell)/status")
    done = subprocess.run([*as_nobody, "./with-tale", "plain.yaml", "sh", "-c", look],
                          env={**os.environ, "HOPTELL": "./hoptell"}, capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [tuple(found) for found in NAMED.findall(done.stdout)[1:]] == [
        (line["name"], line["address"]) for line in show(EXAMPLES / "plain.yaml", 4)["lines"]]
    assert done.stdout.endswith("CapEff:\t0000000000000000\n")


def test_with_tale_ends_as_its_command_does(need_root):
    for words, status in ([["plain.yaml", "true"], 0], [["plain.yaml", "sh", "-c", "exit 7"], 7],
                          [["none.yaml", "true"], 3], [["plain.yaml"], 2]):
        done = subprocess.run([WITH_TALE, EXAMPLES / words[0], *words[1:]],
                              env={**os.environ, "HOPTELL": PROGRAM}, capture_output=True,
                              text=True, check=False, timeout=60)
        assert (done.returncode, bool(done.stderr)) == (status, status in (2, 3))


def commands_of_the_page():
    return [line.strip() for line in PAGE.read_text(encoding="utf-8").splitlines()
            if line.startswith("    examples/with-tale ")]


@pytest.mark.parametrize("command", commands_of_the_page())
def test_what_the_page_says_works(need_root, command):
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "HOPTELL": PROGRAM}, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tale.example.net" in done.stdout


def test_the_page_names_every_example():
    named = set(re.findall(r"\]\(\.\./examples/([^)]*)\)", PAGE.read_text(encoding="utf-8")))
    assert set(TALES) - {"welcome.yaml", "story.txt"} <= named
    assert all((EXAMPLES / name).exists() for name in named)
