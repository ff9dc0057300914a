"""Rows of `hoptell read`: how fast captures are read, beside p0f and the bare libpcap loop, and how
that grows with the sources. Times are of the processor, so that other work on the machine disturbs
less."""
import pathlib
import resource
import shutil
import subprocess
import tempfile

from row import LeftOut, Row

FEW = 10_000
LONG_S = 30  # what takes longer is measured once


def seconds_of(command):
    """Processor seconds of `command`, whose output goes to a file that nobody reads."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as output:
        subprocess.run([str(word) for word in command], stdout=output, stderr=subprocess.DEVNULL,
                       stdin=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rates_of(commands, count, rounds):
    """The rates of each of `commands`, taken in turns."""
    taken = [[] for _ in commands]
    for _ in range(rounds):
        for times, command in zip(taken, commands):
            if not times or times[0] < LONG_S:
                times.append(seconds_of(command))
    return [[count / seconds for seconds in times] for times in taken]


def capture(options, folder, count, sources, *more):
    path = pathlib.Path(folder) / f"{count}-{sources}{''.join(more)}"
    subprocess.run([str(options.build / "bench" / "bench_syns"), str(count), str(sources),
                    str(path), *more], check=True)
    return path


def size(options):
    """(SYNs, sources, rounds)"""
    return (50_000, 15_000, 3) if options.quick else (1_000_000, 300_000, 5)


def row(name, what, values, reference, references, budget):
    return Row(name, what, "packets/s", "ratio", budget, values, reference, references)


def read(options):
    if not shutil.which("p0f"):
        raise LeftOut("p0f, against which it is measured, is not installed")
    count, sources, rounds = size(options)
    hoptell = options.build / "hoptell"
    with tempfile.TemporaryDirectory() as folder:
        syns = capture(options, folder, count, sources)
        log = pathlib.Path(folder) / "log"
        memory = ["-m", f"{sources},{sources}"]
        summary, json, by_default, logging, keeping = rates_of([
            [hoptell, "read", "-f", "summary", syns],
            [hoptell, "read", "-f", "json", syns],
            ["p0f", "-r", syns],
            ["p0f", "-r", syns, "-o", log],
            ["p0f", *memory, "-r", syns],
        ], count, rounds)
    said = f"{count:,} SYNs from {sources:,} sources"
    return [
        row("read-summary", f"read --format summary, {said}", summary, "p0f", by_default, 15),
        row("read-summary-kept", "the same", summary, "p0f with memory for all sources", keeping,
            100),
        row("read-json", "read --format json, the same", json, "p0f with its log", logging, 5),
    ]


def other(options):
    count, sources, rounds = size(options)
    with tempfile.TemporaryDirectory() as folder:
        packets = capture(options, folder, count, sources, "other")
        ours, bare = rates_of([
            [options.build / "hoptell", "read", "-f", "summary", packets],
            [options.build / "bench" / "bench_packets", packets],
        ], count, rounds)
    return [row("read-other", "read of a capture of other packets", ours, "the bare libpcap loop",
                bare, 0.8)]


def growth(options):
    """Every source comes twice, so that the larger capture has each of them known and found again."""
    sources, rounds = (100_000, 3) if options.quick else (1_000_000, 5)
    count = 2 * sources
    with tempfile.TemporaryDirectory() as folder:
        many, few = rates_of([
            [options.build / "hoptell", "read", "-f", "summary",
             capture(options, folder, count, number)] for number in (sources, FEW)], count, rounds)
    return [row("growth", f"read --format summary, {sources:,} sources", many,
                f"{FEW:,} sources", few, 0.7)]
