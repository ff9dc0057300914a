"""The manual pages and the program name the same commands and the same options."""
import pathlib
import re
import subprocess

import pytest

from hoptell import PROGRAM

ROOT = pathlib.Path(__file__).resolve().parents[2]


def help_of(*command):
    return subprocess.run([PROGRAM, *command, "--help"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def commands(*group):
    return re.findall(r"^  (\w+) ", help_of(*group), re.M)


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text)) - {"--help", "--version"}


COMMANDS = commands()
GROUPS = ["stack", "tale"]


def test_every_command_is_in_the_first_page():
    source = (ROOT / "man" / "hoptell.1").read_text()
    assert sorted(re.findall(r"^\.It Cm (\w+)$", source, re.M)) == sorted(COMMANDS)


def page_options(name):
    """Long options as mdoc has them: '.Fl Fl word'."""
    source = (ROOT / "man" / name).read_text()
    return {f"--{word}" for word in re.findall(r"\bFl Fl (\w[\w-]*)", source)}


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in GROUPS])
def test_a_command_and_its_page_have_the_same_options(command):
    assert page_options(f"hoptell-{command}.1") == options(help_of(command))


@pytest.mark.parametrize("group", GROUPS)
def test_the_commands_of_a_group_and_their_page_have_the_same_options(group):
    said = set().union(*(options(help_of(group, command)) for command in commands(group)))
    assert page_options(f"hoptell-{group}.1") == said


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_of_a_group_is_in_its_page(group):
    source = (ROOT / "man" / f"hoptell-{group}.1").read_text()
    assert set(re.findall(rf"^\.Nm hoptell {group} (\w+)$", source, re.M)) == set(commands(group))


def test_the_page_on_evidence_has_every_signal():
    """The names as the program has them, in the table of src/watch/signal.c."""
    table = (ROOT / "src" / "watch" / "signal.c").read_text()
    source = (ROOT / "man" / "hoptell-evidence.7").read_text()
    assert sorted(re.findall(r"^\.It Va (\w+)$", source, re.M)) == \
        sorted(re.findall(r'^    \[SIGNAL_\w+\] = \{"(\w+)"', table, re.M))


def test_the_page_on_evidence_has_the_cap_of_every_group():
    table = (ROOT / "src" / "watch" / "judge.c").read_text()
    caps = {name.lower(): float(cap) for name, cap in re.findall(r"\[GROUP_(\w+)\] = ([0-9.]+),", table)}
    source = " ".join((ROOT / "man" / "hoptell-evidence.7").read_text().split())
    said = re.search(r"a group is capped: (.*?)\. ", source).group(1)
    assert said == ("hops at {hops:g}, the stack and the subscriber at {stack:g}, "
                    "the browser at {browser:g}").format(**caps)
    assert caps["stack"] == caps["subscriber"]


def test_the_page_on_tales_has_every_key():
    """The keys as the program has them, in the tables of src/tale."""
    tables = "".join((ROOT / "src" / "tale" / name).read_text()
                     for name in ("compile.c", "hop.c", "steps.c"))
    source = (ROOT / "man" / "hoptell-tale.5").read_text()
    said = re.findall(r"^\.(?:It )?Ic (\w+(?: , \w+)*)", source, re.M)
    assert {word for words in said for word in words.split(" , ")} == \
        set(re.findall(r'\{"(\w+)",\s+read_\w+\}', tables))


def test_the_example_on_the_page_on_tales_is_a_good_one():
    source = (ROOT / "man" / "hoptell-tale.5").read_text()
    example = re.search(r"^\.Bd -literal.*?\n(.*?)^\.Ed", source, re.M | re.S).group(1)
    done = subprocess.run([PROGRAM, "tale", "check", "-"], check=False, text=True, input=example,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout.startswith("-: good: ")) == (0, True), done.stdout
