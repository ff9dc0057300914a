"""What the hops of a tale refuse, as Debian's traceroute prints it in the lab, and its path MTU."""

import os
import re

import pytest

from conftest import public_directory
from hoptell import SETTINGS, Hoptell, real_way

HOST = "phone2"
MARKS = {  # as traceroute prints them, by IPv4 and by IPv6
    "net": ("!N", "!N"),
    "host": ("!H", "!H"),
    "protocol": ("!P", "!<4-1>"),
    "port": ("", ""),
    "admin": ("!X", "!X"),
    "source-route": ("!S", "!<7>"),
    "precedence": ("!V", "!X"),
    "policy": ("!X", "!<5>"),
    "reject": ("!X", "!<6>"),
}
NARROW = len(MARKS)  # the number of the tale with small MTUs, behind the others


def target(number, family):
    return f"203.0.113.{20 + number}" if family == 4 else f"2001:db8:42::{20 + number}"


def hop(number, position, family):
    if family == 4:
        return f"198.51.100.{16 + 8 * number + position}"
    return f"2001:db8:43:{number + 1}::{position:x}"


def tale(number, hops):
    text = (f"name: t{number}\ntargets: [{target(number, 4)}, \"{target(number, 6)}\"]\n"
            f"addresses: [198.51.100.{16 + 8 * number}/29, \"2001:db8:43:{number + 1}::/64\"]\n"
            "hops:\n")
    for position, keys in enumerate(hops, start=1):
        own = f'address: [{hop(number, position, 4)}, "{hop(number, position, 6)}"]'
        text += f"  - {{say: hop{position}, {own}{keys}}}\n"
    return text


@pytest.fixture(scope="module")
def site(lab):
    tales = [tale(number, ["", f", refuse: {word}", ""]) for number, word in enumerate(MARKS)]
    tales.append(tale(NARROW, ["", ", mtu: 1400", "", ", mtu: 1300", ""]))
    with public_directory() as directory:
        paths = []
        for number, text in enumerate(tales):
            paths.append(os.path.join(directory, f"t{number}.yaml"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(text)
        hoptell = Hoptell(lab, directory, f"{SETTINGS}tales: [{', '.join(paths)}]\n")
        try:
            yield hoptell.start()
        finally:
            hoptell.kill()


def trace(lab, family, number, *options):
    """Each hop of the tale as (address, what follows its time)."""
    output = lab.run(HOST, "traceroute", f"-{family}", "-n", "-q1", "-w5", *options,
                     target(number, family))
    found = re.findall(r"^ *\d+  (\S+)  [\d.]+ ms ?(\S*)", output, re.M)
    return found[len(real_way(HOST, family)):]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("method", ["-U", "-I", "-T"])
@pytest.mark.parametrize("number, word", enumerate(MARKS))
def test_a_refusal_has_its_mark_and_ends_the_way(lab, site, family, method, number, word):
    mark = MARKS[word][0 if family == 4 else 1]
    assert trace(lab, family, number, method) == [(hop(number, 1, family), ""),
                                                  (hop(number, 2, family), mark)]


@pytest.mark.parametrize("family", [4, 6])
def test_traceroute_finds_the_path_mtu(lab, site, family):
    places = [(hop(NARROW, position, family), "") for position in range(1, 6)]
    places[2] = (places[2][0], "F=1400")
    places[4] = (places[4][0], "F=1300")
    assert trace(lab, family, NARROW, "--mtu") == places + [(target(NARROW, family), "")]


@pytest.mark.parametrize("family", [4, 6])
def test_tracepath_finds_the_path_mtu(lab, site, family):
    output = lab.run(HOST, "tracepath", f"-{family}", "-n", target(NARROW, family))
    assert "Resume: pmtu 1300 " in output
    assert "asymm" not in output
