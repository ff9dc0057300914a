"""
Traceroutes of systems for which no client is at hand: Windows' tracert and the traceroute of the
BSDs and macOS, by probes made as their manuals and sources describe. An answer counts only where
the client would have known it for its own: by what the quote or the reply holds of the probe.
"""

import struct
import subprocess

import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPerror
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                                ICMPv6TimeExceeded, IPerror6, IPv6)
from scapy.packet import Raw

from captures import RAW, pcap
from hoptell import PROGRAM

VISITOR = {4: "192.0.2.77", 6: "2001:db8:99::77"}
TARGET = {4: "203.0.113.9", 6: "2001:db8:42::9"}
HOPS = {4: ["198.51.100.17", "198.51.100.18", "198.51.100.19"],
        6: ["2001:db8:43::1", "2001:db8:43::2", "2001:db8:43::3"]}
TALE = """\
targets: [203.0.113.9, "2001:db8:42::9"]
addresses: [198.51.100.16/28, "2001:db8:43::/64"]
hops: [one, two, three]
"""
PROBES_A_HOP = 3


def ip(family, hop_limit):
    if family == 4:
        return IP(src=VISITOR[4], dst=TARGET[4], ttl=hop_limit, id=0x4000 + hop_limit)
    return IPv6(src=VISITOR[6], dst=TARGET[6], hlim=hop_limit)


def echo(family, hop_limit, number, identifier, data):
    kind = ICMP(id=identifier, seq=number) if family == 4 else \
        ICMPv6EchoRequest(id=identifier, seq=number)
    return ip(family, hop_limit) / kind / Raw(data)


def tracert(family, hop_limit, number):
    """Windows: echo requests with 64 octets of zeros, one identifier, the sequence counts on."""
    return echo(family, hop_limit, number, 1, bytes(64))


def bsd_icmp(family, hop_limit, number):
    """traceroute -I: the process number as identifier."""
    return echo(family, hop_limit, number, 0x8F31, bytes(12))


def bsd_udp(family, hop_limit, number):
    """The default: the process number with its first bit set as source, ports count from 33435."""
    return ip(family, hop_limit) / UDP(sport=0x8F31, dport=33434 + number) / Raw(bytes(12))


CLIENTS = {"tracert": tracert, "bsd -I": bsd_icmp, "bsd": bsd_udp}


def quoted(answer, family):
    """What an ICMP error quotes from the probe's protocol header on; None for no such error."""
    if family == 4 and IPerror in answer:
        return bytes(answer[IPerror].payload)
    if family == 6 and IPerror6 in answer:
        return bytes(answer[IPerror6].payload)
    return None


def kind_of(answer, family):
    """time, unreachable or reply"""
    if family == 4:
        return {11: "time", 3: "unreachable", 0: "reply"}[answer[ICMP].type]
    for layer, kind in ((ICMPv6TimeExceeded, "time"), (ICMPv6DestUnreach, "unreachable"),
                        (ICMPv6EchoReply, "reply")):
        if layer in answer:
            return kind
    raise AssertionError(answer.summary())


def is_for(answer, probe, family):
    """As the clients do: ports of a datagram, identifier and sequence of an echo."""
    quote = quoted(answer, family)
    sent = bytes(probe.payload)
    if quote is None:
        reply = bytes(answer.payload)
        return reply[4:] == sent[4:]
    return quote[:4] == sent[:4] if UDP in probe else quote[4:8] == sent[4:8]


def packets_of(path):
    """The packets of a capture without link headers; its numbers are little-endian."""
    octets, at = path.read_bytes(), 24
    while at < len(octets):
        length = struct.unpack_from("<I", octets, at + 8)[0]
        yield octets[at + 16:at + 16 + length]
        at += 16 + length


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("client", CLIENTS)
def test_every_hop_and_the_end_are_known_for_its_own(tmp_path, client, family):
    make, probes = CLIENTS[client], []
    for hop_limit in range(1, len(HOPS[family]) + 2):
        for _ in range(PROBES_A_HOP):
            probes.append(make(family, hop_limit, len(probes) + 1))
    (tmp_path / "tale.yaml").write_text(TALE)
    (tmp_path / "in.pcap").write_bytes(pcap(RAW, [bytes(probe) for probe in probes]))
    subprocess.run([PROGRAM, "tale", "answer", "tale.yaml", "in.pcap", "out.pcap"], check=True,
                   cwd=tmp_path, timeout=30)
    answers = [(IP if family == 4 else IPv6)(octets)
               for octets in packets_of(tmp_path / "out.pcap")]

    assert len(answers) == len(probes)
    end = "unreachable" if client == "bsd" else "reply"
    for number, (probe, answer) in enumerate(zip(probes, answers)):
        hop = number // PROBES_A_HOP
        expected = (HOPS[family] + [TARGET[family]])[hop]
        assert (answer.src, answer.dst) == (expected, VISITOR[family])
        assert kind_of(answer, family) == ("time" if hop < len(HOPS[family]) else end)
        assert is_for(answer, probe, family)
        assert not any(is_for(answer, other, family) for other in probes if other is not probe)
