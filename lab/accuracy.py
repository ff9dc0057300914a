#!/usr/bin/python3
"""Writes docs/accuracy.md from made-up carriers: accuracy.py HOPTELL [--seed N] [--out FILE]"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SAID = {
    "mobile-v6": "a carrier, a /64 for each line, 12 % of lines tether",
    "mobile-v6-much": "the same, 35 % of lines tether",
    "mobile-v6-new-clocks": "12 % of lines tether, all TCP clocks start anew for each connection",
    "mobile-nat": "500 lines behind 30 IPv4 addresses",
    "mobile-nat-one": "24 lines behind one address",
    "two-gateways": "two paths, three hops apart",
    "adjacent-paths": "two paths, one hop apart, by line",
    "ecmp": "two paths, one hop apart, by flow",
    "many-parts": "120 parts of a /16, each with its own path, hardly seen",
    "route-longer": "the route becomes one hop longer",
    "route-longer-by-two": "two hops longer",
    "route-shorter": "one hop shorter",
    "hidden": "every guest hides its hop",
    "vpn": "a third of the handsets use a VPN",
    "fixed": "homes with routers of their own; no guests",
    "hosting": "servers; no guests",
    "clat": "Android translates IPv4 on the handset, iOS does not",
    "flood": "300,000 false SYNs in one minute",
}
INTRODUCTION = """\
# How good the verdicts are

Made by `lab/accuracy.py` with seed {seed}; the weights were tried on seed 1. Carriers, phones and guests
are made up (`lab/population.py`), so this says how the rules behave where the world is as described
there, not how often it is. The threshold is 0.95. `first-drop` is the rule that most people start from:
tethered when lower than the highest hop limit ever seen from the network, wherever it started from, so
that one Windows guest (from 128) makes every handset (from 64) look tethered.

*Precision* is the share of verdicts "tethered" that are true, *recall* the share of tethered connections
found, *unknown* the share without a verdict, *error* how far probabilities are from what came true.

| scenario | tethered | precision | recall | unknown | error | first-drop: precision | recall |
|---|---|---|---|---|---|---|---|
"""
LIMITS = """
## What cannot be seen here

- A guest that hides its hop (an initial of 65 or 129, or a phone that sets 64) arrives like its host.
  What is left is its stack: a computer among handsets, or one that contradicts its initial.
- A proxy application on the phone opens connections of its own: they are the phone's.
- Where flows take two paths one hop apart, or translation costs some handsets a hop, the hop limit of
  one packet says little. There the verdict is mostly unknown, and rarely wrong.
"""


def run(arguments):
    done = subprocess.run(list(map(str, arguments)), capture_output=True, check=False, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout


def figures(hoptell, directory, scenario, rule):
    base = directory / scenario
    return json.loads(run([hoptell, "evaluate", "--format", "json", "--rule", rule, "--labels", f"{base}.csv",
                           f"{base}.pcap"]))


def cell(result, name):
    tethered = sum(result["judged"]["tethered"].values())
    found = result["judged"]["tethered"]["tethered"] + result["judged"]["direct"]["tethered"]
    if (name == "precision" and found == 0) or (name == "recall" and tethered == 0):
        return "-"
    return f"{result[name]:.3f}"


def row(hoptell, directory, scenario):
    evidence = figures(hoptell, directory, scenario, "evidence")
    first = figures(hoptell, directory, scenario, "first-drop")
    tethered = sum(evidence["judged"]["tethered"].values()) / evidence["labelled"]
    cells = [f"**{scenario}**: {SAID[scenario]}", f"{tethered:.3f}"]
    cells += [cell(evidence, name) for name in ("precision", "recall", "unknown", "calibration_error")]
    cells += [cell(first, name) for name in ("precision", "recall")]
    return "| " + " | ".join(cells) + " |\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hoptell")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--out", default=HERE.parent / "docs" / "accuracy.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        run([HERE / "population.py", directory, "--seed", given.seed])
        rows = [row(given.hoptell, directory, scenario) for scenario in SAID]
    pathlib.Path(given.out).write_text(INTRODUCTION.format(seed=given.seed) + "".join(rows) + LIMITS,
                                       encoding="utf-8")


if __name__ == "__main__":
    main()
