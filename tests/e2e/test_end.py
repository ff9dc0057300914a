"""The end of hoptell after a flood, when its store is too slow for what is queued: in time, and without a
loss."""

import os
import re
import socket
import sqlite3
import struct
import subprocess

import pytest

from conftest import own_prefix, public_directory, wait_until
from neighbourhood import Neighbourhood, Sender, Site, sum16, udp

FLOOD = 12000
STOP_SECONDS = 90  # TimeoutStopSec of the unit
# Each row takes a moment, as on a disk that is very slow: all together more than a minute.
SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

int sqlite3_step(void *statement)
{
    int (*step)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "sqlite3_step");

    usleep(6000);
    return step(statement);
}
"""
SETTINGS = """
user: nobody
store: "sqlite:{directory}/state/hoptell.db"
visitors: {{listen: []}}
watch: {{interfaces: [north]}}
"""


@pytest.fixture
def pair(need_root):
    made = Neighbourhood(own_prefix("end"), ("north", "site"))
    try:
        made.link("north", "site", 0)
        yield made
    finally:
        made.down()


@pytest.fixture
def slow_store():
    """A library that makes SQLite slow."""
    with public_directory() as directory:
        source, made = f"{directory}/slow.c", f"{directory}/slow.so"
        with open(source, "w", encoding="utf-8") as file:
            file.write(SLOW)
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
        yield made


def opening(number):
    """A SYN of one of many sources."""
    header = bytearray(udp((0x0a000001 + number).to_bytes(4, "big"), socket.inet_aton("192.0.2.2"),
                           hop_limit=60)[:20])
    header[2:4] = (40).to_bytes(2, "big")
    header[9] = socket.IPPROTO_TCP
    header[10:12] = bytes(2)
    header[10:12] = sum16(bytes(header)).to_bytes(2, "big")
    return bytes(header) + struct.pack(">HHIIBBHHH", 40000, 443, number, 0, 0x50, 2, 64240, 0, 0)


def metric(site, name):
    return int(re.search(rf"^{name} (\d+)", site.get("/metrics")[1], re.M)[1])


def rows(directory, table):
    with sqlite3.connect(f"file:{directory}/state/hoptell.db?mode=ro", uri=True) as store:
        return store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_what_a_slow_store_does_not_take_in_time_waits_for_the_next_start(pair, slow_store):
    with public_directory() as directory:
        os.mkdir(f"{directory}/state")
        os.chmod(f"{directory}/state", 0o777)
        site = Site(pair, "site", directory, SETTINGS.format(directory=directory))
        try:
            os.environ["LD_PRELOAD"] = slow_store
            try:
                site.start(queue=False)
            finally:
                del os.environ["LD_PRELOAD"]
            sender = Sender.to(pair, "north", "site")
            for number in range(FLOOD):
                sender.send(opening(number))
                if number % 500 == 499:  # no faster than it is read
                    wait_until(lambda: metric(site, "hoptell_observations_total") > number - 499)
            wait_until(lambda: metric(site, "hoptell_observations_total") == FLOOD, 20, "all of them")
            wait_until(lambda: "the store is behind: " in site.said(), 20, "it to be told")
            assert site.get("/readyz")[0] == 200
            assert metric(site, "hoptell_store_lost_total") == 0
            site.process.terminate()
            assert site.process.wait(STOP_SECONDS) == 0
            waiting = int(re.search(r"(\d+) rows wait in \S+ for the store", site.said())[1])
            written = rows(directory, "observation")
            assert FLOOD < waiting + written < 3 * FLOOD
            assert "lost" not in site.said() and "not kept" not in site.said()
            site.start(queue=False)
            wait_until(lambda: metric(site, "hoptell_store_spooled") == 0, 60, "an empty spool")
            assert rows(directory, "observation") == FLOOD
            assert rows(directory, "baseline WHERE subscriber") == FLOOD
            assert site.stop() == 0
        finally:
            site.kill()
