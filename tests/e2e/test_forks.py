"""Forks by flow in the lab: tools that keep a flow see one branch, tools that vary it find them all."""

import os

import pytest

import clients
from conftest import public_directory
from hoptell import SETTINGS, Hoptell, real_way

HOST = "phone2"
TARGET = {4: "203.0.113.9", 6: "2001:db8:42::9"}


def hop(number, family):
    return f"198.51.100.{16 + number}" if family == 4 else f"2001:db8:43::{number:x}"


def keys(number):
    return f'{{say: hop{number}, address: [{hop(number, 4)}, "{hop(number, 6)}"]}}'


# one, then a fork of (2), (3, 4) and (5), which meet in 6
TALE = f"""
name: forks
targets: [{TARGET[4]}, "{TARGET[6]}"]
addresses: [198.51.100.16/28, "2001:db8:43::/64"]
hops:
  - {keys(1)}
  - {{fork: [[{keys(2)}], [{keys(3)}, {keys(4)}], [{keys(5)}]], by: flow}}
  - {keys(6)}
"""
LINKS = [(1, 2), (1, 3), (1, 5), (2, 6), (3, 4), (4, 6), (5, 6)]
WAYS = [[1, 2, 6], [1, 3, 4, 6], [1, 5, 6]]


@pytest.fixture(scope="module")
def site(lab):
    with public_directory() as directory:
        path = os.path.join(directory, "forks.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(TALE)
        hoptell = Hoptell(lab, directory, f"{SETTINGS}tales: [{path}]\n")
        try:
            yield hoptell.start()
        finally:
            hoptell.kill()


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("method", ["udp-dport", "udp-sport", "icmp-echo"])
def test_tracelb_finds_the_diamond_as_it_is_written(lab, site, family, method):
    """It sends as many probes as leave a branch unseen once in twenty times, so it may repeat."""
    own = {(hop(a, family), hop(b, family)) for a, b in LINKS}
    hops = {hop(number, family) for number in range(1, 7)}

    def found():
        output = lab.run(HOST, "scamper", "-O", "json", "-c", f"tracelb -P {method} -W 15",
                         "-i", TARGET[family], timeout=120)
        links = {(a, b) for a, b in clients.scamper_links(output) if a in hops and b in hops}
        assert links <= own
        return links

    assert any(found() == own for _ in range(5))


# scamper numbers its TCP probes over IPv6 in the flow label, so that they are no one flow
KEEPING = [(4, "udp-paris"), (4, "icmp-paris"), (4, "tcp"), (6, "udp-paris"), (6, "icmp-paris")]


@pytest.mark.parametrize("family, method", KEEPING)
def test_a_tool_that_keeps_its_flow_sees_one_way(lab, site, family, method):
    """Several times, by several flows: each a whole way, none mixed of two."""
    ways = [[hop(number, family) for number in way] + [TARGET[family]] for way in WAYS]
    for _ in range(4):
        output = lab.run(HOST, "scamper", "-O", "json", "-c", f"trace -P {method} -q 1 -w 5", "-i",
                         TARGET[family])
        seen = [address for _, address, _ in clients.scamper(output)]
        assert seen[len(real_way(HOST, family)):] in ways


@pytest.mark.parametrize("family", [4, 6])
def test_classic_traceroute_sees_several_ways(lab, site, family):
    output = lab.run(HOST, "traceroute", f"-{family}", "-n", "-q10", "-w5", TARGET[family])
    second = output.splitlines()[len(real_way(HOST, family)) + 2]
    assert len({hop(number, family) for number in (2, 3, 5)} & set(second.split())) >= 2, output
