"""docs/answers.md, row by row: each probe through `hoptell tale answer`, each answer octet for octet.

The expected packets are scapy's and this file's own, checksums included.
"""

import json
import pathlib
import re
import socket
import struct
import subprocess

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption, IPOption_LSRR, IPOption_RR
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_Redirect, IPv6
from scapy.packet import Raw

from captures import RAW, pcap
from hoptell import PROGRAM

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "answers.md").read_text()

VISITOR = {4: "192.0.2.77", 6: "2001:db8:99::77"}
TARGET = {4: "203.0.113.9", 6: "2001:db8:42::9"}
HOPS = {4: ["198.51.100.1", "198.51.100.2"], 6: ["2001:db8:43::1", "2001:db8:43::2"]}
BASE, LENGTH, ID = 64, 2, 0x1234
PROTOCOL = {"icmp": {4: 1, 6: 58}, "sctp": 132, "dccp": 33, "udplite": 136, "gre": 47}
DATA = b"0123456789"


def checksum(octets):
    octets += bytes(len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def pseudo(source, destination, length, protocol):
    return packed(source) + packed(destination) + struct.pack("!II", length, protocol)


def crc32c(octets):
    crc = 0xFFFFFFFF
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


# Probes. Each builder takes the family and the hop limit; it returns octets, or None for a family
# that has no such packet.


def ip(family, k, protocol=None, source=None, destination=None, **fields):
    source, destination = source or VISITOR[family], destination or TARGET[family]
    if family == 4:
        fields |= {} if protocol is None else {"proto": protocol}
        return IP(src=source, dst=destination, ttl=k, id=ID, **fields)
    fields |= {} if protocol is None else {"nh": protocol}
    return IPv6(src=source, dst=destination, hlim=k, fl=0x12345, **fields)


def carrying(body, protocol, **fields):
    """A payload that is octets already."""
    def build(family, k):
        number = protocol[family] if isinstance(protocol, dict) else protocol
        return bytes(ip(family, k, number, **fields) / Raw(body))
    return build


def layered(layer, **fields):
    """A payload that scapy builds."""
    return lambda family, k: bytes(ip(family, k, **fields) / layer)


def echo(data, **fields):
    def build(family, k):
        if family == 4:
            return bytes(ip(4, k) / ICMP(id=7, seq=9, **fields) / Raw(data))
        fields6 = {"cksum": v for v in fields.values()}
        return bytes(ip(6, k) / ICMPv6EchoRequest(id=7, seq=9, data=data, **fields6))
    return build


def udp_body(family, k=1):
    """A UDP datagram whose checksum is right for the visitor and the target."""
    plain = bytes(ip(family, k) / UDP(sport=40000, dport=33435) / Raw(DATA))
    return plain[20 if family == 4 else 40:]


def udplite(family, k):
    body = struct.pack("!HHHH", 40000, 33435, 8, 0) + DATA
    place = pseudo(VISITOR[family], TARGET[family], len(body), PROTOCOL["udplite"])
    body = body[:6] + struct.pack("!H", checksum(place + body[:8])) + body[8:]
    return bytes(ip(family, k, PROTOCOL["udplite"]) / Raw(body))


def tcp(flags, data=b""):
    return layered(TCP(sport=40000, dport=80, flags=flags, seq=1000, ack=5000 if "A" in flags else 0)
                   / Raw(data))


def sctp_packet(chunk, tag, source=40000, destination=80):
    head = struct.pack("!HHI", source, destination, tag)
    return head + struct.pack("<I", crc32c(head + bytes(4) + chunk)) + chunk


def sctp(chunk, tag=99):
    return carrying(sctp_packet(chunk, tag), PROTOCOL["sctp"])


def options4(*options):
    return lambda family, k: family == 4 and bytes(
        ip(4, k, 17, options=list(options)) / Raw(udp_body(4))) or None


def headers6(*headers):
    """IPv6 extension headers, each (its number, its octets after the next header field)."""
    def build(family, k):
        if family == 4:
            return None
        body = udp_body(6)
        follows = 17
        for number, rest in reversed(headers):
            body, follows = bytes([follows]) + rest + body, number
        return bytes(ip(6, k, follows) / Raw(body))
    return build


def behind_options(family, k):
    if family == 4:
        return bytes(ip(4, k, PROTOCOL["gre"], options=[IPOption(b"\x01")]) / Raw(bytes(4)))
    body = bytes([PROTOCOL["gre"], 0, 1, 4, 0, 0, 0, 0]) + bytes(4)
    return bytes(ip(6, k, 60) / Raw(body))


def bad_option(family, k):
    if family == 4:
        return options4(IPOption(b"\x07\x09\x04"))(4, k)
    return headers6((60, bytes([0, 1, 5, 0, 0, 0, 0])))(6, k)


def fragment(first):
    def build(family, k):
        if family == 4:
            where = {"flags": "MF"} if first else {"frag": 3}
            return bytes(ip(4, k, 17, **where) / Raw(udp_body(4)))
        return headers6((44, bytes([0, 0, 1 if first else 25, 1, 2, 3, 4])))(6, k)
    return build


def about_a_packet(types, rest=bytes(4)):
    def build(family, k):
        body = bytes([types[family], 0]) + bytes(2) + rest + bytes(ip(family, 1) / UDP())
        return bytes(ip(family, k, PROTOCOL["icmp"][family]) / Raw(body))
    return build


def redirect(family, k):
    if family == 6:
        return bytes(ip(6, k) / ICMPv6ND_Redirect())
    return about_a_packet({4: 5})(4, k)


def echo_reply(family, k):
    return bytes(ip(family, k) / (ICMP(type=0, id=7) if family == 4 else ICMPv6EchoReply(id=7)))


def coming_from(sources):
    return lambda family, k: family in sources and bytes(
        ip(family, k, source=sources[family]) / UDP(sport=40000, dport=33435) / Raw(DATA)) or None


def wrong_header(family, k):
    return bytes(ip(4, k, chksum=0x1111) / UDP()) if family == 4 else None


def only(family_wanted, build):
    return lambda family, k: build(family, k) if family == family_wanted else None


UDP_PROBE = UDP(sport=40000, dport=33435) / Raw(DATA)
INIT = struct.pack("!BBHIIHHI", 1, 0, 20, 0xCAFEBABE, 65536, 10, 10, 77)
DCCP_REQUEST = struct.pack("!HHBBHBBHII", 40000, 33434, 5, 0, 0, 1, 0, 0x1234, 0x56789ABC, 0)

PROBES = {
    "ICMP echo request": echo(b"abcdefghijklm"),
    "ICMP echo request of 3000 octets": echo(bytes(range(250)) * 12),
    "ICMP echo request, wrong checksum": echo(b"abc", chksum=0x1111),
    "UDP": layered(UDP_PROBE),
    "UDP of 1200 octets": layered(UDP(sport=40000, dport=33435) / Raw(b"u" * 1200)),
    "UDP without a checksum": layered(UDP(sport=40000, dport=33435, chksum=0) / Raw(DATA)),
    "UDP, wrong checksum": layered(UDP(sport=40000, dport=33435, chksum=1) / Raw(DATA)),
    "UDP-Lite": udplite,
    "TCP SYN": tcp("S"),
    "TCP SYN with data": tcp("S", b"hello"),
    "TCP ACK": tcp("A"),
    "TCP SYN, ACK": tcp("SA"),
    "TCP FIN": tcp("F"),
    "TCP RST": tcp("R"),
    "SCTP INIT": sctp(INIT, 0),
    "SCTP DATA": sctp(b"\x00\x03\x00\x14" + bytes(16)),
    "SCTP SHUTDOWN ACK": sctp(b"\x08\x00\x00\x04"),
    "SCTP ABORT": sctp(b"\x06\x00\x00\x04"),
    "DCCP Request": carrying(DCCP_REQUEST, PROTOCOL["dccp"]),
    "another protocol (GRE)": carrying(bytes(4), PROTOCOL["gre"]),
    "another protocol behind options": behind_options,
    "no next header": only(6, carrying(b"", 59)),
    "record route option": options4(IPOption_RR(routers=["0.0.0.0"] * 3)),
    "source route that ends here": options4(IPOption_LSRR(routers=["198.51.100.77"], pointer=8)),
    "source route that goes on": options4(IPOption_LSRR(routers=["198.51.100.77"], pointer=4)),
    "option longer than its header": bad_option,
    "hop-by-hop router alert": headers6((0, bytes([0, 5, 2, 0, 0, 1, 0]))),
    "destination options": headers6((60, bytes([0, 1, 4, 0, 0, 0, 0]))),
    "unknown option that asks for an error": headers6((60, bytes([0, 0x9E, 2, 0, 0, 1, 0]))),
    "unknown option that asks for silence": headers6((60, bytes([0, 0x5E, 2, 0, 0, 1, 0]))),
    "routing header, used up": headers6((43, bytes([0, 4, 0, 0, 0, 0, 0]))),
    "routing header, segments left": headers6((43, bytes([0, 4, 1, 0, 0, 0, 0]))),
    "atomic fragment": headers6((44, bytes([0, 0, 0, 1, 2, 3, 4]))),
    "first fragment": fragment(True),
    "later fragment": fragment(False),
    "ICMP time exceeded": about_a_packet({4: 11, 6: 3}),
    "ICMP redirect": redirect,
    "ICMP echo reply": echo_reply,
    "IGMP": only(4, carrying(b"\x16" + bytes(7), 2)),
    "from loopback": coming_from({4: "127.0.0.1", 6: "::1"}),
    "from multicast": coming_from({4: "224.0.0.1", 6: "ff02::1"}),
    "from the unspecified address": coming_from({4: "0.0.0.0", 6: "::"}),
    "from broadcast": coming_from({4: "255.255.255.255"}),
    "from class E": coming_from({4: "240.0.0.1"}),
    "from the target itself": coming_from(TARGET),
    "from an IPv4-mapped address": coming_from({6: "::ffff:192.0.2.1"}),
    "wrong header checksum": wrong_header,
    "longer than what was received": lambda family, k: layered(UDP_PROBE)(family, k)[:-1],
    "to another address": lambda family, k: bytes(
        ip(family, k, destination={4: "203.0.113.10", 6: "2001:db8:42::a"}[family]) / UDP_PROBE),
}

# Answers. Each builder takes the probe, its family, and who answers: 1, 2, or 3 for the end.

LABELS = struct.pack("!HBBII", 12, 1, 1, 24001 << 12 | 5 << 9 | 1, 16 << 12 | 1 << 8 | 254)


def interface(family):
    """RFC 5837: incoming, with index, address, name and MTU."""
    address = struct.pack("!HH", 1 if family == 4 else 2, 0) + packed(HOPS[family][1])
    body = struct.pack("!I", 7) + address + b"\x0cxe-0/0/1\0\0\0" + struct.pack("!I", 1500)
    return struct.pack("!HBB", 4 + len(body), 2, 0x0F) + body


def extension(objects):
    return b"\x20\0" + struct.pack("!H", checksum(b"\x20\0\0\0" + objects)) + objects


def quote(probe, family, place):
    """The probe as it came to the place of the answer."""
    octets = bytearray(probe)
    at = 8 if family == 4 else 7
    octets[at] = max(octets[at] - (place - 1), 1)
    if family == 4:
        header = (octets[0] & 15) * 4
        octets[10:12] = bytes(2)
        octets[10:12] = struct.pack("!H", checksum(bytes(octets[:header])))
    return bytes(octets)


def source_of(family, place):
    return TARGET[family] if place > LENGTH else HOPS[family][place - 1]


def error(probe, family, place, kind, code, rest=0, objects=b""):
    quoted = quote(probe, family, place)
    if objects:
        quoted = quoted[:128].ljust(128, b"\0") + extension(objects)
        rest |= 32 << 16 if family == 4 else 16 << 24
    quoted = quoted[:548 if family == 4 else 1232]
    icmp = struct.pack("!BBHI", kind, code, 0, rest) + quoted
    source, hop_limit = source_of(family, place), BASE - (place - 1)
    before = b"" if family == 4 else pseudo(source, VISITOR[6], len(icmp), 58)
    icmp = icmp[:2] + struct.pack("!H", checksum(before + icmp)) + icmp[4:]
    if family == 4:
        return bytes(IP(src=source, dst=VISITOR[4], ttl=hop_limit, tos=0xC0, id=ID, proto=1)
                     / Raw(icmp))
    return bytes(IPv6(src=source, dst=VISITOR[6], hlim=hop_limit, tc=0xC0, nh=58) / Raw(icmp))


def reply(family, layer, protocol=None, atomic=True):
    hop_limit = BASE - LENGTH
    fields = {} if protocol is None else {"proto" if family == 4 else "nh": protocol}
    if family == 4:
        fields |= {"id": 0, "flags": "DF"} if atomic else {"id": ID}
        return bytes(IP(src=TARGET[4], dst=VISITOR[4], ttl=hop_limit, **fields) / layer)
    return bytes(IPv6(src=TARGET[6], dst=VISITOR[6], hlim=hop_limit, **fields) / layer)


def answer_echo(probe, family, _place):
    data = probe[28:] if family == 4 else probe[48:]
    if family == 4:
        return reply(4, ICMP(type=0, id=7, seq=9) / Raw(data), atomic=False)
    return reply(6, ICMPv6EchoReply(id=7, seq=9, data=data))


def answer_reset(probe, family, _place):
    """RFC 9293, 3.10.7.1."""
    segment = TCP(probe[20 if family == 4 else 40:])
    if "A" in segment.flags:
        return reply(family, TCP(sport=80, dport=40000, flags="R", seq=segment.ack, window=0))
    occupied = len(segment.payload) + ("S" in segment.flags) + ("F" in segment.flags)
    return reply(family, TCP(sport=80, dport=40000, flags="RA", seq=0, ack=1000 + occupied,
                             window=0))


def answer_sctp(chunk, tag):
    return lambda _probe, family, _place: reply(
        family, Raw(sctp_packet(chunk, tag, 80, 40000)), PROTOCOL["sctp"])


ERRORS = {
    "time exceeded": {4: (11, 0), 6: (3, 0)},
    "port unreachable": {4: (3, 3), 6: (1, 4)},
    "protocol unreachable": {4: (3, 2)},
    "source route failed": {4: (3, 5)},
}

REPLIES = {
    "echo reply": answer_echo,
    "RST": answer_reset,
    "RST, ACK": answer_reset,
    "ABORT": answer_sctp(b"\x06\x00\x00\x04", 0xCAFEBABE),
    "ABORT, tag reflected": answer_sctp(b"\x06\x01\x00\x04", 99),
    "SHUTDOWN COMPLETE": answer_sctp(b"\x0e\x01\x00\x04", 99),
}


def expected(cell, probe, family, place):
    """The octets that a cell of the page stands for; None for nothing."""
    words = re.fullmatch(r"(parameter problem|unreachable|too big) (\d+)(?: at (\d+))?", cell)
    if cell.startswith("nothing: "):
        return None
    if words and words[1] == "parameter problem":
        return error(probe, family, place, 4, int(words[2]), int(words[3]))
    if words and words[1] == "unreachable":
        return error(probe, family, place, 3 if family == 4 else 1, int(words[2]))
    if words:
        kind = (3, 4) if family == 4 else (2, 0)
        return error(probe, family, place, *kind, int(words[2]))
    if cell == "time exceeded, labels":
        return error(probe, family, place, *ERRORS["time exceeded"][family], 0, LABELS)
    if cell == "time exceeded, interface":
        return error(probe, family, place, *ERRORS["time exceeded"][family], 0, interface(family))
    if cell in ERRORS:
        return error(probe, family, place, *ERRORS[cell][family])
    return REPLIES[cell](probe, family, place)


# The page.


def table(heading):
    """The rows below a heading, the title row and the rule left out."""
    part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


PROBE_ROWS = table("Probes")
HOP_ROWS = table("What a hop's keys change")
TALE = PAGE.split("```yaml\n")[1].split("```")[0]


def columns(rows):
    """(first cell, family, whether at the end, the cell) for every cell that is not a dash."""
    for row in rows:
        assert len(row) == 5, row
        for column, cell in enumerate(row[1:]):
            if cell != "-":
                yield row[0], 4 if column < 2 else 6, column % 2 == 1, cell


def name_of(value):
    return str(value).replace("`", "") if not isinstance(value, bool) else "end" if value else "hop"


def tale_answer(directory, tale, probe):
    """What comes out, and the count of each reason."""
    (directory / "tale.yaml").write_text(tale)
    (directory / "in.pcap").write_bytes(pcap(RAW, [probe]))
    done = subprocess.run([PROGRAM, "tale", "answer", "--format", "json", "tale.yaml", "in.pcap",
                           "out.pcap"], cwd=directory, capture_output=True, text=True, timeout=30,
                          check=False)
    assert done.returncode == 0, done.stderr
    written = (directory / "out.pcap").read_bytes()[24:]
    return written[16:] or None, json.loads(done.stdout)["reasons"]


def check(directory, tale, cell, probe, family, place):
    answer, reasons = tale_answer(directory, tale, probe)
    wanted = expected(cell, probe, family, place)
    if wanted is None:
        assert reasons == {cell.removeprefix("nothing: "): 1}
    assert (answer and answer.hex()) == (wanted and wanted.hex())


def test_the_page_and_the_probes_here_are_the_same():
    assert [row[0] for row in PROBE_ROWS] == list(PROBES)


@pytest.mark.parametrize("name, family, at_end, cell", list(columns(PROBE_ROWS)), ids=name_of)
def test_a_probe_gets_what_the_page_says(tmp_path, name, family, at_end, cell):
    place = 3 if at_end else 1
    check(tmp_path, TALE, cell, PROBES[name](family, place), family, place)


@pytest.mark.parametrize("family", [4, 6])
def test_a_dash_is_a_packet_that_the_family_does_not_have(family):
    for row in PROBE_ROWS:
        dash = row[1 if family == 4 else 3] == "-"
        assert (PROBES[row[0]](family, 1) is None) == dash, row[0]


@pytest.mark.parametrize("hop, family, at_end, cell", list(columns(HOP_ROWS)), ids=name_of)
def test_a_hop_does_what_the_page_says(tmp_path, hop, family, at_end, cell):
    address = ', address: [198.51.100.2, "2001:db8:43::2"]}'
    tale = re.sub(r"  - \{say: another.*\n", f"  - {hop.strip('`')[:-1]}{address}\n", TALE)
    fields = {"flags": "DF"} if family == 4 else {}
    room = 1500 - (28 if family == 4 else 48)
    probe = layered(UDP(sport=40000, dport=33435) / Raw(b"m" * room), **fields)(
        family, 3 if at_end else 2)
    at_the_target = at_end and cell == "port unreachable"
    check(tmp_path, tale, cell, probe, family, 3 if at_the_target else 2)


def test_a_seed_gives_the_same_answers(tmp_path):
    tale = TALE.replace("say: a hop", "say: a hop, delay: 20ms, jitter: 5ms, loss: 20%")
    (tmp_path / "tale.yaml").write_text(tale)
    (tmp_path / "in.pcap").write_bytes(pcap(RAW, [PROBES["UDP"](4, 1)] * 50))
    written = []
    for seed, out in ((1, "a"), (1, "b"), (2, "c")):
        subprocess.run([PROGRAM, "tale", "answer", "--seed", str(seed), "tale.yaml", "in.pcap", out],
                       cwd=tmp_path, check=True, capture_output=True, timeout=30)
        written.append((tmp_path / out).read_bytes())
    assert written[0] == written[1] != written[2]
