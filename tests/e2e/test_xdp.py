"""Tales and watch by XDP: a tale on the site's own address, with nothing of the site switched off."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest

import plan
import visits
from conftest import public_directory, wait_until
from hoptell import OWN, Hoptell, real_way

HOST = "phone2"
FAMILIES = [4, 6]
SERVICE = 7000  # of TCP and UDP, on the site

TALE = """
name: here
targets: [192.0.2.82, "2001:db8:80::80"]
addresses: [198.51.100.16/28, "2001:db8:43::/64"]
hops:
  - nothing
  - {say: is, mpls: [{label: 24001, tc: 0, ttl: 1}]}
  - {say: switched, delay: 20ms, jitter: 1ms}
  - {say: off, interface: {name: xe-0/0/1, index: 7, mtu: 1500}}
  - {fork: [[here], [there]], by: flow}
"""
HOPS = 5

SETTINGS = f"""
user: nobody
store: none
own: {OWN}
tales: [tale.yaml]
datapath: xdp
xdp: {{interfaces: [up0], mode: %s}}
watch: {{interfaces: [up0], datapath: xdp}}
limit: {{source_burst: 400}}
"""

# A program that lets all pass: frames that a driver of veth sends back need one at the other end.
PASS = """
int pass(void *frame) __attribute__((section("xdp"), used));
int pass(void *frame) { (void)frame; return 2; }
char _license[] __attribute__((section("license"), used)) = "MIT";
"""

# Sends back what it gets, by TCP and by UDP, in both families.
ECHO = f"""
import socket, threading
server = socket.create_server(("::", {SERVICE}), family=socket.AF_INET6, dualstack_ipv6=True)
def answer():
    while True:
        data, sender = packets.recvfrom(2000)
        packets.sendto(data, sender)
packets = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
packets.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
packets.bind(("::", {SERVICE}))
threading.Thread(target=answer, daemon=True).start()
def speak(connection):
    while data := connection.recv(2000):
        connection.sendall(data)
while True:
    threading.Thread(target=speak, args=(server.accept()[0],), daemon=True).start()
"""

# Speaks to it with a hop limit of its own, as a BGP speaker does; says how it went.
SPEAKER = """
import socket, sys
family = socket.AF_INET if sys.argv[1] == "4" else socket.AF_INET6
kind = socket.SOCK_STREAM if sys.argv[4] == "tcp" else socket.SOCK_DGRAM
speaker = socket.socket(family, kind)
if family == socket.AF_INET:
    speaker.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, int(sys.argv[5]))
else:
    speaker.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, int(sys.argv[5]))
speaker.settimeout(5)
speaker.connect((sys.argv[2], int(sys.argv[3])))
for word in (b"first", b"second" * 100):
    speaker.sendall(word)
    got = b""
    while len(got) < len(word):
        got += speaker.recv(2000)
    assert got == word
print("heard")
"""


# Opens a connection, and goes on in it with other hop limits; says from which address.
WANDERER = """
import socket, sys
family = socket.AF_INET if sys.argv[1] == "4" else socket.AF_INET6
option = ((socket.IPPROTO_IP, socket.IP_TTL) if sys.argv[1] == "4"
          else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS))
wanderer = socket.create_connection((sys.argv[2], int(sys.argv[3])), 5)
for hop_limit in sys.argv[4:]:
    wanderer.setsockopt(*option, int(hop_limit))
    wanderer.sendall(b"on")
    assert wanderer.recv(2000)
print(wanderer.getsockname()[0])
"""


def site_address(family):
    return plan.address_of("site", family)


def attached(lab):
    """The XDP program on the site's interface, as the kernel shows it; None for none."""
    shown = json.loads(lab.run("site", "ip", "-j", "link", "show", "dev", "up0"))[0]
    return shown.get("xdp")


@pytest.fixture(scope="module")
def other_end(lab):
    with public_directory() as directory:
        source = os.path.join(directory, "pass.c")
        program = os.path.join(directory, "pass.o")
        with open(source, "w", encoding="ascii") as file:
            file.write(PASS)
        subprocess.run(["clang", "-target", "bpf", "-O2", "-g", "-c", source, "-o", program],
                       check=True)
        lab.run("router3", "ip", "link", "set", "dev", "up0", "xdp", "obj", program, "sec", "xdp")
        yield
        lab.run("router3", "ip", "link", "set", "dev", "up0", "xdp", "off")


@pytest.fixture(scope="module", params=["native", "generic"])
def way(request, other_end):
    return request.param


@pytest.fixture(scope="module")
def site(lab, way):
    with public_directory() as directory:
        with open(os.path.join(directory, "tale.yaml"), "w", encoding="ascii") as file:
            file.write(TALE)
        hoptell = Hoptell(lab, directory, SETTINGS % way)
        service = lab.start("site", "/usr/bin/python3", "-c", ECHO)
        try:
            yield hoptell.start()
        finally:
            hoptell.kill()
            service.kill()
            service.wait()


def metrics(site):
    status, text = site.get("/metrics")
    assert status == 200
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def trace(lab, family, *options, host=HOST, target=None):
    """(address, what follows it) of each hop past the real way."""
    output = lab.run(host, "traceroute", f"-{family}", "-n", "-e", "-q1", "-w5", "-m20", *options,
                     target or site_address(family))
    found = re.findall(r"^ *\d+  (\S+)(?: <(.*?)>)?(?:  [\d.]+ ms)?", output, re.M)
    return found[len(real_way(host, family)) - 1:], output


def hop(family, number):
    return f"198.51.100.{16 + number}" if family == 4 else f"2001:db8:43::{number:x}"


def test_the_program_is_attached_in_the_way_that_was_asked_for(site, lab, way):
    assert attached(lab)["mode"] == {"native": 1, "generic": 2}[way]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["-I", "-U", "-T"])
def test_traceroute_shows_the_tale_on_the_site_s_own_address(lab, site, family, method):
    found, output = trace(lab, family, method, "-p", "3999")
    places = [address for address, _ in found]
    assert places[:4] == [hop(family, number) for number in range(1, 5)], output
    assert places[4] in (hop(family, 5), hop(family, 6)), output
    assert places[5:] == [site_address(family)], output
    assert found[1][1] == "MPLS:L=24001,E=0,S=1,T=1", output
    assert "0c78652d,302f302f,31000000" in found[3][1], output  # xe-0/0/1


def test_most_are_answered_by_the_program_and_the_delayed_by_user_space(lab, site):
    before = metrics(site)
    trace(lab, 4, "-I")
    after = metrics(site)

    def rise(name):
        return int(after[name]) - int(before[name])

    answered = rise('hoptell_xdp_packets_total{reason="time_exceeded"}')
    handed = rise("hoptell_xdp_handed_total")
    assert (answered + handed, handed >= 1) == (HOPS, True)
    # a driver may have no room behind a short frame for extensions: user space has
    assert answered >= 2
    assert rise('hoptell_probes_total{reason="time_exceeded"}') == handed


@pytest.mark.parametrize("family", FAMILIES)
def test_who_walks_is_told_whoever_answers(lab, site, family):
    """Of what the program answers itself, user space hears every second."""
    trace(lab, family, "-U", "-p", "3999")
    source = visits.seen_address(HOST, family)

    def walker():
        tale, = json.loads(site.get("/v1/tales")[1])["tales"]
        return next((each for each in tale["walkers"] if each["address"] == source and
                     each["probe"] == "udp" and each["furthest"] > HOPS and each["end"]), None)

    found = wait_until(walker, what="the walker")
    assert (found["client"], found["target"]) == ("traceroute", site_address(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_ping_is_answered_by_the_site_itself(lab, site, family):
    output = lab.run(HOST, "ping", f"-{family}", "-c3", "-i0.2", "-W3", site_address(family))
    assert "3 received" in output


@pytest.mark.parametrize("family", FAMILIES)
def test_the_site_s_page_is_served(lab, site, family):
    seen = visits.visit(lab, HOST, family)[0]
    assert seen["server"]["address"] == site_address(family)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("hop_limit", [1, 2, 255])
def test_services_go_on_at_any_hop_limit(lab, site, family, protocol, hop_limit):
    """BGP sets a hop limit of 1, others 255; the router is the site's neighbour."""
    assert lab.run("router3", "/usr/bin/python3", "-c", SPEAKER, str(family), site_address(family),
                   str(SERVICE), protocol, str(hop_limit)) == "heard\n"


@pytest.mark.parametrize("family", FAMILIES)
def test_neighbours_find_each_other_again(lab, site, family):
    lab.run("router3", "ip", "neigh", "flush", "dev", "up0")
    lab.run("site", "ip", "neigh", "flush", "dev", "up0")
    output = lab.run("router3", "ping", f"-{family}", "-c2", "-i0.2", "-W3", site_address(family))
    assert "2 received" in output


def received(lab, counter):
    """A counter of the site's kernel."""
    return int(re.search(rf"^{counter} +(\d+)", lab.run("site", "nstat", "-asz", counter),
                         re.M).group(1))


@pytest.mark.parametrize("family, counter", [(4, "IcmpInDestUnreachs"),
                                             (6, "Icmp6InDestUnreachs")])
def test_icmp_errors_reach_the_site(lab, site, family, counter):
    """Without them there is no path MTU discovery."""
    before = received(lab, counter)
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    peer = next(end.addresses[0 if family == 4 else 1].split("/")[0] for link in plan.links()
                for end in (link.left, link.right) if (end.host, end.interface) == ("router3", "up0"))
    lab.run("site", "/usr/bin/python3", "-c",
            f"import socket; s = socket.socket({int(kind)}, socket.SOCK_DGRAM); "
            f"s.sendto(b'x', ('{peer}', 9))")
    wait_until(lambda: received(lab, counter) > before, what="the ICMP error")


@pytest.mark.parametrize("family", FAMILIES)
def test_lookup_sees_a_connection(lab, site, family):
    port = lab.run(HOST, "/usr/bin/python3", "-c", visits.CALLER, str(family),
                   site_address(family), str(SERVICE), "0").strip()
    address = visits.seen_address(HOST, family)
    done = site.command("lookup", address, port, "--wait", "1000", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["address"], found["server"]["port"]) == (address, SERVICE)
    assert found["hops"] == len(real_way(HOST, family)) - 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_hop_limit_of_a_connection_that_goes_on_is_learnt_once(lab, site, family):
    told = "hoptell_xdp_hop_limits_total"
    before = int(metrics(site)[told])
    address = lab.run("router3", "/usr/bin/python3", "-c", WANDERER, str(family),
                      site_address(family), str(SERVICE), "64", "51", "64", "51").strip()

    def hop_limits():
        status, body = site.get(f"/v1/subscribers/{address}")
        found = json.loads(body)["baseline"]["hop_limits"] if status == 200 else []
        return {cell["hop_limit"]: cell["count"] for cell in found}

    wait_until(lambda: 51 in hop_limits(), what="the hop limit")
    assert hop_limits()[51] == 1
    assert int(metrics(site)[told]) == before + 1


def test_one_source_gets_no_more_than_its_limit(lab, site):
    name = 'hoptell_xdp_packets_total{reason="source_limit"}'
    before = int(metrics(site)[name])
    lab.run(HOST, "/usr/bin/python3", "-c",
            "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
            "s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 5); "
            f"[s.sendto(b'x', ('{site_address(4)}', 33434)) for _ in range(4000)]")
    wait_until(lambda: int(metrics(site)[name]) > before + 100, what="probes over the limit")


def test_a_changed_tale_is_taken_over_without_rights(lab, site):
    path = os.path.join(os.path.dirname(site.settings), "tale.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write(TALE.replace("198.51.100.16/28", "198.51.100.64/28"))
    site.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "are in force" in site.said(), what="the reload")

    def first():
        found, _ = trace(lab, 4, "-I")
        return found[0][0]

    wait_until(lambda: first() == "198.51.100.65", what="the new path")


def test_check_says_what_this_machine_can_do_and_what_would_be_used(lab, site, way):
    done = site.command("check", "--machine", "--format", "json", "-c", site.settings)
    assert done.returncode == 0, done.stderr
    machine = json.loads(done.stdout)["machine"]
    assert machine["xdp"] == {"built": True, "rights": True, "btf": os.path.exists(
        "/sys/kernel/btf/vmlinux")}
    used = {"native": "native", "generic": "generic, as the settings say"}[way]
    assert [use.startswith(f"{what}: XDP on up0, {used}") for use, what in
            zip(machine["uses"], ("tales", "watch"))] == [True, True]
    assert "up0: " in site.command("check", "--machine", "-c", site.settings).stdout


def test_the_end_leaves_nothing_attached(lab, site):
    assert site.stop() == 0
    assert attached(lab) is None


def keeper_of(site):
    """The process that looks after what stays behind."""
    with open(f"/proc/{site.process.pid}/task/{site.process.pid}/children",
              encoding="ascii") as file:
        for child in file.read().split():
            with open(f"/proc/{child}/comm", encoding="ascii") as name:
                if name.read() == "hoptell-keeper\n":
                    return int(child)
    return None


def test_a_crash_leaves_nothing_attached(lab, site):
    site.start()
    assert attached(lab)
    site.kill()
    wait_until(lambda: attached(lab) is None, what="the keeper to detach the program")


def test_the_next_start_takes_over_what_a_crash_left(lab, site):
    site.start()
    os.kill(keeper_of(site), signal.SIGKILL)
    site.kill()
    left = attached(lab)
    assert left
    site.start()
    assert attached(lab)["prog"]["id"] != left["prog"]["id"]
    assert site.stop() == 0
    assert attached(lab) is None


def test_another_s_program_is_left_alone_and_said(lab, site, public):
    """Without libxdp's dispatcher there is room for one program."""
    program = os.path.join(public, "pass.o")
    source = os.path.join(public, "pass.c")
    with open(source, "w", encoding="ascii") as file:
        file.write(PASS)
    subprocess.run(["clang", "-target", "bpf", "-O2", "-g", "-c", source, "-o", program], check=True)
    mode = "xdp" if "native" in open(site.settings, encoding="ascii").read() else "xdpgeneric"
    lab.run("site", "ip", "link", "set", "dev", "up0", mode, "obj", program, "sec", "xdp")
    try:
        there = attached(lab)
        site.start(ready=False)
        assert site.process.wait(20) == 3
        assert "expected no XDP program on up0, or libxdp's dispatcher" in site.said()
        assert attached(lab)["prog"]["id"] == there["prog"]["id"]
    finally:
        lab.run("site", "ip", "link", "set", "dev", "up0", mode, "off")
