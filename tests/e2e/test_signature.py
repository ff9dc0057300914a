"""hoptell read --signature: the notation of p0f 3, as p0f itself writes it of the same packets."""

import json
import subprocess

import pytest
from scapy.layers.inet import IP, TCP, IPOption
from scapy.layers.inet6 import IPv6

import captures
from hoptell import PROGRAM

LINUX = [("MSS", 1400), ("SAckOK", b""), ("Timestamp", (5, 0)), ("NOP", None), ("WScale", 8)]
APPLE = [("MSS", 1440), ("NOP", None), ("WScale", 6), ("NOP", None), ("NOP", None),
         ("Timestamp", (9, 0)), ("SAckOK", b""), ("EOL", None), ("EOL", None)]
WINDOWS = (0, 1401, 5712, 5760, 5840, 6000, 8192, 13800, 13880, 14200, 14480, 14600, 16384, 28000,
           28800, 28960, 61600, 64240, 65535)
HOP_LIMITS = (1, 28, 29, 32, 33, 64, 65, 92, 93, 128, 129, 219, 220, 255)
OPTIONS = ([], [("MSS", 1400), ("Timestamp", (0, 0))], [("MSS", 1400), ("Timestamp", (3, 4))],
           [("MSS", 1400), ("WScale", 15)], [("MSS", 1400), ("EOL", None), ("NOP", None)],
           [("MSS", 99)], [("MSS", 1400), (254, b"ab")], [(34, b"")],
           [("MSS", 1400), ("NOP", None), ("SAck", (1, 2))])
TCPS = ({"seq": 0}, {"ack": 5}, {"urgptr": 5}, {"flags": "SU"}, {"flags": "SU", "urgptr": 3},
        {"flags": "SP"}, {"flags": "SEC"}, {"flags": "SE"}, {"flags": "SC"})
IPS = ({"flags": 0, "id": 0}, {"flags": 0}, {"id": 0}, {"flags": 6}, {"tos": 1}, {"tos": 2},
       {"tos": 8}, {"options": [IPOption(b"\x94\x04\x00\x00")]})


def made(ip=None, tcp=None, version=4, payload=b""):
    tcp = TCP(**{"dport": 443, "flags": "S", "seq": 7, "window": 65535, "options": LINUX,
                 **(tcp or {})})
    if version == 6:
        return IPv6(**{"src": "2001:db8::7", "dst": "2001:db8:1::1", "hlim": 51, **(ip or {})}) / tcp
    return IP(**{"src": "203.0.113.7", "dst": "198.51.100.1", "ttl": 51, "flags": "DF", "id": 9,
                 **(ip or {})}) / tcp / payload


def packets():
    """Each from a port of its own."""
    all_ = [made(tcp={"window": window, "options": options}, version=version)
            for window in WINDOWS for version in (4, 6)
            for options in (LINUX, APPLE, [("MSS", 1460)])]
    all_ += [made({"ttl": ttl}) for ttl in HOP_LIMITS] + [made(ip) for ip in IPS]
    all_ += [made(tcp=tcp) for tcp in TCPS] + [made(tcp={"options": o}) for o in OPTIONS]
    all_ += [made({"fl": 77}, version=6), made({"tc": 2}, version=6), made(payload=b"data")]
    for port, packet in enumerate(all_, 2000):
        packet[TCP].sport = port
    return [captures.frame(captures.ETHERNET, bytes(packet)) for packet in all_]


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    path = tmp_path_factory.mktemp("signatures") / "capture"
    path.write_bytes(captures.pcap(captures.ETHERNET, packets()))
    return path


def read(*words):
    return subprocess.run([PROGRAM, "read", *map(str, words)], capture_output=True, text=True,
                          check=False, timeout=30)


def test_signatures_are_those_of_p0f(capture):
    log = capture.with_name("log")
    subprocess.run(["p0f", "-r", str(capture), "-o", str(log)], capture_output=True, check=True,
                   timeout=60)
    expected = {}
    for line in log.read_text(encoding="ascii").splitlines():
        fields = dict(field.split("=", 1) for field in line.split("] ", 1)[1].split("|"))
        if fields["mod"] == "syn":
            expected[int(fields["cli"].rpartition("/")[2])] = fields["raw_sig"]
    found = {o["port"]: o["signature"] for o in
             map(json.loads, read("--signature", "--format", "json", capture).stdout.splitlines())}
    assert len(expected) == len(packets())
    assert found == expected


def test_signatures_come_when_they_are_asked_for(capture):
    assert "51+13:0:1400:" not in read(capture).stdout
    assert "signature" not in read("--format", "json", capture).stdout
    assert "\n" + " " * 29 + "4:51+13:0:1400:65535,8:mss,sok,ts,nop,ws:df,id+:0\n" in read(
        "-s", capture).stdout
    assert read("-s", "-f", "summary", capture).returncode == 2
