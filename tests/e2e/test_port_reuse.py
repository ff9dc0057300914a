"""A port that a client uses again: which of its connections is meant is told by the time."""

import json
import os
import re
import socket
import subprocess

import pytest

from conftest import public_directory
from places import Site

CLIENT = "127.6.5.4"


@pytest.fixture(name="daemon", scope="module")
def daemon_fixture(need_root):
    with public_directory() as directory:
        os.chmod(directory, 0o777)
        with Site(directory, "reuse", "none").daemon() as made:
            yield made


def visit(daemon, port, hop_limit):
    """From this port; what the page said."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hop_limit)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # no TIME-WAIT
        connection.bind((CLIENT, port))
        connection.connect(("127.0.0.1", daemon.visitors))
        connection.sendall(b"GET /v1/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        return connection.getsockname()[1], json.loads(answer.partition(b"\r\n\r\n")[2])


def look_up(daemon, port, *options):
    """The hop limit of the connection that is found; None for none."""
    done = daemon.hoptell("lookup", CLIENT, str(port), "-f", "json", *options)
    if done.returncode == 1:
        return None
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)["hop_limit"]


def test_the_newest_is_meant_unless_a_time_says_otherwise(daemon):
    port, first = visit(daemon, 0, 61)
    _, second = visit(daemon, port, 52)
    assert (first["hop_limit"], second["hop_limit"]) == (61, 52) and second["time"] > first["time"]
    assert look_up(daemon, port) == 52
    assert look_up(daemon, port, "--time", str(second["time"])) == 52
    assert look_up(daemon, port, "--time", str(first["time"] - 30)) is None
    assert look_up(daemon, port, "--time", str(second["time"] + 90)) is None


def test_an_old_connection_is_not_taken_for_one_that_is_on_its_way(daemon):
    port, old = visit(daemon, 0, 61)
    accepted = old["time"] + 75  # the first is too old to be it
    assert look_up(daemon, port, "--time", str(accepted), "--wait", "50") is None
    assert look_up(daemon, port, "--wait", "50") == 61


@pytest.mark.parametrize("time", ["", "now", "1.5s", "-1", "12345678901"])
def test_what_is_no_time_is_refused(daemon, time):
    done = daemon.hoptell("lookup", CLIENT, "1", "--time", time)
    assert done.returncode == 2
    assert re.search(r"expected .*seconds since 1970.*found '" + re.escape(time) + "'", done.stderr), done.stderr
    with subprocess.Popen(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                           f"http://127.0.0.1:{daemon.operators}/v1/lookup?address={CLIENT}&port=1&time={time}"],
                          stdout=subprocess.PIPE, text=True) as curl:
        assert curl.communicate()[0] == "400"
