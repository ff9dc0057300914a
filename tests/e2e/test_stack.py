"""hoptell stack: the table of stacks fitted to packets that are known; and signatures of p0f's."""

import json
import re
import subprocess

import pytest
from scapy.layers.inet import IP, TCP

import captures
from hoptell import PROGRAM

DEBIANS = "/etc/p0f/p0f.fp"

CLOCK = ("Timestamp", (5, 0))
# a phone whose options come in an order that the shipped table has never seen
PHONE = {"window": 60000, "options": [("SAckOK", b""), ("MSS", 1400), CLOCK, ("WScale", 9)]}
# (what p0f's file has it as, the family that this is, the packet)
KNOWN_TO_P0F = [
    ("Linux 3.1-3.10", "linux", {"window": 14600, "options": [
        ("MSS", 1460), ("SAckOK", b""), CLOCK, ("NOP", None), ("WScale", 4)]}),
    ("Linux (Android)", "android", {"window": 44 * 1400, "options": [
        ("MSS", 1400), ("SAckOK", b""), CLOCK, ("NOP", None), ("WScale", 1)]}),
    ("FreeBSD 9.x or newer", "other", {"window": 65535, "options": [
        ("MSS", 1460), ("NOP", None), ("WScale", 6), ("SAckOK", b""), CLOCK]}),
    ("OpenBSD 4.x-5.x", "other", {"window": 16384, "options": [
        ("MSS", 1460), ("NOP", None), ("NOP", None), ("SAckOK", b""), ("NOP", None),
        ("WScale", 3), ("NOP", None), ("NOP", None), CLOCK]}),
    ("Windows 7 or 8", "windows", {"window": 8192, "options": [
        ("MSS", 1460), ("NOP", None), ("WScale", 8), ("NOP", None), ("NOP", None),
        ("SAckOK", b"")]}),
]


def hoptell(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, check=False,
                          timeout=30)


def capture(path, tcps):
    """A capture of an opening packet for each of `tcps`, from ports 5000 on."""
    frames = [captures.frame(captures.RAW, bytes(
        IP(src="203.0.113.7", dst="198.51.100.1", ttl=51, flags="DF", id=77) /
        TCP(sport=5000 + i, dport=443, flags="S", seq=9, **tcp))) for i, tcp in enumerate(tcps)]
    path.write_bytes(captures.pcap(captures.RAW, frames))
    return path


def read(path, *options):
    done = hoptell("read", "-f", "json", "-s", *options, path)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(name="phones")
def phones_fixture(tmp_path):
    return capture(tmp_path / "phones.pcap", [PHONE] * 30)


def learnt(tmp_path, *words):
    done = hoptell("stack", "learn", *words)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "stacks.txt"
    path.write_text(done.stdout, encoding="ascii")
    return path, done.stderr


def test_a_stack_is_learnt_from_captures_and_labels(tmp_path, phones):
    assert {o["stack"]["family"] for o in read(phones)} == {"unknown"}
    labels = tmp_path / "labels.csv"
    labels.write_text("address,port,stack\n203.0.113.7,0,android\n203.0.113.8,1,ios\n")
    table, said = learnt(tmp_path, "--labels", labels, phones)
    assert said == "learnt from 30 packets: android 30; 0 had no label\n"
    assert {o["stack"]["family"] for o in read(phones, "--stacks", table)} == {"android"}
    # and the same again makes the same table
    again, _ = learnt(tmp_path, "--labels", labels, phones)
    assert again.read_text() == table.read_text()


def test_a_stack_is_learnt_from_signatures(tmp_path, phones):
    signature = read(phones)[0]["signature"]
    csv = tmp_path / "phones.csv"
    csv.write_text(f'stack,count,signature\nandroid,30,"{signature}"\n')
    table, said = learnt(tmp_path, csv)
    assert said == "learnt from 30 packets: android 30; 0 had no label\n"
    assert {o["stack"]["family"] for o in read(phones, "--stacks", table)} == {"android"}


def test_what_is_learnt_may_be_learnt_on(tmp_path, phones):
    csv = tmp_path / "phones.csv"
    csv.write_text('stack,signature\nios,"4:51+13:0:1400:65535,6:mss,ws,ws:df,id+:0"\n'
                   'ios,"4:51+13:0:1400:65535,6:mss,ws,ws:df,id+:0"\n')
    first, _ = learnt(tmp_path, csv)
    assert "\nlayout  mss,ws,ws " in first.read_text()
    labels = tmp_path / "labels.csv"
    labels.write_text("address,port,stack\n203.0.113.7,0,android\n")
    second, _ = learnt(tmp_path, "--stacks", first, "--labels", labels, phones)
    assert "\nlayout  mss,ws,ws " in second.read_text()
    assert "\nlayout  sok,mss,ts,ws," in second.read_text()


def test_the_shipped_table_is_shown_and_reads_as_itself(tmp_path, phones):
    shown = tmp_path / "stacks.txt"
    shown.write_text(hoptell("stack", "show").stdout)
    assert read(phones, "--stacks", shown) == read(phones)


@pytest.mark.parametrize("words, status, error", [
    (["stack", "learn"], 2, "expected a file of CSV, found none"),
    (["stack", "learn", "--labels", "labels"], 2, "expected a capture file, found none"),
    (["stack", "learn", "wrong.csv"], 3, "wrong.csv:2:36: error: expected android, ios, macos"),
    (["stack", "learn", "empty.csv"], 3, "expected lines after the header, found none"),
    (["stack", "learn", "none.csv"], 3, "expected a file to read, found none.csv"),
    (["stack", "learn", "--stacks", "wrong.csv", "empty.csv"], 3,
     "wrong.csv:1:1: error: expected a feature, a value and 6 likelihoods, found 1 words"),
    (["stack", "show", "x"], 2, "expected options alone, found 'x'"),
    (["read", "--stacks", "wrong.csv", "p.pcap"], 3, "wrong.csv:1:1: error: expected a feature"),
    (["read", "--p0f", "wrong.csv", "p.pcap"], 3, "wrong.csv:1:1: error: expected classes, label"),
    (["evaluate", "--p0f", "none.fp", "--labels", "labels", "p.pcap"], 3,
     "none.fp: error: expected signatures of p0f to read: No such file"),
])
def test_wrong_use_is_said_with_its_place(tmp_path, monkeypatch, words, status, error):
    monkeypatch.chdir(tmp_path)
    capture(tmp_path / "p.pcap", [PHONE])
    (tmp_path / "wrong.csv").write_text(
        'signature,stack\n"4:64:0:1400:65535,8:mss:df,id+:0",iOS\n')
    (tmp_path / "empty.csv").write_text("signature,stack\n")
    done = hoptell(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert error in done.stderr


def test_debians_signatures_say_what_p0f_says(tmp_path):
    path = capture(tmp_path / "known.pcap", [tcp for _, _, tcp in KNOWN_TO_P0F])
    log = tmp_path / "log"
    subprocess.run(["p0f", "-r", str(path), "-o", str(log)], capture_output=True, check=True,
                   timeout=60)
    said = [dict(field.split("=", 1) for field in line.split("] ", 1)[1].split("|"))["os"]
            for line in log.read_text(encoding="ascii").splitlines() if "|os=" in line]
    assert said == [name for name, _, _ in KNOWN_TO_P0F]
    with_it = read(path, "--p0f", DEBIANS)
    without = read(path)
    assert [o["stack"]["family"] for o in with_it] == [family for _, family, _ in KNOWN_TO_P0F]
    assert [o["stack"]["family"] for o in without] != [family for _, family, _ in KNOWN_TO_P0F]


# words of p0f's labels, and the families that are right for them; what has none of these is other
MEANT = [("Android", {"android", "linux"}), ("Linux", {"linux"}), ("Windows", {"windows"}),
         ("iOS", {"ios"}), ("Mac", {"macos", "ios"}), ("BaiduSpider", {"linux", "other"})]
# Linux 2.0, of 1996, sends what printers send today.
LIKE_OTHERS = {"s:unix:Linux:2.0"}


def option_of(word, mss, scale, quirks):
    clocks = (0 if "ts1-" in quirks else 5, 7 if "ts2+" in quirks else 0)
    known = {"mss": ("MSS", mss), "nop": ("NOP", None), "ws": ("WScale", scale),
             "sok": ("SAckOK", b""), "ts": ("Timestamp", clocks)}
    return known.get(word, ("EOL", None))


def packet_of(signature, port):
    """A packet as p0f's signature means it: an open MSS is 1400, an open scale 6, an open window 29200."""
    _, hop_limit, _, mss, window, layout, quirks, _ = signature.split(":")
    size, scale = window.split(",")
    quirks = quirks.split(",")
    mss = 1400 if mss == "*" else int(mss)
    times = {"mss": mss, "mtu": mss + 40}
    size = times[size[:3]] * int(size[4:]) if size[:3] in times else 29200 if size == "*" else int(size)
    scale = 6 if scale == "*" else int(scale)
    df = "df" in quirks
    return bytes(
        IP(src="203.0.113.7", dst="198.51.100.1", ttl=int(re.match("[0-9]+", hop_limit)[0]) - 5,
           flags="DF" if df else 0, id=77 if ("id+" in quirks if df else "id-" not in quirks) else 0) /
        TCP(sport=port, dport=443, flags="SEC" if "ecn" in quirks else "S", window=size, seq=9,
            ack=5 if "ack+" in quirks else 0,
            options=[option_of(word, mss, scale, quirks) for word in layout.split(",") if word]))


def requests_of(path):
    """(label, signature) of the opening packets in p0f's file."""
    section = label = None
    with open(path, encoding="ascii") as file:
        for line in map(str.strip, file):
            section = line if line.startswith("[") else section
            key, _, value = (part.strip() for part in line.partition("="))
            label = value if key == "label" else label
            if section == "[tcp:request]" and key == "sig":
                yield label, value


def test_none_of_debians_signatures_is_taken_for_another_system(tmp_path):
    """By the shipped table alone: named as what it is, or not at all."""
    known = [row for row in requests_of(DEBIANS) if row[0] not in LIKE_OTHERS]
    path = tmp_path / "known.pcap"
    frames = [captures.frame(captures.RAW, packet_of(signature, 5000 + i))
              for i, (_, signature) in enumerate(known)]
    path.write_bytes(captures.pcap(captures.RAW, frames))
    found = [o["stack"]["family"] for o in read(path)]
    wrong = [(label, signature, family) for (label, signature), family in zip(known, found)
             if family not in {"unknown", *next((m for word, m in MEANT if word in label), {"other"})}]
    assert len(found) > 80 and wrong == []
    assert {"ios", "windows", "linux", "other"} <= set(found)
