"""What a tale does with time, over TUN: delays with ten thousand answers on their way at once,
duplicates, answers out of order, routes that flap, and rates that hold whoever asks."""

import itertools
import json
import os
import re
import subprocess

import pytest

from conftest import HERE, public_directory, wait_until
from hoptell import OPERATORS, PROGRAM

TARGET = "203.0.113.9"
DELAY = 6
EVERY = 0.6
RATE = 50
TALE = f"""
name: time
targets: [{TARGET}]
addresses: [198.51.100.0/24]
hops:
  - {{say: late, address: 198.51.100.1, delay: {DELAY}s}}
  - {{say: twice, address: 198.51.100.2, duplicate: 100%}}
  - {{say: in disorder, address: 198.51.100.3, reorder: 50%}}
  - {{fork: [[{{address: 198.51.100.4}}], [{{address: 198.51.100.5}}]], by: time, every: {EVERY}s}}
  - {{say: busy, address: 198.51.100.6, rate: {RATE}, burst: 1}}
  - {{say: lossy, address: 198.51.100.7, loss: 25%}}
"""
QUEUE = 50000  # of the TUN device: so much may wait for a thread that the machine keeps waiting
PATIENCE = 10  # seconds, for answers that are late since the machine is busy
SETTINGS = """
user: nobody
store: none
log: warning
watch: {{interfaces: []}}
tales: [time.yaml]
own: [198.51.100.0/24]
tun: {{addresses: [192.0.2.254], queues: {queues}}}
limit: {{source_rate: 1M, source_burst: 1M, total_rate: 1M, total_burst: 1M, delayed: {delayed}}}
visitors: {{listen: []}}
"""


class Machine:
    """A network namespace in which hoptell runs the tale."""

    def __init__(self, folder, queues, delayed):
        for name, text in (("time.yaml", TALE),
                           ("hoptell.yaml", SETTINGS.format(queues=queues, delayed=delayed))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.keeper = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 1000"],
            stdout=subprocess.PIPE, text=True)
        assert self.keeper.stdout.readline() == "up\n"
        self.hoptell = self.start(PROGRAM, "run", "-c", os.path.join(folder, "hoptell.yaml"))
        wait_until(self.is_ready, what="hoptell to be ready")
        queue = self.start("ip", "link", "set", "hoptell0", "txqueuelen", str(QUEUE))
        assert queue.wait(20) == 0

    def start(self, *command, **options):
        return subprocess.Popen(["nsenter", "-t", str(self.keeper.pid), "-n", *command], text=True,
                                stdin=subprocess.DEVNULL, **options)

    def get(self, path):
        with self.start("curl", "-sf", "-m", "5", OPERATORS + path,
                        stdout=subprocess.PIPE) as asking:
            return asking.communicate(timeout=20)[0]

    def is_ready(self):
        assert self.hoptell.poll() is None
        return self.get("/readyz")

    def metric(self, name):
        return int(re.search(rf"^{name} (\d+)", self.get("/metrics"), re.M).group(1))

    def probe(self, hop_limit, count, gap, wait=PATIENCE, answers=None):
        """The prober, under way; `probed` has what it found."""
        words = [str(word) for word in (hop_limit, count, gap, wait, answers) if word is not None]
        return self.start("/usr/bin/python3", os.path.join(HERE, "prober.py"), TARGET, *words,
                          stdout=subprocess.PIPE)

    def close(self):
        self.hoptell.terminate()
        self.hoptell.wait(20)
        self.keeper.kill()
        self.keeper.wait(10)


def machine(queues, delayed):
    with public_directory() as folder:
        made = Machine(folder, queues, delayed)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture(scope="module")
def roomy(need_root):
    yield from machine(queues=2, delayed=16384)


@pytest.fixture
def narrow(need_root):
    yield from machine(queues=1, delayed=100)


def probed(prober):
    output = prober.communicate(timeout=60)[0]
    assert prober.returncode == 0
    found = json.loads(output)
    return found["sent"], found["came"]


def numbers(came):
    return [number for _, _, number in came]


def test_ten_thousand_answers_are_on_their_way_at_once(roomy):
    count = 10000
    prober = roomy.probe(1, count, 0.0001, DELAY + PATIENCE, count)
    wait_until(lambda: roomy.metric("hoptell_answers_delayed") == count, DELAY,
               "all answers to be on their way")
    others_sent, others = probed(roomy.probe(6, 50, 0.002, 1))
    assert len(others) > 20
    assert all(time - others_sent[number] < DELAY / 2 for time, _, number in others)
    sent, came = probed(prober)
    assert numbers(came) == list(range(count))
    assert {address for _, address, _ in came} == {"198.51.100.1"}
    late = [time - sent[number] - DELAY for time, _, number in came]
    assert min(late) >= 0 and sorted(late)[count // 2] < DELAY / 2
    assert roomy.metric("hoptell_answers_delayed") == 0
    assert roomy.metric("hoptell_answers_queue_full_total") == 0


def test_what_is_too_much_is_dropped_and_counted(narrow):
    _, came = probed(narrow.probe(1, 350, 0.001, DELAY + PATIENCE, 100))
    assert numbers(came) == list(range(100))
    assert narrow.metric("hoptell_answers_queue_full_total") == 250


def test_an_answer_comes_twice(roomy):
    _, came = probed(roomy.probe(2, 100, 0.002, answers=200))
    assert sorted(numbers(came)) == sorted(2 * list(range(100)))


def test_answers_come_out_of_order(roomy):
    """Half of them are held back, so that later ones overtake them."""
    _, came = probed(roomy.probe(3, 400, 0.002, answers=400))
    assert sorted(numbers(came)) == list(range(400))
    newest = list(itertools.accumulate(numbers(came), max))
    overtaken = sum(number < before for number, before in zip(numbers(came)[1:], newest))
    assert 120 <= overtaken <= 280


def test_a_route_flaps(roomy):
    sent, came = probed(roomy.probe(4, 300, 0.01, answers=300))
    assert numbers(came) == list(range(300))
    runs = [[sent[number] for _, _, number in run]
            for _, run in itertools.groupby(came, key=lambda one: one[1])]
    assert {address for _, address, _ in came} == {"198.51.100.4", "198.51.100.5"}
    assert abs(len(runs) - (sent[-1] - sent[0]) / EVERY) <= 2
    for run in runs[1:-1]:
        assert EVERY / 3 < run[-1] - run[0] < EVERY * 5 / 3


def test_a_router_keeps_its_rate_whoever_asks(roomy):
    """Many senders, so that both queues of the device have some: together they get the rate."""
    probers = [roomy.probe(5, 200, 0.01, 1) for _ in range(6)]
    found = [probed(prober) for prober in probers]
    start = min(sent[0] for sent, _ in found)
    end = max(time for _, came in found for time, _, _ in came)
    asked = sum(sent[-1] - sent[0] for sent, _ in found) / len(found)  # by all of them at once
    answers = sum(len(came) for _, came in found)
    assert 0.5 * RATE * asked <= answers <= RATE * (end - start) + 2


def test_some_are_lost(roomy):
    _, came = probed(roomy.probe(6, 800, 0.001, 1))
    assert 520 <= len(came) <= 680
    assert numbers(came) == sorted(numbers(came))
