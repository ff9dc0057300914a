"""`hoptell tale`: what it says of good and bad tales, what it prints, and what it writes."""

import json
import pathlib
import re
import subprocess

import pytest
from scapy.all import (ICMP, IP, TCP, UDP, CookedLinux, Dot1Q, Ether, ICMPv6EchoRequest,
                       ICMPv6TimeExceeded, IPv6, Raw, rdpcap, wrpcap)

from hoptell import PROGRAM

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
TALES = sorted(EXAMPLES.glob("*.yaml")) + sorted(EXAMPLES.glob("*.txt"))
HEAD = """targets: [203.0.113.9, "2001:db8:42::9"]
addresses: [198.51.100.16/28, "2001:db8:43::/64"]
zone: tale.example.net
hops:
"""


def tale(*words, text=None, folder=None):
    return subprocess.run([PROGRAM, "tale", *map(str, words)], cwd=folder, input=text,
                          capture_output=True, text=True, check=False, timeout=60)


def written(folder, hops, name="t.yaml"):
    path = folder / name
    path.write_text(HEAD + hops, encoding="utf-8")
    return path


# check


@pytest.mark.parametrize("path", TALES, ids=lambda path: path.name)
def test_every_example_is_good(path):
    done = tale("check", path)
    assert done.returncode == 0
    assert ": error: " not in done.stderr


def test_the_page_for_authors_of_tools_has_every_ready_tale():
    page = (ROOT / "docs" / "testing-a-traceroute.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([\w.]+)\]\(\.\./examples/\1\)", page, re.M)
    assert sorted(listed + ["welcome.yaml"]) == sorted(path.name for path in EXAMPLES.glob("*.yaml"))


def test_every_error_has_its_line(tmp_path):
    (tmp_path / "bad.yaml").write_text(HEAD + "  - first\n  - {say: two, delay: soon}\n"
                                       "  - {sya: three}\n", encoding="utf-8")
    done = tale("check", "bad.yaml", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "bad.yaml:6:23: error: expected a duration such as 20ms, at most 1min for `delay`, found "
        "'soon'\n"
        "bad.yaml:7:6: error: expected a key of a hop (say, otherwise, silent, address, delay, jitter, "
        "distribution, loss, duplicate, reorder, rate, burst, mpls, interface, mtu, refuse), found "
        "'sya'\n")


def test_check_as_json():
    done = tale("check", "--format", "json", "-", text=HEAD + "  - {say: '...', silent: tls}\n")
    said = json.loads(done.stdout)
    assert done.returncode == 1
    assert (said["file"], said["good"], said["errors"], said["warnings"]) == ("-", False, 1, 1)
    assert {key: said["messages"][0][key] for key in ("kind", "line", "column")} == \
        {"kind": "error", "line": 5, "column": 26}
    done = tale("check", "--format", "json", "-", text=HEAD + "  - first\n")
    assert (done.returncode, json.loads(done.stdout)["hops"]) == (0, 1)


@pytest.mark.parametrize("words, status, said", [
    ([], 2, "hoptell tale: expected a command: check, show, zone, answer or import"),
    (["tell"], 2, "hoptell tale: expected a command (check, show, zone, answer or import), found 'tell'"),
    (["check"], 2, "hoptell tale check: expected one file, found 0"),
    (["check", "a", "b"], 2, "hoptell tale check: expected one file, found 2"),
    (["check", "--nothing", "a"], 2,
     "hoptell tale check: expected an option that 'hoptell tale check --help' tells of, found "
     "'--nothing'"),
    (["check", "--format"], 2, "hoptell tale check: expected an argument for the option --format, "
     "found none"),
    (["check", "--format", "xml", "a"], 2,
     "hoptell tale check: expected text or json for --format, found 'xml'"),
    (["check", "nowhere.yaml"], 3,
     "hoptell tale check: expected a file to read, found nowhere.yaml: No such file or directory"),
    (["check", "/tmp"], 3, "hoptell tale check: expected a file to read, found /tmp: Is a directory"),
    (["show", "-m", "256", "a"], 2,
     "hoptell tale show: expected a number from 1 to 255 for --hops, found '256'"),
    (["show", "-p", "sctp", "a"], 2,
     "hoptell tale show: expected icmp, udp, tcp or other for --probe, found 'sctp'"),
    (["zone", "--server", "a b", "a"], 2,
     "hoptell tale zone: expected a host name without a last dot for --server, found "
     "'a b'"),
    (["zone", "--ttl", "1", "a"], 2,
     "hoptell tale zone: expected a duration such as 60s, at most 7d, for --ttl, found '1'"),
    (["answer", "a", "b"], 2, "hoptell tale answer: expected three files (a tale, IN, OUT), found 2"),
    (["answer", "-", "-", "c"], 2,
     "hoptell tale answer: expected standard input for one file, found it for two"),
    (["answer", "--seed", "x", "a", "b", "c"], 2,
     "hoptell tale answer: expected a number for --seed, found 'x'"),
    (["import"], 2, "hoptell tale import: expected a format and a file, found 0 words"),
    (["import", "gns3", "a"], 2,
     "hoptell tale import: expected scuttle, paris-traceroute or trippy, found 'gns3'"),
    (["import", "trippy", "nowhere.toml"], 3,
     "hoptell tale import: expected a file to read, found nowhere.toml: No such file or directory"),
])
def test_wrong_use_is_one_line(words, status, said):
    done = tale(*words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said + "\n")


@pytest.mark.parametrize("word", ["check", "show", "zone", "answer", "import"])
def test_each_command_has_help(word):
    done = tale(word, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: hoptell tale {word} ")


# show


def test_the_shipped_tale_reads_like_this():
    done = tale("show", "-4", EXAMPLES / "welcome.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == """\
traceroute to welcome.hoptell.example (203.0.113.9), 30 hops max, 60 byte packets
 1  Hello.and.welcome (198.51.100.17)
 2  every.packet.has.a.number.that.says.how.far.it.may.go (198.51.100.18)
 3  and.each.router.on.its.way.takes.one.off (198.51.100.19)
 4  traceroute.sends.one.two.three.and.so.on (198.51.100.20)
 5  and.reads.who.answers.when.the.number.is.used.up (198.51.100.21)
 6  here.there.are.no.routers (198.51.100.22)
 7  one.small.program.called.hoptell.answers.for.all.of.them (198.51.100.23)
 8  with.delays.and.names (198.51.100.24)
 9  and.with.silence (198.51.100.25)
10  * * *
11  it.also.reads.that.number.in.what.visitors.send (198.51.100.26)
12  and.tells.what.stands.behind.it (198.51.100.27)
13  now.write.a.path.of.your.own (198.51.100.28)
14  welcome.hoptell.example (203.0.113.9)
"""


def lines(*words, text):
    return [line.strip() for line in tale("show", *words, "-", text=text).stdout.splitlines()[1:]]


def test_a_hop_without_a_name_shows_its_address_twice():
    assert lines("-6", text=HEAD + "  - {delay: 1ms}\n") == [
        "1  2001:db8:43::1 (2001:db8:43::1)", "2  tale.example.net (2001:db8:42::9)"]


def test_both_families_are_shown_apart():
    shown = tale("show", "-", text=HEAD + "  - first\n").stdout.split("\n\n")
    assert [part.splitlines()[0] for part in shown] == [
        "traceroute to tale.example.net (203.0.113.9), 30 hops max, 60 byte packets",
        "traceroute to tale.example.net (2001:db8:42::9), 30 hops max, 80 byte packets"]


def test_silence_depends_on_the_probe():
    text = HEAD + "  - {say: first, silent: [icmp, other]}\n"
    assert lines("-4", text=text)[0] == "1  first (198.51.100.17)"
    assert lines("-4", "-p", "icmp", text=text)[0] == "1  * * *"
    assert lines("-4", "-p", "tcp", text=text)[0] == "1  first (198.51.100.17)"


def test_a_silent_end_is_stars_as_far_as_traceroute_goes():
    text = "end: {udp: silent}\n" + HEAD + "  - first\n"
    assert lines("-4", text=text)[1:] == [f"{hop}  * * *" for hop in range(2, 31)]
    assert lines("-4", "-m", "3", text=text)[1:] == ["2  * * *", "3  * * *"]
    assert lines("-4", "-p", "tcp", text=text)[1:] == ["2  tale.example.net (203.0.113.9)"]


@pytest.mark.parametrize("refuse, v4, v6", [
    ("net", " !N", " !N"), ("host", " !H", " !H"), ("protocol", " !P", " !<4-1>"), ("port", "", ""),
    ("admin", " !X", " !X"), ("source-route", " !S", " !<7>"), ("precedence", " !V", " !X"),
    ("policy", " !X", " !<5>"), ("reject", " !X", " !<6>"),
])
def test_a_refusal_ends_it_with_its_mark(refuse, v4, v6):
    text = HEAD + f"  - first\n  - {{say: no, refuse: {refuse}}}\n  - never seen\n"
    assert lines("-4", text=text)[1:] == [f"2  no (198.51.100.18){v4}"]
    assert lines("-6", text=text)[1:] == [f"2  no (2001:db8:43::2){v6}"]


def test_branches_stand_under_each_other():
    text = HEAD + "  - a\n  - {fork: [[b, c], [d]], by: packet}\n  - e\n"
    assert lines("-4", text=text) == [
        "1  a (198.51.100.17)",
        "2  b (198.51.100.18)  [branch 1 of 2, by packet]",
        "d (198.51.100.20)  [branch 2 of 2, by packet]",
        "3  c (198.51.100.19)  [branch 1 of 2, by packet]",
        "e (198.51.100.21)",
        "4  e (198.51.100.21)",
        "tale.example.net (203.0.113.9)",
        "5  tale.example.net (203.0.113.9)"]


def test_show_as_json():
    text = HEAD + "  - {say: One hop, mpls: 7}\n  - {fork: [[b], [{silent: true}]]}\n"
    shown = json.loads(tale("show", "--format", "json", "-4", "-", text=text).stdout)
    assert shown["tale"] == "tale"
    assert [(trace["family"], trace["target"], trace["name"]) for trace in shown["traces"]] == [
        ("ipv4", "203.0.113.9", "tale.example.net")]
    assert shown["traces"][0]["lines"] == [
        {"hop": 1, "address": "198.51.100.17", "name": "One.hop", "say": "One hop", "line": 5,
         "mpls": [{"label": 7, "tc": 0, "ttl": 1}]},
        {"hop": 2, "address": "198.51.100.18", "name": "b", "say": "b", "line": 6,
         "fork": {"by": "flow", "branch": 1, "of": 2}},
        {"hop": 2, "address": None, "name": None, "say": "", "line": 6,
         "fork": {"by": "flow", "branch": 2, "of": 2}},
        {"hop": 3, "address": "203.0.113.9", "name": "tale.example.net", "end": "unreachable"}]


# zone


@pytest.mark.parametrize("path", TALES, ids=lambda path: path.name)
def test_the_zones_are_good_by_other_programs(path, tmp_path):
    done = tale("zone", "-o", tmp_path, "--serial", "2026112100", path)
    assert (done.returncode, done.stdout) == (0, "")
    files = sorted(tmp_path.iterdir())
    assert len(files) >= 2
    for file in files:
        subprocess.run(["named-checkzone", file.stem, file], check=True, capture_output=True)
        subprocess.run(["ldns-read-zone", file], check=True, capture_output=True)


def test_the_zones_are_printed_where_no_folder_is_named(tmp_path):
    printed = tale("zone", "--serial", "1", EXAMPLES / "plain.yaml").stdout
    tale("zone", "--serial", "1", "-o", tmp_path, EXAMPLES / "plain.yaml")
    assert sorted(printed.splitlines()) == sorted(
        line for file in tmp_path.iterdir() for line in file.read_text().splitlines())


def test_the_zones_hold_what_show_prints(tmp_path):
    tale("zone", "-o", tmp_path, EXAMPLES / "plain.yaml")
    shown = json.loads(tale("show", "--format", "json", EXAMPLES / "plain.yaml").stdout)
    zones = "".join(file.read_text() for file in tmp_path.iterdir())
    pointers = [line.split()[-1] for line in zones.splitlines() if "\tPTR\t" in line]
    names = [line["name"] + "." for trace in shown["traces"] for line in trace["lines"]]
    assert sorted(pointers) == sorted(names)


def test_zones_have_the_ttl_and_the_server_that_were_asked_for():
    printed = tale("zone", "--ttl", "5min", "--server", "ns1.example.org",
                   EXAMPLES / "plain.yaml").stdout
    assert "\t300\tIN\tNS\tns1.example.org.\n" in printed
    assert "\t60\t" not in printed


def test_zones_in_a_folder_that_is_not_there(tmp_path):
    done = tale("zone", "-o", tmp_path / "none", EXAMPLES / "plain.yaml")
    assert done.returncode == 3
    assert done.stderr == ("hoptell tale zone: cannot write the zones to "
                           f"{tmp_path / 'none'}: No such file or directory\n")
    assert list(tmp_path.iterdir()) == []


# answer

PROBES = [
    IP(src="192.0.2.7", dst="203.0.113.9", ttl=1, id=5) / UDP(sport=40000, dport=33434) / b"probe",
    IP(src="192.0.2.7", dst="203.0.113.9", ttl=2) / ICMP(id=3, seq=1) / b"echo",
    IP(src="192.0.2.7", dst="203.0.113.9", ttl=64) / TCP(sport=40000, dport=80, flags="S", seq=9),
    IP(src="192.0.2.7", dst="203.0.113.1", ttl=1) / UDP(sport=40000, dport=33434),
    IPv6(src="2001:db8::7", dst="2001:db8:42::9", hlim=3) / ICMPv6EchoRequest(id=3, data=b"six"),
]
V4 = Ether(src="02:00:00:00:00:07", dst="02:00:00:00:00:09", type=0x800)
V6 = Ether(src="02:00:00:00:00:07", dst="02:00:00:00:00:09", type=0x86dd)


def framed(probe):
    return (V6 if IPv6 in probe else V4) / probe


def times(packets, gap=0.01):
    for index, packet in enumerate(packets):
        packet.time = 1700000000 + index * gap
    return packets


def answers(folder, tale_path, packets, *words, **options):
    wrpcap(str(folder / "in.pcap"), times(packets), nano=True, **options)
    done = tale("answer", *words, tale_path, folder / "in.pcap", folder / "out.pcap")
    assert (done.returncode, done.stderr) == (0, "")
    return rdpcap(str(folder / "out.pcap")), done.stdout


def test_probes_are_answered_in_frames_that_go_back(tmp_path):
    got, said = answers(tmp_path, EXAMPLES / "plain.yaml", [framed(probe) for probe in PROBES])
    assert [(p.src, p.dst) for p in got] == [("02:00:00:00:00:09", "02:00:00:00:00:07")] * 4
    assert [p.payload.src for p in got] == ["198.51.100.17", "198.51.100.18", "203.0.113.9",
                                            "2001:db8:43::3"]
    assert (got[0][ICMP].type, got[0][ICMP].code) == (11, 0)
    assert bytes(got[0][ICMP].payload)[20:] == bytes(PROBES[0])[20:]
    assert got[2][TCP].flags == "RA" and got[2][TCP].ack == 10
    assert ICMPv6TimeExceeded in got[3]
    assert [line.split()[:2] for line in said.splitlines()] == [
        ["read", "5"], ["written", "4"], ["time_exceeded", "3"], ["end_reset", "1"],
        ["not_target", "1"]]


def test_tags_of_a_vlan_stay(tmp_path):
    probe = Ether(src="02:00:00:00:00:07", dst="02:00:00:00:00:09") / Dot1Q(vlan=42) / PROBES[0]
    got, _ = answers(tmp_path, EXAMPLES / "plain.yaml", [probe])
    assert got[0][Dot1Q].vlan == 42
    assert got[0][IP].src == "198.51.100.17"


def test_raw_and_cooked_captures_are_answered_in_kind(tmp_path):
    got, _ = answers(tmp_path, EXAMPLES / "plain.yaml", [PROBES[0]], linktype=101)
    assert got[0].src == "198.51.100.17"
    got, _ = answers(tmp_path, EXAMPLES / "plain.yaml",
                     [CookedLinux(lladdrlen=6, src=b"\2\0\0\0\0\7", proto=0x800) / PROBES[0]])
    assert (got[0][CookedLinux].pkttype, got[0][IP].src) == (4, "198.51.100.17")


def test_a_delayed_answer_has_its_time(tmp_path):
    path = written(tmp_path, "  - {say: slow, delay: 1s}\n  - quick\n")
    probes = [V4 / IP(src="192.0.2.7", dst="203.0.113.9", ttl=hop) / UDP(dport=33434)
              for hop in (1, 2, 1, 2)]
    got, _ = answers(tmp_path, path, probes)
    assert [p[IP].src for p in got] == ["198.51.100.18", "198.51.100.18", "198.51.100.17",
                                        "198.51.100.17"]
    assert [round(float(p.time) - 1700000000, 6) for p in got] == [0.01, 0.03, 1.0, 1.02]


def test_a_seed_decides_where_chance_does(tmp_path):
    probes = [V4 / IP(src="192.0.2.7", dst="203.0.113.9", ttl=1 + n % 7) / UDP(dport=33434) /
              Raw(bytes([n])) for n in range(140)]

    def octets(*words):
        answers(tmp_path, EXAMPLES / "slow.yaml", probes, *words)
        return (tmp_path / "out.pcap").read_bytes()

    assert octets() == octets() == octets("--seed", "1")
    assert octets("--seed", "2") != octets("--seed", "1")
    order = [float(p.time) for p in rdpcap(str(tmp_path / "out.pcap"))]
    assert order == sorted(order)


def test_standard_input_and_output(tmp_path):
    wrpcap(str(tmp_path / "in.pcap"), times([framed(PROBES[0])]))
    with open(tmp_path / "in.pcap", "rb") as source:
        done = subprocess.run([PROGRAM, "tale", "answer", "--format", "json",
                               EXAMPLES / "plain.yaml", "-", "-"], stdin=source,
                              capture_output=True, check=True, timeout=60)
    (tmp_path / "piped.pcap").write_bytes(done.stdout)
    assert rdpcap(str(tmp_path / "piped.pcap"))[0][IP].src == "198.51.100.17"
    assert json.loads(done.stderr) == {"read": 1, "written": 1, "reasons": {"time_exceeded": 1}}


@pytest.mark.parametrize("damage, said", [
    (lambda octets: None, ": expected a capture file, found: No such file or directory"),
    (lambda octets: b"", ": expected a pcap or pcapng capture, found an empty file"),
    (lambda octets: b"no capture at all, but text", ": expected a pcap or pcapng capture, found "),
    (lambda octets: octets[:-3], "in.pcap"),
])
def test_a_bad_capture_leaves_what_was_there(damage, said, tmp_path):
    wrpcap(str(tmp_path / "in.pcap"), times([framed(probe) for probe in PROBES]))
    octets = damage((tmp_path / "in.pcap").read_bytes())
    (tmp_path / "in.pcap").unlink()
    if octets is not None:
        (tmp_path / "in.pcap").write_bytes(octets)
    (tmp_path / "out.pcap").write_text("was here")
    done = tale("answer", EXAMPLES / "plain.yaml", tmp_path / "in.pcap", tmp_path / "out.pcap")
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert (tmp_path / "out.pcap").read_text() == "was here"
    assert {path.name for path in tmp_path.iterdir()} <= {"in.pcap", "out.pcap"}


def test_an_output_that_cannot_be(tmp_path):
    wrpcap(str(tmp_path / "in.pcap"), times([framed(PROBES[0])]))
    done = tale("answer", EXAMPLES / "plain.yaml", tmp_path / "in.pcap", tmp_path / "no" / "out")
    assert done.returncode == 3
    assert done.stderr == (f"hoptell tale answer: cannot write {tmp_path / 'no' / 'out'}: "
                           "No such file or directory\n")


# import

IMPORTED = ROOT / "tests" / "import"
FILES = [(folder.name, file) for folder in sorted(IMPORTED.iterdir())
         for file in sorted(folder.iterdir()) if file.suffix not in (".yaml", ".said")]


@pytest.mark.parametrize("form, file", FILES, ids=[file.name for _, file in FILES])
def test_a_file_of_another_program_gives_its_tale(form, file):
    """Pairs: the file, the tale that comes of it, and what could not be carried over."""
    done = tale("import", form, file.name, folder=file.parent)
    assert done.returncode == 0
    assert done.stdout == (file.parent / (file.name + ".yaml")).read_text()
    assert done.stderr == (file.parent / (file.name + ".said")).read_text()
    check = tale("check", "-", text=done.stdout)
    assert (check.returncode, check.stderr) == (0, "")


def test_an_imported_fork_is_a_diamond():
    done = tale("import", "paris-traceroute", IMPORTED / "paris-traceroute" / "198.51.100.9-diamond")
    assert lines(text=done.stdout) == [
        "1  10.9.0.1 (10.9.0.1)",
        "2  10.9.1.1 (10.9.1.1)  [branch 1 of 2, by flow]",
        "10.9.1.2 (10.9.1.2)  [branch 2 of 2, by flow]",
        "3  10.9.2.1 (10.9.2.1)  [branch 1 of 2, by flow]",
        "10.9.3.1 (10.9.3.1)",
        "4  10.9.3.1 (10.9.3.1)",
        "198.51.100.9 (198.51.100.9)",
        "5  198.51.100.9 (198.51.100.9)"]


@pytest.mark.parametrize("form, text, said", [
    ("scuttle", "no address", "-: error: expected a hop at least, found none"),
    ("paris-traceroute", "start end\n", "-: error: expected a hop at least, found none"),
    ("trippy", "target = 10.0.0.1", "-:1:12: error: expected a whole number, found '.'"),
])
def test_a_file_that_nothing_can_be_made_of(form, text, said):
    done = tale("import", form, "-", text=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == said
