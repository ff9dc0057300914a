"""Rows of the daemon on a site that has been visited much: its memory, and how fast it is asked, beside
nginx that answers always the same. The site is a network namespace with one interface, on which
opening packets arrive; hoptell captures there, as it would anywhere. Requests are counted by the
second of the server's processor time: under full load that is all there is on an idle machine, and on
a busy one it leaves out whom the processor served meanwhile."""
import collections
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from feed import frames
from row import LeftOut, Row

HERE = pathlib.Path(__file__).resolve().parent
FEED_A_SECOND = 50_000
PATIENCE_S = 60
CONNECTIONS = 16
FIRST = ("--fifo", "1")  # for chrt
OPERATORS = "127.0.0.1:8081"
NGINX = "127.0.0.1:8082"
SETTINGS = """
user: nobody
store: none
watch: {interfaces: [site0]}
visitors: {listen: []}
"""
STORE_SETTINGS = SETTINGS.replace("none", "'sqlite:@folder@/state/hoptell.db'")
XDP_SETTINGS = SETTINGS.replace("[site0]", "[site0], datapath: xdp")
NGINX_SETTINGS = """
worker_processes 1;
pid %(folder)s/nginx.pid;
error_log stderr crit;
daemon off;
master_process off;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path %(folder)s; proxy_temp_path %(folder)s; fastcgi_temp_path %(folder)s;
    uwsgi_temp_path %(folder)s; scgi_temp_path %(folder)s;
    server { listen %(nginx)s; location / { return 200; } }
}
"""
# Connections of the million, each after another, in no order of their own.
WRK_SCRIPT = """
local clients = {}
for line in io.lines(%(clients)r) do clients[#clients + 1] = line end
local at = 0
request = function()
    at = at %% #clients + 1
    return wrk.format("GET", clients[at])
end
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("%%d %%d %%d\\n", summary.requests, summary.duration, errors.connect +
        errors.read + errors.write + errors.status + errors.timeout))
end
"""


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise LeftOut(f"expected {what} within {PATIENCE_S} seconds")
        time.sleep(0.05)


class Site:
    """The namespace, and what runs in it: all of it ends with the `with` block."""

    def __init__(self, options, settings=SETTINGS):
        self.options = options
        self.settings = settings
        self.stack = contextlib.ExitStack()
        self.folder = None
        self.keeper = None
        self.hoptell = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise LeftOut("a network namespace takes root")
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="hoptell-bench-"))
        os.chmod(self.folder, 0o755)
        self.keeper = self.started(["unshare", "--net", "sleep", "infinity"])
        wait_until(lambda: self.namespace(self.keeper.pid) != self.namespace("self"), "a namespace")
        for words in ("link set lo up", "link add site0 type veth peer visitor0",
                      "link set site0 up", "link set visitor0 up"):
            self.run("ip", *words.split())
        os.mkdir(f"{self.folder}/state")
        os.chmod(f"{self.folder}/state", 0o777)  # the daemon makes its store there when it is nobody
        settings = self.file("hoptell.yaml", self.settings.replace("@folder@", self.folder))
        self.hoptell = self.start(0, self.options.build / "hoptell", "run", "-c", settings)
        wait_until(lambda: self.metrics(), "hoptell to be ready")
        return self

    def __exit__(self, *_):
        self.stack.close()

    @staticmethod
    def namespace(pid):
        return os.readlink(f"/proc/{pid}/ns/net")

    def file(self, name, text):
        path = pathlib.Path(self.folder) / name
        path.write_text(text, encoding="utf-8")
        return path

    def started(self, words):
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def end():
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        self.stack.callback(end)
        return process

    def words(self, *command):
        return ["nsenter", "-t", self.keeper.pid, "-n", *command]

    @staticmethod
    def on(processor, *command):
        """The servers on the first processor, who asks on the last."""
        last = os.cpu_count() - 1
        return ["taskset", "-c", str(last if processor else 0), *command]

    def start(self, processor, *command):
        return self.started(self.words(*self.on(processor, *command)))

    def run(self, *command):
        done = subprocess.run([str(word) for word in self.words(*command)], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise LeftOut(f"{command[0]}: {done.stderr.strip()}")
        return done.stdout

    def metrics(self):
        try:
            text = self.run("curl", "-sf", "-m", "5", f"http://{OPERATORS}/metrics")
        except LeftOut:
            return {}
        return dict(re.findall(r"^(\S+) (\d+)$", text, re.M))

    def capture(self, count, *kind):
        """`count` opening packets, each from a source of its own."""
        captured = pathlib.Path(self.folder) / "syns"
        subprocess.run([str(self.options.build / "bench" / "bench_syns"), str(count), str(count),
                        str(captured), *kind], check=True)
        return captured

    def visit(self, count, *kind):
        """They arrive; then all of them are judged."""
        captured = self.capture(count, *kind)
        self.run(*self.on(1, sys.executable, HERE / "feed.py", captured, "visitor0", FEED_A_SECOND))
        wait_until(lambda: int(self.metrics().get("hoptell_capture_packets_total", 0)) +
                   int(self.metrics().get("hoptell_capture_dropped_total", 0)) >= count,
                   "all packets to be captured")
        taken = int(self.metrics()["hoptell_observations_total"])
        if taken < 0.99 * count:
            raise LeftOut(f"expected {count} observations, found {taken}: the machine is too busy")
        return captured

    def start_nginx(self):
        """(process, where it listens)"""
        settings = self.file("nginx.conf", NGINX_SETTINGS % {"folder": self.folder, "nginx": NGINX})
        process = self.start(0, "nginx", "-c", settings)
        port = NGINX.rpartition(":")[2]
        wait_until(lambda: self.run("ss", "-Hltn", f"sport = :{port}"), "nginx to listen")
        return process, NGINX

    def peak_mib(self):
        status = pathlib.Path(f"/proc/{self.hoptell.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M).group(1)) / 1024


def memory(options):
    count = 20_000 if options.quick else 1_000_000
    rows = []
    for family, kind in (("IPv4", ()), ("IPv6", ("ipv6",))):
        with Site(options, STORE_SETTINGS) as site:
            site.visit(count, *kind)
            peak = site.peak_mib()
        rows.append(Row(f"memory-{family.lower()}",
                        f"peak memory, {count:,} sources and {count:,} connections, {family}",
                        "MiB", "most", 200, [peak]))
    return rows


def seen(options):
    """From an opening packet's arrival at the XDP program to the answer of a lookup that waits."""
    rounds, count = (3, 50) if options.quick else (11, 500)
    if not (options.build / "bench" / "bench_xdp").exists():
        raise LeftOut("this hoptell was built without XDP")
    medians, slowest = [], []
    with Site(options, XDP_SETTINGS) as site:
        said = site.run(*site.on(1, sys.executable, HERE / "seen.py", site.capture(rounds * count),
                                 "visitor0", OPERATORS)).split()
    for begin in range(0, rounds * count, count):
        took = [float(line) for line in said[begin:begin + count]]
        medians.append(statistics.median(took))
        slowest.append(statistics.quantiles(took, n=100)[98])
    return [
        Row("seen", "a lookup that waits for a connection, from its SYN to the answer", "ms", "most",
            1, medians),
        Row("seen-99", "the same, 99 % within", "ms", "most", 1, slowest),
    ]


def asked(captured, count):
    """The paths that ask about the last `count` connections of a capture."""
    paths = collections.deque(maxlen=count)
    for frame in frames(captured):
        address = ".".join(str(octet) for octet in frame[26:30])
        paths.append(f"/v1/lookup?address={address}&port={int.from_bytes(frame[34:36], 'big')}")
    return "\n".join(paths) + "\n"


def processor_seconds(process):
    """Of all its threads, until now."""
    tasks = pathlib.Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="utf-8").split()[0]) for task in tasks) / 1e9


@dataclasses.dataclass
class Found:
    """By wrk: requests in a second of the clock and of the server's processor time."""

    rate: float
    processor_rate: float


@contextlib.contextmanager
def undisturbed(process):
    """While it is entered, all threads of `process` run before whatever else the machine does, so that
    a time is the server's own and not the wait for a processor."""
    def schedule(*words):
        subprocess.run(["chrt", "--all-tasks", "--pid", *words, str(process.pid)], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    schedule(*FIRST)
    try:
        yield
    finally:
        schedule("--other", "0")


class Load:
    """Requests about one client after another, out of a file of paths."""

    def __init__(self, options, site, clients):
        self.ask = options.build / "bench" / "bench_ask"
        self.site = site
        self.clients = clients

    def full(self, server, seconds, connections):
        """As much as the server takes, by wrk."""
        process, address = server
        script = self.site.file("wrk.lua", WRK_SCRIPT % {"clients": str(self.clients)})
        before = processor_seconds(process)
        said = self.site.run(*self.site.on(1, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
                                           "-s", script, f"http://{address}"))
        took = processor_seconds(process) - before
        requests, duration_us, errors = map(int, said.splitlines()[-1].split())
        self.check(address, requests, errors)
        return Found(requests / duration_us * 1e6, requests / took)

    def p99_ms(self, server, seconds, rate):
        """At a fixed rate: 99 % were answered within so many milliseconds of when they were due."""
        process, address = server
        with undisturbed(process):
            said = self.site.run(*self.site.on(1, "chrt", *FIRST, self.ask,
                                               address.rpartition(":")[2], self.clients,
                                               round(rate), seconds, CONNECTIONS))
        requests, errors, _, p99_us, _ = map(int, said.split())
        self.check(address, requests, errors)
        return p99_us / 1000

    @staticmethod
    def check(address, requests, errors):
        if errors:
            raise LeftOut(f"expected no errors of {address}, found {errors} in {requests} requests")


def lookup(options):
    for program in ("wrk", "nginx", "curl"):
        if not shutil.which(program):
            raise LeftOut(f"{program} is not installed")
    count, rounds, seconds = (5_000, 2, 1) if options.quick else (1_000_000, 5, 3)
    with Site(options) as site:
        captured = site.visit(count)
        nginx = site.start_nginx()
        hoptell = (site.hoptell, OPERATORS)
        load = Load(options, site, site.file("clients", asked(captured, 50_000)))
        ours, nginxs = [], []
        for _ in range(rounds):
            nginxs.append(load.full(nginx, seconds, CONNECTIONS))
            ours.append(load.full(hoptell, seconds, CONNECTIONS))
        half = statistics.median(found.processor_rate for found in ours) / 2
        p99, nginxs_p99 = [], []
        for _ in range(rounds):
            nginxs_p99.append(load.p99_ms(nginx, seconds, half))
            p99.append(load.p99_ms(hoptell, seconds, half))
    return [
        Row("lookup", f"GET /v1/lookup, of {count:,} connections", "requests/s", "ratio", 0.6,
            [found.processor_rate for found in ours], "nginx `return 200`",
            [found.processor_rate for found in nginxs]),
        Row("lookup-99", "GET /v1/lookup at half of that load, 99 % within", "ms", "most", 1, p99,
            "nginx at the same load", nginxs_p99),
    ]
