"""Rows that programs of build/bench print, one a line, each an object as in row.py: row, what, unit,
kind, budget, values, and where there is one reference and references."""
import json
import os
import subprocess

from row import LeftOut, Row


def rows_of(command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False)
    if done.returncode != 0:
        raise LeftOut(f"{os.path.basename(command[0])} ended with {done.returncode}: "
                      f"{done.stderr.strip()}")
    return [Row(**json.loads(line)) for line in done.stdout.splitlines()]


def answer(options):
    return rows_of([options.build / "bench" / "bench_answer", 3 if options.quick else 11])


def tun(options):
    if os.geteuid() != 0:
        raise LeftOut("a network namespace and its devices take root")
    rounds, seconds = (3, 0.1) if options.quick else (11, 0.5)
    return rows_of([options.build / "bench" / "bench_tun", options.build / "hoptell", rounds,
                    seconds])


def xdp_program(options, name):
    program = options.build / "bench" / f"bench_{name}"
    if os.geteuid() != 0:
        raise LeftOut("loading programs into the kernel takes root")
    if not program.exists():
        raise LeftOut("this hoptell was built without XDP")
    return [program, options.build / "bench" / "minimal.bpf.o"]


def xdp(options):
    return rows_of([*xdp_program(options, "xdp"), 3 if options.quick else 11])


def veth(options):
    rounds, seconds = (3, 0.05) if options.quick else (11, 0.5)
    return rows_of([*xdp_program(options, "veth"), rounds, seconds])
