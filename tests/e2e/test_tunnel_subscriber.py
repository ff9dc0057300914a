"""A subscriber by its GTP-U tunnel: both directions of a mobile operator's tap, as a made capture."""

import json
import os
import pathlib
import subprocess

from scapy.contrib.gtp import GTP_U_Header
from scapy.layers.inet import IP, TCP, UDP

import captures

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOPTELL = os.environ.get("HOPTELL", str(ROOT / "build" / "hoptell"))
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
    done = subprocess.run([HOPTELL, "read", "-f", "json", *options, path], capture_output=True,
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
