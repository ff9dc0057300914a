"""Hosts in network namespaces of their own, and raw packets from any of them: for tests in which
somebody is not a good neighbour."""

import ctypes
import json
import os
import re
import socket
import struct
import subprocess

from conftest import LabInUse, wait_until
from hoptell import Hoptell

ANSWERED = ("time_exceeded", "refused", "too_big", "end_replied", "end_unreachable", "end_reset")
PASSED = ("not_target", "not_ip", "end_passed")
CLONE_NEWNET = 0x40000000
SO_RCVBUFFORCE = 33
ROOM = 1 << 28  # for answers that wait to be counted
QUEUE = 50000  # of the TUN device: so much may wait for a thread that the machine keeps waiting

SETTINGS = """
user: nobody
store: none
watch: {interfaces: []}
visitors: {listen: []}
own: [203.0.113.0/24, 198.51.100.0/24, "2001:db8:42::/48", "2001:db8:43::/48"]
"""


class Neighbourhood(LabInUse):
    """Hosts, and the links between them; a host's interface is named after who is at its other end."""

    def __init__(self, prefix, hosts):
        super().__init__(prefix)
        self.hosts = hosts
        self.down()
        for host in hosts:
            self.ip("netns", "add", self.namespace(host))
            self.run(host, "ip", "link", "set", "lo", "up")

    @staticmethod
    def ip(*words, check=True):
        subprocess.run(["ip", *words], check=check, capture_output=True)

    def down(self):
        for host in self.hosts:
            self.ip("netns", "del", self.namespace(host), check=False)

    def link(self, left, right, network):
        """`network` is the number of a /30 of 192.0.2.0/24, and of a /64."""
        self.ip("link", "add", right, "netns", self.namespace(left), "type", "veth", "peer", left,
                "netns", self.namespace(right))
        for number, (host, device) in enumerate(((left, right), (right, left)), start=1):
            self.run(host, "ip", "addr", "add", f"192.0.2.{4 * network + number}/30", "dev", device)
            self.run(host, "ip", "addr", "add", f"2001:db8:{network}::{number}/64", "dev", device,
                     "nodad")
            self.run(host, "ip", "link", "set", device, "up")

    def default_route(self, host, network, number):
        self.run(host, "ip", "route", "add", "default", "via", f"192.0.2.{4 * network + number}")
        self.run(host, "ip", "-6", "route", "add", "default", "via",
                 f"2001:db8:{network}::{number}")

    def router(self, host):
        """It passes on whatever comes, from whomever it says to be."""
        for name in ("ipv4.ip_forward", "ipv6.conf.all.forwarding"):
            self.run(host, "sysctl", "-qw", f"net.{name}=1")
        for device in self.links(host):
            self.run(host, "sysctl", "-qw", f"net.ipv4.conf.{device}.rp_filter=0")
        self.run(host, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")

    def links(self, host):
        """{name: what `ip -s link` says}"""
        found = json.loads(self.run(host, "ip", "-j", "-s", "link"))
        return {link["ifname"]: link for link in found}

    def socket(self, host, *kind):
        """A socket that is on `host`."""
        libc = ctypes.CDLL(None, use_errno=True)
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.namespace(host)}", os.O_RDONLY)
        try:
            assert libc.setns(there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            return socket.socket(*kind)
        finally:
            assert libc.setns(here, CLONE_NEWNET) == 0
            os.close(here)
            os.close(there)


class Sender:
    """Puts IP packets on the wire between two hosts, or into a TUN device, as they are."""

    def __init__(self, neighbourhood, host, device, mac=None):
        self.device = device
        self.mac = mac
        self.out = neighbourhood.socket(host, socket.AF_PACKET, socket.SOCK_DGRAM)

    @classmethod
    def to(cls, neighbourhood, host, neighbour):
        mac = neighbourhood.links(neighbour)[host]["address"]
        return cls(neighbourhood, host, neighbour, bytes.fromhex(mac.replace(":", "")))

    def send(self, packet):
        packet = bytes(packet)
        protocol = 0x86dd if packet[0] >> 4 == 6 else 0x0800
        address = (self.device, protocol, 0, 0, self.mac) if self.mac else (self.device, protocol)
        self.out.sendto(packet, address)


def is_housekeeping(packet, protocol):
    """ARP, neighbour discovery, and who listens to which group."""
    if protocol != 0x86dd:
        return protocol != 0x0800
    return packet[6] == 0 or (packet[6] == 58 and (133 <= packet[40] <= 137))


class Listener:
    """What arrives at a host from a neighbour."""

    def __init__(self, neighbourhood, host, device):
        self.at = neighbourhood.socket(host, socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.at.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        self.at.bind((device, 3))
        self.at.setblocking(False)

    def packets(self):
        """All IP packets that have arrived but housekeeping, and nothing that the host has sent."""
        found = []
        while True:
            try:
                packet, (_, protocol, kind, *_) = self.at.recvfrom(65535)
            except BlockingIOError:
                return found
            if kind != socket.PACKET_OUTGOING and not is_housekeeping(packet, protocol):
                found.append(packet)


class Site(Hoptell):
    """hoptell on any host of a neighbourhood, and its counts."""

    def __init__(self, neighbourhood, host, directory, settings):
        self.host = host
        super().__init__(OneHost(neighbourhood, host), directory, settings)

    def start(self, ready=True, queue=True):
        super().start(ready)
        if queue:
            self.lab.run("site", "ip", "link", "set", "hoptell0", "txqueuelen", str(QUEUE))
        return self

    def counts(self):
        """{reason: probes}, of those that were to a target."""
        body = self.get("/metrics")[1]
        found = re.findall(r'^hoptell_probes_total\{reason="(\w+)"\} (\d+)$', body, re.M)
        return {reason: int(count) for reason, count in found if reason not in PASSED}

    def answered(self):
        return sum(count for reason, count in self.counts().items() if reason in ANSWERED)

    def wait_for(self, probes):
        """The counts, when there are as many as `probes`: none may be lost, none counted twice."""
        wait_until(lambda: sum(self.counts().values()) >= probes, 30, f"{probes} counted probes")
        counts = self.counts()
        assert sum(counts.values()) == probes
        return counts


class OneHost:
    """A neighbourhood as Hoptell sees a lab: where it says "site", it is this host."""

    def __init__(self, neighbourhood, host):
        self.neighbourhood = neighbourhood
        self.host = host

    def words(self, _, *command):
        return self.neighbourhood.words(self.host, *command)

    def run(self, _, *command, **options):
        return self.neighbourhood.run(self.host, *command, **options)

    def start(self, _, *command, **options):
        return self.neighbourhood.start(self.host, *command, **options)


def sum16(octets):
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def udp(source, target, hop_limit=2, port=33434):
    """An IPv4 probe without an UDP checksum; quicker to make than scapy's."""
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 60, 1, 0, hop_limit, 17, 0, source, target)
    head = head[:10] + struct.pack(">H", sum16(head)) + head[12:]
    return head + struct.pack(">HHHH", 40000, port, 40, 0) + bytes(32)
