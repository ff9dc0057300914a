"""The lab itself: it stands, it forwards, it translates, it impersonates, and it goes away whole."""

import os
import signal
import subprocess

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.utils import PcapReader

import plan
from conftest import LAB, LabInUse, own_prefix, wait_until

FAMILIES = (4, 6)
TARGET = {4: "203.0.113.9", 6: "2001:db8:42::9"}
PORT = 8000

# What opens a connection as each system does: hop limit, options, window (None: the kernel's own).
OPENINGS = {
    "linux": (64, ["MSS", "SAckOK", "Timestamp", "NOP", "WScale"], 7, None),
    "android": (64, ["MSS", "SAckOK", "Timestamp", "NOP", "WScale"], 9, 65535),
    "ios": (64, ["MSS", "NOP", "WScale", "NOP", "NOP", "Timestamp", "SAckOK", "EOL"], 6, 65535),
    "macos": (64, ["MSS", "NOP", "WScale", "NOP", "NOP", "Timestamp", "SAckOK", "EOL"], 6, 65535),
    "windows": (128, ["MSS", "NOP", "WScale", "NOP", "NOP", "SAckOK"], 8, None),
}

SERVER = f"""
import http.server, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (self.client_address[0] + "\\n").encode() * 10000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
Server(("::", {PORT}), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def server(lab):
    """A web site that says who asked, at such length that it takes several packets."""
    process = lab.start("site", "/usr/bin/python3", "-c", SERVER)
    wait_until(lambda: f":{PORT} " in lab.run("site", "ss", "-Hltn"), what="the server to listen")
    yield
    process.kill()
    process.wait()


def ask(lab, host, family):
    lines = lab.run(host, "curl", f"-{family}", "-sSfm", "10", f"http://site:{PORT}/").split()
    assert len(lines) == 10000 and len(set(lines)) == 1
    return lines[0]


def first_syn(lab, host, family, path):
    """The opening packet of a connection from `host`, as it arrives at the site."""
    capture = lab.start("site", "tcpdump", "-Z", "root", "-i", "up0", "--immediate-mode", "-c1",
                        "-w", str(path), f"tcp dst port {PORT}", stderr=subprocess.PIPE, text=True)
    assert "listening on" in capture.stderr.readline()
    ask(lab, host, family)
    capture.communicate(timeout=30)
    with PcapReader(str(path)) as reader:
        return next(iter(reader))


def checksum_holds(packet):
    layer = IP if IP in packet else IPv6
    fresh = packet[layer].copy()
    del fresh[TCP].chksum
    return layer(bytes(fresh))[TCP].chksum == packet[TCP].chksum


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("host", ["phone1", "phone2", "phone12", "laptop"])
def test_every_host_reaches_the_site_by_name(lab, server, host, family):
    expected = plan.address_of("carrier", 4) if family == 4 else plan.address_of(host, 6)
    assert ask(lab, host, family).removeprefix("::ffff:") == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_the_laptop_is_one_hop_further_than_its_phone(lab, family):
    def hops(host):
        output = lab.run(host, "traceroute", f"-{family}", "-w5", "-q1", "-I", "site")
        return [line.split()[1] for line in output.splitlines()[1:]]

    assert hops("phone1") == ["carrier", "router1", "router2", "router3", "site"]
    assert hops("laptop") == ["phone1"] + hops("phone1")


@pytest.mark.parametrize("family", FAMILIES)
def test_what_no_tale_claims_ends_at_the_site(lab, family):
    output = lab.run("phone2", "traceroute", f"-{family}", "-w5", "-q1", "-n", TARGET[family])
    lines = output.splitlines()
    assert lines[-1].split()[1] == plan.address_of("site", family)
    assert lines[-1].split()[-1].startswith("!")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("system", OPENINGS)
def test_a_laptop_opens_connections_as_another_system(lab, server, tmp_path, system, family):
    hop_limit, options, scale, window = OPENINGS[system]
    lab.tool("os", "laptop", system)
    try:
        packet = first_syn(lab, "laptop", family, tmp_path / "syn.pcap")
    finally:
        lab.tool("os", "laptop", "linux")
    tcp = packet[TCP]
    values = dict(tcp.options)
    # scapy tells each octet of the filling behind the end of the list
    names = [name for index, (name, _) in enumerate(tcp.options)
             if name != "EOL" or tcp.options[index - 1][0] != "EOL"]
    assert tcp.flags == "S" and names == options
    assert (packet[IP].ttl if family == 4 else packet[IPv6].hlim) == hop_limit - 5
    assert values["MSS"] == (1460 if family == 4 else 1440) and values["WScale"] == scale
    assert window is None or tcp.window == window
    assert checksum_holds(packet)


def test_phones_open_as_handsets_and_their_guest_as_itself(lab, server, tmp_path):
    windows = {host: first_syn(lab, host, 4, tmp_path / host)[TCP].window
               for host in ("phone1", "phone4", "laptop")}
    assert windows["phone1"] == windows["phone4"] == 65535
    assert windows["laptop"] != 65535


def test_names_are_asked_of_the_site(lab):
    assert lab.run("phone3", "cat", "/etc/resolv.conf").split()[1] == plan.address_of("site", 4)


def left_of(prefix):
    """What is left of a lab: namespaces, files, processes."""
    left = [f"{directory}/{name}" for directory in ("/run/netns", "/etc/netns")
            if os.path.isdir(directory) for name in os.listdir(directory) if prefix in name]
    return left


@pytest.fixture
def another(need_root):
    made = LabInUse(own_prefix("once"))
    made.tool("down")
    yield made
    made.tool("down")


def test_up_twice_is_up_and_down_leaves_nothing(another):
    another.tool("up")
    inode = os.stat(f"/run/netns/{another.namespace('site')}").st_ino
    another.tool("up")
    assert os.stat(f"/run/netns/{another.namespace('site')}").st_ino == inode
    sleeper = another.start("phone5", "sleep", "1000")
    another.tool("down")
    assert sleeper.wait(30) == -signal.SIGKILL
    assert left_of(another.prefix) == []
    another.tool("down")


def test_down_cleans_up_after_an_up_that_was_killed(another):
    process = subprocess.Popen([LAB, "--prefix", another.prefix, "up"])
    wait_until(lambda: os.path.exists(f"/run/netns/{another.namespace('phone8')}"), what="phone8")
    process.kill()
    process.wait()
    assert left_of(another.prefix) != []
    another.tool("up")
    assert another.run("laptop", "ping", "-c1", "-W5", "site")
    another.tool("down")
    assert left_of(another.prefix) == []


def test_a_failing_command_fails_the_shell(lab):
    assert lab.tool("sh", "router2", "sh", "-c", "exit 7", check=False).returncode == 7


@pytest.mark.parametrize("words, expected", [
    (("sh", "phone99", "true"), "expected a host of the lab"),
    (("os", "laptop", "beos"), "expected a system"),
])
def test_what_there_is_not_is_said(lab, words, expected):
    done = lab.tool(*words, check=False)
    assert done.returncode == 3 and expected in done.stderr and len(done.stderr.splitlines()) == 1


def test_without_root_it_says_so():
    done = subprocess.run(["setpriv", "--reuid", "65534", LAB, "up"] if os.geteuid() == 0
                          else [LAB, "up"], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "expected to be root" in done.stderr
