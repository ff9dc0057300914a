#!/usr/bin/python3
"""Writes docs/accuracy.md from made-up carriers: accuracy.py HOPTELL [--seed N] [--out FILE]

Needs p0f beside hoptell, whose reports of shared addresses are held against the same labels.
"""

import argparse
import collections
import csv
import ipaddress
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
THRESHOLD = 0.95
BINS = 10
BURST_S = 600  # after a change of route
P0F_ROOM = "100000,400000"  # connections and hosts, so that it forgets none of them
SAID = {
    "mobile-v6": "a carrier, a /64 for each line, 12 % of lines tether",
    "mobile-v6-much": "the same, 35 % of lines tether",
    "mobile-v6-mss": "the same, 12 %, where the path does not clamp what guests offer as MSS",
    "mobile-v6-new-clocks": "the same, all TCP clocks start anew for each connection",
    "mobile-moved-on": "the same, every line gets another's /64 every four hours",
    "mobile-nat": "500 lines behind 30 IPv4 addresses",
    "mobile-nat-one": "60 lines behind one address",
    "two-gateways": "two paths, three hops apart",
    "many-parts": "120 parts of a /16, each with its own path, hardly seen",
    "route-longer": "the route becomes one hop longer",
    "route-longer-by-two": "two hops longer",
    "route-shorter": "one hop shorter",
    "route-part": "one hop longer for one of two gateways",
    "route-gateways": "one hop longer for all of three gateways",
    "route-longer-by-line": "one hop longer for one line after the other, within two hours",
    "route-shorter-by-line": "one hop shorter, likewise",
    "route-of-some": "one hop longer for a fifth of the lines",
    "adjacent-paths": "two paths, one hop apart, by line",
    "ecmp": "two paths, one hop apart, by flow",
    "clat": "Android translates IPv4 on the handset, which costs a hop; iOS does not",
    "hidden-65": "every guest starts one higher, from 65 or 129; the path does not clamp their MSS",
    "hidden-64": "every phone sets the hop limit of its guests to 64",
    "proxy": "guests behind a proxy application on the phone",
    "vpn": "a quarter of handsets and a fifth of guests use a VPN; its exit is known as hosting",
    "fixed": "homes with routers of their own; no guests",
    "fixed-named": "the same, a tenth behind a second router; known as fixed lines",
    "hosting": "servers; no guests",
    "flood": "300,000 false SYNs in one minute",
}
CHANGES = [name for name in SAID if name.startswith("route-")]


@dataclass
class Connection:
    tethered: bool
    verdict: str
    probability: float
    looks: tuple  # what one packet shows, and when: before a change of route or after
    time: float
    visible: bool = False


@dataclass
class Rule:
    """Counts of one rule on some connections."""

    right: int = 0
    wrong: int = 0
    tethered: int = 0

    def add(self, tethered, found):
        self.tethered += tethered
        self.right += tethered and found
        self.wrong += found and not tethered

    def precision(self):
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    def recall(self):
        return self.right / self.tethered if self.tethered else None


@dataclass
class Scenario:
    name: str
    connections: list
    first_drop: Rule
    p0f: Rule = field(default_factory=Rule)


def run(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, check=False, text=True)
    if done.returncode != 0:
        sys.exit(f"{words[0]}: {done.stderr}")
    return done.stdout


def labels_of(base):
    with open(f"{base}.csv", encoding="ascii", newline="") as file:
        return {(row["address"], int(row["port"])): row["label"] == "tethered" for row in csv.DictReader(file)}


def judged(hoptell, base, rule):
    """(label or None, the object) of each connection, as `read` prints it."""
    labels = labels_of(base)
    networks = f"{base}.networks.csv"
    options = ["--networks", networks] if os.path.exists(networks) else []
    lines = run(hoptell, "read", "--format", "json", "--signature", "--rule", rule, *options,
                f"{base}.pcap")
    for line in lines.splitlines():
        found = json.loads(line)
        label = labels.get((found["address"], found["port"]))
        if label is not None:
            yield label, found


def parts_of(address):
    """The prefix that shares a path: /48 or /24."""
    return ":".join(address.split(":")[:3]) if ":" in address else address.rpartition(".")[0]


def mark_visible(connections):
    """Those that one packet shows: most that look like this one here are tethered."""
    counts = collections.defaultdict(lambda: [0, 0])
    for c in connections:
        counts[c.looks][c.tethered] += 1
    for c in connections:
        direct, tethered = counts[c.looks]
        c.visible = c.tethered and tethered / (direct + tethered) >= THRESHOLD


def connections_of(hoptell, directory, name):
    rows = list(judged(hoptell, directory / name, "evidence"))
    half = (rows[0][1]["time"] + rows[-1][1]["time"]) / 2
    found = []
    for label, o in rows:
        late = name in CHANGES and o["time"] > half
        looks = (parts_of(o["address"]), late, o["hop_limit"], o["signature"])
        found.append(Connection(label, o["verdict"], o["probability"], looks, o["time"] - half))
    mark_visible(found)
    return found


def first_drop_of(hoptell, directory, name):
    rule = Rule()
    for label, found in judged(hoptell, directory / name, "first-drop"):
        rule.add(label, found["verdict"] == "tethered")
    return rule


def p0f_of(directory, name):
    """A connection counts as found where p0f reports, at it, that its address is shared."""
    log = directory / f"{name}.p0f"
    run("p0f", "-m", P0F_ROOM, "-r", directory / f"{name}.pcap", "-o", log)
    reported = set()
    with open(log, encoding="ascii") as file:
        for line in file:
            said = dict(part.split("=", 1) for part in line.split("] ", 1)[1].strip().split("|"))
            if said["mod"] == "ip sharing":
                address, _, port = said["cli"].rpartition("/")
                reported.add((str(ipaddress.ip_address(address)), int(port)))
    rule = Rule()
    for connection, tethered in labels_of(directory / name).items():
        rule.add(tethered, connection in reported)
    return rule


def measure(hoptell, name, seed):
    with tempfile.TemporaryDirectory() as text:
        directory = pathlib.Path(text)
        run(HERE / "population.py", directory, name, "--seed", seed)
        return Scenario(name, connections_of(hoptell, directory, name), first_drop_of(hoptell, directory, name),
                        p0f_of(directory, name))


def rule_of(connections, visible_alone=False):
    rule = Rule()
    for c in connections:
        if c.visible or not c.tethered or not visible_alone:
            rule.add(c.tethered, c.verdict == "tethered")
    return rule


def share(connections, condition):
    chosen = [c for c in connections if condition(c)]
    return len(chosen) / len(connections) if connections else None


def bins_of(connections):
    """(count, mean probability, share that came true) of each tenth that has any."""
    bins = [[] for _ in range(BINS)]
    for c in connections:
        bins[min(int(c.probability * BINS), BINS - 1)].append(c)
    return [(len(found), sum(c.probability for c in found) / len(found),
             sum(c.tethered for c in found) / len(found)) for found in bins if found]


def calibration_error(connections):
    return sum(count * abs(said - true) for count, said, true in bins_of(connections)) / len(connections)


def bursts(scenarios):
    """Of the direct connections in the first minutes of a new route, those that were called tethered."""
    after = [c for s in scenarios if s.name in CHANGES for c in s.connections
             if 0 <= c.time < BURST_S and not c.tethered]
    return sum(c.verdict == "tethered" for c in after), len(after)


def number(value):
    return "-" if value is None else f"{value:.3f}"


def row(*cells):
    return "| " + " | ".join(cells) + " |\n"


def aims(scenarios):
    every = [c for s in scenarios for c in s.connections]
    direct = [c for c in every if not c.tethered]
    wrong, after = bursts(scenarios)
    lines = (
        ("precision", number(rule_of(every).precision()), "at least 0.99"),
        ("recall of what one packet can show", number(rule_of(every, True).recall()), "at least 0.85"),
        ("recall of all that is tethered", number(rule_of(every).recall()), ""),
        ("calibration error", number(calibration_error(every)), "at most 0.03"),
        ("false verdicts in the first ten minutes of a new route", f"{wrong} of {after}", "no burst"),
        ("direct connections that were called direct", number(share(direct, lambda c: c.verdict == "direct")), ""),
        ("without a verdict", number(share(every, lambda c: c.verdict == "unknown")), ""),
    )
    return row("in all scenarios", "found", "aim") + row("---", "---", "---") + "".join(row(*line) for line in lines)


def reliability(scenarios):
    every = [c for s in scenarios for c in s.connections]
    lines = [row(f"{said:.3f}", f"{true:.3f}", str(count)) for count, said, true in bins_of(every)]
    return row("probability", "came true", "connections") + row("---", "---", "---") + "".join(lines)


def by_scenario(scenarios):
    text = row("scenario", "tethered", "can be seen", "precision", "recall", "of all", "unknown", "error",
               "first-drop: precision", "recall", "p0f: precision", "recall") + row(*["---"] * 12)
    for s in scenarios:
        guests = [c for c in s.connections if c.tethered]
        every = rule_of(s.connections)
        cells = (share(s.connections, lambda c: c.tethered), share(guests, lambda c: c.visible), every.precision(),
                 rule_of(s.connections, True).recall(), every.recall(),
                 share(s.connections, lambda c: c.verdict == "unknown"), calibration_error(s.connections),
                 s.first_drop.precision(), s.first_drop.recall(), s.p0f.precision(), s.p0f.recall())
        text += row(f"**{s.name}**: {SAID[s.name]}", *map(number, cells))
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("hoptell")
    parser.add_argument("scenario", nargs="*", choices=[[], *SAID], default=[])
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "docs" / "accuracy.md")
    given = parser.parse_args()
    scenarios = [measure(given.hoptell, name, given.seed) for name in given.scenario or SAID]
    text = (HERE / "accuracy.md.in").read_text(encoding="utf-8")
    for name, put in (("AIMS", aims), ("RELIABILITY", reliability), ("SCENARIOS", by_scenario)):
        text = text.replace(f"@{name}@\n", put(scenarios))
    given.out.write_text(text.replace("@SEED@", str(given.seed)), encoding="utf-8")


if __name__ == "__main__":
    main()
