"""hoptell top on a real terminal (tmux's), against a daemon that answers what the test says."""

import http.server
import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from conftest import wait_until
from hoptell import PROGRAM


def network(prefix, seen, tethered, hops=4):
    return {"prefix": prefix, "seen": seen, "updated": 1700000000, "enough": True,
            "handsets": True, "computers": 0.1, "tethered": tethered, "moved": None,
            "modes": [{"hops": hops, "hop_limit": 64 - hops, "share": 0.9, "direct": 1}],
            "histogram": []}


def verdict(address, port, word="direct", probability=0.01):
    return {"time": 1700000000.5, "address": address, "port": port,
            "server": {"address": "198.51.100.1", "port": 443},
            "hop_limit": 51, "initial": 64, "hops": 13,
            "stack": {"family": "android", "probability": 0.9}, "network": None,
            "verdict": word, "probability": probability,
            "evidence": [{"signal": "below_network", "weight": 2.9, "text": "arrived with 51"}]}


METRICS = """# HELP hoptell_verdicts_total Verdicts given.
# TYPE hoptell_verdicts_total counter
hoptell_verdicts_total{verdict="direct"} 75
hoptell_verdicts_total{verdict="tethered"} 25
hoptell_verdicts_total{verdict="unknown"} 0
hoptell_capture_packets_total %d
hoptell_capture_dropped_total 7
hoptell_store_queued 3
hoptell_http_connections{listener="visitors"} 2
hoptell_http_connections{listener="operators"} 3
"""
TALE = {"name": "panic", "targets": ["203.0.113.9/32"], "zone": "", "hops": 12,
        "base_hop_limit": 64,
        "walkers": [{"address": "192.0.2.77", "target": "203.0.113.9", "client": "mtr",
                     "probe": "icmp", "first": 1700000000, "last": 1700000009.5, "probes": 33,
                     "hop": 5, "furthest": 5, "end": False},
                    {"address": "192.0.2.78", "target": "203.0.113.9", "client": "traceroute",
                     "probe": "udp", "first": 1700000000, "last": 1700000009.5, "probes": 39,
                     "hop": 13, "furthest": 13, "end": True}]}


class Daemon(http.server.ThreadingHTTPServer):
    """Answers as the daemon does; `tell` sends a verdict to all who follow its events."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.packets = 0
        self.unready = None
        self.token = None
        self.events = []
        self.followers = 0
        self.changed = threading.Condition()
        self.ended = False
        self.answers = {
            "/v1/networks": {"total": 3, "networks": [
                network("192.0.2.0/24", 900, 0.02), network("198.51.100.0/24", 500, 0.4),
                network("2001:db8::/48", 700, 0.1)]},
            "/v1/tales": {"tales": [TALE]},
            "/v1/verdicts": {"verdicts": [
                {**verdict("192.0.2.9", 40009, "unknown", 0.1), "time": 1699999999}]},
        }
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def tell(self, judgement):
        with self.changed:
            self.events.append(json.dumps(judgement))
            self.changed.notify_all()

    def end(self):
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.split("?")[0]
        daemon = self.server
        if daemon.token and self.headers["Authorization"] != f"Bearer {daemon.token}":
            self.answer(401, json.dumps({"detail": "expected the operators' token"}))
        elif path == "/v1/events":
            self.follow(daemon)
        elif path == "/metrics":
            daemon.packets += 100
            self.answer(200, METRICS % daemon.packets)
        elif path == "/readyz" and daemon.unready:
            self.answer(503, json.dumps({"detail": daemon.unready}))
        elif path == "/readyz":
            self.answer(200, "ok\n")
        else:
            self.answer(200, json.dumps(daemon.answers[path]))

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def follow(self, daemon):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"retry: 2000\n\n")
        with daemon.changed:
            told = len(daemon.events)
            daemon.followers += 1
            while not daemon.ended:
                for number in range(told, len(daemon.events)):
                    self.wfile.write(f"id: {number}\nevent: verdict\n"
                                     f"data: {daemon.events[number]}\n\n".encode())
                self.wfile.flush()
                told = len(daemon.events)
                daemon.changed.wait(0.1)

    def log_message(self, *_):
        pass


@pytest.fixture
def daemon(tmp_path):
    made = Daemon()
    made.settings = tmp_path / "hoptell.yaml"
    made.settings.write_text(f'operators: {{listen: ["127.0.0.1:{made.server_port}"]}}\n')
    yield made
    made.end()


class Terminal:
    """A shell in tmux, of a server of its own."""

    def __init__(self, directory, columns=80, rows=24, **environment):
        self.tmux = ["tmux", "-S", str(directory / "tmux"), "-f", "/dev/null"]
        keep = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS") if name in os.environ}
        self.run("new-session", "-d", "-x", str(columns), "-y", str(rows), "sh",
                 env={**keep, "LC_ALL": "C.UTF-8", "PS1": "$ ", "HOME": "/", **environment})
        self.run("set-option", "-g", "default-terminal", "tmux-256color")
        self.type("export TERM=tmux-256color PS1='$ '; clear")
        self.wait_for("$")

    def run(self, *words, **options):
        return subprocess.run([*self.tmux, *words], capture_output=True, text=True, check=True,
                              timeout=30, **options).stdout

    def type(self, line):
        self.run("send-keys", "-l", line)
        self.run("send-keys", "Enter")

    def press(self, *keys):
        self.run("send-keys", *keys)

    def lines(self, *more):
        return self.run("capture-pane", "-p", *more).splitlines()

    def text(self, *more):
        return "\n".join(self.lines(*more))

    def wait_for(self, *needles, gone=()):
        def there():
            text = self.text()
            return all(n in text for n in needles) and not any(n in text for n in gone)
        try:
            wait_until(there, what=f"{needles} without {gone}")
        except BaseException:
            print(self.text())
            raise

    def resize(self, columns, rows):
        self.run("resize-window", "-x", str(columns), "-y", str(rows))

    def kill(self):
        subprocess.run([*self.tmux, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def terminal(tmp_path):
    made = Terminal(tmp_path)
    yield made
    made.kill()


def start(terminal, daemon, *words):
    terminal.type(f"{PROGRAM} top -i 1 -c {daemon.settings} {' '.join(words)}; echo left $?")
    terminal.wait_for("ready", "q quit", "192.0.2.77")
    wait_until(lambda: daemon.followers > 0, what="top to follow the events")


def program_of(terminal):
    """The process of top, a child of the terminal's shell."""
    shell = terminal.run("display-message", "-p", "#{pane_pid}").strip()
    return int(subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True,
                              check=True).stdout)


def test_it_shows_networks_verdicts_walkers_and_health(terminal, daemon):
    start(terminal, daemon)
    terminal.wait_for("direct 75.0 %", "tethered 25.0 %", "7 dropped", "3 waiting", "5 open")
    lines = terminal.lines()
    assert re.match(r"hoptell at 127\.0\.0\.1:\d+: ready +\d\d:\d\d:\d\d UTC$", lines[0])
    assert any(re.match(r"192\.0\.2\.0/24 +900 +2\.0 %  4 hops 90\.0 %", line) for line in lines)
    assert any(re.match(r"22:13:19  unknown   10\.0 %   51 =  64 - 13  android  192\.0\.2\.9:40009", line)
               for line in lines)
    assert any(re.match(r"panic +\[=+>-+\]   5 of 12 +mtr +192\.0\.2\.77", line) for line in lines)
    assert any(re.match(r"panic +\[=+>?\] the end +traceroute +192\.0\.2\.78", line)
               for line in lines)
    assert lines[-1].startswith("q quit")
    terminal.wait_for("/s   7 dropped", gone=("-   7 dropped",))  # a rate takes two answers


def test_a_verdict_shows_as_it_comes(terminal, daemon):
    start(terminal, daemon)
    daemon.tell(verdict("192.0.2.50", 40001, "tethered", 0.981))
    terminal.wait_for("22:13:20  tethered  98.1 %   51 =  64 - 13  android  192.0.2.50:40001")
    terminal.resize(120, 24)
    terminal.wait_for("192.0.2.50:40001       arrived with 51")


def test_it_takes_every_size(terminal, daemon):
    start(terminal, daemon)
    for columns, rows in ((160, 50), (60, 12), (20, 4), (1, 1), (100, 30)):
        terminal.resize(columns, rows)
        wait_until(lambda r=rows: len(terminal.run("capture-pane", "-p").split("\n")) == r + 1,
                   what="the new size")
        wait_until(lambda c=columns, r=rows: r < 4 or terminal.lines()[r - 1].startswith(
            "q quit   p pause   s"[:c]), what=f"the keys in line {rows}")
    terminal.wait_for("192.0.2.0/24", "192.0.2.78")


def test_keys_sort_choose_scroll_and_help(terminal, daemon):
    daemon.answers["/v1/networks"]["networks"] += [
        network(f"10.0.{i}.0/24", 100 - i, 0) for i in range(60)]
    start(terminal, daemon)

    def first_network():
        lines = terminal.lines()
        title = next(i for i, line in enumerate(lines) if line.startswith("network "))
        return lines[title + 1].split()[0]

    def check_first(wanted):
        wait_until(lambda: first_network() == wanted, what=f"{wanted} in the first line")

    check_first("192.0.2.0/24")
    terminal.press("s")
    terminal.wait_for("sort: tethered")
    check_first("198.51.100.0/24")
    terminal.press("s", "s")
    terminal.wait_for("sort: name")
    check_first("10.0.0.0/24")
    terminal.press("1")
    terminal.wait_for("10.0.20.0/24", gone=("walker",))
    terminal.press("Down")
    check_first("10.0.1.0/24")
    terminal.press("NPage", "NPage", "NPage", "NPage", "NPage", "NPage")
    terminal.wait_for("2001:db8::/48")
    terminal.press("Home")
    check_first("10.0.0.0/24")
    terminal.press("Tab")
    terminal.wait_for("192.0.2.9", gone=("10.0.0.0/24",))
    terminal.press("t")
    terminal.wait_for("no connection was tethered")
    terminal.press("h")
    terminal.wait_for("hold still", gone=("192.0.2.9",))
    terminal.press("h", "0", "t")
    terminal.wait_for("192.0.2.9", "10.0.0.0/24", "192.0.2.77")


def test_it_holds_still_while_it_is_paused(terminal, daemon):
    start(terminal, daemon)
    terminal.press("p")
    terminal.wait_for("paused")
    daemon.tell(verdict("192.0.2.50", 1))
    asked = daemon.packets
    wait_until(lambda: daemon.packets >= asked + 200, what="two more questions")
    assert "192.0.2.50" not in terminal.text()
    terminal.press("p")
    terminal.wait_for("192.0.2.50:1", gone=("paused",))


def test_a_daemon_that_is_not_ready_says_why(terminal, daemon):
    daemon.unready = "expected the store to be open, found it opening"
    terminal.type(f"{PROGRAM} top -i 1 -c {daemon.settings}")
    terminal.wait_for("not ready", daemon.unready)
    daemon.unready = None
    terminal.wait_for(": ready", gone=("not ready", "opening"))


def test_a_daemon_that_goes_and_comes_back_is_shown_again(terminal, daemon):
    start(terminal, daemon)
    daemon.end()
    terminal.wait_for("no answer, trying again", "expected hoptell to answer at", "192.0.2.0/24")
    again = Daemon(daemon.server_port)
    try:
        terminal.wait_for(": ready", gone=("no answer", "expected hoptell"))
        wait_until(lambda: again.followers > 0, what="top to follow the events again")
        again.tell(verdict("192.0.2.51", 2))
        terminal.wait_for("192.0.2.51:2")
    finally:
        again.end()
        daemon.end = lambda: None


@pytest.mark.parametrize("how, status", [
    ("q", 0), ("C-c", 0), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGSEGV, 139),
    (signal.SIGABRT, 134)])
def test_the_terminal_is_afterwards_what_it_was(terminal, daemon, how, status):
    terminal.type(f"stty -g >{daemon.settings}.before; ulimit -c 0; echo before")
    start(terminal, daemon)
    if isinstance(how, str):
        terminal.press(how)
    else:
        os.kill(program_of(terminal), how)
    terminal.wait_for("before", f"left {status}", gone=("q quit",))
    assert terminal.run("display-message", "-p", "#{alternate_on} #{cursor_flag}").split() == \
        ["0", "1"]
    terminal.type(f"stty -g | cmp - {daemon.settings}.before && echo the same")
    terminal.wait_for("\nthe same")


COLOURS = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|4[0-7]|9[0-7])[;m]")


def test_colours_are_for_those_who_want_them(tmp_path, daemon):
    found = {}
    for name, environment in (("asked", {}), ("refused", {"NO_COLOR": "1"})):
        directory = tmp_path / name
        directory.mkdir()
        terminal = Terminal(directory, **environment)
        try:
            start(terminal, daemon)
            found[name] = bool(COLOURS.search(terminal.text("-e")))
        finally:
            terminal.kill()
    assert found == {"asked": True, "refused": False}


def once(daemon, *words, **options):
    return subprocess.run([PROGRAM, "top", "-c", daemon.settings, *words], capture_output=True,
                          text=True, check=False, timeout=30, **options)


def test_in_a_pipe_it_is_printed_once_and_plain(daemon):
    done = once(daemon)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout and "q quit" not in done.stdout
    for needle in ("192.0.2.0/24", "198.51.100.0/24", "192.0.2.9", "192.0.2.78", "7 dropped"):
        assert needle in done.stdout
    assert not re.search(r" $", done.stdout, re.M)


def test_on_a_terminal_once_leaves_it_in_the_scrollback(terminal, daemon):
    terminal.type(f"{PROGRAM} top --once -c {daemon.settings}; echo left $?")
    terminal.wait_for("left 0", "39 probes")
    assert COLOURS.search(terminal.text("-e"))


def test_as_json_it_is_what_the_daemon_says(daemon):
    found = json.loads(once(daemon, "--format", "json").stdout)
    assert found["ready"] is True and found["reason"] is None
    assert abs(found["time"] - time.time()) < 60
    for key in ("networks", "tales", "verdicts"):
        assert found[key] == daemon.answers[f"/v1/{key}"][key]
    assert found["metrics"]['hoptell_verdicts_total{verdict="tethered"}'] == 25


@pytest.mark.parametrize("words, status, message", [
    (["x"], 2, "expected options alone, found 'x'"),
    (["-i", "0"], 2, "expected 1 to 3600 seconds for --interval, found '0'"),
])
def test_wrong_use_says_what_was_expected(daemon, words, status, message):
    done = once(daemon, *words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"hoptell top: {message}\n")


def test_without_a_daemon_it_says_so_and_ends(terminal, daemon):
    daemon.settings.write_text('operators: {listen: ["127.0.0.1:9"]}\n')
    done = once(daemon)
    assert (done.returncode, done.stdout) == (3, "")
    assert "expected hoptell to answer at http://127.0.0.1:9" in done.stderr
    terminal.resize(160, 24)
    terminal.type(f"{PROGRAM} top -c {daemon.settings}; echo left $?")
    terminal.wait_for("hoptell top: expected hoptell to answer", "left 3")


def test_without_the_token_it_says_so_and_ends(terminal, daemon):
    daemon.token = "another"
    done = once(daemon)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "hoptell top: expected the operators' token\n"
    terminal.type(f"{PROGRAM} top -c {daemon.settings}; echo left $?")
    terminal.wait_for("hoptell top: expected the operators' token", "left 3")


def test_a_token_that_changes_meanwhile_is_said(terminal, daemon):
    start(terminal, daemon)
    daemon.token = "another"
    terminal.wait_for("expected the operators' token")
    daemon.token = None
    terminal.wait_for("ready")
    terminal.press("q")
    terminal.wait_for("left 0")


def test_a_terminal_without_a_cursor_is_refused(terminal, daemon):
    terminal.type(f"TERM=dumb {PROGRAM} top -c {daemon.settings}; echo left $?")
    terminal.wait_for("expected a terminal that can move its cursor, found 'dumb'", "left 3")


def test_an_answer_that_is_none_is_said(daemon):
    daemon.answers["/v1/tales"] = {"nothing": 1}
    done = once(daemon)
    assert done.returncode == 3
    assert "expected an answer to /v1/tales from the daemon" in done.stderr
