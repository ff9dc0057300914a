"""hoptell on the lab's site: started, asked, stopped; and what its tales say it must show."""

import json
import os
import signal
import subprocess

import plan
from conftest import ROOT, wait_until

PROGRAM = os.path.join(ROOT, os.environ.get("HOPTELL", "build/hoptell"))
OPERATORS = "http://127.0.0.1:8081"
OWN = '[203.0.113.0/24, 198.51.100.0/24, "2001:db8:42::/48", "2001:db8:43::/48"]'
SETTINGS = f"""
user: nobody
store: none
own: {OWN}
watch: {{interfaces: [up0]}}
names: {{listen: ["192.0.2.82:53", "[2001:db8:80::80]:53"]}}
"""


class Hoptell:
    """One process on the site, whose settings and log are in `directory`."""

    def __init__(self, lab, directory, settings=SETTINGS):
        self.lab = lab
        self.settings = os.path.join(directory, "hoptell.yaml")
        self.log = os.path.join(directory, "log")
        self.process = None
        self.write(settings)

    def write(self, settings):
        """At once: what reads them meanwhile has the old ones or the new ones."""
        with open(self.settings + ".new", "w", encoding="utf-8") as file:
            file.write(settings)
        os.replace(self.settings + ".new", self.settings)

    def start(self, ready=True):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = self.lab.start("site", PROGRAM, "run", "-c", self.settings,
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if ready:
            wait_until(self.is_ready, what="hoptell to be ready")
        return self

    def is_ready(self):
        assert self.process.poll() is None, f"hoptell ended:\n{self.said()}"
        return self.get("/readyz")[0] == 200

    def said(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def get(self, path):
        """(status, body) of an operator's GET; status 0 where nobody listens."""
        words = ["curl", "-s", "-m", "10", "-w", "\n%{http_code}", OPERATORS + path]
        body, _, status = self.lab.run("site", *words, check=False).rpartition("\n")
        return int(status), body

    def command(self, *words, timeout=30):
        """A command of hoptell on the site, ended: its status, and what it said."""
        return subprocess.run(self.lab.words("site", PROGRAM, *words), capture_output=True,
                              text=True, check=False, timeout=timeout)

    def start_command(self, *words):
        """The same, under way, its output to be read."""
        return self.lab.start("site", PROGRAM, *words, stdout=subprocess.PIPE, text=True)

    def stop(self, how=signal.SIGINT):
        """Asks it to end; its exit status."""
        self.process.send_signal(how)
        return self.process.wait(20)

    def kill(self):
        """Ends it as a crash would; nothing where it has ended."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(20)


def show(tale, family, protocol="udp", *more):
    """What `tale show` says that a traceroute by `protocol` prints: a list of its lines."""
    done = subprocess.run([PROGRAM, "tale", "show", "--format", "json", f"-{family}", "-m", "255",
                           "-p", protocol, *more, tale],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["traces"][0]


def real_way(host, family):
    """The kernels between `host` and the tale: [(address, name)], as they answer."""
    ends = {}  # the address that faces the phones: where a probe comes in
    for link in plan.links():
        for near, far in ((link.left, link.right), (link.right, link.left)):
            ends[near.host, far.host] = addresses(far, family)
    way = [host, "carrier"] + plan.router_names() + ["site"]
    if host == "laptop":
        way.insert(1, "phone1")
    # the carrier's line to a phone has no IPv6 address of its own: it answers with its first
    return [(ends[near, far] or plan.address_of(far, family), far)
            for near, far in zip(way, way[1:])]


def addresses(end, family):
    found = [address.split("/")[0] for address in end.addresses
             if (":" in address) == (family == 6) and not address.startswith("fe80:")]
    return found[0] if found else None


def whole_way(host, family, tale, protocol="udp"):
    """Every line that a client on `host` is to print of the way to a tale's end."""
    lines = [(line["address"], line["name"]) for line in show(tale, family, protocol)["lines"]]
    return [(position, *line)
            for position, line in enumerate(real_way(host, family) + lines, start=1)]
