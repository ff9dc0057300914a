"""A tale that says what hoptell has read of who walks it: the phone and the laptop behind it are told
what each of them is, over TUN and by XDP."""

import os

import pytest

import clients
import visits
from conftest import ROOT, public_directory
from hoptell import OPERATORS, OWN, Hoptell, show

FAMILIES = (4, 6)
TALE = os.path.join(ROOT, "examples", "personal.yaml")
DATAPATHS = {"tun": "", "xdp": "datapath: xdp\nxdp: {interfaces: [up0], mode: generic}\n"}
SETTINGS = f"""
user: nobody
store: none
own: {OWN}
watch: {{interfaces: [up0]}}
names: {{listen: ["192.0.2.82:53", "[2001:db8:80::80]:53"]}}
tales: [{TALE}]
"""


@pytest.fixture(scope="module", params=DATAPATHS)
def site(lab, request):
    """hoptell, after the carrier's phones have visited; one of them has a Windows guest."""
    with public_directory() as directory:
        hoptell = Hoptell(lab, directory, SETTINGS + DATAPATHS[request.param])
        lab.tool("os", "laptop", "windows")
        try:
            hoptell.start()
            visits.all_phones_visit(lab)
            yield hoptell
        finally:
            hoptell.kill()
            lab.tool("os", "laptop", "linux")


def walk(lab, host, family, *options):
    """What it prints of the tale itself, behind the real routers: [(address, name)]."""
    trace = show(TALE, family)
    output = lab.run(host, "traceroute", f"-{family}", "-w5", "-q1", *options, trace["target"])
    return [(address, name) for _, address, name
            in clients.lines(output)[-len(trace["lines"]):]]


def told(family, *known):
    words = show(TALE, family, "udp", *known)["lines"]
    return [(line["address"], line["name"]) for line in words]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_is_told_what_it_is(lab, site, family):
    seen = []
    for host in ("phone1", "laptop", "phone1"):
        visit = visits.visit(lab, host, family)[0]
        known = {trait: visit[trait] for trait in ("verdict", "hop_limit", "initial")}
        words = [f"{trait}={value}" for trait, value in known.items()]
        words.append(f"stack={visit['stack']['family']}")
        assert walk(lab, host, family) == told(family, "--as", ",".join(words))
        seen.append((known["verdict"], known["hop_limit"], known["initial"]))
    assert seen[:2] == [("direct", 60, 64), ("tethered", 123, 128)]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_walk_by_tcp_is_no_visit(lab, site, family):
    """Its probes are opening packets, with a hop limit of traceroute's choice."""
    visits.visit(lab, "phone2", family)
    for _ in range(2):
        assert walk(lab, "phone2", family, "-T")[1][1] == "Your.packets.arrive.with.60"


def test_a_stranger_is_told_nothing(lab, site):
    """By its own /64 the phone is a stranger until it has visited."""
    site.kill()
    site.start()
    assert walk(lab, "phone7", 6) == told(6)
    assert told(6)[1][1] == "Visit.the.page.of.this.site.and.come.again"
    visits.visit(lab, "phone7", 6)
    assert walk(lab, "phone7", 6)[1][1] == "Your.packets.arrive.with.60"
    assert walk(lab, "phone8", 6) == told(6)
    lab.run("site", "curl", "-sfX", "DELETE",
            f"{OPERATORS}/v1/subscribers/{visits.seen_address('phone7', 6)}")
    assert walk(lab, "phone7", 6) == told(6)
