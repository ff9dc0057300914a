"""A subscriber by its GTP-U tunnel: both directions of a mobile operator's tap, as a made capture."""

import json
import os
import pathlib
import subprocess

import pytest
from scapy.contrib.gtp import GTP_U_Header
from scapy.layers.inet import IP, TCP, UDP

import captures
from conftest import own_prefix, public_directory, wait_until
from hoptell import PROGRAM
from neighbourhood import Neighbourhood

GATEWAY, RADIO = "10.0.0.2", "10.0.0.1"
UP, DOWN, OTHER = 0x1234, 0x9999, 0x1235
SITE = "198.51.100.1"


def up(client, port, hop_limit, teid=UP):
    """An opening packet on its way to the gateway."""
    inner = IP(captures.opening(client, port, hop_limit))
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
    path = capture(tmp_path / "tap", up("100.64.0.99", 6000, 63))
    assert "below_subscriber" in signals(path, "--subscriber", "tunnel")
    assert "below_subscriber" not in signals(path)
    assert "below_subscriber" not in signals(path, "--subscriber", "address")


def test_another_tunnel_is_another_line_though_the_address_is_the_same(tmp_path):
    path = capture(tmp_path / "tap", up("100.64.0.7", 6000, 63, OTHER))
    assert "below_subscriber" not in signals(path, "--subscriber", "tunnel")
    assert "below_subscriber" in signals(path)


def test_without_a_tunnel_it_is_the_address(tmp_path):
    packets = [captures.opening(f"100.64.0.{i}", 4000, 64) for i in range(20, 80)]
    packets += [captures.opening("100.64.0.7", 5000 + i, 64 - i // 12) for i in range(13)]
    path = tmp_path / "tap"
    path.write_bytes(captures.pcap(captures.ETHERNET, [captures.frame(captures.ETHERNET, packet)
                                                       for packet in packets]))
    assert "below_subscriber" in signals(path, "--subscriber", "tunnel")


SETTINGS = """
store: "sqlite:{folder}/store.db"
watch: {{interfaces: [tap1], tunnels: true, subscriber: tunnel}}
visitors: {{listen: ["127.0.0.1:8080"]}}
operators: {{listen: ["127.0.0.1:8081"]}}
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


def seen(place, name):
    """How often, as the running daemon says; None where it knows nothing."""
    done = on(place, PROGRAM, "subscribers", "-f", "json", "-c", f"{place.folder}/hoptell.yaml", name)
    if done.returncode == 1:
        return None
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["subscriber"] == name
    return found["baseline"]["seen"] if found["baseline"] else None


@pytest.fixture(name="tapped")
def tapped_fixture(need_root):
    """hoptell at a tap of a mobile operator."""
    with public_directory() as folder:
        os.chmod(folder, 0o777)
        place = Neighbourhood(own_prefix("tunnel"), ["site"])
        place.folder = folder
        process = None
        try:
            place.run("site", "ip", "link", "add", "tap0", "type", "veth", "peer", "name", "tap1")
            for end in ("tap0", "tap1"):
                place.run("site", "ip", "link", "set", end, "up")
            pathlib.Path(folder, "hoptell.yaml").write_text(
                SETTINGS.format(folder=folder) + "user: nobody\n", encoding="ascii")
            with open(f"{folder}/log", "w", encoding="utf-8") as log:
                process = place.start("site", PROGRAM, "run", "-c", f"{folder}/hoptell.yaml",
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            wait_until(lambda: "Ctrl-C ends it" in pathlib.Path(folder, "log").read_text(encoding="utf-8"), 30,
                       "hoptell to watch")
            yield place
        finally:
            if process:
                process.terminate()
                process.wait(30)
            place.down()


def test_a_tunnel_s_baseline_is_shown_and_forgotten_by_its_name(tapped):
    name, other = f"teid:{UP:#x}@{GATEWAY}", f"teid:{OTHER}@{GATEWAY}"
    packets = [up("100.64.0.7", port, 64) for port in range(5000, 5004)] + [up("100.64.0.8", 5000, 64, OTHER)]
    frames = "".join(captures.frame(captures.ETHERNET, packet).hex() + "\n" for packet in packets)
    assert on(tapped, "/usr/bin/python3", "-c", SEND, text=frames).returncode == 0
    wait_until(lambda: (seen(tapped, name), seen(tapped, other)) == (4, 1), 30, "the packets to be seen")
    assert seen(tapped, "teid:1@10.0.0.2") is None
    done = on(tapped, PROGRAM, "subscribers", "--forget", "-c", f"{tapped.folder}/hoptell.yaml", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (seen(tapped, name), seen(tapped, other)) == (None, 1)


@pytest.mark.parametrize("name", ["teid:@10.0.0.2", "teid:0x@10.0.0.2", "teid:4294967296@10.0.0.2", "teid:1",
                                  "teid:1@", "teid:1@host", "tunnel"])
def test_what_names_no_tunnel_is_refused(name):
    done = subprocess.run([PROGRAM, "subscribers", name], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert f"or teid:IDENTIFIER@ENDPOINT of a GTP-U tunnel, found '{name}'" in done.stderr
