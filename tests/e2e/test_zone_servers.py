"""The zone files of `hoptell tale zone` as NSD, Knot and BIND serve them, beside hoptell's own
server: every record, and what is not there, asked of all four in a network namespace of their own."""

import os
import pathlib
import re
import subprocess

import pytest

from conftest import ROOT, public_directory, wait_until
from hoptell import PROGRAM

EXAMPLES = pathlib.Path(ROOT) / "examples"
SERIAL = "2026112101"
TALE = """
name: zones
targets: [203.0.113.9, 203.0.113.77, "2001:db8:42::9"]
addresses: [198.51.100.16/28, "2001:db8:43::/64"]
zone: Tale.example.net
hops:
  - Once upon a time
  - Grüße aus København
  - привет мир
  - {silent: true}
  - {fork: [[the same words], [the same words, and more]], by: flow}
  - {say: its own, address: [192.0.2.200, "2001:db8:43:1::1"]}
  - as-long-as-a-label-may-be-is-what-this-word-of-letters-is-justx
  - {delay: 1ms}
"""
HOPTELL = """
user: nobody
store: none
log: warning
watch: {{interfaces: []}}
tales: [{tale}]
own: [203.0.113.0/24, 198.51.100.0/24, 192.0.2.0/24, "2001:db8::/32"]
names: {{listen: ["127.0.0.1:{port}"]}}
visitors: {{listen: []}}
operators: {{listen: []}}
"""
NSD = """
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  database: ""
  server-count: 1
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/nsd.xfrd"
  zonelistfile: "{folder}/nsd.zones"
  cookie-secret-file: "{folder}/nsd.cookies"
remote-control:
  control-enable: no
"""
KNOT = """
server:
  listen: 127.0.0.1@{port}
  rundir: {folder}
database:
  storage: {folder}/knot
log:
  - target: stderr
    any: info
zone:
"""
# BIND's AppArmor profile lets it read here; the folder is mounted over it in the namespace.
BIND_FOLDER = "/var/cache/bind"
BIND = """
options {{
  directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile none;
  managed-keys-directory "{folder}";
  recursion no;
  notify no;
  dnssec-validation no;
}};
controls {{ }};
"""


def write_zones(tale, folder):
    """The zones' names; each is in ZONE.zone."""
    done = subprocess.run([PROGRAM, "tale", "zone", "-o", folder, "--serial", SERIAL, tale],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return sorted(path.stem for path in pathlib.Path(folder).glob("*.zone"))


class Servers:
    """A namespace with hoptell, NSD, Knot and BIND, each on a port of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = {}
        tale = os.path.join(folder, "zones.yaml")
        with open(tale, "w", encoding="utf-8") as file:
            file.write(TALE)
        self.zones = write_zones(tale, folder)
        self.keeper = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c",
             f"ip link set lo up && mount --bind {folder} {BIND_FOLDER} && echo up && "
             "exec sleep 1000"], stdout=subprocess.PIPE, text=True)
        assert self.keeper.stdout.readline() == "up\n"
        self.ports = {}
        self.start("hoptell", HOPTELL.format(tale=tale, port=5300), 5300,
                   PROGRAM, "run", "-c", f"{folder}/hoptell.conf")
        self.start("nsd", NSD.format(folder=folder, port=5301) + "".join(
            f'zone:\n  name: "{zone}"\n  zonefile: "{zone}.zone"\n' for zone in self.zones),
            5301, "nsd", "-d", "-c", f"{folder}/nsd.conf")
        self.start("knot", KNOT.format(folder=folder, port=5302) + "".join(
            f'  - domain: {zone}.\n    file: "{folder}/{zone}.zone"\n' for zone in self.zones),
            5302, "knotd", "-c", f"{folder}/knot.conf")
        self.start("bind", BIND.format(folder=BIND_FOLDER, port=5303) + "".join(
            f'zone "{zone}" {{ type primary; file "{zone}.zone"; }};\n' for zone in self.zones),
            5303, "named", "-g", "-c", f"{BIND_FOLDER}/bind.conf")

    def start(self, name, settings, port, *command):
        with open(f"{self.folder}/{name}.conf", "w", encoding="utf-8") as file:
            file.write(settings)
        with open(f"{self.folder}/{name}.log", "w", encoding="utf-8") as log:
            self.processes[name] = subprocess.Popen(self.inside(*command), stdout=log, stderr=log,
                                                    stdin=subprocess.DEVNULL)
        self.ports[name] = port

    def inside(self, *command):
        return ["nsenter", "-t", str(self.keeper.pid), "-n", "-m", *command]

    def said(self, name):
        with open(f"{self.folder}/{name}.log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def is_ready(self, name):
        assert self.processes[name].poll() is None, f"{name} ended:\n{self.said(name)}"
        soa = self.ask(name, [(zone, "SOA") for zone in self.zones], check=False)
        return all(answer and answer.status == "NOERROR" and answer.records for answer in soa)

    def ask(self, name, questions, check=True, way="+notcp"):
        """What the server `name` answers to each of `questions`, (name, type)."""
        words = [word for question in questions for word in question]
        done = subprocess.run(
            self.inside("dig", "@127.0.0.1", "-p", str(self.ports[name]), "+norec", "+tries=1",
                        "+time=2", "+nocookie", way, *words),
            capture_output=True, text=True, check=False, timeout=60)
        answers = [Answer(text) for text in done.stdout.split(";; Got answer:")[1:]]
        if check:
            assert len(answers) == len(questions), done.stdout + done.stderr
        return answers or [None]

    def close(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self.keeper.kill()
        self.keeper.wait(10)


def plain(record):
    """A record without what servers may write as they like: the serial, and the case of names."""
    owner, ttl, _, kind, data = record.split(None, 4)
    data = data.lower()
    if kind == "SOA":
        words = data.split()
        data = " ".join(words[:2] + words[3:])
    return owner.lower(), int(ttl), kind, data


class Answer:
    """Status, answer section, and for what is not there the SOA of the authority section."""

    def __init__(self, text):
        self.status = re.search(r"status: (\w+)", text).group(1)
        self.is_authoritative = " aa" in re.search(r"flags:([\w ]*);", text).group(1)
        self.records = self.section(text, "ANSWER")
        authority = self.section(text, "AUTHORITY")
        self.negative = [] if self.records else [r for r in authority if r[2] == "SOA"]

    @staticmethod
    def section(text, name):
        found = re.search(rf";; {name} SECTION:\n(.*?)\n\n", text + "\n\n", re.S)
        return sorted(map(plain, found.group(1).splitlines())) if found else []

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return repr(vars(self))


@pytest.fixture(scope="module")
def servers(need_root):
    with public_directory() as folder:
        os.mkdir(f"{folder}/knot")
        made = Servers(folder)
        try:
            for name in made.ports:
                wait_until(lambda: made.is_ready(name), what=f"{name} to serve all zones")
            yield made
        finally:
            made.close()


def records_in(servers):
    """(name, type) of everything in the zone files."""
    found = set()
    for zone in servers.zones:
        with open(f"{servers.folder}/{zone}.zone", encoding="ascii") as file:
            found |= {tuple(line.split("\t")[:4:3]) for line in file if "\tIN\t" in line}
    return sorted(found)


def absent(servers):
    """Names that are not there, types that are not there, and names that only lead to others."""
    questions = []
    for zone in servers.zones:
        questions += [(f"nothing-here.{zone}", "PTR"), (f"a.b.c.{zone}", "A"), (zone, "MX")]
    for name, kind in records_in(servers):
        if kind == "PTR":
            questions.append((name, "TXT"))
            questions.append((name.split(".", 1)[1], "PTR"))
    return questions


@pytest.mark.parametrize("other", ["nsd", "knot", "bind"])
@pytest.mark.parametrize("way", ["+notcp", "+tcp"])
def test_every_record_is_the_same_everywhere(servers, other, way):
    questions = records_in(servers)
    kinds = {kind for _, kind in questions}
    assert kinds == {"A", "AAAA", "NS", "PTR", "SOA"}
    assert len(questions) > 25
    ours = servers.ask("hoptell", questions, way=way)
    theirs = servers.ask(other, questions, way=way)
    for question, our, their in zip(questions, ours, theirs):
        assert our.status == "NOERROR" and our.is_authoritative and our.records, question
        assert our == their, question


@pytest.mark.parametrize("other", ["nsd", "knot", "bind"])
def test_what_is_not_there_is_said_alike_everywhere(servers, other):
    questions = absent(servers)
    ours = servers.ask("hoptell", questions)
    theirs = servers.ask(other, questions)
    assert {answer.status for answer in ours} == {"NXDOMAIN", "NOERROR"}
    for question, our, their in zip(questions, ours, theirs):
        assert our.is_authoritative and len(our.negative) == 1, question
        assert our == their, question


@pytest.mark.parametrize("tale", sorted(EXAMPLES.glob("*.yaml")) + sorted(EXAMPLES.glob("*.txt")),
                         ids=lambda path: path.name)
def test_the_servers_own_checkers_accept_every_example(tale, tmp_path):
    zones = write_zones(tale, tmp_path)
    assert len(zones) >= 2
    for zone in zones:
        file = tmp_path / f"{zone}.zone"
        for command in (["nsd-checkzone", zone, file], ["kzonecheck", "-o", zone, file],
                        ["named-checkzone", "-k", "fail", "-n", "fail", "-i", "full", zone, file]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command[0]} {zone}: {done.stdout}{done.stderr}"
