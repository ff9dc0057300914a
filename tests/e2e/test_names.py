"""The names of tales as resolvers of the world ask for them: dig, getent and traceroute in the lab
against the daemon's DNS server, over UDP and TCP, in both families."""

import os
import re
import subprocess

import pytest

from conftest import public_directory
from hoptell import PROGRAM, SETTINGS, Hoptell, show

HOST = "phone2"
SERVERS = {4: "192.0.2.82", 6: "2001:db8:80::80"}
TALE = """
targets: [203.0.113.9, "2001:db8:42::9"]
addresses: [198.51.100.16/28, "2001:db8:43::/64"]
zone: tale.example.net
hops:
  - Once upon a time
  - Grüße aus Kobenhavn
  - привет мир
  - {silent: true}
  - {say: its own, address: [198.51.100.200, "2001:db8:43:1::1"]}
"""
MANY = """
targets: [{targets}]
addresses: 198.51.100.128/28
zone: many.example
hops: [a]
""".format(targets=", ".join(f"203.0.113.{n}" for n in range(100, 160)))


@pytest.fixture(scope="module")
def site(lab):
    with public_directory() as directory:
        for name, text in (("tale", TALE), ("many", MANY)):
            with open(os.path.join(directory, f"{name}.yaml"), "w", encoding="utf-8") as file:
                file.write(text)
        hoptell = Hoptell(lab, directory, SETTINGS + "tales: [tale.yaml, many.yaml]\n")
        try:
            yield hoptell.start()
        finally:
            hoptell.kill()


@pytest.fixture(scope="module")
def tale(site):
    return os.path.join(os.path.dirname(site.settings), "tale.yaml")


class Answer:
    """What dig printed."""

    def __init__(self, text):
        self.text = text
        self.status = re.search(r"status: (\w+)", text).group(1)
        self.flags = re.search(r";; flags: ([\w ]*);", text).group(1).split()

    def section(self, name):
        """Its records as (owner, type, data)."""
        found = re.search(rf";; {name} SECTION:\n(.*?)\n\n", self.text + "\n\n", re.S)
        records = [line.split(None, 4) for line in found.group(1).splitlines()] if found else []
        return [(owner, kind, data) for owner, _, _, kind, data in records]

    def data(self):
        return [data for _, _, data in self.section("ANSWER")]


def dig(lab, *words, family=4):
    return Answer(lab.run(HOST, "dig", "+tries=1", "+time=5", f"@{SERVERS[family]}", *words))


@pytest.mark.parametrize("way", ["+notcp", "+tcp"])
@pytest.mark.parametrize("family", [4, 6])
def test_every_line_of_the_tale_has_its_name(lab, tale, family, way):
    lines = [line for line in show(tale, family)["lines"] if line["address"]]
    assert len(lines) == 5
    for line in lines:
        answer = dig(lab, way, "-x", line["address"], family=family)
        assert (answer.status, answer.data()) == ("NOERROR", [line["name"] + "."])
        assert "aa" in answer.flags and "ra" not in answer.flags


def test_the_targets_have_addresses(lab, site):
    assert dig(lab, "tale.example.net", "A").data() == ["203.0.113.9"]
    assert dig(lab, "tale.example.net", "AAAA").data() == ["2001:db8:42::9"]
    assert dig(lab, "-x", "203.0.113.9").data() == ["tale.example.net."]
    assert dig(lab, "tale.example.net", "NS").data() == ["ns.tale.example.net."]
    assert dig(lab, "ns.tale.example.net", "A").data() == ["203.0.113.9"]


def test_names_keep_the_case_of_the_question(lab, site):
    assert dig(lab, "TaLe.eXample.NET", "A").section("ANSWER") == [
        ("TaLe.eXample.NET.", "A", "203.0.113.9")]


@pytest.mark.parametrize("name, kind, status, authority", [
    ("tale.example.net", "MX", "NOERROR", "tale.example.net."),
    ("100.51.198.in-addr.arpa", "PTR", "NOERROR", "100.51.198.in-addr.arpa."),
    ("0.0.0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "PTR", "NOERROR",
     "0.0.0.0.3.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa."),
    ("no.tale.example.net", "A", "NXDOMAIN", "tale.example.net."),
    ("99.100.51.198.in-addr.arpa", "PTR", "NXDOMAIN", "100.51.198.in-addr.arpa."),
])
def test_what_is_not_there_is_said_with_the_soa(lab, site, name, kind, status, authority):
    answer = dig(lab, name, kind)
    assert (answer.status, answer.data()) == (status, [])
    assert [record[:2] for record in answer.section("AUTHORITY")] == [(authority, "SOA")]


@pytest.mark.parametrize("words", [
    ["example.org", "A"], ["example.net", "A"], [".", "NS"], ["tale.example.net", "AXFR", "+tcp"],
    ["version.bind", "TXT", "-c", "CH"],
], ids=" ".join)
def test_what_is_not_ours_is_refused(lab, site, words):
    if "AXFR" in words:
        assert "Transfer failed" in lab.run(HOST, "dig", f"@{SERVERS[4]}", *words, check=False)
        return
    answer = dig(lab, *words)
    assert (answer.status, answer.data(), "aa" in answer.flags) == ("REFUSED", [], False)


def test_a_resolver_goes_on_to_its_next_server(lab, site):
    """REFUSED is what makes it so: nobody listens at the second, which is therefore asked."""
    script = ("import socket,sys\n"
              "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
              "s.bind(('127.0.0.77', 53)); s.settimeout(10)\n"
              "print('bound', flush=True); s.recvfrom(512); print('asked', flush=True)\n")
    own = f"/run/{lab.prefix}-resolv.conf"
    listener = lab.start(HOST, "python3", "-c", script, stdout=subprocess.PIPE, text=True)
    try:
        assert listener.stdout.readline() == "bound\n"
        lab.run(HOST, "sh", "-c",
                f"printf 'nameserver {SERVERS[4]}\\nnameserver 127.0.0.77\\n"
                f"options timeout:1 attempts:1\\n' > {own} && "
                f"mount --bind {own} /etc/resolv.conf && "
                f"getent hosts other.example.org; rm -f {own}", check=False)
        assert listener.stdout.readline() == "asked\n"
    finally:
        listener.kill()
        listener.wait(10)


def test_any_is_kept_small(lab, site):
    answer = dig(lab, "tale.example.net", "ANY", "+notcp")
    assert [record[1] for record in answer.section("ANSWER")] == ["SOA"]


def test_edns(lab, site):
    answer = dig(lab, "tale.example.net", "A", "+edns=0", "+bufsize=4096", "+dnssec")
    assert "; EDNS: version: 0, flags: do; udp: 1232" in answer.text
    answer = dig(lab, "tale.example.net", "A", "+edns=1", "+noednsnegotiation")
    assert (answer.status, answer.data()) == ("BADVERS", [])
    answer = dig(lab, "tale.example.net", "A", "+noedns")
    assert "OPT PSEUDOSECTION" not in answer.text


def test_what_udp_cannot_hold_comes_by_tcp(lab, site):
    answer = dig(lab, "many.example", "A", "+bufsize=512", "+ignore")
    assert "tc" in answer.flags and answer.data() == []
    answer = dig(lab, "many.example", "A", "+bufsize=512")
    assert "tc" not in answer.flags and len(answer.data()) == 60
    assert "(TCP)" in answer.text
    answer = dig(lab, "many.example", "A", "+bufsize=1232", "+notcp")
    assert "(UDP)" in answer.text and len(answer.data()) == 60


@pytest.mark.parametrize("family", [4, 6])
def test_traceroute_shows_other_scripts_as_they_were_written(lab, tale, family):
    at_once = {locale: lab.start(HOST, "env", f"LC_ALL={locale}", "traceroute", f"-{family}", "-q1",
                                 "-w5", "tale.example.net", stdout=subprocess.PIPE, text=True)
               for locale in ("C.UTF-8", "C")}
    shown = {locale: process.communicate(timeout=60)[0] for locale, process in at_once.items()}
    assert " привет.мир (" in shown["C.UTF-8"]
    assert " Grusse.aus.Kobenhavn (" in shown["C.UTF-8"]
    assert " xn--b1agh1afp.xn--h1ahn (" in shown["C"]


def test_a_flood_is_limited_and_counted(lab, site):
    """A thousand questions from one address: it gets 200 answers at once and 100 a second; of those
    over that some are truncated."""
    script = ("import socket, time\n"
              "q = bytes.fromhex('00010000000100000000000004') + b'tale' + b'\\x07example' + "
              "b'\\x03net' + bytes.fromhex('0000010001')\n"
              "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
              f"s.connect(('{SERVERS[4]}', 53))\n"
              "whole = cut = 0\n"
              "def take(seconds):\n"
              "    global whole, cut\n"
              "    s.settimeout(seconds)\n"
              "    try:\n"
              "        while True:\n"
              "            is_cut = s.recv(512)[2] & 2; cut += is_cut // 2; whole += not is_cut\n"
              "    except TimeoutError: pass\n"
              "began = time.monotonic()\n"
              "for n in range(1000):\n"
              "    s.send(q)\n"
              "    if n % 20 == 19: take(0.005)\n"
              "took = time.monotonic() - began\n"
              "take(2)\n"
              "print(whole, cut, took)\n")
    whole, cut, took = map(float, lab.run(HOST, "python3", "-c", script).split())
    limited = int(re.search(r"^hoptell_dns_limited_total (\d+)", site.get("/metrics")[1],
                            re.M).group(1))
    assert 100 <= whole <= 200 + 100 * (took + 2)
    assert 100 <= cut <= limited


def refused_connections(site):
    return int(re.search(r"^hoptell_dns_refused_connections_total (\d+)", site.get("/metrics")[1],
                         re.M).group(1))


def test_one_client_cannot_take_all_connections(lab, site):
    """Of a hundred, eight stay; and others are answered by TCP meanwhile."""
    script = ("import select, socket, sys\n"
              f"held = [socket.create_connection(('{SERVERS[6]}', 53), 10) for _ in range(100)]\n"
              "sent_away = 0\n"
              "while sent_away < 92:\n"
              "    for one in select.select(held, [], [], 10)[0]:\n"
              "        assert one.recv(1) == b''; held.remove(one); sent_away += 1\n"
              "print('held', flush=True)\n"
              "sys.stdin.read()\n")
    before = refused_connections(site)
    flood = lab.start(HOST, "python3", "-c", script, stdin=subprocess.PIPE,
                      stdout=subprocess.PIPE, text=True)
    try:
        assert flood.stdout.readline() == "held\n"
        assert refused_connections(site) == before + 92
        said = lab.run("phone3", "dig", f"@{SERVERS[6]}", "+tcp", "+time=10", "+tries=1",
                       "tale.example.net", "AAAA")
        assert Answer(said).status == "NOERROR"
    finally:
        flood.communicate()


def test_the_zone_files_say_the_same_as_the_server(lab, site, tale):
    zones = subprocess.run([PROGRAM, "tale", "zone", tale], check=True, capture_output=True,
                           text=True).stdout
    records = [line.split("\t") for line in zones.splitlines() if "\tIN\t" in line]
    assert len(records) > 15
    for owner, _, _, kind, data in records:
        answer = dig(lab, owner, kind, "+tcp").data()
        if kind == "SOA":
            assert [part.split()[:2] for part in answer] == [data.split()[:2]]
        else:
            assert data in answer
