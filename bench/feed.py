"""Sends the frames of a capture out of an interface, at most so many a second.

    feed.py FILE INTERFACE RATE
"""
import socket
import struct
import sys
import time

BATCH = 100


def frames(path):
    """Of a capture as bench_syns writes it: classic pcap of this machine's byte order."""
    with open(path, "rb") as file:
        file.read(24)
        while header := file.read(16):
            yield file.read(struct.unpack("=IIII", header)[2])


def main():
    path, interface, rate = sys.argv[1], sys.argv[2], float(sys.argv[3])
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((interface, 0))
    start = time.monotonic()
    for sent, frame in enumerate(frames(path)):
        if sent % BATCH == 0:
            time.sleep(max(0, start + sent / rate - time.monotonic()))
        out.send(frame)


if __name__ == "__main__":
    main()
