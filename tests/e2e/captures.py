"""Captures for tests: the same opening packets in every kind of file that hoptell reads."""

import struct

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6

START = 1_700_000_000  # seconds since 1970, UTC

ETHERNET, LOOPBACK, OPENBSD_RAW, RAW, OPENBSD_LOOPBACK = 1, 0, 14, 101, 108
COOKED, IPV4, IPV6, COOKED2, RADIO = 113, 228, 229, 276, 127

TYPES = {4: 0x0800, 6: 0x86DD}
FAMILIES = {4: 2, 6: 10}


PHONE, GUEST = 1, 1_000_000_000  # TCP clocks, by which two devices are told apart


def opening(client="203.0.113.7", port=40001, hop_limit=51, server="198.51.100.1", clock=PHONE):
    """A TCP SYN as a phone sends it, as the octets of its IP packet."""
    tcp = TCP(sport=port, dport=443, flags="S", window=65535,
              options=[("MSS", 1460), ("SAckOK", b""), ("Timestamp", (clock, 0)), ("NOP", None),
                       ("WScale", 8)])
    if ":" in client:
        return bytes(IPv6(src=client, dst=server, hlim=hop_limit) / tcp)
    return bytes(IP(src=client, dst=server, ttl=hop_limit, flags="DF") / tcp)


def frame(link, packet, tags=()):
    """`packet` in a frame of link type `link`; `tags` are the ethertypes of VLAN tags before it."""
    version = packet[0] >> 4
    types = [*tags, TYPES[version]]
    tail = b"".join(struct.pack("!HH", 7, t) for t in types[1:])
    if link == ETHERNET:
        return bytes(12) + struct.pack("!H", types[0]) + tail + packet
    if link == COOKED:
        return struct.pack("!HHH8xH", 0, 1, 6, types[0]) + tail + packet
    if link == COOKED2:
        return struct.pack("!HHIHBB8x", types[0], 0, 1, 1, 0, 6) + tail + packet
    if link == LOOPBACK:
        return struct.pack("<I", FAMILIES[version]) + packet
    if link == OPENBSD_LOOPBACK:
        return struct.pack("!I", FAMILIES[version]) + packet
    return packet


def pcap(link, frames, order="<", nanoseconds=False):
    """A pcap file; the frames come a quarter of a second apart."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    fraction = 250_000_000 if nanoseconds else 250_000
    octets = bytearray(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link))
    for i, one in enumerate(frames):
        octets += struct.pack(order + "IIII", START + i // 4, i % 4 * fraction, len(one), len(one))
        octets += one
    return bytes(octets)


def block(kind, body):
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def pcapng(links, frames):
    """A pcapng file with an interface for each of `links`; frames are (interface, octets)."""
    octets = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    for link in links:
        octets += block(1, struct.pack("<HHI", link, 0, 65535))
    for i, (interface, one) in enumerate(frames):
        time = START * 1_000_000 + i * 250_000
        octets += block(6, struct.pack("<IIIII", interface, time >> 32, time & 0xFFFFFFFF, len(one),
                                       len(one)) + one)
    return octets
