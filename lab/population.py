#!/usr/bin/python3
"""Made-up carriers with the truth beside them: population.py OUT [SCENARIO...] [--seed N]

Writes OUT/SCENARIO.pcap and OUT/SCENARIO.csv (address,port,label) for `hoptell evaluate`, and
OUT/SCENARIO.networks.csv where an operator would know the networks. Nothing is sent: the packets are
the opening ones of visits as a site would see them, made from what is known of each system's stack,
and labelled direct or tethered. Packets of floods have no label.
"""

import argparse
import csv
import ipaddress
import os
import random
import socket
import struct
from dataclasses import dataclass, field

START = 1_700_000_000
SERVER_V4 = socket.inet_aton("198.51.100.1")
SERVER_V6 = ipaddress.IPv6Address("2001:db8:5::1").packed

MSS, NOP, WS, SOK, TS, EOL = "mss", "nop", "ws", "sok", "ts", "eol"
LINUX_OPTIONS = (MSS, SOK, TS, NOP, WS)
APPLE_OPTIONS = (MSS, NOP, WS, NOP, NOP, TS, SOK, EOL, EOL)
WINDOWS_OPTIONS = (MSS, NOP, WS, NOP, NOP, SOK)


@dataclass(frozen=True)
class System:
    initial: int
    options: tuple
    windows: tuple
    scales: tuple  # (scale, weight)
    has_clock: bool  # a TCP clock that runs on from connection to connection
    ip_id: bool
    ecn: float = 0.0


SYSTEMS = {
    "android": System(64, LINUX_OPTIONS, (65535,), ((8, 70), (9, 16), (10, 8), (6, 3), (12, 3)), True, True),
    "ios": System(64, APPLE_OPTIONS, (65535,), ((6, 70), (5, 25), (7, 5)), False, False, 0.15),
    "macos": System(64, APPLE_OPTIONS, (65535,), ((6, 95), (5, 5)), False, False, 0.15),
    "windows": System(128, WINDOWS_OPTIONS, (64240, 64240, 64240, 65535), ((8, 100),), False, True),
    "linux": System(64, LINUX_OPTIONS, (64240, 64240, 64800, 29200), ((7, 90), (8, 5), (10, 5)), True, True),
}
HANDSETS = (("android", 62), ("ios", 38))
GUESTS = (("windows", 50), ("macos", 20), ("linux", 8), ("android", 12), ("ios", 10))
OTHER_MSS = (1300, 1340, 1360, 1380, 1440, 1452, 1460)  # of handsets with settings or an access of their own
HOME = (("windows", 35), ("macos", 12), ("linux", 5), ("android", 28), ("ios", 20))


def choose(random_, weighted):
    values, weights = zip(*weighted)
    return random_.choices(values, weights)[0]


@dataclass
class Device:
    system: str
    scale: int
    window: int
    clock: int
    initial: int
    mss: int
    identifier: int = 0  # the lower half of its IPv6 address
    steady: bool = True  # False: the newest Linux, whose TCP clock starts anew for each connection
    hides: bool = False  # what it sends is set to 64 by the phone that passes it on
    exit: object = None  # the Line of its VPN: where its packets come from

    @staticmethod
    def make(random_, kinds, mss=1400):
        name = choose(random_, kinds)
        system = SYSTEMS[name]
        return Device(name, choose(random_, system.scales), random_.choice(system.windows),
                      random_.getrandbits(32), system.initial, mss, random_.getrandbits(62))


@dataclass
class Line:
    """One subscriber: where it comes from, its own devices, and its guests."""

    source: object  # (device, time) -> address, as bytes
    hops: object  # (time) -> hops from the line to the site
    own: Device
    guests: list = field(default_factory=list)
    tethers: tuple = (0, 0)  # from and until, seconds


def option_octets(device, random_, time):
    system = SYSTEMS[device.system]
    if system.has_clock and device.steady:
        value = (int(time * 1000) + device.clock) & 0xFFFFFFFF
    else:
        value = random_.getrandbits(32)
    parts = {
        MSS: struct.pack("!BBH", 2, 4, device.mss), NOP: b"\1", WS: bytes((3, 3, device.scale)),
        SOK: b"\4\2", TS: struct.pack("!BBII", 8, 10, value, 0), EOL: b"\0",
    }
    return b"".join(parts[kind] for kind in system.options)


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def opening(device, source, port, hop_limit, random_, time):
    """An opening packet as it arrives, without its TCP checksum, which a tap does not need."""
    system = SYSTEMS[device.system]
    options = option_octets(device, random_, time)
    flags = 0xC2 if random_.random() < system.ecn else 0x02
    tcp = struct.pack("!HHIIBBHHH", port, 443, random_.getrandbits(32), 0,
                      (20 + len(options)) // 4 << 4, flags, device.window, 0, 0) + options
    if len(source) == 4:
        identity = random_.randrange(1, 65536) if system.ip_id else 0
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), identity, 0x4000, hop_limit, 6, 0,
                             source, SERVER_V4)
        return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + tcp
    return struct.pack("!IHBB16s16s", 0x60000000 | random_.getrandbits(20), len(tcp), 6, hop_limit,
                       source, SERVER_V6) + tcp


class Writer:
    """A capture of raw IP packets and its labels, in order of time."""

    def __init__(self, directory, name):
        self.events = []
        self.used = set()
        self.directory, self.name = directory, name
        self.networks = []

    def add(self, time, packet, source, port, label):
        self.events.append((time, packet, source, port, label))

    def name_network(self, prefix, name, kind):
        self.networks.append((prefix, name, kind))

    def port_for(self, source, random_):
        """A port that this address has not used yet: a label is about one connection."""
        while True:
            port = random_.randrange(1025, 65536)
            if (source, port) not in self.used:
                self.used.add((source, port))
                return port

    def write(self):
        self.events.sort(key=lambda event: event[0])
        base = os.path.join(self.directory, self.name)
        with open(base + ".pcap", "wb") as capture, open(base + ".csv", "w", encoding="ascii",
                                                         newline="") as labels:
            rows = csv.writer(labels, lineterminator="\n")
            rows.writerow(("address", "port", "label"))
            capture.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
            for time, packet, source, port, label in self.events:
                capture.write(struct.pack("<IIII", int(time), int(time % 1 * 1e6), len(packet), len(packet)))
                capture.write(packet)
                if label:
                    rows.writerow((ipaddress.ip_address(source), port, label))
        if self.networks:
            with open(base + ".networks.csv", "w", encoding="ascii", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([("prefix", "name", "kind"), *self.networks])


def visit(writer, random_, line, device, label, time, extra=0):
    if device.exit:
        line, extra = device.exit, 0
    source = line.source(device, time)
    port = writer.port_for(source, random_)
    hop_limit = (64 if device.hides else device.initial - extra) - line.hops(time)
    writer.add(time, opening(device, source, port, hop_limit, random_, time), source, port, label)


def page(writer, random_, line, device, label, time, extra=0):
    """A visit to a page: a few connections within a second."""
    for _ in range(random_.choice((1, 1, 1, 2, 2, 3))):
        visit(writer, random_, line, device, label, time + random_.random(), extra)


def live(writer, random_, lines, hours, pages_per_line, guest_factor=2.0, passes=1):
    """Handsets visit all the time; where a line tethers, its guests do too, and more, `passes` hops on."""
    seconds = hours * 3600
    for line in lines:
        for _ in range(max(1, int(random_.expovariate(1 / pages_per_line)))):
            page(writer, random_, line, line.own, "direct", START + random_.random() * seconds)
        span = line.tethers[1] - line.tethers[0]
        if not line.guests or span <= 0:
            continue
        count = max(1, int(random_.expovariate(1 / (guest_factor * pages_per_line)) * span / seconds * 3))
        for _ in range(count):
            page(writer, random_, line, random_.choice(line.guests), "tethered",
                 START + line.tethers[0] + random_.random() * span, passes)


def slash_64(prefix, index):
    base = int(ipaddress.IPv6Address(prefix)) + (index << 64)
    return lambda device, time: (base + device.identifier).to_bytes(16, "big")


def shared(random_, prefix, count):
    """Carrier-grade NAT with the same outer address for a line while it lasts."""
    address = (int(ipaddress.IPv4Address(prefix)) + random_.randrange(1, count + 1)).to_bytes(4, "big")
    return lambda device, time: address


def carrier(random_, count, source, hops, hours, share=0.12, guests=GUESTS, mss=1400, guest_mss=None):
    """Lines with a handset each, a few with a modem's computer; `guest_mss` None: the path clamps it."""
    lines = []
    for index in range(count):
        kinds = HOME if random_.random() < 0.03 else HANDSETS
        own = random_.choice(OTHER_MSS) if random_.random() < 0.04 else mss
        line = Line(source(index), hops(index), Device.make(random_, kinds, own))
        if random_.random() < share:
            line.guests = [Device.make(random_, guests, guest_mss or mss)
                           for _ in range(random_.choice((1, 1, 2)))]
            begin = random_.random() * hours * 3600 * 0.7
            line.tethers = (begin, begin + random_.uniform(0.1, 0.3) * hours * 3600)
        lines.append(line)
    return lines


def fixed_hops(hops):
    return lambda index: lambda time: hops


def somewhere(random_):
    """How far a carrier is."""
    return fixed_hops(random_.randrange(6, 22))


def mobile_v6(writer, r, hours=24, share=0.12, guest_mss=None):
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:42::", i + 1), somewhere(r), hours, share,
                    guest_mss=guest_mss)
    live(writer, r, lines, hours, 12)


def mobile_v6_mss(writer, r):
    mobile_v6(writer, r, guest_mss=1440)


def mobile_v6_much(writer, r):
    mobile_v6(writer, r, share=0.35)


def mobile_v6_new_clocks(writer, r, hours=24):
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:4b::", i + 1), somewhere(r), hours)
    for line in lines:
        for device in (line.own, *line.guests):
            device.steady = False
    live(writer, r, lines, hours, 12)


def mobile_moved_on(writer, r, hours=24):
    """Every few hours each line gets a new /64, which another one has left."""
    count, turn = 400, 4 * 3600

    def source(index):
        places = [slash_64("2001:db8:50::", 1 + (index + 7 * nth) % count) for nth in range(hours * 3600 // turn + 1)]
        return lambda device, time: places[int((time - START) / turn)](device, time)
    live(writer, r, carrier(r, count, source, somewhere(r), hours), hours, 12)


def mobile_nat(writer, r, hours=24):
    lines = carrier(r, 500, lambda i: shared(r, "203.0.113.0", 30), somewhere(r), hours,
                    guest_mss=1460)
    live(writer, r, lines, hours, 10)


def mobile_nat_one(writer, r, hours=24):
    lines = carrier(r, 60, lambda i: shared(r, "203.0.113.6", 1), somewhere(r), hours, 0.15)
    live(writer, r, lines, hours, 12)


def two_gateways(writer, r, hours=24):
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:43::", i + 1),
                    lambda i: lambda time: 11 if i % 5 < 3 else 14, hours)
    live(writer, r, lines, hours, 12)


def adjacent_paths(writer, r, hours=24):
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:44::", i + 1),
                    lambda i: lambda time: 12 if i % 5 < 3 else 13, hours)
    live(writer, r, lines, hours, 12)


def ecmp(writer, r, hours=24):
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:45::", i + 1),
                    lambda i: lambda time: r.choices((12, 13), (7, 3))[0], hours)
    live(writer, r, lines, hours, 12)


def many_parts(writer, r, hours=24):
    """A /16 of many /24s, each with a path of its own, few visits each."""
    def source(index):
        address = 10 << 24 | 66 << 16 | (index % 120) << 8 | 1 + index % 250
        return lambda device, time: address.to_bytes(4, "big")
    lines = carrier(r, 1500, source, lambda i: lambda time: 10 + (i % 120) * 7 % 5, hours)
    live(writer, r, lines, hours, 4)


def route_change(writer, r, shift, prefix, hours=24):
    half = START + hours * 1800
    lines = carrier(r, 400, lambda i: slash_64(prefix, i + 1),
                    lambda i: lambda time: 12 + (shift if time > half else 0), hours)
    live(writer, r, lines, hours, 12)


def route_longer(writer, r):
    route_change(writer, r, 1, "2001:db8:46::")


def route_longer_by_two(writer, r):
    route_change(writer, r, 2, "2001:db8:47::")


def route_shorter(writer, r):
    route_change(writer, r, -1, "2001:db8:48::")


def route_part(writer, r, hours=24):
    """One of two gateways gets a longer path."""
    half = START + hours * 1800
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:4d::", i + 1),
                    lambda i: lambda time: 11 if i % 2 else 14 + (time > half), hours)
    live(writer, r, lines, hours, 12)


def route_gateways(writer, r, hours=24):
    """Three gateways, and behind all of them the path gets one hop longer."""
    half = START + hours * 1800
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:51::", i + 1),
                    lambda i: lambda time: (10, 13, 16)[i % 3] + (time > half), hours)
    live(writer, r, lines, hours, 12)


def line_by_line(writer, r, shift, prefix, hours=24):
    """Within two hours each line gets another path."""
    half = START + hours * 1800

    def hops(index):
        since = half + r.random() * 7200
        return lambda time: 12 + (shift if time > since else 0)
    live(writer, r, carrier(r, 400, lambda i: slash_64(prefix, i + 1), hops, hours), hours, 12)


def route_longer_by_line(writer, r):
    line_by_line(writer, r, 1, "2001:db8:52::")


def route_shorter_by_line(writer, r):
    line_by_line(writer, r, -1, "2001:db8:54::")


def route_of_some(writer, r, hours=24):
    """A fifth of the lines gets a path one hop longer."""
    half = START + hours * 1800
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:53::", i + 1),
                    lambda i: lambda time: 12 + (i % 5 == 0 and time > half), hours)
    live(writer, r, lines, hours, 12)


def hidden_65(writer, r, hours=24):
    """Guests told to start one higher, so that they arrive like their phone, but for their MSS."""
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:49::", i + 1), somewhere(r), hours, guest_mss=1440)
    for line in lines:
        for guest in line.guests:
            guest.initial += 1
    live(writer, r, lines, hours, 12)


def hidden_64(writer, r, hours=24):
    """Phones that set the hop limit of what they pass on to 64."""
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:4e::", i + 1), somewhere(r), hours)
    for line in lines:
        for guest in line.guests:
            guest.hides = True
    live(writer, r, lines, hours, 12)


def proxy(writer, r, hours=24):
    """Guests behind a proxy application: it is the phone that opens their connections."""
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:4f::", i + 1), somewhere(r), hours)
    for line in lines:
        line.guests = [line.own for _ in line.guests]
    live(writer, r, lines, hours, 12, passes=0)


def vpn(writer, r, hours=24):
    """A VPN's exit in a hosting network, with a small MSS: a quarter of the handsets, a fifth of the guests."""
    lines = carrier(r, 400, lambda i: slash_64("2001:db8:4a::", i + 1), somewhere(r), hours)
    far = somewhere(r)(0)
    for line in lines:
        for device in (line.own, *line.guests):
            if r.random() < (0.25 if device is line.own else 0.2):
                device.mss = 1340
                device.exit = Line(shared(r, "192.0.2.0", 4), far, line.own)
    live(writer, r, lines, hours, 12)
    writer.name_network("192.0.2.0/24", "a VPN", "hosting")


def homes(r, prefix, second_routers):
    """Homes behind a router of their own; some devices are behind a second one."""
    lines, far = [], r.randrange(6, 22)
    for index in range(300):
        address = (int(ipaddress.IPv4Address(prefix)) + 1 + index % 250).to_bytes(4, "big")
        hops = far + (r.random() < second_routers)
        for _ in range(r.choice((1, 2, 3, 4))):
            lines.append(Line(lambda device, time, address=address: address, lambda time, hops=hops: hops,
                              Device.make(r, HOME, 1452)))
    return lines


def fixed(writer, r, hours=24):
    """Homes, where a router of their own is what is normal: nobody is a guest."""
    live(writer, r, homes(r, "192.0.2.0", 0), hours, 6)


def fixed_named(writer, r, hours=24):
    """The same with second routers in some; the user's file says that these are fixed lines."""
    live(writer, r, homes(r, "192.0.3.0", 0.1), hours, 6)
    writer.name_network("192.0.3.0/24", "homes", "fixed")


def hosting(writer, r, hours=24):
    far = somewhere(r)(0)
    lines = [Line(shared(r, "198.18.7.0", 200), far, 
                  Device.make(r, (("linux", 90), ("windows", 10)), 1460))
             for _ in range(300)]
    live(writer, r, lines, hours, 8)


def clat(writer, r, hours=24):
    """IPv4 of an IPv6 carrier: Android translates on the handset, which costs a hop; iOS does not."""
    lines = carrier(r, 500, lambda i: shared(r, "100.66.7.0", 30), fixed_hops(12), hours, 0.10)
    for line in lines:
        if line.own.system == "android":
            line.hops = lambda time: 13
    live(writer, r, lines, hours, 10)


def flood(writer, r, hours=6):
    mobile_v6(writer, r, hours)
    device = Device.make(r, (("linux", 1),))
    for _ in range(300_000):
        time = START + hours * 1800 + r.random() * 60
        source = r.randrange(1 << 24, 223 << 24).to_bytes(4, "big")
        writer.add(time, opening(device, source, r.randrange(1025, 65536), r.randrange(30, 64), r, time),
                   source, 0, None)


SCENARIOS = {scenario.__name__.replace("_", "-"): scenario for scenario in (
    mobile_v6, mobile_v6_much, mobile_v6_mss, mobile_v6_new_clocks, mobile_moved_on, mobile_nat, mobile_nat_one,
    two_gateways, adjacent_paths, ecmp, many_parts, route_longer, route_longer_by_two, route_shorter, route_part,
    route_gateways, route_longer_by_line, route_shorter_by_line, route_of_some, hidden_65, hidden_64, proxy, vpn, fixed,
    fixed_named, hosting, clat, flood)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory")
    parser.add_argument("scenario", nargs="*", choices=[[], *SCENARIOS], default=[])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    os.makedirs(given.directory, exist_ok=True)
    for name in given.scenario or SCENARIOS:
        writer = Writer(given.directory, name)
        SCENARIOS[name](writer, random.Random(f"{name} {given.seed}"))
        writer.write()
        print(f"{name}: {len(writer.events)} packets")


if __name__ == "__main__":
    main()
