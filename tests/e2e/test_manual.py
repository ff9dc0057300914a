"""The manual pages and the program name the same commands and the same options."""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOPTELL = ROOT / "build" / "hoptell"


def help_of(*command):
    return subprocess.run([HOPTELL, *command, "--help"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def commands(*group):
    return re.findall(r"^  (\w+) ", help_of(*group), re.M)


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - {"--help", "--version"}


COMMANDS = commands()
TALE_COMMANDS = commands("tale")


def test_every_command_is_in_the_first_page():
    source = (ROOT / "man" / "hoptell.1").read_text()
    assert sorted(re.findall(r"^\.It Cm (\w+)$", source, re.M)) == sorted(COMMANDS)


def page_options(name):
    """Long options as mdoc has them: '.Fl Fl word'."""
    source = (ROOT / "man" / name).read_text()
    return {f"--{word}" for word in re.findall(r"\bFl Fl (\w[\w-]*)", source)}


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "tale"])
def test_a_command_and_its_page_have_the_same_options(command):
    assert page_options(f"hoptell-{command}.1") == options(help_of(command))


def test_the_commands_of_tales_and_their_page_have_the_same_options():
    said = set().union(*(options(help_of("tale", command)) for command in TALE_COMMANDS))
    assert page_options("hoptell-tale.1") == said


def test_every_command_of_tales_is_in_their_page():
    source = (ROOT / "man" / "hoptell-tale.1").read_text()
    assert set(re.findall(r"^\.Nm hoptell tale (\w+)$", source, re.M)) == set(TALE_COMMANDS)


def test_the_page_on_evidence_has_every_signal():
    """The names as the program has them, in the table of src/watch/signal.c."""
    table = (ROOT / "src" / "watch" / "signal.c").read_text()
    source = (ROOT / "man" / "hoptell-evidence.7").read_text()
    assert sorted(re.findall(r"^\.It Va (\w+)$", source, re.M)) == \
        sorted(re.findall(r'^    \[SIGNAL_\w+\] = \{"(\w+)"', table, re.M))
