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
P0F_FLOWS = 100_000  # the most that it takes
LONG_S = 10  # what takes longer is measured in the first rounds alone
LONG_ROUNDS = 3


def seconds_of(command):
    """Processor seconds of `command`, whose output goes to a file that nobody reads."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as output:
        subprocess.run([str(word) for word in command], stdout=output, stderr=subprocess.DEVNULL,
                       stdin=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rates_of(commands, rounds):
    """Of each (packets, command) its rates, taken in turns."""
    taken = [[] for _ in commands]
    for _ in range(rounds):
        for rates, (count, command) in zip(taken, commands):
            if len(rates) < LONG_ROUNDS or count / rates[0] < LONG_S:
                rates.append(count / seconds_of(command))
    return taken


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
    """p0f with memory for all sources reads each of them once: the longer it reads, the slower it is,
    so that this is in its favour."""
    if not shutil.which("p0f"):
        raise LeftOut("p0f, against which it is measured, is not installed")
    count, sources, rounds = size(options)
    hoptell = options.build / "hoptell"
    with tempfile.TemporaryDirectory() as folder:
        syns = capture(options, folder, count, sources)
        once = capture(options, folder, sources, sources)
        log = pathlib.Path(folder) / "log"
        memory = ["-m", f"{min(sources, P0F_FLOWS)},{sources}"]
        summary, json, by_default, logging, keeping = rates_of([
            (count, [hoptell, "read", "-f", "summary", syns]),
            (count, [hoptell, "read", "-f", "json", syns]),
            (count, ["p0f", "-r", syns]),
            (count, ["p0f", "-r", syns, "-o", log]),
            (sources, ["p0f", *memory, "-r", once]),
        ], rounds)
    said = f"{count:,} SYNs from {sources:,} sources"
    return [
        row("read-summary", f"read --format summary, {said}", summary, "p0f", by_default, 15),
        row("read-summary-kept", "read --format summary, the same", summary, "p0f with memory for all sources", keeping,
            100),
        row("read-json", "read --format json, the same", json, "p0f with its log", logging, 5),
    ]


def other(options):
    count, sources, rounds = size(options)
    with tempfile.TemporaryDirectory() as folder:
        packets = capture(options, folder, count, sources, "other")
        ours, bare = rates_of([
            (count, [options.build / "hoptell", "read", "-f", "summary", packets]),
            (count, [options.build / "bench" / "bench_packets", packets]),
        ], rounds)
    return [row("read-other", "read of a capture of other packets", ours, "the bare libpcap loop",
                bare, 0.8)]


def growth(options):
    """Every source comes twice, so that the larger capture has each of them known and found again."""
    sources, rounds = (100_000, 3) if options.quick else (1_000_000, 5)
    count = 2 * sources
    with tempfile.TemporaryDirectory() as folder:
        many, few = rates_of([
            (count, [options.build / "hoptell", "read", "-f", "summary",
                     capture(options, folder, count, number)]) for number in (sources, FEW)],
            rounds)
    return [row("growth", f"read --format summary, {sources:,} sources", many,
                f"{FEW:,} sources", few, 0.7)]
