"""README.md does what it says: every command after '$ ' is run and prints what stands below it, every
make target is there, every file that it links is there."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks():
    """The indented blocks, without their indentation; blank lines inside one are part of it."""
    found = re.findall(r"(?:^    .*\n(?:\n(?=    ))*)+", README, re.M)
    return [re.sub(r"^    ", "", block, flags=re.M) for block in found]


def examples():
    """(command, what it prints)"""
    return [(command, printed.rstrip("\n")) for block in blocks()
            for command, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", block, re.M)]


def files():
    """{name: text}: blocks that come after 'With this in `NAME`'."""
    return {name: re.sub(r"^    ", "", text, flags=re.M) for name, text in
            re.findall(r"[Ww]ith this in `([\w.]+)`\n\n((?:^    .*\n)+)", README, re.M)}


def matches(expected, printed):
    """Line by line; a line '...' stands for any number of them."""
    pattern = "\n".join(re.escape(line) for line in expected.splitlines())
    return re.fullmatch(pattern.replace(re.escape("...") + "\n", "(?:.*\n)*?"), printed)


@pytest.fixture
def place(tmp_path):
    """A folder with the files that README writes, and the tree's own beside them."""
    for name, text in files().items():
        (tmp_path / name).write_text(text)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def test_there_are_examples():
    assert len(examples()) >= 3
    assert files()


@pytest.mark.parametrize("command, expected", examples(), ids=lambda text: text[:40])
def test_a_command_prints_what_stands_below_it(command, expected, place):
    done = subprocess.run(["/bin/bash", "-o", "pipefail", "-c", command], cwd=place, text=True,
                          env={**os.environ, "PATH": f"{ROOT}/build:{os.environ['PATH']}"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=60)
    assert matches(expected, done.stdout.rstrip("\n")), done.stdout


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake (\w+)\b", README))))
def test_a_make_target_is_there(target):
    subprocess.run(["make", "-n", target], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_a_linked_file_is_there(link):
    assert (ROOT / link).exists()


@pytest.mark.parametrize("words", [["lab/tale.yaml"],
                                   ["--as", "hops=5,initial=128,verdict=tethered", "lab/you.yaml"]],
                         ids=lambda words: words[-1])
def test_a_tale_of_the_lab_is_the_one_that_is_shown(words):
    """The transcript of traceroute, hop for hop, is what the lab's tale amounts to."""
    done = subprocess.run([ROOT / "build" / "hoptell", "tale", "show", "-4", *words], cwd=ROOT,
                          check=True, text=True, stdout=subprocess.PIPE)
    told = re.findall(r"^ *\d+  (\S+ \(\S+\))", done.stdout, re.M)
    shown = [re.findall(r"^ *\d+  (\S+ \(\S+\))  [\d.]+ ms", block, re.M) for block in blocks()]
    assert told and any(lines[-len(told):] == told for lines in shown)
