"""hoptell read: every kind of capture, every format, and every way in which it can go wrong."""

import contextlib
import fcntl
import gzip
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import pytest
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.layers.l2 import GRE, Ether
from scapy.layers.vxlan import VXLAN

import captures
from captures import COOKED, COOKED2, ETHERNET, frame, opening, pcap, pcapng
from hoptell import PROGRAM

FIELDS = ["time", "address", "port", "server", "hop_limit", "initial", "hops", "stack", "network",
          "verdict", "probability", "rewritten", "evidence"]
VLAN, QINQ = 0x8100, 0x88A8

BOTH = [opening(), opening("2001:db8::7", 40002, 57, "2001:db8:1::1")]


def read(*arguments, **options):
    options = {"capture_output": True, "check": False, "timeout": 30, **options}
    return subprocess.run([PROGRAM, "read", *map(str, arguments)], **options)


def lines_of(done):
    assert done.stderr.decode() == ""
    assert done.returncode == 0
    return [json.loads(line) for line in done.stdout.splitlines()]


def read_json(*arguments, **options):
    return lines_of(read("--format", "json", *arguments, **options))


@pytest.fixture
def saved(tmp_path):
    """Saves octets as a file and returns its path."""
    def save(octets, name="capture"):
        path = tmp_path / name
        path.write_bytes(octets)
        return path
    return save


# Every kind of file shows the same


def tapped(outer):
    """An Ethernet frame for each of BOTH, behind the scapy layers that `outer` gives for it."""
    def around(packet):
        return bytes(Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02") / outer(packet))
    return pcap(ETHERNET, [around(p) for p in BOTH])


def ip_of(packet):
    return (IP if packet[0] >> 4 == 4 else IPv6)(packet)


CORE = IP(src="10.0.0.1", dst="10.0.0.2", ttl=250)

KINDS = {
    "mpls": tapped(lambda p: MPLS(label=24001, s=0) / MPLS(label=17, s=1) / ip_of(p)),
    "gre": tapped(lambda p: CORE / GRE(key_present=1, key=7) / ip_of(p)),
    "ip-in-ip": tapped(lambda p: CORE / ip_of(p)),
    "vxlan": tapped(lambda p: CORE / UDP(dport=4789) / VXLAN(vni=9) / frame(ETHERNET, p)),
    "gtp-u": tapped(lambda p: CORE / UDP(dport=2152) / GTP_U_Header(teid=0x1234) / ip_of(p)),
    "ethernet": pcap(ETHERNET, [frame(ETHERNET, p) for p in BOTH]),
    "big-endian": pcap(ETHERNET, [frame(ETHERNET, p) for p in BOTH], order=">"),
    "nanoseconds": pcap(ETHERNET, [frame(ETHERNET, p) for p in BOTH], nanoseconds=True),
    "vlan": pcap(ETHERNET, [frame(ETHERNET, p, [VLAN]) for p in BOTH]),
    "qinq": pcap(ETHERNET, [frame(ETHERNET, p, [QINQ, VLAN]) for p in BOTH]),
    "cooked": pcap(COOKED, [frame(COOKED, p) for p in BOTH]),
    "cooked-vlan": pcap(COOKED, [frame(COOKED, p, [VLAN]) for p in BOTH]),
    "cooked2": pcap(COOKED2, [frame(COOKED2, p) for p in BOTH]),
    "loopback": pcap(captures.LOOPBACK, [frame(captures.LOOPBACK, p) for p in BOTH]),
    "openbsd-loopback": pcap(captures.OPENBSD_LOOPBACK,
                             [frame(captures.OPENBSD_LOOPBACK, p) for p in BOTH]),
    "raw": pcap(captures.RAW, BOTH),
    "raw-12": pcap(12, BOTH),
    "openbsd-raw": pcap(captures.OPENBSD_RAW, BOTH),
    "ipv4-and-ipv6-in-ipv4": pcap(captures.IPV4, BOTH),
    "ipv6": pcap(captures.IPV6, BOTH),
    "pcapng": pcapng([ETHERNET], [(0, frame(ETHERNET, p)) for p in BOTH]),
    "pcapng-two-interfaces": pcapng([ETHERNET, ETHERNET],
                                    [(i, frame(ETHERNET, p)) for i, p in enumerate(BOTH)]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_same_observations(kind, saved):
    first, second = read_json(saved(KINDS[kind]))
    assert (first["time"], first["address"], first["port"]) == (1700000000.0, "203.0.113.7", 40001)
    assert first["server"] == {"address": "198.51.100.1", "port": 443}
    assert (first["hop_limit"], first["initial"], first["hops"]) == (51, 64, 13)
    assert (second["time"], second["address"]) == (1700000000.25, "2001:db8::7")
    assert (second["hop_limit"], second["initial"], second["hops"]) == (57, 64, 7)


def test_standard_input_reads_as_a_file_does(saved):
    octets = KINDS["ethernet"]
    expected = read("--format", "json", saved(octets))
    assert read("--format", "json", "-", input=octets).stdout == expected.stdout
    assert len(expected.stdout.splitlines()) == 2


def test_extension_headers_and_ip_options_are_walked(saved):
    syn = TCP(sport=1, dport=2, flags="S")
    packets = [bytes(IPv6(src="2001:db8::1") / IPv6ExtHdrDestOpt() / syn),
               bytes(IP(src="192.0.2.1", options=[b"\x94\x04\x00\x00"]) / syn)]
    assert [o["address"] for o in read_json(saved(pcap(captures.RAW, packets)))] == [
        "2001:db8::1", "192.0.2.1"]


# The formats

def test_json_is_an_object_a_line_with_the_fields_in_their_order(saved):
    done = read("--format", "json", saved(KINDS["ethernet"]))
    line = done.stdout.decode().splitlines()[0]
    assert line.startswith(
        '{"time": 1700000000.000000, "address": "203.0.113.7", "port": 40001, '
        '"server": {"address": "198.51.100.1", "port": 443}, '
        '"hop_limit": 51, "initial": 64, "hops": 13, "stack": {"family": "')
    found = json.loads(line)
    assert list(found) == FIELDS
    assert list(found["stack"]) == ["family", "probability"]
    assert found["network"] is None, "nothing is known before the first packet"
    assert found["verdict"] == "unknown"
    assert json.dumps(found["evidence"], ensure_ascii=False) in line, "separators are ', ' and ': '"


def test_a_known_network_is_told_of(saved):
    packets = [opening(f"203.0.113.{i}", 40000 + i, 52) for i in range(1, 201)]
    found = read_json(saved(pcap(captures.RAW, packets + [opening(hop_limit=51)])))[-1]
    assert list(found["network"]) == ["prefix", "hop_limit", "share", "seen"]
    assert found["network"]["prefix"] == "203.0.113.0/24"
    assert found["network"]["hop_limit"] == 52
    assert found["network"]["seen"] == 200
    assert found["evidence"]
    for evidence in found["evidence"]:
        assert list(evidence) == ["signal", "weight", "text"]


def test_judgements_come_in_capture_order_and_know_nothing_later(saved):
    packets = [opening(f"203.0.113.{i}", 40000 + i, 52) for i in range(1, 51)]
    whole = read("--format", "json", saved(pcap(captures.RAW, packets))).stdout.splitlines()
    half = read("--format", "json", saved(pcap(captures.RAW, packets[:25]))).stdout.splitlines()
    assert [json.loads(line)["port"] for line in whole] == list(range(40001, 40051))
    assert whole[:25] == half


def test_text_is_a_line_for_each_with_its_evidence_beneath(saved):
    done = read(saved(KINDS["ethernet"]))
    lines = done.stdout.decode().splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert done.returncode == 0 and done.stderr == b""
    assert [" ".join(head.split()[:5]) for head in heads] == [
        "2023-11-14 22:13:20.000000 203.0.113.7:40001 -> 198.51.100.1:443",
        "2023-11-14 22:13:20.250000 [2001:db8::7]:40002 -> [2001:db8:1::1]:443"]
    assert " 51 =  64 - 13 " in heads[0]
    beneath = [line for line in lines if line.startswith(" ")]
    for line in beneath:
        assert re.fullmatch(r" {28,}[+-]\d+\.\d\d  \S.*", line)
    evidence = [e["text"] for o in read_json(saved(KINDS["ethernet"])) for e in o["evidence"]]
    assert [line.split(maxsplit=1)[1] for line in beneath] == evidence


def test_a_rewritten_hop_limit_is_said_beside_the_verdict(saved):
    """A Windows laptop behind a phone that sets 64, on a network of handsets."""
    laptop = TCP(sport=50000, dport=443, flags="S", window=64240, options=[
        ("MSS", 1460), ("NOP", None), ("WScale", 8), ("NOP", None), ("NOP", None), ("SAckOK", b"")])
    packets = [opening(f"203.0.113.{i}", 40000 + i, 52) for i in range(1, 101)]
    packets += [bytes(IP(src="203.0.113.7", dst="198.51.100.1", ttl=52, flags="DF", id=7) / laptop)]
    path = saved(pcap(captures.RAW, packets))
    last = read_json(path)[-1]
    assert last["rewritten"] and not any(o["rewritten"] for o in read_json(path)[:-1])
    reasons = {e["signal"]: e["weight"] for e in last["evidence"]}
    assert reasons["stack_hop_limit"] == 0 and "as_network" not in reasons
    heads = [line for line in read(path).stdout.decode().splitlines() if not line.startswith(" ")]
    assert heads[-1].endswith(", rewritten") and not heads[-2].endswith(", rewritten")
    summary = read("--format", "summary", path).stdout.decode()
    assert re.search(r"^hop limit rewritten +1 +1 +0 +0$", summary, re.M), summary


def on_a_terminal(arguments, descriptor, environment=None):
    """What hoptell writes to a terminal that is its standard output (1) or error (2)."""
    master, slave = pty.openpty()
    streams = {1: {"stdout": slave, "stderr": subprocess.PIPE},
               2: {"stdout": subprocess.PIPE, "stderr": slave}}[descriptor]
    done = subprocess.run([PROGRAM, "read", *map(str, arguments)], check=True, timeout=30,
                          env={**os.environ, "NO_COLOR": "", **(environment or {})}, **streams)
    os.close(slave)
    text = b""
    try:
        while chunk := os.read(master, 65536):
            text += chunk
    except OSError:  # Linux: the other side is closed
        pass
    os.close(master)
    return text.decode(), done


def test_colours_are_for_terminals_alone(saved):
    path = saved(KINDS["ethernet"])
    assert "\033[" in on_a_terminal([path], 1)[0]
    assert "\033[" not in on_a_terminal([path], 1, {"NO_COLOR": "1"})[0]
    assert b"\033[" not in read(path).stdout


def test_a_small_file_needs_no_progress_bar(saved):
    assert on_a_terminal([saved(KINDS["ethernet"])], 2)[0] == ""


def test_progress_is_shown_on_a_terminal_while_packets_come():
    master, slave = pty.openpty()
    with subprocess.Popen([PROGRAM, "read", "--format", "summary", "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=slave) as process:
        os.close(slave)
        octets = KINDS["raw"]
        process.stdin.write(octets)
        shown = b""
        os.set_blocking(master, False)
        while b"packets" not in shown:
            process.stdin.write(octets[24:])
            process.stdin.flush()
            try:
                shown += os.read(master, 65536)
            except BlockingIOError:
                pass
        process.stdin.close()
        assert b"opening TCP packets" in process.stdout.read()
    assert process.returncode == 0
    assert re.search(rb"\r\033\[K-  [0-9.]+ \S+  \d+ packets  \d+/s", shown)
    os.close(master)


@pytest.mark.parametrize("columns", [130, 30, 0])  # 0: a terminal that does not say
def test_the_bar_fits_the_terminal_and_ctrl_c_tells_how_far_it_came(saved, columns):
    octets = KINDS["raw"]
    path = saved(octets[:24] + octets[24:] * 40000)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.set_blocking(master, False)
    shown, printed = b"", b""

    def look(seconds):
        nonlocal shown
        if select.select([master], [], [], seconds)[0]:
            with contextlib.suppress(OSError):  # Linux: the other side is closed
                shown += os.read(master, 65536)

    with subprocess.Popen([PROGRAM, "read", "--format", "json", path], stdout=subprocess.PIPE,
                          stderr=slave) as process:
        while shown.count(b"left") < 2 and (chunk := process.stdout.read1(65536)):
            printed += chunk  # as slow as this it lasts long enough for a bar
            look(0.05)
        process.send_signal(signal.SIGINT)
        printed += process.stdout.read()
    os.close(slave)
    look(1)
    os.close(master)
    assert process.returncode == -signal.SIGINT
    *drawn, cleared = re.findall(rb"\r\033\[K([^\r]*)", shown)
    assert len(drawn) >= 2 and max(map(len, drawn)) < (columns or 80), drawn
    assert all(b"%  " in line and b" left" in line for line in drawn), drawn
    assert all(b"[" in line for line in drawn) == (columns != 30), drawn
    lines = printed.splitlines()
    assert all(json.loads(line) for line in lines[-2:])
    assert cleared == b"hoptell read: interrupted: this is of the first %d packets" % len(lines)


def test_the_summary_counts(saved):
    syn = TCP(sport=1, dport=2, flags="S")
    packets = [frame(ETHERNET, p) for p in BOTH + [
        BOTH[0],  # sent again
        bytes(IP() / UDP()), bytes(IP() / TCP(flags="SA")), bytes(IP(frag=5) / syn),
        bytes(IP() / syn)[:30]]] + [bytes(12) + b"\x08\x06" + bytes(28)]
    done = read("--format", "summary", saved(pcap(ETHERNET, packets)))
    assert done.returncode == 0 and done.stderr == b""
    text = done.stdout.decode()
    counts = dict(re.findall(r"^ *(\S.*?) +(\d+)$", text, re.M))
    assert counts["packets"] == "8"
    assert counts["opening TCP packets"] == "3"
    assert counts["seen again"] == "1"
    assert counts["not IP"] == "1"
    assert [counts[word] for word in ("not-tcp", "not-opening", "fragment", "broken")] == ["1"] * 4
    assert "from                   2023-11-14 22:13:20.000000 UTC" in text
    assert "to                     2023-11-14 22:13:20.500000 UTC" in text
    assert re.search(r"^all +3 +3 +0 +0$", text, re.M)


def test_a_summary_of_nothing_is_fine(saved):
    done = read("--format", "summary", saved(pcap(ETHERNET, [])))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"packets                         0\n")


# Several files

def test_files_share_what_is_learnt_in_their_order(saved):
    usual = saved(pcap(captures.RAW, [opening(f"203.0.113.{i}", 40000 + i, 52)
                                      for i in range(1, 101)]), "usual")
    below = saved(pcap(captures.RAW, [opening("203.0.113.200", 50000, 51)]), "below")
    assert read_json("--rule", "first-drop", usual, below)[-1]["verdict"] == "tethered"
    assert read_json("--rule", "first-drop", below, usual)[0]["verdict"] != "tethered"
    assert read_json("--rule", "first-drop", below)[0]["verdict"] != "tethered"


# What goes wrong

def failed(done, message):
    assert done.stderr.decode() == f"hoptell read: {message}\n"
    assert done.returncode == 3


def test_a_missing_file_is_said_before_anything_is_read(saved):
    done = read("--format", "json", saved(KINDS["raw"]), "/not/there.pcap")
    failed(done, "/not/there.pcap: expected a capture file, found: No such file or directory")
    assert done.stdout == b""


def test_a_directory_is_no_capture(tmp_path):
    failed(read(tmp_path), f"{tmp_path}: expected a capture file, found a directory")


@pytest.mark.parametrize("octets, found", [
    (b"", "an empty file"),
    (b"This is a text, and longer than any header of a capture.", "another kind of file"),
    (gzip.compress(KINDS["raw"]), "a compressed file; try: zcat FILE | hoptell read -"),
    (KINDS["raw"][:10], "truncated dump file; tried to read 24 file header bytes, only got 6"),
], ids=["empty", "text", "compressed", "half-a-header"])
def test_what_is_no_capture_says_what_it_is(octets, found, saved):
    path = saved(octets)
    failed(read(path), f"{path}: expected a pcap or pcapng capture, found {found}")
    failed(read("-", input=octets),
           f"standard input: expected a pcap or pcapng capture, found {found}")


def test_a_link_type_that_is_not_read_is_named(saved):
    path = saved(pcap(captures.RADIO, []))
    failed(read(path), f"{path}: expected Ethernet, Linux cooked, loopback or raw IP packets, "
                       "found link type 127 (IEEE802_11_RADIO)")


def test_a_cut_file_is_read_up_to_the_cut(saved):
    path = saved(KINDS["ethernet"][:-5])
    done = read("--format", "json", path)
    size = len(frame(ETHERNET, BOTH[1]))
    failed(done, f"{path}: expected a whole packet 2, found: truncated dump file; "
                 f"tried to read {size} captured bytes, only got {size - 5}")
    assert [json.loads(line)["port"] for line in done.stdout.splitlines()] == [40001]


def test_after_a_cut_file_the_next_is_read(saved):
    cut = saved(KINDS["ethernet"][:-5], "cut")
    done = read("--format", "json", cut, saved(KINDS["raw"], "whole"))
    assert done.returncode == 3
    assert [json.loads(line)["port"] for line in done.stdout.splitlines()] == [40001, 40001, 40002]


def test_interfaces_of_two_link_types_are_said(saved):
    path = saved(pcapng([ETHERNET, captures.RAW], [(0, frame(ETHERNET, BOTH[0])), (1, BOTH[1])]))
    done = read("--format", "json", path)
    assert done.returncode == 3
    message = done.stderr.decode()
    assert message.startswith(f"hoptell read: {path}: expected ")
    assert "type" in message and message.count("\n") == 1


@pytest.mark.parametrize("format", ["text", "json", "summary"])
def test_a_full_disk_is_said(format, saved):
    with open("/dev/full", "wb") as full:
        done = read("--format", format, saved(KINDS["raw"]), stdout=full, stderr=subprocess.PIPE,
                    capture_output=False)
    failed(done, "expected to write to standard output, found: No space left on device")


def test_whoever_has_enough_may_close_the_pipe(saved):
    packets = [opening()] * 20000
    with subprocess.Popen([PROGRAM, "read", "--format", "json", saved(pcap(captures.RAW, packets))],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("arguments, message", [
    ([], "expected a capture file ('-' is standard input), found none"),
    (["--format", "xml", "x"], "expected text, json or summary for --format, found 'xml'"),
    (["--rule", "luck", "x"], "expected evidence or first-drop for --rule, found 'luck'"),
    (["x", "--format"], "expected an argument for the option --format, found none"),
    (["--colour", "x"],
     "expected an option that 'hoptell read --help' tells of, found '--colour'"),
    (["-x"], "expected an option that 'hoptell read --help' tells of, found '-x'"),
])
def test_wrong_use_says_what_was_expected(arguments, message):
    done = read(*arguments)
    assert done.stderr.decode() == f"hoptell read: {message}\n"
    assert (done.returncode, done.stdout) == (2, b"")


def test_help_shows_every_option():
    done = read("--help")
    assert done.returncode == 0 and done.stderr == b""
    for word in ("--format", "--rule", "--help", "FILE"):
        assert word in done.stdout.decode()
