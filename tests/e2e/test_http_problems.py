"""Whatever is wrong with what comes in, the answer is a problem document (RFC 9457), on every listener:
of the octets too that are no request at all."""

import base64
import json
import os
import subprocess
import tempfile

import pytest

from hoptell import SETTINGS, Hoptell

HEAD = b"POST /v1/tales/check HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
WRONG = {
    "no request line": (b"nonsense\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "a method of nobody's": (b"BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
    "no target": (b"GET  HTTP/1.1\r\n\r\n", 400),
    "a NUL in the target": (b"GET /\0 HTTP/1.1\r\n\r\n", 400),
    "an encoded NUL": (b"GET /healthz%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "no version": (b"GET /\r\n\r\n", 505),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/3.0": (b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505),
    "no Host": (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (GET + b"Host: elsewhere\r\n\r\n", 400),
    "a header without a colon": (GET + b"colon\r\n\r\n", 400),
    "a NUL in a header": (GET + b"A: b\0c\r\n\r\n", 400),
    "a folded header": (GET + b"A: b\r\n c\r\n\r\n", 400),
    "a head without an end": (GET + b"A: " + b"a" * 60_000, 431),
    "many headers": (GET + b"A: b\r\n" * 1000 + b"\r\n", 431),
    "a target without an end": (b"GET /" + b"a" * 60_000, 414),
    "an expectation": (GET + b"Expect: miracles\r\nConnection: close\r\n\r\n", 417),
    "a length that is none": (HEAD + b"Content-Length: x\r\n\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "a length and chunks": (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "half a head": (GET + b"A: ", 400),
    "an unknown path": (b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
    "a method of another path":
        (b"PUT /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
}
WRONG_BODIES = {  # the visitors' listener has nothing under that path, whatever the body is
    "a coding of nobody's": (HEAD + b"Transfer-Encoding: rot13\r\n\r\n", 400),
    "a chunk without a size": (CHUNKED + b"zz\r\n", 400),
    "a chunk that is longer than it says": (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", 400),
    "half a body": (HEAD + b"Content-Length: 10\r\n\r\nhops:", 400),
    "a long body": (HEAD + b"Content-Length: 999999\r\n\r\n" + b"#" * 999_999, 413),
    "a long body in chunks": (CHUNKED + b"10000\r\n" + b"#" * 65536 + b"\r\n1\r\n#\r\n", 413),
}

# For each of [place, octets] sends them, ends its own side, reads all, and prints what it was.
SENDER = """
import base64, json, socket, sys
for place, octets in json.load(sys.stdin):
    if isinstance(place, str):
        one = socket.socket(socket.AF_UNIX)
        one.connect(place)
    else:
        one = socket.create_connection(place)
    one.settimeout(30)
    try:
        one.sendall(base64.b64decode(octets))
        one.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it has heard enough
    answer = b""
    try:
        while more := one.recv(65536):
            answer += more
    except OSError as failure:
        answer += repr(failure).encode()
    print(json.dumps(base64.b64encode(answer).decode()))
"""


@pytest.fixture(name="site", scope="module")
def site_fixture(lab):
    with tempfile.TemporaryDirectory(prefix="hoptell-problems.") as directory:
        os.chmod(directory, 0o755)
        settings = SETTINGS.replace("names:", "#") + (
            f'operators: {{listen: ["127.0.0.1:8081", "unix:{directory}/socket"]}}\n')
        hoptell = Hoptell(lab, directory, settings)
        hoptell.places = {"visitors": ("127.0.0.1", 8080), "operators": ("127.0.0.1", 8081),
                          "socket": f"{directory}/socket"}
        try:
            hoptell.start()
            yield hoptell
        finally:
            hoptell.kill()


def send(lab, exchanges):
    """What came back for each (place, octets), as octets."""
    told = json.dumps([(place, base64.b64encode(octets).decode()) for place, octets in exchanges])
    done = subprocess.run(lab.words("site", "/usr/bin/python3", "-c", SENDER), input=told, text=True,
                          capture_output=True, check=True, timeout=60)
    return [base64.b64decode(json.loads(line)) for line in done.stdout.splitlines()]


def assert_problem(answer, status, what):
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0].startswith(f"HTTP/1.1 {status} "), (what, answer)
    assert "Content-Type: application/problem+json" in lines, (what, answer)
    assert "Connection: close" in lines, (what, answer)
    assert f"Content-Length: {len(body)}" in lines, (what, answer)
    problem = json.loads(body)
    assert problem["type"] == "about:blank" and problem["status"] == status, what
    assert problem["title"] == lines[0].split(" ", 2)[2], what
    assert problem["detail"], what


@pytest.mark.parametrize("place", ["visitors", "operators", "socket"])
def test_whatever_is_no_request_gets_a_problem(lab, site, place):
    rows = WRONG if place == "visitors" else WRONG | WRONG_BODIES
    answers = send(lab, [(site.places[place], octets) for octets, _ in rows.values()])
    assert len(answers) == len(rows)
    for (what, (_, status)), answer in zip(rows.items(), answers):
        assert_problem(answer, status, what)


@pytest.mark.parametrize("place", ["visitors", "operators", "socket"])
def test_a_problem_comes_behind_good_answers_on_one_connection(lab, site, place):
    good = GET + b"\r\n"
    answer, = send(lab, [(site.places[place], good + good + b"GET / HTTP/1.1\r\nnocolon\r\n\r\n")])
    first, second, third = [b"HTTP/1.1 " + part for part in answer.split(b"HTTP/1.1 ")[1:]]
    for one in (first, second):
        assert one.startswith(b"HTTP/1.1 200 OK\r\n") and one.endswith(b"\r\n\r\nok\n"), one
        assert b"Connection: close" not in one
    assert_problem(third, 400, "the third")


def test_old_clients_are_served(lab, site):
    asked = b"GET /healthz HTTP/1.0\r\n\r\n"
    kept = b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    single, both = send(lab, [(site.places["operators"], asked), (site.places["operators"], kept + asked)])
    assert single.count(b"HTTP/1.1 200 OK") == 1 and b"Connection: close" in single
    assert both.count(b"HTTP/1.1 200 OK") == 2 and b"Connection: keep-alive" in both


def test_heads_that_are_too_long_are_counted(lab, site):
    name = 'hoptell_http_refused_total{listener="operators",reason="head"} '
    before = int(site.get("/metrics")[1].partition(name)[2].split()[0])
    send(lab, [(site.places["operators"], WRONG["a head without an end"][0])])
    assert int(site.get("/metrics")[1].partition(name)[2].split()[0]) == before + 1
