"""Everything that strangers can send at once: opening packets, probes and questions from sources that are not
theirs, more of them than any table holds. What is known stays known, operators are answered, memory has an
end."""

import os
import random
import re
import socket
import struct
import threading

import pytest

import plan
import visits
from conftest import LabInUse, public_directory, wait_until
from hoptell import SETTINGS, Hoptell
from neighbourhood import Neighbourhood, Sender, sum16, udp

TARGET = "203.0.113.9"
TALE = f"targets: [{TARGET}]\naddresses: [198.51.100.16/28]\nzone: tale.example.net\nhops: [one, two]\n"
FLOOD = SETTINGS.replace("[up0]", "[up0], subscribers: 1k, connections: 1k, networks: 1k") + """
tales: [tale.yaml]
"""
OPENINGS = 70000  # more than the journal and the queue of the store have rooms, which are filled by it
GROWTH = 8 << 20
QUESTION = bytes.fromhex("0001 0000 0001 0000 0000 0000 04") + b"tale\x07example\x03net" + \
    bytes.fromhex("00 0001 0001")


class Hosts(Neighbourhood):
    """The lab's hosts, as those whose sockets can be had."""

    def __init__(self, lab):
        LabInUse.__init__(self, lab.prefix)


def with_source(packet, source):
    """The same packet, from another address."""
    header = bytearray(packet[:20])
    header[12:16] = source
    header[10:12] = bytes(2)
    header[10:12] = struct.pack(">H", sum16(bytes(header)))
    return bytes(header) + packet[20:]


def opening(chance):
    """A SYN, as many systems send it."""
    header = udp(bytes(4), socket.inet_aton(plan.address_of("site", 4)), chance.randrange(32, 255))[:20]
    header = header[:2] + struct.pack(">H", 40) + header[4:9] + bytes([socket.IPPROTO_TCP]) + header[10:]
    return header + struct.pack(">HHIIBBHHH", chance.randrange(1024, 65536), 443,
                                chance.getrandbits(32), 0, 0x50, 2, 64240, 0, 0)


def question(chance):
    packet = udp(bytes(4), socket.inet_aton("192.0.2.82"), 60, chance.randrange(1024, 65536))[:20]
    packet = packet[:2] + struct.pack(">H", 28 + len(QUESTION)) + packet[4:]
    return packet + struct.pack(">HHHH", chance.randrange(1024, 65536), 53, 8 + len(QUESTION), 0) + QUESTION


class Strangers:
    """They send from router3, by its link to the site."""

    def __init__(self, lab):
        hosts = Hosts(lab)
        mac = bytes.fromhex(hosts.links("site")["up0"]["address"].replace(":", ""))
        self.sender = Sender(hosts, "router3", "up0", mac)
        chance = self.chance = random.Random(1)
        self.kinds = [[opening(chance) for _ in range(64)],
                      [udp(bytes(4), socket.inet_aton(TARGET), hop) for hop in range(1, 30)],
                      [question(chance) for _ in range(64)]]

    def send(self, rounds):
        for number in range(rounds):
            source = self.chance.randrange(1 << 24, 223 << 24).to_bytes(4, "big")
            self.sender.send(with_source(self.kinds[0][number % 64], source))
            if number % 4 == 0:
                for kind in self.kinds[1:]:
                    self.sender.send(with_source(kind[number % len(kind)], source))


@pytest.fixture
def hoptell(lab):
    with public_directory() as directory:
        os.mkdir(f"{directory}/state")
        os.chmod(f"{directory}/state", 0o777)
        with open(f"{directory}/tale.yaml", "w", encoding="utf-8") as file:
            file.write(TALE)
        made = Hoptell(lab, directory, FLOOD.replace("none", f"sqlite:{directory}/state/hoptell.db"))
        try:
            yield made.start()
        finally:
            made.kill()


def metric(hoptell, name):
    return int(re.search(rf"^{name} (\d+)", hoptell.get("/metrics")[1], re.M)[1])


def memory(hoptell):
    with open(f"/proc/{hoptell.process.pid}/status", encoding="utf-8") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) << 10


def verdicts(lab):
    return [visits.visit(lab, host, family)[0]["verdict"]
            for host in ("phone3", "laptop") for family in (4, 6)]


def flood(hoptell, strangers):
    """Until hoptell has seen OPENINGS more, with operators who ask meanwhile."""
    until = metric(hoptell, "hoptell_observations_total") + OPENINGS
    while metric(hoptell, "hoptell_observations_total") < until:
        sending = threading.Thread(target=strangers.send, args=(OPENINGS // 10,))
        sending.start()
        while sending.is_alive():
            assert hoptell.get("/healthz")[0] == 200
        sending.join()
    wait_until(lambda: metric(hoptell, "hoptell_store_queued") == 0, 60, "the store to have it all")


def test_a_flood_of_everything_pushes_nobody_out(lab, hoptell):
    visits.all_phones_visit(lab)
    before = verdicts(lab)
    assert before[1] == "direct" and before[3] == "tethered"
    strangers = Strangers(lab)
    flood(hoptell, strangers)
    filled = memory(hoptell)
    flood(hoptell, strangers)
    assert memory(hoptell) < filled + GROWTH
    assert metric(hoptell, "hoptell_dns_queries_total") > 0
    assert verdicts(lab) == before
    assert hoptell.stop() == 0
