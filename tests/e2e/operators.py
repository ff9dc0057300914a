"""hoptell in a network namespace of its own, for the operators' pages: visitors with hop limits that
the test chooses, clients that walk a tale, and a way in for a browser outside."""

import contextlib
import json
import os
import selectors
import socket
import subprocess
import threading

from conftest import ROOT, own_prefix, wait_until
from hoptell import PROGRAM
from neighbourhood import Neighbourhood

TALE = os.path.join(ROOT, "lab", "tale.yaml")
WALKER, WALKER6 = "192.0.2.77", "2001:db8:77::77"

SETTINGS = """
user: nobody
store: none
own: [203.0.113.0/24, 198.51.100.0/24, "2001:db8:42::/48", "2001:db8:43::/48"]
watch: {{interfaces: []}}
names: {{listen: ["127.0.0.53:53"]}}
tales: {tales}
visitors: {{listen: ["127.0.0.1:8080"]}}
operators: {{listen: ["unix:{folder}/socket"]}}
"""

# Asks for /v1/me from each [address, hop limit] of standard input, one after the other.
VISITS = """
import json, socket, sys
for address, hop_limit in json.load(sys.stdin):
    visitor = socket.socket()
    visitor.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hop_limit)
    visitor.bind((address, 0))
    visitor.connect(("127.0.0.1", 8080))
    visitor.sendall(b"GET /v1/me HTTP/1.0\\r\\n\\r\\n")
    assert visitor.recv(65536).startswith(b"HTTP/1.")
    visitor.close()
"""


class Forward:
    """A port of this machine's loopback behind which is a Unix socket; it can be closed and opened."""

    def __init__(self, path):
        self.path = path
        self.port = None
        self.open()

    def open(self):
        self.server = socket.create_server(("127.0.0.1", self.port or 0))
        self.port = self.server.getsockname()[1]
        self.pairs = []
        threading.Thread(target=self.accept, args=(self.server,), daemon=True).start()

    def accept(self, server):
        with contextlib.suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.path)
                self.pairs.append((near, far))
                threading.Thread(target=self.carry, args=(near, far), daemon=True).start()

    @staticmethod
    def carry(near, far):
        other = {near: far, far: near}
        with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
            for each in other:
                selector.register(each, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    octets = key.fileobj.recv(65536)
                    if not octets:
                        raise OSError
                    other[key.fileobj].sendall(octets)
        for each in other:
            each.close()

    def close(self):
        """Ends what is under way, too."""
        for each in (self.server, *(end for pair in self.pairs for end in pair)):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class OperatorsSite:
    """hoptell with one tale, and the address of its pages in `url`."""

    def __init__(self, folder, tales=f"[{TALE}]"):
        self.place = Neighbourhood(own_prefix("pages"), ["site"])
        for address in (WALKER, WALKER6):
            self.place.run("site", "ip", "addr", "add", address, "dev", "lo")
        self.log = os.path.join(folder, "log")
        settings = os.path.join(folder, "hoptell.yaml")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(SETTINGS.format(folder=folder, tales=tales))
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = self.place.start("site", PROGRAM, "run", "-c", settings,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.is_up, what="hoptell to listen")
        self.forward = Forward(os.path.join(folder, "socket"))
        self.url = f"http://127.0.0.1:{self.forward.port}"

    def is_up(self):
        with open(self.log, encoding="utf-8") as log:
            said = log.read()
        assert self.process.poll() is None, f"hoptell ended:\n{said}"
        return "Ctrl-C ends it" in said

    def visit(self, *visits):
        """Connections from each (address, hop limit), one after the other."""
        subprocess.run(self.place.words("site", "/usr/bin/python3", "-c", VISITS),
                       input=json.dumps(visits), text=True, check=True, timeout=60)

    def walk(self, *command):
        """A client of the tale, to its end."""
        return self.place.run("site", *command)

    def down(self):
        self.forward.close()
        self.process.terminate()
        self.process.wait(20)
        self.place.down()


def a_morning():
    """Visits of two networks, in one of which a few come with one hop more."""
    handsets = [(f"127.0.1.{1 + n % 24}", 52) for n in range(72)]
    wired = [(f"127.0.2.{1 + n % 9}", 57 if n % 3 else 55) for n in range(30)]
    tethered = [("127.0.1.7", 51), ("127.0.1.7", 52), ("127.0.1.7", 51), ("127.0.1.9", 51)]
    return handsets + wired + tethered
