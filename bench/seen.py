"""How soon a lookup knows of a connection: for each opening packet of a capture, the milliseconds from
sending it to the answer of a lookup that waits for it.

    seen.py CAPTURE INTERFACE ADDRESS:PORT

Prints a number a line.
"""
import http.client
import socket
import sys
import time

from feed import frames

WAIT_MS = 2000


def main():
    capture, interface, operators = sys.argv[1:]
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind((interface, 0))
    asker = http.client.HTTPConnection(operators)
    for frame in frames(capture):
        address = ".".join(str(octet) for octet in frame[26:30])
        port = int.from_bytes(frame[34:36], "big")
        asker.request("GET", f"/v1/lookup?address={address}&port={port}&wait={WAIT_MS}")
        time.sleep(0.002)  # the question is there, and waits
        start = time.perf_counter()
        sender.send(frame)
        answer = asker.getresponse()
        took = time.perf_counter() - start
        answer.read()
        if answer.status != 200:
            sys.exit(f"expected to find {address} {port}, found status {answer.status}")
        print(f"{took * 1000:.4f}")


if __name__ == "__main__":
    main()
