"""A subscriber by its GTP-U tunnel: both directions of a mobile operator's tap, as a made capture."""

import json
import os
import pathlib
import re
import subprocess

import pytest
from scapy.contrib.gtp import GTP_U_Header
from scapy.layers.inet import IP, TCP, UDP

import captures
import mariadb
from conftest import own_prefix, public_directory, wait_until
from hoptell import PROGRAM
from neighbourhood import Neighbourhood

GATEWAY, RADIO = "10.0.0.2", "10.0.0.1"
UP, DOWN, OTHER = 0x1234, 0x9999, 0x1235
SITE = "198.51.100.1"


def up(client, port, hop_limit, teid=UP, clock=captures.PHONE):
    """An opening packet on its way to the gateway."""
    inner = IP(captures.opening(client, port, hop_limit, clock=clock))
    return bytes(IP(src=RADIO, dst=GATEWAY) / UDP(dport=2152) / GTP_U_Header(teid=teid) / inner)


def down(client, port):
    """The answer to it, in the tunnel of the other direction."""
    inner = IP(src=SITE, dst=client, ttl=50) / TCP(sport=443, dport=port, flags="SA")
    return bytes(IP(src=GATEWAY, dst=RADIO) / UDP(dport=2152) / GTP_U_Header(teid=DOWN) / inner)


def signals(path, *options):
    """Of the newest opening packet."""
    done = subprocess.run([PROGRAM, "read", "-f", "json", *options, path], capture_output=True,
                          text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(one["server"]["address"] == SITE for one in found)  # no answer is taken for one
    return {evidence["signal"] for evidence in found[-1]["evidence"]}


def capture(path, newest):
    """A line with an address of its own, then `newest` from the next address that it gets."""
    packets = [up(f"100.64.0.{i}", 4000, 64, 0x2000 + i) for i in range(20, 80)]  # of others
    for port in range(5000, 5012):
        packets += [up("100.64.0.7", port, 64), down("100.64.0.7", port)]
    frames = [captures.frame(captures.ETHERNET, packet) for packet in [*packets, newest]]
    path.write_bytes(captures.pcap(captures.ETHERNET, frames))
    return path


def test_a_line_is_known_by_its_tunnel_when_its_address_changes(tmp_path):
    path = capture(tmp_path / "tap", up("100.64.0.99", 6000, 63, clock=captures.GUEST))
    assert "below_subscriber" in signals(path, "--subscriber", "tunnel")
    assert "below_subscriber" not in signals(path)
    assert "below_subscriber" not in signals(path, "--subscriber", "address")


def test_another_tunnel_is_another_line_though_the_address_is_the_same(tmp_path):
    path = capture(tmp_path / "tap", up("100.64.0.7", 6000, 63, OTHER, captures.GUEST))
    assert "below_subscriber" not in signals(path, "--subscriber", "tunnel")
    assert "below_subscriber" in signals(path)


def test_each_opening_packet_says_in_which_tunnel_it_came(tmp_path):
    path = tmp_path / "tap"
    path.write_bytes(captures.pcap(captures.RAW, [up("100.64.0.7", 5000, 64), up("100.64.0.7", 5000, 63, OTHER),
                                                  captures.opening("100.64.0.7", 5001)]))
    done = subprocess.run([PROGRAM, "read", "-f", "json", "--subscriber", "tunnel", path], capture_output=True,
                          text=True, check=False, timeout=30)
    assert [json.loads(line).get("subscriber") for line in done.stdout.splitlines()] == [
        f"teid:{UP:#x}@{GATEWAY}", f"teid:{OTHER:#x}@{GATEWAY}", None]
    done = subprocess.run([PROGRAM, "read", "--subscriber", "tunnel", path], capture_output=True, text=True,
                          check=False, timeout=30)
    assert [line.split() for line in done.stdout.splitlines() if " in teid" in line] == [
        ["in", f"teid:{UP:#x}@{GATEWAY}"], ["in", f"teid:{OTHER:#x}@{GATEWAY}"]]


def test_without_a_tunnel_it_is_the_address(tmp_path):
    packets = [captures.opening(f"100.64.0.{i}", 4000, 64) for i in range(20, 80)]
    packets += [captures.opening("100.64.0.7", 5000 + i, 64) for i in range(12)]
    packets.append(captures.opening("100.64.0.7", 6000, 63, clock=captures.GUEST))
    path = tmp_path / "tap"
    path.write_bytes(captures.pcap(captures.ETHERNET, [captures.frame(captures.ETHERNET, packet)
                                                       for packet in packets]))
    assert "below_subscriber" in signals(path, "--subscriber", "tunnel")


SETTINGS = """
watch: {interfaces: [tap1], tunnels: true, subscriber: tunnel}
visitors: {listen: ["127.0.0.1:8080"]}
operators: {listen: ["127.0.0.1:8081"]}
"""

# Sends each frame, a line of hexadecimal digits, on the other end of the tap.
SEND = """
import socket, sys
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
tap.bind(("tap0", 0))
for line in sys.stdin:
    tap.send(bytes.fromhex(line))
"""


def on(place, *words, text=None):
    return subprocess.run(place.words("site", *words), input=text, text=True, capture_output=True, check=False,
                          timeout=60)


class Tap:
    """hoptell at a tap of a mobile operator."""

    def __init__(self, place):
        self.place = place
        self.process = None
        self.log = pathlib.Path(place.folder, "log")

    def __enter__(self):
        self.place.run("site", "ip", "link", "add", "tap0", "type", "veth", "peer", "name", "tap1")
        for end in ("tap0", "tap1"):
            self.place.run("site", "ip", "link", "set", end, "up")
        return self

    def __exit__(self, *_):
        self.stop()
        self.place.down()

    def start(self, settings="", store="sqlite:{folder}/store.db"):
        folder = self.place.folder
        pathlib.Path(folder, "word").write_text(mariadb.PASSWORD, encoding="ascii")
        pathlib.Path(folder, "hoptell.yaml").write_text(
            SETTINGS + f'user: nobody\nstore: "{store.format(folder=folder)}"\n'
            f'store_password_file: {folder}/word\nspool: {{path: {folder}/spool}}\n{settings}', encoding="ascii")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = self.place.start("site", PROGRAM, "run", "-c", f"{folder}/hoptell.yaml",
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: "Ctrl-C ends it" in self.log.read_text(encoding="utf-8"), 30, "hoptell to watch")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)

    def send(self, *packets):
        frames = "".join(captures.frame(captures.ETHERNET, packet).hex() + "\n" for packet in packets)
        assert on(self.place, "/usr/bin/python3", "-c", SEND, text=frames).returncode == 0

    def words(self, command, *words):
        return [PROGRAM, command, "-c", f"{self.place.folder}/hoptell.yaml", "-f", "json", *words]

    def asked(self, command, *words):
        """What the daemon answers; None where it knows nothing."""
        done = on(self.place, *self.words(command, *words))
        if done.returncode == 1:
            return None
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def seen(self, name):
        """How often, as the running daemon says; None where it knows nothing."""
        found = self.asked("subscribers", name)
        if found is None:
            return None
        assert found["subscriber"] == name
        return found["baseline"]["seen"] if found["baseline"] else None

    def forget(self, name):
        done = on(self.place, PROGRAM, "subscribers", "--forget", "-c", f"{self.place.folder}/hoptell.yaml", name)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture(name="tap")
def tap_fixture(need_root):
    with public_directory() as folder:
        os.chmod(folder, 0o777)
        place = Neighbourhood(own_prefix("tunnel"), ["site"])
        place.folder = folder
        with Tap(place) as tap:
            yield tap


def test_a_tunnel_s_baseline_is_shown_and_forgotten_by_its_name(tap):
    name, other = f"teid:{UP:#x}@{GATEWAY}", f"teid:{OTHER}@{GATEWAY}"
    tap.start()
    tap.send(*[up("100.64.0.7", port, 64) for port in range(5000, 5004)], up("100.64.0.8", 5000, 64, OTHER))
    wait_until(lambda: (tap.seen(name), tap.seen(other)) == (4, 1), 30, "the packets to be seen")
    assert tap.seen("teid:1@10.0.0.2") is None
    assert tap.asked("lookup", "100.64.0.7", "5001")["subscriber"] == name
    tap.forget(name)
    assert (tap.seen(name), tap.seen(other)) == (None, 1)
    assert tap.asked("lookup", "100.64.0.7", "5001") is None  # not by its address either
    assert tap.asked("lookup", "100.64.0.8", "5000")["subscriber"] == f"teid:{OTHER:#x}@{GATEWAY}"


def flow(source, destination, ports, hop_limit):
    """A packet of a connection that goes on; its checksum is one of those that a live tap looks at."""
    for window in range(1, 65536):
        inner = bytes(IP(src=source, dst=destination, ttl=hop_limit) / TCP(sport=ports[0], dport=ports[1], flags="A",
                                                                           window=window))
        if inner[37] & 0x3F == 0:
            return inner
    raise AssertionError("no checksum ends with six zeros")


def known_hop_limits(tap, name):
    found = tap.asked("subscribers", name)
    return {} if found is None else {one["hop_limit"]: one["count"] for one in found["baseline"]["hop_limits"]}


def test_packets_of_a_connection_that_goes_on_add_to_the_subscriber_s_own_hop_limits(tap):
    """Those of its client alone: a tap has both directions."""
    client, ports = "203.0.113.7", (5000, 443)
    tap.start()
    tap.send(captures.opening(client, 5000, 64))
    wait_until(lambda: known_hop_limits(tap, client) == {64: 1}, 30, "the opening packet to be seen")
    tap.send(*3 * [flow(client, SITE, ports, 64), flow(SITE, client, ports[::-1], 50),
                   flow(client, SITE, (5001, 443), 57), flow(client, SITE, ports, 63)])
    wait_until(lambda: known_hop_limits(tap, client) == {64: 1, 63: 1}, 30, "a packet of the connection to be seen")
    assert tap.asked("subscribers", SITE) is None


def test_a_capture_s_packets_of_connections_that_go_on_are_learnt_from(tmp_path):
    """The line's own share of 64 is told with the packet that comes with 63."""
    path = tmp_path / "tap"
    opened = [captures.opening("100.64.0.7", 5000 + i, 64) for i in range(9)]
    newest = captures.opening("100.64.0.7", 6000, 63, clock=captures.GUEST)

    def said(*packets):
        others = [captures.opening(f"100.64.0.{i}", 4000, 64) for i in range(20, 80)]
        path.write_bytes(captures.pcap(captures.RAW, [*others, *opened, *packets, newest]))
        done = subprocess.run([PROGRAM, "read", path], capture_output=True, text=True, check=False, timeout=30)
        return re.search(r"; (\d+) % of this subscriber arrives with 64", done.stdout).group(1)

    def packet(source, destination, ports):
        return bytes(IP(src=source, dst=destination, ttl=63) / TCP(sport=ports[0], dport=ports[1], flags="A"))

    assert said() == "100"
    assert said(*[packet(SITE, "100.64.0.7", (443, 5000))] * 9) == "100"
    assert said(*[packet("100.64.0.7", SITE, (5000, 443))] * 9) == "90"


def hop_limits(answer):
    return [one["hop_limit"] for one in answer["timeline"]]


def connections(answer):
    assert answer["stored"]
    return sum(episode["connections"] for episode in answer["episodes"])


@pytest.fixture(name="store", scope="module", params=["sqlite", "mariadb"])
def store_fixture(request, need_root):
    """Where the daemon keeps what it sees; a socket is in every network namespace."""
    if request.param == "sqlite":
        yield "sqlite:{folder}/store.db"
        return
    with public_directory() as folder:
        os.chmod(folder, 0o777)
        server = mariadb.Server(folder)
        try:
            server.start()
            server.make_anew()
            yield f"mariadb://hoptell@localhost/hoptell?socket={server.socket}"
        finally:
            server.kill()


def test_tunnels_with_one_private_address_are_kept_apart(tap, store):
    """Two access points give the same address to two subscribers, who happen to use the same port."""
    names = {teid: f"teid:{teid:#x}@{GATEWAY}" for teid in (UP, OTHER)}
    tap.start(store=store)
    tap.send(up("100.64.0.7", 5000, 64), up("100.64.0.7", 5000, 57, OTHER), up("100.64.0.7", 5001, 57, OTHER))
    wait_until(lambda: tap.seen(names[OTHER]) == 2, 30, "the packets to be seen")
    for teid, hop_limit in ((UP, 64), (OTHER, 57)):
        found = tap.asked("lookup", names[teid], "5000")
        assert (found["subscriber"], found["address"], found["hop_limit"]) == (names[teid], "100.64.0.7", hop_limit)
    assert tap.asked("lookup", names[UP], "5001") is None
    assert tap.asked("lookup", "100.64.0.7", "5000")["subscriber"] == names[OTHER]  # the newest
    listed = tap.asked("subscribers")["subscribers"]
    assert [(one["subscriber"], one["hop_limit"], one["baseline"]["seen"]) for one in listed] == [
        (names[OTHER], 57, 2), (names[UP], 64, 1)]
    assert hop_limits(tap.asked("subscribers", names[UP])) == [64]
    assert hop_limits(tap.asked("subscribers", names[OTHER])) == [57, 57]
    assert hop_limits(tap.asked("subscribers", "100.64.0.7")) == [57, 57, 64]

    with tap.place.start("site", *tap.words("lookup", names[UP], "5009", "--wait", "10000"),
                         stdout=subprocess.PIPE, text=True) as waiting:
        def sent():
            tap.send(up("100.64.0.7", 5009, 57, OTHER), up("100.64.0.7", 5009, 64))
            return waiting.poll() is not None
        wait_until(sent, 10, "the lookup to end")
        assert json.loads(waiting.stdout.read())["subscriber"] == names[UP]

    tap.stop()
    tap.start(store=store)  # from here on it is the store that knows
    before = {teid: connections(tap.asked("subscribers", names[teid])) for teid in (UP, OTHER)}
    assert before[UP] >= 2 and before[OTHER] >= 3
    assert connections(tap.asked("subscribers", "100.64.0.7")) == before[UP] + before[OTHER]
    tap.forget(names[UP])
    assert tap.asked("subscribers", names[UP]) is None
    assert connections(tap.asked("subscribers", names[OTHER])) == before[OTHER]
    assert connections(tap.asked("subscribers", "100.64.0.7")) == before[OTHER]


def test_a_store_of_hidden_addresses_hides_tunnels_too(tap):
    name, settings = f"teid:{UP:#x}@{GATEWAY}", "store_addresses: hashed\n"
    tap.start(settings)
    tap.send(up("100.64.0.7", 5000, 64), up("100.64.0.7", 5000, 57, OTHER))
    wait_until(lambda: tap.seen(name) == 1, 30, "the packet to be seen")
    tap.stop()
    rows = subprocess.run(["sqlite3", f"{tap.place.folder}/store.db",
                           "SELECT o.subscriber, b.subscriber FROM observation AS o LEFT JOIN baseline AS b"
                           " ON b.prefix = o.subscriber"], capture_output=True, text=True, check=True).stdout.split()
    assert len(set(rows)) == 2 and all(re.fullmatch(r"1[0-9a-f]{2}:.*::/64\|1", row) for row in rows), rows
    tap.start(settings)
    assert connections(tap.asked("subscribers", name)) == 1
    tap.forget(name)
    assert tap.asked("subscribers", name) is None


@pytest.mark.parametrize("name", ["teid:@10.0.0.2", "teid:0x@10.0.0.2", "teid:4294967296@10.0.0.2", "teid:1",
                                  "teid:1@", "teid:1@host", "tunnel"])
def test_what_names_no_tunnel_is_refused(name):
    done = subprocess.run([PROGRAM, "subscribers", name], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert f"or teid:IDENTIFIER@ENDPOINT of a GTP-U tunnel, found '{name}'" in done.stderr
