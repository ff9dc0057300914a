"""What strangers cannot make hoptell's listeners do, tried over the network: many connections, slow
requests, long ones, too many."""

import json
import subprocess

import pytest

from conftest import public_directory, wait_until
from hoptell import OPERATORS, SETTINGS, Hoptell

PAGE = "http://127.0.0.1:8080"
ROOM = 1024  # for visitors at once
OF_ONE = 64  # of one address


@pytest.fixture(scope="module")
def site(lab):
    with public_directory() as directory:
        hoptell = Hoptell(lab, directory, SETTINGS.replace("names:", "#"))
        try:
            hoptell.start()
            yield hoptell
        finally:
            hoptell.kill()


# Sends half a request and prints what comes before the end.
HALF = """
import socket
one = socket.create_connection(("127.0.0.1", 8080))
one.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nX-Slow: ")
while more := one.recv(4096):
    print(more.decode(), end="", flush=True)
"""


@pytest.fixture(name="half_request", scope="module", autouse=True)
def half_request_fixture(lab, site):
    """Begun before all others here, as it takes the listener's patience."""
    site.get("/healthz")
    process = lab.start("site", "/usr/bin/python3", "-c", HALF, stdout=subprocess.PIPE,
                        text=True)
    yield process
    process.kill()
    process.wait()


def get(lab, url, *more):
    """(status, type, body); status 0 when the connection was closed."""
    words = ["curl", "-s", "-m", "10", "-w", "\n%{content_type} %{http_code}", *more, url]
    body, _, said = lab.run("site", *words, check=False).rpartition("\n")
    kind, _, status = said.rpartition(" ")
    return int(status), kind, body


def refused(site, reason):
    """How many strangers were so far."""
    metrics = site.get("/metrics")[1]
    name = f'hoptell_http_refused_total{{listener="visitors",reason="{reason}"}} '
    return int(metrics.partition(name)[2].split()[0])


def is_served(lab, source):
    return get(lab, f"{PAGE}/healthz", "--interface", source)[0] == 200


# Opens so many connections with half a request on each, COUNT of them from each of its addresses, says
# so, and holds them until its input ends; then says how many are still open.
CROWD = """
import resource, socket, sys
sources, of_one, base = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
held = []
for source in range(sources):
    number = base + source
    address = f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    for _ in range(of_one):
        one = socket.socket()
        one.settimeout(10)
        one.bind((address, 0))
        try:
            one.connect(("127.0.0.1", 8080))
            one.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nX-Slow: ")
        except OSError:
            pass
        held.append(one)
print("held", flush=True)
sys.stdin.read()
still = 0
for one in held:
    one.setblocking(False)
    try:
        while one.recv(4096):
            pass  # what it is told before the end
    except BlockingIOError:
        still += 1
    except OSError:
        pass
print(still)
"""


class Crowd:
    """Connections that never finish their requests, while it is entered."""

    def __init__(self, lab, sources, of_one, base=2 << 16):
        self.words = ["/usr/bin/python3", "-c", CROWD, str(sources), str(of_one), str(base)]
        self.lab = lab
        self.process = None

    def __enter__(self):
        self.process = self.lab.start("site", *self.words, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "held\n"
        return self

    def still_open(self):
        return int(self.process.communicate("", timeout=60)[0])

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def test_ten_thousand_connections_leave_room_for_whoever_comes(lab, site):
    before = refused(site, "crowd")
    with Crowd(lab, 10000, 1) as crowd:
        wait_until(lambda: is_served(lab, "127.0.0.77"), what="another visitor to be served")
        assert get(lab, f"{OPERATORS}/healthz")[0] == 200
        assert refused(site, "crowd") - before >= 10000 - ROOM
        assert crowd.still_open() <= ROOM
    wait_until(lambda: 'hoptell_http_connections{listener="visitors"} 0' in site.get("/metrics")[1],
               what="all of them to be gone")


def test_one_address_has_but_its_share(lab, site):
    with Crowd(lab, 1, 2 * OF_ONE) as crowd:
        assert not is_served(lab, "127.2.0.0")
        assert is_served(lab, "127.0.0.77")
        assert crowd.still_open() == OF_ONE


def test_a_flood_of_one_address_is_told_to_wait_and_others_are_served(lab, site):
    done = lab.run("site", "wrk", "-t1", "-c8", "-d1s", f"{PAGE}/healthz")
    assert "Non-2xx or 3xx responses" in done
    assert refused(site, "rate") > 0
    status, kind, body = get(lab, f"{PAGE}/v1/me", "--interface", "127.0.0.77")
    assert status in (200, 404) and kind.endswith("json"), body
    wait_until(lambda: is_served(lab, "127.0.0.1"), what="the flood's own address to be served again")


@pytest.mark.parametrize("letters, status", [(6_000, 200), (10_000, 431), (60_000, 431)])
def test_a_long_head_is_refused(lab, site, tmp_path, letters, status):
    header = tmp_path / "header"
    header.write_text(f"X-Long: {'a' * letters}\n")
    found, kind, body = get(lab, f"{PAGE}/healthz", "-H", f"@{header}")
    assert found == status
    if status == 431:
        assert kind == "application/problem+json"
        assert json.loads(body)["status"] == 431
    assert is_served(lab, "127.0.0.77")


@pytest.mark.parametrize("letters, status", [(5_000, 404), (40_000, 414)])
def test_a_long_request_line_is_refused(lab, site, letters, status):
    found, kind, _ = get(lab, f"{PAGE}/{'a' * letters}")
    assert (found, kind) == (status, "application/problem+json")


@pytest.mark.parametrize("octets", [9 * 1024, 4 * 1024 * 1024])
def test_a_long_body_is_refused(lab, site, tmp_path, octets):
    body = tmp_path / "body"
    body.write_bytes(b"x" * octets)
    status, kind, _ = get(lab, f"{OPERATORS}/v1/labels", "-H", "Content-Type: application/json",
                          "--data-binary", f"@{body}")
    assert (status, kind) == (413, "application/problem+json")
    assert get(lab, f"{OPERATORS}/healthz")[0] == 200


def test_who_stops_in_the_middle_of_a_request_is_told_so(half_request):
    answer = half_request.communicate(timeout=60)[0]
    assert answer.startswith("HTTP/1.1 408 Request Timeout\n")
    assert "\nContent-Type: application/problem+json\n" in answer
