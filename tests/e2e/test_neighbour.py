"""hoptell as a neighbour: what floods, loops and forged sources get out of it, and who suffers."""

import os
import socket
import subprocess
import threading
import time

import pytest
from scapy.all import (ICMP, IP, TCP, UDP, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                       ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded, IPv6, Raw)

from conftest import own_prefix, public_directory, wait_until
from hoptell import PROGRAM
from neighbourhood import SETTINGS, Listener, Neighbourhood, Sender, Site, udp

TARGET = "203.0.113.9"
TARGET6 = "2001:db8:42::9"
OTHER_TARGET = "203.0.113.130"
OTHER_TARGET6 = "2001:db8:42:1::9"
BROADCAST = "203.0.113.79"  # of a target that is a subnet
TALE = f"""
targets: [{TARGET}, "{TARGET6}", 203.0.113.64/28]
addresses: [198.51.100.16/28, "2001:db8:43::/64"]
hops: [one, two, three]
"""
OTHER_TALE = f"""
targets: [{OTHER_TARGET}, "{OTHER_TARGET6}"]
addresses: [198.51.100.32/28, "2001:db8:43:1::/64"]
hops: [one, two, three]
"""
END = 64  # a hop limit that is past the last hop, also behind a router
MANY = "source_rate: 1M, source_burst: 1M, total_rate: 10M, total_burst: 10M"
TARGET_OCTETS = socket.inet_aton(TARGET)


def source(number):
    """The address of one of many that are not there."""
    return (0x0a000001 + number).to_bytes(4, "big")


@pytest.fixture(scope="module")
def street(need_root):
    """north and south, and the site that routes between them."""
    hosts = ("north", "site", "south")
    street = Neighbourhood(own_prefix("street"), hosts)
    try:
        street.link("north", "site", 0)
        street.link("site", "south", 1)
        street.router("site")
        street.default_route("north", 0, 2)
        street.default_route("south", 1, 1)
        street.default_route("site", 0, 1)
        yield street
    finally:
        street.down()


@pytest.fixture
def start(street):
    """Starts hoptell on the site, with the limits that a test wants."""
    with public_directory() as directory:
        running = []

        def start_with(limits):
            with open(os.path.join(directory, "tale.yaml"), "w", encoding="utf-8") as file:
                file.write(TALE)
            settings = f"{SETTINGS}tales: [tale.yaml]\nlimit: {{{limits}}}\n"
            running.append(Site(street, "site", directory, settings))
            return running[0].start()

        yield start_with
        for site in running:
            site.kill()


@pytest.fixture
def north(street):
    return Sender.to(street, "north", "site")


def most(burst, rate, seconds):
    """What a bucket gives at most in `seconds`."""
    return burst + rate * seconds + 1


# Limits


def test_a_source_gets_what_its_bucket_holds(street, start, north):
    site = start("source_rate: 1, source_burst: 50, total_rate: 10M, total_burst: 10M")
    listener = Listener(street, "north", "site")
    began = time.monotonic()
    for number in range(1000):
        north.send(udp(source(0), TARGET_OCTETS, port=33434 + number))
    counts = site.wait_for(1000)
    assert 50 <= counts["time_exceeded"] <= most(50, 1, time.monotonic() - began)
    assert counts["time_exceeded"] + counts["source_limit"] == 1000
    assert len(listener.packets()) == counts["time_exceeded"]
    north.send(udp(source(1), TARGET_OCTETS))  # another one has a bucket of its own
    assert site.wait_for(1001)["time_exceeded"] == counts["time_exceeded"] + 1


def test_a_64_is_one_source(start, north):
    site = start("source_rate: 1, source_burst: 50, total_rate: 10M, total_burst: 10M")
    began = time.monotonic()
    for number in range(300):
        north.send(IPv6(src=f"2001:db8:99::{number + 1:x}", dst=TARGET6, hlim=2) /
                   UDP(sport=40000, dport=33434) / bytes(12))
    counts = site.wait_for(300)
    assert 50 <= counts["time_exceeded"] <= most(50, 1, time.monotonic() - began)


def test_all_sources_together_get_what_one_bucket_holds(street, start, north):
    site = start("source_rate: 1, source_burst: 4, total_rate: 1, total_burst: 200")
    listener = Listener(street, "north", "site")
    began = time.monotonic()
    for number in range(1000):
        north.send(udp(source(number % 500), TARGET_OCTETS))
    counts = site.wait_for(1000)
    assert 200 <= counts["time_exceeded"] <= most(200, 1, time.monotonic() - began)
    assert counts["time_exceeded"] + counts["total_limit"] == 1000
    assert len(listener.packets()) == counts["time_exceeded"]


def flood(north, sources, greedy=None, polite=None):
    """A packet from each of `sources`; with every tenth one of `greedy`, with every thousandth one
    of `polite`. How many packets that were, and of whom."""
    sent = {greedy: 0, polite: 0}
    for number in range(sources):
        north.send(udp(source(number), TARGET_OCTETS))
        for other, each in ((greedy, 10), (polite, 1000)):
            if other and number % each == 0:
                north.send(udp(other, TARGET_OCTETS))
                sent[other] += 1
    return sources + sum(sent.values()), sent


def answers_to(listener, *sources):
    count = dict.fromkeys(sources, 0)
    for packet in listener.packets():
        if packet[16:20] in count:
            count[packet[16:20]] += 1
    return count


def test_twenty_traceroutes_in_a_row_lose_nothing(start, north):
    """With the usual limits: 30 hops, three probes each, all before the first second is over."""
    site = start("")
    packets = 20 * 30 * 3
    for _ in range(packets):
        north.send(udp(socket.inet_aton("172.16.0.2"), TARGET_OCTETS))
    assert site.wait_for(packets)["time_exceeded"] == packets


def test_a_flood_of_forged_sources_changes_nothing_for_others(street, start, north):
    """The usual limits for a source, and the usual table of them, which holds fewer."""
    site = start("total_rate: 10M, total_burst: 10M")
    listener = Listener(street, "north", "site")
    greedy, polite = socket.inet_aton("172.16.0.1"), socket.inet_aton("172.16.0.2")
    began = time.monotonic()
    packets, sent = flood(north, 100_000, greedy, polite)
    counts = site.wait_for(packets)
    took = time.monotonic() - began
    answers = answers_to(listener, greedy, polite)
    assert answers[polite] == sent[polite]
    assert 2000 <= answers[greedy] <= most(2000, 200, took)
    assert answers[greedy] < sent[greedy]
    assert counts["time_exceeded"] + counts["source_limit"] == packets


def test_when_a_flood_is_over_others_are_answered_again(street, start, north):
    site = start("source_rate: 1, source_burst: 4, total_rate: 100, total_burst: 100")
    began = time.monotonic()
    packets, _ = flood(north, 20_000)
    counts = site.wait_for(packets)
    assert 100 <= counts["time_exceeded"] <= most(100, 100, time.monotonic() - began)
    assert counts["total_limit"] + counts["time_exceeded"] == packets
    listener = Listener(street, "north", "site")
    polite = socket.inet_aton("172.16.0.2")

    def is_answered():
        north.send(udp(polite, TARGET_OCTETS))
        return answers_to(listener, polite)[polite] > 0

    wait_until(is_answered, what="an answer")


# Who is never answered


def forged(addresses):
    for address in addresses:
        version = IPv6 if ":" in address else IP
        target = TARGET6 if ":" in address else TARGET
        limit = "hlim" if ":" in address else "ttl"
        for position in (1, END):
            head = version(src=address, dst=target, **{limit: position})
            echo = ICMPv6EchoRequest() if ":" in address else ICMP()
            for body in (UDP(sport=40000, dport=33434) / bytes(12), TCP(flags="S"), echo):
                yield head / body


def test_addresses_that_are_no_host_get_nothing(street, start):
    """Straight into the device, since the kernel lets most of these not through."""
    site = start(MANY)
    listener = Listener(street, "site", "hoptell0")
    sender = Sender(street, "site", "hoptell0")
    bad = list(forged(["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1",
                       "255.255.255.255", "::", "::1", "ff02::1", "ff0e::1"]))
    bad += [IP(src="10.0.0.1", dst=BROADCAST, ttl=position) / body for position in (1, END)
            for body in (UDP(sport=40000, dport=33434), ICMP())]
    for packet in bad:
        sender.send(packet)
    assert site.wait_for(len(bad))["bad_address"] == len(bad)
    assert listener.packets() == []


def test_land_packets_get_nothing(street, start, north):
    """A source that is the target itself, or another one: hoptell would answer itself."""
    site = start(MANY)
    listener = Listener(street, "site", "hoptell0")
    land = list(forged([TARGET, TARGET6, "203.0.113.70"]))
    sender = Sender(street, "site", "hoptell0")
    for packet in land:
        sender.send(packet)
    assert site.wait_for(len(land))["bad_address"] == len(land)
    assert listener.packets() == []


def test_an_answer_is_never_larger_than_the_rules_allow(street, start, north):
    site = start(MANY)
    listener = Listener(street, "north", "site")
    sent = 0
    for position in (2, 3, 4, END):
        for data in (0, 500, 548, 560, 1200, 1400):
            body = UDP(sport=40000, dport=33434) / bytes(data)
            north.send(IP(src="10.0.0.1", dst=TARGET, ttl=position) / body)
            north.send(IPv6(src="2001:db8:99::1", dst=TARGET6, hlim=position) / body)
            sent += 2
    site.wait_for(sent)
    sizes = {4: [], 6: []}
    for packet in listener.packets():
        sizes[packet[0] >> 4].append(len(packet))
    assert len(sizes[4]) == len(sizes[6]) == sent // 2
    assert max(sizes[4]) == 576
    assert max(sizes[6]) == 1280


def test_an_echo_reply_is_as_long_as_its_request(street, start, north):
    site = start(MANY)
    listener = Listener(street, "north", "site")
    lengths = []
    for data in (0, 56, 1400):
        packet = IP(src="10.0.0.1", dst=TARGET, ttl=END) / ICMP() / bytes(data)
        packet6 = (IPv6(src="2001:db8:99::1", dst=TARGET6, hlim=END) /
                   ICMPv6EchoRequest(data=bytes(data)))
        north.send(packet)
        north.send(packet6)
        lengths += [len(packet), len(packet6)]
    assert site.wait_for(len(lengths))["end_replied"] == len(lengths)
    assert sorted(map(len, listener.packets())) == sorted(lengths)


# Two of them, face to face


@pytest.fixture(scope="module")
def facing(need_root):
    """(neighbourhood, west, east): each is the other's way to everywhere."""
    pair = Neighbourhood(own_prefix("facing"), ("west", "east"))
    sites = []
    with public_directory() as directory:
        try:
            pair.link("west", "east", 0)
            pair.default_route("west", 0, 2)
            pair.default_route("east", 0, 1)
            for host, tale in (("west", TALE), ("east", OTHER_TALE)):
                pair.router(host)
                folder = os.path.join(directory, host)
                os.mkdir(folder, 0o755)
                with open(os.path.join(folder, "tale.yaml"), "w", encoding="utf-8") as file:
                    file.write(tale)
                settings = f"{SETTINGS}tales: [tale.yaml]\nlimit: {{{MANY}}}\n"
                sites.append(Site(pair, host, folder, settings).start())
            yield pair, *sites
        finally:
            for site in sites:
                site.kill()
            pair.down()


def quoted(family):
    """A probe that the other one might have sent."""
    if family == 4:
        return Raw(bytes(IP(src=OTHER_TARGET, dst=TARGET, ttl=1) / UDP() / bytes(32)))
    return Raw(bytes(IPv6(src=OTHER_TARGET6, dst=TARGET6, hlim=1) / UDP() / bytes(32)))


def never_answered(family):
    """Errors and replies, as one answers the other's with."""
    if family == 4:
        return [*(ICMP(type=kind) / quoted(4) for kind in (3, 4, 5, 11, 12)), ICMP(type=0),
                TCP(flags="R"), TCP(flags="RA")]
    return [*(kind() / quoted(6) for kind in (ICMPv6DestUnreach, ICMPv6PacketTooBig,
                                              ICMPv6TimeExceeded, ICMPv6ParamProblem)),
            ICMPv6EchoReply(), TCP(flags="R"), TCP(flags="RA")]


def answered_once(family):
    return [UDP(sport=33434, dport=33434) / bytes(12), TCP(flags="S"), TCP(flags="A"),
            ICMP() if family == 4 else ICMPv6EchoRequest()]


def head(family, position):
    if family == 4:
        return IP(src=OTHER_TARGET, dst=TARGET, ttl=position)
    return IPv6(src=OTHER_TARGET6, dst=TARGET6, hlim=position)


def exchanged(facing, packets):
    """What west and east answer when `packets` have come to west and all is silent again."""
    pair, west, east = facing
    before = west.answered(), east.answered(), sum(west.counts().values())
    sender = Sender.to(pair, "east", "west")
    for packet in packets:
        sender.send(packet)
    wait_until(lambda: sum(west.counts().values()) >= before[2] + len(packets),
               what="the packets to arrive")
    last, since = None, time.monotonic()
    while time.monotonic() < since + 0.5:  # so long nothing new comes
        found = sum(west.counts().values()) + sum(east.counts().values())
        if found != last:
            last, since = found, time.monotonic()
        assert found < 100_000, "they do not come to an end"
    return west.answered() - before[0], east.answered() - before[1]


@pytest.mark.parametrize("family", [4, 6])
def test_errors_and_replies_with_forged_sources_are_met_with_silence(facing, family):
    """But for RST and echo replies at a hop: that they have no hop limit left is an error of no error."""
    errors = [head(family, END) / body for body in never_answered(family)]
    errors += [head(family, 2) / body for body in never_answered(family)
               if isinstance(body, (ICMP, ICMPv6DestUnreach, ICMPv6TimeExceeded,
                                    ICMPv6PacketTooBig, ICMPv6ParamProblem))]
    assert exchanged(facing, errors) == (0, 0)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("position", [2, END])
def test_what_is_answered_is_answered_once(facing, family, position):
    """Each answer goes to the other's target, and ends there."""
    probes = [head(family, position) / body for body in answered_once(family)] * 20
    assert exchanged(facing, probes) == (len(probes), 0)


def test_a_reset_at_a_hop_ends_as_well(facing):
    """It may have an error, and that error has none."""
    west, east = exchanged(facing, [head(4, 2) / TCP(flags="R")] * 10)
    assert west == 10 and east == 0


# Whose address it is


def test_it_does_not_start_with_a_hop_that_is_not_its_own(public):
    """Documented in hoptell.yaml(5): such an answer would be a forgery (RFC 2827)."""
    with open(os.path.join(public, "tale.yaml"), "w", encoding="utf-8") as file:
        file.write("targets: [203.0.113.9]\nhops:\n  - {say: far, address: 192.0.2.200}\n")
    settings = os.path.join(public, "hoptell.yaml")
    with open(settings, "w", encoding="utf-8") as file:
        file.write(f"{SETTINGS}tales: [tale.yaml]\n")
    done = subprocess.run(["unshare", "--net", PROGRAM, "run", "-c", settings],
                          capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert "192.0.2.200" in done.stderr and "own" in done.stderr
    assert f"{public}/tale.yaml:" in done.stderr


# Everybody else


def transfer(street, octets):
    """`octets` from north to south, by TCP; how many arrived."""
    listener = street.socket("south", socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("192.0.2.6", 0))
    listener.listen(1)
    received = []

    def receive():
        connection, _ = listener.accept()
        while data := connection.recv(65536):
            received.append(len(data))

    receiver = threading.Thread(target=receive, daemon=True)
    receiver.start()
    client = street.socket("north", socket.AF_INET, socket.SOCK_STREAM)
    client.settimeout(30)
    client.connect(listener.getsockname())
    client.sendall(bytes(octets))
    client.close()
    receiver.join(30)
    return sum(received)


def test_what_is_routed_through_the_site_goes_on_while_it_is_flooded(street, start, north):
    site = start("source_rate: 200")
    over = threading.Event()

    def keep_flooding():
        while not over.is_set():
            flood(north, 1000)

    flooding = threading.Thread(target=keep_flooding)
    flooding.start()
    try:
        wait_until(lambda: sum(site.counts().values()) > 1000, what="the flood")
        assert transfer(street, 5_000_000) == 5_000_000
        for address in ("192.0.2.6", "2001:db8:1::2"):
            said = street.run("north", "ping", "-c20", "-i0.05", "-W5", address)
            assert " 0% packet loss" in said
    finally:
        over.set()
        flooding.join()
    assert site.answered() > 0
