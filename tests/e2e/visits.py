"""Visits to hoptell's own page, and connections to another port of the site."""

import contextlib
import json

import plan
from conftest import wait_until

PAGE = "http://site:8080/v1/me"
OTHER_PORT = 9000

# Takes connections and closes them; a stand-in for any service on the site.
LISTENER = f"""
import socket
server = socket.create_server(("::", {OTHER_PORT}), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    connection, _ = server.accept()
    connection.close()
"""

# Opens one connection and prints the port it comes from.
CALLER = """
import socket, sys
family = socket.AF_INET if sys.argv[1] == "4" else socket.AF_INET6
caller = socket.socket(family, socket.SOCK_STREAM)
caller.bind(("", int(sys.argv[4])))
caller.connect((sys.argv[2], int(sys.argv[3])))
print(caller.getsockname()[1])
"""


def visit(lab, host, family, times=1):
    """What the site tells `host` about itself, on each of so many connections."""
    output = lab.run(host, "curl", f"-{family}", "-sSfm", "10", "-H", "Connection: close",
                     "-w", "\n", *[PAGE] * times)
    found = [json.loads(line) for line in output.splitlines() if line]
    assert len(found) == times
    return found


def all_phones_visit(lab, times=4):
    for host in plan.phone_names():
        for family in (4, 6):
            visit(lab, host, family, times)


@contextlib.contextmanager
def listening(lab):
    """While the other port of the site takes connections."""
    process = lab.start("site", "/usr/bin/python3", "-c", LISTENER)
    try:
        wait_until(lambda: f":{OTHER_PORT} " in lab.run("site", "ss", "-Hltn"),
                   what="the listener")
        yield
    finally:
        process.kill()
        process.wait()


def call(lab, host, family, port=0):
    """A connection to the other port; (address, port) of the client, as the site sees it."""
    port = int(lab.run(host, "/usr/bin/python3", "-c", CALLER, str(family),
                       lab.address("site", family), str(OTHER_PORT), str(port)))
    return seen_address(host, family), port


def seen_address(host, family):
    """The carrier hides its phones behind one IPv4 address, and keeps their ports where it can."""
    return plan.address_of("carrier" if family == 4 else host, family)
