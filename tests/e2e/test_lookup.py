"""hoptell lookup against a daemon that answers what the test says."""

import http.server
import json
import os
import socket
import subprocess
import threading

import pytest

from hoptell import PROGRAM

JUDGEMENT = (
    '{"time": 1700000000.123456, "address": "203.0.113.7", "port": 40001, '
    '"server": {"address": "198.51.100.1", "port": 443}, '
    '"hop_limit": 51, "initial": 64, "hops": 13, '
    '"stack": {"family": "android", "probability": 0.93}, '
    '"network": {"prefix": "203.0.113.0/24", "hop_limit": 52, "share": 0.94, "seen": 1812}, '
    '"verdict": "tethered", "probability": 0.981, "rewritten": false, '
    '"evidence": [{"signal": "below_network", "weight": 2.9, '
    '"text": "arrived with 51; 94 % of this network arrives with 52"}]}')
TEXT = (
    "2023-11-14 22:13:20.123456  203.0.113.7:40001     -> 198.51.100.1:443        51 =  64 - 13"
    "  android  93.0 %  tethered  98.1 %\n"
    "                              +2.90  arrived with 51; 94 % of this network arrives with 52\n")


REWRITTEN = JUDGEMENT.replace('"rewritten": false', '"rewritten": true')


class Daemon(http.server.ThreadingHTTPServer):
    """Answers every request with `answer` and keeps what was asked."""

    answer = (200, JUDGEMENT)
    asked = None


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = self.server.answer
        self.server.asked = self.path
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def daemon(tmp_path):
    with Daemon(("127.0.0.1", 0), Handler) as server:
        settings = tmp_path / "hoptell.yaml"
        settings.write_text(f'operators: {{listen: ["127.0.0.1:{server.server_port}"]}}\n')
        server.settings = str(settings)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def lookup(*arguments, **options):
    return subprocess.run([PROGRAM, "lookup", *arguments], capture_output=True, text=True,
                          check=False, timeout=30, **options)


def said(done):
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("arguments, target", [
    (["203.0.113.7", "40001"], "/v1/lookup?address=203.0.113.7&port=40001&wait=0"),
    (["203.0.113.7"], "/v1/lookup?address=203.0.113.7&wait=0"),
    (["2001:DB8:0::7", "1", "--wait", "250"], "/v1/lookup?address=2001:db8::7&port=1&wait=250"),
    (["203.0.113.7", "40001", "--server-port", "443"],
     "/v1/lookup?address=203.0.113.7&port=40001&server_port=443&wait=0"),
])
def test_it_asks_for_the_connection(daemon, arguments, target):
    assert lookup("-c", daemon.settings, *arguments).returncode == 0
    assert daemon.asked == target


def test_a_known_connection_reads_as_read_would_print_it(daemon):
    arguments = ["-c", daemon.settings, "203.0.113.7", "40001"]
    assert said(lookup(*arguments)) == (0, TEXT, "")
    assert said(lookup("--format", "json", *arguments)) == (0, JUDGEMENT + "\n", "")
    daemon.answer = (200, REWRITTEN)
    assert said(lookup(*arguments)) == (0, TEXT.replace("98.1 %", "98.1 %, rewritten"), "")


def test_a_proxy_of_the_environment_is_not_asked(daemon):
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:1", "no_proxy": ""}
    assert lookup("-c", daemon.settings, "203.0.113.7", "40001", env=environment).returncode == 0


@pytest.mark.parametrize("answer, status, message", [
    ((200, "{"), 3, "expected JSON from the daemon, found '{'"),
    ((404, json.dumps({"detail": "expected an opening packet, found none"})), 1,
     "expected an opening packet, found none"),
    ((503, "busy"), 3, "the daemon answered with HTTP status 503"),
    ((200, "{}"), 3, "expected a judgement from the daemon, found '{}'"),
    ((200, JUDGEMENT.replace("51", '"51"')), 3, None),
    ((200, "x" * 17_000_000), 3, None),
])
def test_any_other_answer_has_its_status(daemon, answer, status, message):
    daemon.answer = answer
    done = lookup("-c", daemon.settings, "203.0.113.7", "40001")
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("hoptell lookup: ") and done.stderr.count("\n") == 1
    if message is not None:
        assert done.stderr == f"hoptell lookup: {message}\n"


def test_a_daemon_that_is_not_there_is_said(tmp_path):
    with socket.socket() as bound:  # bound but not listening: nobody else can take the port
        bound.bind(("127.0.0.1", 0))
        origin = f"127.0.0.1:{bound.getsockname()[1]}"
        settings = tmp_path / "hoptell.yaml"
        settings.write_text(f'operators: {{listen: ["{origin}"]}}\n')
        assert said(lookup("-c", str(settings), "203.0.113.7", "40001")) == (
            3, "", f"hoptell lookup: expected hoptell to answer at http://{origin}, "
                   "found: Connection refused\n")


def test_settings_without_a_listener_are_said(tmp_path):
    settings = tmp_path / "hoptell.yaml"
    settings.write_text("operators: {listen: []}\n")
    assert said(lookup("-c", str(settings), "203.0.113.7", "40001")) == (
        3, "", f"hoptell lookup: expected an address in operators.listen of {settings}, "
               "found none\n")


@pytest.mark.parametrize("arguments, message", [
    ([], "expected an address, found none"),
    (["example.net", "1"], "expected an IPv4 or IPv6 address, or teid:IDENTIFIER@ENDPOINT of a GTP-U tunnel, found 'example.net'"),
    (["203.0.113.7", "0"], "expected a port from 1 to 65535, found '0'"),
    (["203.0.113.7", "1x"], "expected a port from 1 to 65535, found '1x'"),
    (["203.0.113.7", "1", "2"], "expected an address and a port, found '2' after them"),
    (["203.0.113.7", "1", "--wait", "10001"],
     "expected 0 to 10000 milliseconds for --wait, found '10001'"),
    (["203.0.113.7", "1", "--server-port", "0"],
     "expected a port from 1 to 65535 for --server-port, found '0'"),
    (["--format", "summary"], "expected text or json for --format, found 'summary'"),
])
def test_wrong_use_says_what_was_expected(arguments, message):
    assert said(lookup(*arguments)) == (2, "", f"hoptell lookup: {message}\n")
