"""
Tales with more than text, as real clients see them: labels, narrow links, forks, silence, delay,
refusals. What each client is to print stands in the tale; tales/ has those that several tests read.
"""

import os
import re
import subprocess

import pytest

import clients
from conftest import HERE, public_directory
from hoptell import SETTINGS, Hoptell, real_way, show, whole_way

FAMILIES = (4, 6)
HOST = "phone2"
NAMES = ("labels", "narrow", "diamond", "holes", "closed")
REFUSALS = ("net", "host", "protocol", "port", "admin", "source-route", "precedence", "policy",
            "reject")

# What follows what in diamond.yaml, behind the site.
DIAMOND = {
    ("before", "left.one"), ("left.one", "left.two"), ("left.two", "between"),
    ("before", "right.one"), ("right.one", "right.two"), ("right.two", "between"),
    ("between", "short"), ("short", "behind"),
    ("between", "middle.one"), ("middle.one", "middle.two"), ("middle.two", "behind"),
    ("between", "long.one"), ("long.one", "long.two"), ("long.two", "long.three"),
    ("long.three", "behind"),
    ("behind", "diamond.example.net"),
}


def path_of(name):
    return os.path.join(HERE, "tales", f"{name}.yaml")


def refusal_tale(number, refusal):
    return f"""
name: {refusal}
targets: [203.0.113.{32 + number}, "2001:db8:42:{32 + number}::/64"]
addresses: [198.51.100.{128 + 4 * number}/30, "2001:db8:43:{32 + number}::/64"]
zone: {refusal}.example.net
hops:
  - {{say: refuses, refuse: {refusal}}}
"""


@pytest.fixture(scope="module")
def tales(lab):
    """{name: file} of all tales, which hoptell on the site tells."""
    with public_directory() as directory:
        files = {name: path_of(name) for name in NAMES}
        for number, refusal in enumerate(REFUSALS):
            files[refusal] = os.path.join(directory, f"{refusal}.yaml")
            with open(files[refusal], "w", encoding="utf-8") as file:
                file.write(refusal_tale(number, refusal))
        hoptell = Hoptell(lab, directory, f"{SETTINGS}tales: [{', '.join(files.values())}]\n")
        try:
            hoptell.start()
            yield files
        finally:
            hoptell.kill()


def target(tale, family):
    return show(tale, family)["target"]


def traceroute(lab, tale, family, *options):
    return lab.run(HOST, "traceroute", f"-{family}", "-w5", "-q1", *options, target(tale, family))


@pytest.mark.parametrize("family", FAMILIES)
def test_traceroute_e_shows_labels_and_interfaces(lab, tales, family):
    output = traceroute(lab, tales["labels"], family, "-I", "-e")
    shown = re.findall(r" (\S+) \(\S+\) (?:<(.*?)> )? *[\d.]+ ms", output)
    assert shown[-7:] == [
        ("a.plain.hop", ""),
        ("one.label", "MPLS:L=24001,E=1,S=1,T=1"),
        ("two.labels", "MPLS:L=24002,E=0,S=0,T=1/L=24003,E=5,S=1,T=254"),
        # RFC 5837: incoming, with index, name and MTU; it prints the octets
        ("an.interface", "2/11:00000007,0c78652d,302f302f,31000000,000005dc"),
        ("both", "MPLS:L=16,E=0,S=1,T=9;2/2:08657468,39000000"),
        ("plain.again", ""),
        ("labels.example.net", ""),
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_scamper_reads_the_labels(lab, tales, family):
    output = lab.run(HOST, "scamper", "-O", "json", "-c", "trace -P icmp-paris -q 1", "-i",
                     target(tales["labels"], family))
    trace = next(found for found in clients.scamper_objects(output) if found["type"] == "trace")
    found = [[(label["mpls_label"], label["mpls_exp"], label["mpls_s"], label["mpls_ttl"])
              for extension in hop.get("icmpext", []) for label in extension.get("mpls_labels", [])]
             for hop in trace["hops"]]
    # of an answer with two objects, as the next hop's is, this version of scamper reads none
    assert found[-7:-3] == [[], [(24001, 1, 1, 1)], [(24002, 0, 0, 1), (24003, 5, 1, 254)], []]


def forget_path_mtu(lab):
    lab.run(HOST, "ip", "route", "flush", "cache")
    lab.run(HOST, "ip", "-6", "route", "flush", "cache")


@pytest.mark.parametrize("family", FAMILIES)
def test_traceroute_mtu_finds_the_narrow_links(lab, tales, family):
    forget_path_mtu(lab)
    output = traceroute(lab, tales["narrow"], family, "--mtu")
    assert clients.lines(output) == whole_way(HOST, family, tales["narrow"])
    found = re.findall(r" (\S+) \(\S+\) .* F=(\d+)", output)
    assert found == [("carrier", "1500"), ("in.between", "1440"), ("behind.it", "1300")]


@pytest.mark.parametrize("family", FAMILIES)
def test_tracepath_finds_the_narrow_links(lab, tales, family):
    forget_path_mtu(lab)
    output = lab.run(HOST, "tracepath", f"-{family}", "-b", target(tales["narrow"], family))
    found = re.findall(r" (\S+) \(\S+\) .* pmtu (\d+)", output)
    assert found == [("narrower", "1440"), ("narrowest", "1300")]
    assert "asymm" not in output and "Resume: pmtu 1300" in output


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("options", [("-I",), ("-U",), ("-T",)])
def test_silence_is_stars_and_delay_is_time(lab, tales, options, family):
    """It waits as long for a slow hop as -w says: the next ones answer much earlier."""
    output = traceroute(lab, tales["holes"], family, *options, "-w", "1,100000,100000")
    found = clients.lines(output)
    assert found == whole_way(HOST, family, tales["holes"])
    slow = float(re.search(r" slow \(\S+\)  ([\d.]+) ms", output).group(1))
    assert 60 <= slow < 1000


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ("closed",) + REFUSALS)
def test_a_refusal_has_its_mark_and_ends_the_way(lab, tales, name, family):
    expected = show(tales[name], family)["lines"]
    output = traceroute(lab, tales[name], family)
    assert clients.lines(output) == whole_way(HOST, family, tales[name])
    marks = re.findall(r" ms(?: (!\S+))?$", output, re.M)
    assert marks[-len(expected):] == [line.get("mark", "") for line in expected]


def names_of(tale, family):
    """{address: name} of all its hops and its end."""
    return {line["address"]: line["name"] for line in show(tale, family)["lines"]}


def search_diamonds(lab, tale, families):
    """The families in which tracelb has not found all links; both run at once, for they take their
    time. What it finds must be there."""
    searches = {family: lab.start(HOST, "scamper", "-O", "json", "-c", "tracelb -W 15", "-i",
                                  target(tale, family), stdout=subprocess.PIPE, text=True)
                for family in families}
    left = []
    for family, search in searches.items():
        output, _ = search.communicate(timeout=120)
        names = names_of(tale, family)
        found = {(names.get(near, near), names[far])
                 for near, far in clients.scamper_links(output) if far in names}
        links = DIAMOND | {(real_way(HOST, family)[-1][0], "before")}
        assert found <= links
        left += [family] if found < links else []
    return left


def test_tracelb_finds_the_diamonds_in_both_families(lab, tales):
    """It sends as many probes to a fork as leave a branch unseen once in twenty times, so it may
    repeat."""
    left = FAMILIES
    for _ in range(5):
        left = search_diamonds(lab, tales["diamond"], left)
        if not left:
            break
    assert left == []


@pytest.mark.parametrize("method, family", [
    ("udp-paris", 4), ("udp-paris", 6), ("icmp-paris", 4), ("icmp-paris", 6),
    ("tcp", 4),  # over IPv6 it numbers its probes in the flow label: each is a flow of its own
])
def test_a_paris_traceroute_sees_one_path(lab, tales, method, family):
    output = lab.run(HOST, "scamper", "-O", "json", "-c", f"trace -P {method} -q 3 -w 5", "-i",
                     target(tales["diamond"], family))
    names = names_of(tales["diamond"], family)
    way = [names[address] for _, address, _ in clients.scamper(output) if address in names]
    assert way[0] == "before" and way[-1] == "diamond.example.net"
    assert set(zip(way, way[1:])) <= DIAMOND


@pytest.mark.parametrize("family", FAMILIES)
def test_a_classic_traceroute_sees_several(lab, tales, family):
    """Each of its probes is a flow of its own: that ten go one way at the fork's first hop, and
    again at its second, has odds of 1 in 250,000."""
    output = lab.run(HOST, "traceroute", f"-{family}", "-w5", "-q10",
                     target(tales["diamond"], family))
    assert {"left.one", "right.one"} <= set(re.findall(r"(\S+) \(", output)) or \
        {"left.two", "right.two"} <= set(re.findall(r"(\S+) \(", output))


def test_dublin_traceroute_finds_the_diamonds(lab, tales, tmp_path):
    command = f"cd {tmp_path} && dublin-traceroute -n 12 {target(tales['diamond'], 4)}"
    lab.run(HOST, "sh", "-c", command, timeout=120)
    flows = clients.dublin((tmp_path / "trace.json").read_text())
    found = set()
    for hops in flows.values():
        way = [name for _, _, name in hops]
        way = way[way.index("before"):]
        found |= set(zip(way, way[1:]))
    assert found == DIAMOND
