"""Interfaces that go down, get another name or go away while hoptell works on them."""

import contextlib
import json
import signal
import socket
import struct

import pytest

from conftest import own_prefix, public_directory, wait_until
from neighbourhood import Listener, Neighbourhood, Sender, Site, sum16, udp

TARGET = "203.0.113.9"
TALE = f"""
targets: [{TARGET}]
addresses: [198.51.100.16/28]
hops: [one, two, three]
"""
SETTINGS = """
user: nobody
store: none
own: [203.0.113.0/24, 198.51.100.0/24]
visitors: {listen: []}
"""
PORT = 9000
RING = 60000  # more than any ring holds
CHANGES = 3000  # more than a socket's buffer holds


@pytest.fixture
def pair(need_root):
    """north, and the site; each names its interface after the other."""
    made = Neighbourhood(own_prefix("pair"), ("north", "site"))
    try:
        made.link("north", "site", 0)
        made.router("site")
        made.default_route("site", 0, 1)
        made.default_route("north", 0, 2)
        yield made
    finally:
        made.down()


@pytest.fixture
def start(pair):
    with public_directory() as directory:
        running = []

        def start_with(settings):
            with open(f"{directory}/tale.yaml", "w", encoding="utf-8") as file:
                file.write(TALE)
            running.append(Site(pair, "site", directory, SETTINGS + settings))
            return running[0].start(queue="tales" in settings)

        yield start_with
        for site in running:
            site.kill()


def link(pair, *words):
    pair.run("site", "ip", "link", *words)


def call(pair):
    """An opening packet to the site, whoever answers it."""
    with contextlib.suppress(OSError), pair.socket("north", socket.AF_INET) as caller:
        caller.settimeout(1)
        caller.connect(("192.0.2.2", PORT))


def observed(site):
    body = site.get("/metrics")[1]
    return int(body.partition("\nhoptell_observations_total ")[2].split()[0])


def sees_calls(pair, site):
    before = observed(site)
    call(pair)
    return observed(site) > before


def programs(pair):
    found = json.loads(pair.run("site", "ip", "-j", "link"))
    return [entry["ifname"] for entry in found if "xdp" in entry]


@pytest.mark.parametrize("datapath", ["pcap", "xdp"])
def test_an_interface_that_was_down_is_watched_again(pair, start, datapath):
    site = start(f"watch: {{interfaces: [north], datapath: {datapath}}}\n")
    wait_until(lambda: sees_calls(pair, site), what="an opening packet")
    link(pair, "set", "north", "down")
    wait_until(lambda: "watching on north waits" in site.said(), what="word of it")
    link(pair, "set", "north", "up")
    wait_until(lambda: sees_calls(pair, site), what="an opening packet again")
    wait_until(lambda: "watching on north goes on" in site.said(), what="word of that too")
    assert site.get("/readyz")[0] == 200
    assert site.stop() == 0


@pytest.mark.parametrize("datapath", ["pcap", "xdp"])
def test_an_interface_with_another_name_is_the_same(pair, start, datapath):
    site = start(f"watch: {{interfaces: [north], datapath: {datapath}}}\n")
    link(pair, "set", "north", "down")
    link(pair, "set", "north", "name", "south")
    link(pair, "set", "south", "up")
    wait_until(lambda: sees_calls(pair, site), what="an opening packet")
    assert programs(pair) == (["south"] if datapath == "xdp" else [])
    assert site.stop() == 0
    assert programs(pair) == []


@pytest.mark.parametrize("datapath", ["pcap", "xdp"])
def test_an_interface_that_is_gone_is_told(pair, start, datapath):
    site = start(f"watch: {{interfaces: [north], datapath: {datapath}}}\n")
    assert site.get("/readyz")[0] == 200
    link(pair, "del", "north")
    wait_until(lambda: site.get("/readyz")[0] == 503, what="not to be ready")
    wait_until(lambda: "watching on north ends: the interface is gone" in site.said(),
               what="word of it")
    assert site.stop() == 0


def is_answered(pair, sender, listener):
    sender.send(udp(socket.inet_aton("192.0.2.1"), socket.inet_aton(TARGET)))
    return any(packet[12:16] == socket.inet_aton("198.51.100.17") for packet in listener.packets())


def test_a_tale_goes_on_when_its_device_was_down(pair, start):
    site = start("watch: {interfaces: []}\ntales: [tale.yaml]\ntun: {addresses: [192.0.2.129/32]}\n")
    sender, listener = Sender.to(pair, "north", "site"), Listener(pair, "north", "site")
    wait_until(lambda: is_answered(pair, sender, listener), what="an answer")
    link(pair, "set", "hoptell0", "down")
    wait_until(lambda: "hoptell0 is down" in site.said(), what="word of it")
    link(pair, "set", "hoptell0", "up")
    wait_until(lambda: is_answered(pair, sender, listener), what="an answer again")
    wait_until(lambda: "hoptell0 is up again: the tales go on" in site.said(),
               what="word of that too")
    assert site.stop() == 0


def test_a_device_that_is_gone_is_told(pair, start):
    site = start("watch: {interfaces: []}\ntales: [tale.yaml]\n")
    link(pair, "del", "hoptell0")
    wait_until(lambda: site.get("/readyz")[0] == 503, what="not to be ready")
    wait_until(lambda: "hoptell0 is gone: the tales end" in site.said(), what="word of it")
    assert site.stop() == 0


@contextlib.contextmanager
def deaf(pair, site):
    """hoptell is held up while more is told of interfaces than it has room for; and then goes on."""
    site.process.send_signal(signal.SIGSTOP)
    try:
        link(pair, "add", "other", "type", "veth", "peer", "other2")
        pair.run("site", "sh", "-c", f"seq 1000 {1000 + CHANGES} | sed 's/^/link set other mtu /' | "
                                     "ip -batch -")
        link(pair, "del", "other")
        yield
    finally:
        site.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("words, told", [
    (("del", "north"), "watching on north ends: the interface is gone"),
    (("set", "north", "down"), "watching on north waits: the interface is down")])
def test_what_was_told_while_there_was_no_room_is_found_out(pair, start, words, told):
    site = start("watch: {interfaces: [north]}\n")
    with deaf(pair, site):
        link(pair, *words)
    wait_until(lambda: told in site.said(), 20, "word of it")
    assert site.stop() == 0


def test_a_tale_goes_on_when_its_device_was_down_and_nobody_heard_of_it(pair, start):
    site = start("watch: {interfaces: []}\ntales: [tale.yaml]\ntun: {addresses: [192.0.2.129/32]}\n")
    sender, listener = Sender.to(pair, "north", "site"), Listener(pair, "north", "site")
    with deaf(pair, site):
        link(pair, "set", "hoptell0", "down")
        link(pair, "set", "hoptell0", "up")
    wait_until(lambda: is_answered(pair, sender, listener), 20, "an answer")
    for _ in range(3):  # and when nothing was wrong with it
        with deaf(pair, site):
            pass
        wait_until(lambda: is_answered(pair, sender, listener), 20, "an answer")
    assert "found one" not in site.said() and "cannot" not in site.said()
    assert site.stop() == 0


def test_a_tale_that_is_replaced_while_it_is_walked_loses_no_probe(pair, start):
    """Each probe gets the answer of the one tale or of the other."""
    site = start("watch: {interfaces: []}\ntales: [tale.yaml]\n"
                 "limit: {source_rate: 1M, source_burst: 1M, total_rate: 10M, total_burst: 10M}\n")
    sender, listener = Sender.to(pair, "north", "site"), Listener(pair, "north", "site")
    sent = 0

    def is_walked_until_reload(number):
        nonlocal sent
        for _ in range(100):
            sender.send(udp(socket.inet_aton("192.0.2.1"), socket.inet_aton(TARGET)))
            sent += 1
        return site.said().count("are in force") == number

    for number in range(1, 21):
        with open(f"{site.settings.rpartition('/')[0]}/tale.yaml", "w", encoding="utf-8") as file:
            file.write(TALE.replace(".16/28", ".32/28") if number % 2 else TALE)
        site.process.send_signal(signal.SIGHUP)
        wait_until(lambda number=number: is_walked_until_reload(number), what="a reload")
    counts = site.wait_for(sent)
    assert counts["time_exceeded"] == sent
    origins = [socket.inet_ntoa(packet[12:16]) for packet in listener.packets()]
    assert len(origins) == sent
    assert set(origins) == {"198.51.100.17", "198.51.100.33"}
    assert site.stop() == 0


def opening(number):
    """A SYN of the one or the other of many sources."""
    source = (0x0a000001 + number).to_bytes(4, "big")
    header = bytearray(udp(source, socket.inet_aton("192.0.2.2"), hop_limit=60)[:20])
    header[2:4] = (40).to_bytes(2, "big")
    header[9] = socket.IPPROTO_TCP
    header[10:12] = bytes(2)
    header[10:12] = sum16(bytes(header)).to_bytes(2, "big")
    return bytes(header) + struct.pack(">HHIIBBHHH", 40000, PORT, number, 0, 0x50, 2, 64240, 0, 0)


def metric(site, name):
    body = site.get("/metrics")[1]
    return sum(int(line.rpartition(" ")[2]) for line in body.splitlines()
               if line.split("{")[0].split(" ")[0] == name)


@pytest.mark.parametrize("datapath", ["pcap", "xdp"])
def test_what_no_longer_fits_into_the_ring_is_counted(pair, start, datapath):
    """hoptell is held up until the ring has been full for long."""
    site = start(f"watch: {{interfaces: [north], datapath: {datapath}}}\n")
    sender = Sender.to(pair, "north", "site")
    before = observed(site) + metric(site, "hoptell_capture_dropped_total")
    site.process.send_signal(signal.SIGSTOP)
    for number in range(RING):
        sender.send(opening(number))
    site.process.send_signal(signal.SIGCONT)

    def accounted():
        return observed(site) + metric(site, "hoptell_capture_dropped_total") - before

    wait_until(lambda: accounted() >= RING, 30, "each packet to be observed or counted as lost")
    assert accounted() < RING + 10  # the kernel may count one as dropped that it has kept
    assert metric(site, "hoptell_capture_dropped_total") > 0
    wait_until(lambda: sees_calls(pair, site), what="an opening packet")
    assert site.stop() == 0
