"""
Real clients in the lab: each shows the whole tale, every line in its place, as `tale show` says.
"""

import json
import os
import subprocess
from typing import NamedTuple

import pytest

import clients
from conftest import ROOT, public_directory
from hoptell import SETTINGS, Hoptell, show, whole_way

TALE = os.path.join(ROOT, "lab", "tale.yaml")
HOST = "phone2"


class Client(NamedTuple):
    name: str
    command: str  # {family}, {name} and {address} are filled in
    read: callable = clients.lines
    protocol: str = "udp"
    names: bool = True
    families: tuple = (4, 6)
    host: str = HOST


def traceroute(name, options, protocol="udp", **more):
    command = f"traceroute -{{family}} -w5 {options} {{name}}"
    return Client(f"traceroute {name}", command, protocol=protocol, **more)


def scamper(method, protocol):
    return Client(f"scamper {method}",
                  f"scamper -O json -c 'trace -P {method} -q 1 -w 5' -i {{address}}",
                  clients.scamper, protocol, names=False)


# Whose probes look like those of others, or of nobody; the lab has phones open TCP as phones do.
UNNAMED = {"traceroute -T", "traceroute -T, from an iPhone", "traceroute -T with ACK",
           "traceroute -P 253", "traceroute -P GRE", "tcptraceroute", "busybox traceroute6",
           "busybox traceroute6 -I", "scamper tcp", "scamper tcp-ack", "nmap -4", "nmap -6",
           "nmap SCTP", ("scamper udp", 6), ("scamper icmp", 6)}

CLIENTS = [
    traceroute("-I", "-I", "icmp"),
    traceroute("-U", "-U"),
    traceroute("by default", "-q 3"),
    traceroute("-UL", "-UL", "other"),
    traceroute("-T", "-T", "tcp"),
    traceroute("-T, from an iPhone", "-T", "tcp", host="phone4"),
    traceroute("-T with ACK", "-T -O ack", "tcp"),
    traceroute("-P 253", "-P 253", "other"),
    traceroute("-P GRE", "-P 47", "other"),
    traceroute("-e", "-e -I", "icmp"),
    traceroute("--mtu", "--mtu"),
    traceroute("from behind the phone", "-I", "icmp", host="laptop"),
    Client("tcptraceroute", "tcptraceroute {name}", protocol="tcp", families=(4,)),
    Client("inetutils-traceroute udp", "inetutils-traceroute --resolve-hostnames -M udp {name}",
           clients.inetutils, families=(4,)),
    Client("inetutils-traceroute icmp", "inetutils-traceroute --resolve-hostnames -M icmp {name}",
           clients.inetutils, "icmp", families=(4,)),
    Client("busybox traceroute", "busybox traceroute {address}", families=(4,)),
    Client("busybox traceroute -I", "busybox traceroute -I {address}", protocol="icmp",
           families=(4,)),
    Client("busybox traceroute6", "busybox traceroute6 {name}", families=(6,)),
    Client("busybox traceroute6 -I", "busybox traceroute6 -I {name}", protocol="icmp",
           families=(6,)),
    Client("mtr icmp", "mtr -{family} -rwb -c 2 -i 0.2 -G 3 -e {name}", clients.mtr, "icmp"),
    Client("mtr udp", "mtr -{family} -u -rwb -c 2 -i 0.2 -G 3 -e {name}", clients.mtr),
    Client("mtr tcp", "mtr -{family} -T -rwb -c 2 -i 0.2 -G 3 -e {name}", clients.mtr, "tcp"),
    Client("tracepath", "tracepath -{family} -b {name}", clients.tracepath),
    scamper("udp", "udp"),
    scamper("udp-paris", "udp"),
    scamper("icmp", "icmp"),
    scamper("icmp-paris", "icmp"),
    scamper("tcp", "tcp"),
    scamper("tcp-ack", "tcp"),
    Client("nmap -4", "nmap -R -sn -PE --traceroute {address}", clients.nmap, "icmp",
           families=(4,)),
    Client("nmap -6", "nmap -6 -R -sn -PE --traceroute {address}", clients.nmap, "icmp",
           families=(6,)),
    Client("nmap SCTP", "nmap -R -sn -PY80 --traceroute {address}", clients.nmap, "other",
           families=(4,)),
    Client("hping3 udp", "hping3 -2 -p 33434 --traceroute --tr-stop -i u20000 {address}",
           clients.hping, families=(4,)),
]

CASES = [pytest.param(client, family, id=f"{client.name}, IPv{family}".replace(" ", "_"))
         for client in CLIENTS for family in client.families]


@pytest.fixture(scope="module")
def site(lab):
    """The lab's site, where hoptell tells the lab's tale."""
    with public_directory() as directory:
        hoptell = Hoptell(lab, directory, f"{SETTINGS}tales: [{TALE}]\n")
        try:
            yield hoptell.start()
        finally:
            hoptell.kill()


def run(lab, client, family):
    trace = show(TALE, family)
    command = client.command.format(family=family, name=trace["name"], address=trace["target"])
    return lab.run(client.host, "sh", "-c", command, timeout=60)


@pytest.mark.parametrize("client, family", CASES)
def test_the_tale_is_shown_whole_and_in_order(lab, site, client, family):
    expected = whole_way(client.host, family, TALE, client.protocol)
    output = run(lab, client, family)
    if not client.names:
        expected = [(position, address, None) for position, address, _ in expected]
    assert client.read(output) == expected, output
    walker = newest_walker(site)
    assert (walker["furthest"], walker["end"]) == \
        (len(show(TALE, family, client.protocol)["lines"]), True)
    assert walker["client"] in walks_as(client, family)


def walks_as(client, family):
    """The names under which it is told of: what its probes have of their own is not always there.
    A port that the system chose for one without a name may be one of those that are mtr's."""
    if client.name in UNNAMED or (client.name, family) in UNNAMED:
        return ("unknown", "mtr") if client.protocol == "tcp" else ("unknown",)
    return (client.name.split()[0],)


def newest_walker(site):
    (tale,) = json.loads(site.get("/v1/tales")[1])["tales"]
    return tale["walkers"][0]


@pytest.mark.parametrize("family", (4, 6))
def test_tracepath_sees_no_bend_on_the_way_back(lab, site, family):
    output = lab.run(HOST, "tracepath", f"-{family}", "-n", show(TALE, family)["target"])
    length = len(whole_way(HOST, family, TALE))
    assert "asymm" not in output
    assert f"hops {length} back {length}" in output


@pytest.mark.parametrize("family", (4, 6))
def test_traceroute_back_sees_no_bend_on_the_way_back(lab, site, family):
    """It prints '-N', quotes and all, behind a hop whose way back has another length."""
    output = lab.run(HOST, "traceroute", f"-{family}", "-w5", "--back", "-I", "-n", "-q1",
                     show(TALE, family)["target"])
    assert len(clients.lines(output)) == len(whole_way(HOST, family, TALE))
    assert "'-" not in output


def test_tracelb_finds_one_path_in_each_family(lab, site):
    """It takes its time, so that both run at once."""
    searches = {family: lab.start(HOST, "scamper", "-O", "json", "-c", "tracelb -W 15", "-i",
                                  show(TALE, family)["target"], stdout=subprocess.PIPE, text=True)
                for family in (4, 6)}
    for family, search in searches.items():
        output, _ = search.communicate(timeout=120)
        way = [address for _, address, _ in whole_way(HOST, family, TALE)]
        assert clients.scamper_links(output) == set(zip(way, way[1:]))


def test_hping3_shows_the_tale_by_tcp(lab, site):
    """By TCP it names no end, since that is no ICMP error."""
    output = lab.run(HOST, "hping3", "-S", "-p", "80", "--traceroute", "--tr-stop", "-i", "u20000",
                     show(TALE, 4)["target"])
    *way, (position, address, _) = whole_way(HOST, 4, TALE, "tcp")
    assert clients.hping(output) == way + [(position, address, None)]


def test_dublin_traceroute_finds_one_path(lab, site, tmp_path):
    command = f"cd {tmp_path} && dublin-traceroute -n 3 {show(TALE, 4)['target']}"
    lab.run(HOST, "sh", "-c", command, timeout=120)
    flows = clients.dublin((tmp_path / "trace.json").read_text())
    assert len(flows) == 3
    for hops in flows.values():  # it may send its first probe before it listens
        assert hops[1:] == whole_way(HOST, 4, TALE)[1:]
