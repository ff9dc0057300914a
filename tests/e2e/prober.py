"""Sends numbered UDP probes and prints, as JSON, when each was sent and what came back for it:

    prober.py TARGET HOP_LIMIT COUNT GAP WAIT [ANSWERS]

GAP is the time between two probes and WAIT how long it listens after the last one, in seconds; it
listens no longer once it has ANSWERS.
{"sent": [time...], "came": [[time, address of the hop, number of the probe]...]}, in the order of
arrival. An IPv4 target alone.
"""

import json
import select
import socket
import struct
import sys
import time

PORT = 33434
SO_RCVBUFFORCE = 33
ROOM = 64 * 1024 * 1024  # for answers that come all at once
HEADERS = 20 + 8 + 20 + 8  # IP, ICMP, and IP and UDP of the quote


def take(answers, port, came, until, most=None):
    """Reads answers to `port` until that time, or those that are there if it has passed; no more
    once there are `most`."""
    while most is None or len(came) < most:
        ready = select.select([answers], [], [], max(0.0, until - time.monotonic()))[0]
        if not ready:
            return
        octets, source = answers.recvfrom(2048)
        if octets[20] != 11 or len(octets) < HEADERS + 4:
            continue
        asked, _, _, _, number = struct.unpack_from("!HHHHI", octets, HEADERS - 8)
        if asked == port:
            came.append((time.monotonic(), source[0], number))


def main():
    target, hop_limit, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    gap, wait = float(sys.argv[4]), float(sys.argv[5])
    most = int(sys.argv[6]) if len(sys.argv) > 6 else None
    answers = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    answers.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    probes = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probes.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hop_limit)
    probes.bind(("", 0))
    port = probes.getsockname()[1]
    sent, came = [], []
    start = time.monotonic()
    for number in range(count):
        sent.append(time.monotonic())
        probes.sendto(struct.pack("!I", number), (target, PORT))
        take(answers, port, came, start + (number + 1) * gap)
    take(answers, port, came, time.monotonic() + wait, most)
    json.dump({"sent": sent, "came": came}, sys.stdout)


if __name__ == "__main__":
    main()
