#!/usr/bin/python3
"""Fits the weights of signals to made-up carriers: fit.py STRENGTHS [--seeds 1 3] [--out FILE]

STRENGTHS is the program of strengths.c (ninja lab/strengths). The weights are those under which the
labels are likeliest, by logistic regression: the prior stays 10 %, the sum of a group is capped as the
judge caps it, a weight is never below 0.3, so that what is known counts, and one that the labels say
nothing of stays near 1. Every
scenario counts the same, and tethered connections a tenth. Writes src/watch/weights.h.
"""

import argparse
import io
import pathlib
import subprocess
import sys
import tempfile

import numpy

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "src" / "watch" / "weights.h"
PRIOR = 0.1
LEAST = 0.3
STEPS = 500
SKIPPED = ("flood",)  # the carrier in it is one of the others
TEXT = """\
/*
 * What each signal's strength is multiplied with. Made by lab/fit.py from the carriers of
 * lab/population.py with seeds {seeds}; do not edit, but fit again. Included by signal.c alone.
 */
#ifndef HOPTELL_WATCH_WEIGHTS_H
#define HOPTELL_WATCH_WEIGHTS_H

static const float weights[SIGNAL_COUNT] = {{
{rows}}};

#endif
"""


def run(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, check=False, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout


class Table:
    """Connections of all scenarios: strengths, and what the judge does with them."""

    def __init__(self, strengths, seeds):
        parts = []
        for seed in seeds:
            with tempfile.TemporaryDirectory() as directory:
                run(sys.executable, HERE / "population.py", directory, "--seed", seed)
                for capture in sorted(pathlib.Path(directory).glob("*.pcap")):
                    if capture.stem not in SKIPPED:
                        parts.append(self.read(strengths, capture))
        rows = numpy.concatenate(parts)
        self.share = numpy.concatenate([numpy.full(len(part), 1 / len(part)) for part in parts])
        known = rows[:, 1] == 1  # elsewhere no verdict is given
        rows, self.share = rows[known], self.share[known]
        # The same again and again are one with a larger share.
        rows, same = numpy.unique(rows.round(1), axis=0, return_inverse=True)
        self.share = numpy.bincount(same.ravel(), self.share)
        self.tethered, self.hops_most, self.strength = rows[:, 0], rows[:, 2], rows[:, 3:]
        self.columns = [numpy.flatnonzero((self.groups == group) & (self.strength != 0).any(axis=0))
                        for group in sorted(set(self.groups))]
        self.parts = [numpy.ascontiguousarray(self.strength[:, columns]) for columns in self.columns]
        guests = self.tethered == 1
        self.share[guests] *= PRIOR / self.share[guests].sum()
        self.share[~guests] *= (1 - PRIOR) / self.share[~guests].sum()

    def read(self, strengths, capture):
        networks = capture.with_suffix(".networks.csv")
        text = run(strengths, capture, capture.with_suffix(".csv"), *([networks] if networks.exists() else []))
        names, groups, caps, rows = text.split("\n", 3)
        self.names = names.split(",")[3:]
        self.groups = numpy.array(groups.split(",")[3:], dtype=int)
        self.caps = numpy.array(caps.split(",")[3:], dtype=float)
        return numpy.loadtxt(io.StringIO(rows), delimiter=",")

    def sums(self, weight):
        """Log odds of each connection, and by which of its signals they still change."""
        odds = numpy.full(len(self.tethered), numpy.log(PRIOR / (1 - PRIOR)))
        slopes = []
        for columns, part in zip(self.columns, self.parts):
            if len(columns) == 0:
                continue
            total = part @ weight[columns]
            cap = self.caps[columns[0]]
            # group 1 is what hops say, which is also held down while the network may be moving
            most = numpy.minimum(cap, self.hops_most) if self.groups[columns[0]] == 1 else cap
            odds += numpy.clip(total, -cap, most)
            slopes.append((columns, part, (total > -cap) & (total < most)))
        return odds, slopes

    def fit(self):
        """Adam on the likelihood, with a weak pull of each weight to 1."""
        weight = numpy.ones(len(self.names))
        mean, square = numpy.zeros_like(weight), numpy.zeros_like(weight)
        for step in range(1, STEPS + 1):
            odds, slopes = self.sums(weight)
            off = self.share * (1 / (1 + numpy.exp(-odds)) - self.tethered)
            slope = 1e-4 * (weight - 1)
            for columns, part, free in slopes:
                slope[columns] += part.T @ (off * free)
            mean = 0.9 * mean + 0.1 * slope
            square = 0.99 * square + 0.01 * slope**2
            step_size = 0.02 * (1 - step / (STEPS + 1))
            weight -= step_size * mean / (1 - 0.9**step) / (numpy.sqrt(square / (1 - 0.99**step)) + 1e-8)
            weight = numpy.maximum(weight, LEAST)
        return weight


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("strengths")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--out", type=pathlib.Path, default=OUT)
    given = parser.parse_args()
    table = Table(given.strengths, given.seeds)
    rows = ""
    for name, weight, used in zip(table.names, table.fit(), (table.strength != 0).any(axis=0)):
        if used:
            rows += f"    [SIGNAL_{name.upper()}] = {weight:.3f}f,\n"
            print(f"{name:20s} {weight:.3f}")
    given.out.write_text(TEXT.format(seeds=" and ".join(map(str, given.seeds)), rows=rows), encoding="ascii")


if __name__ == "__main__":
    main()
