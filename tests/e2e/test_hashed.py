"""Addresses kept as a keyed hash: no plain one in store or spool, and all that is asked still works."""

import glob
import json
import os
import re
import socket
import stat
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import wait_until
from hoptell import PROGRAM

CLIENT = "127.9.8.7"
PACKED = bytes([0xFF, 0xFF, 127, 9, 8, 7])  # as a row in the spool has it


def visit(daemon):
    with socket.create_connection(("127.0.0.1", daemon.visitors), 10, (CLIENT, 0)) as connection:
        connection.sendall(b"GET /v1/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def metric(daemon, name):
    url = f"http://127.0.0.1:{daemon.operators}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(re.search(rf"^hoptell_store_{name} (\d+)", answer.read().decode(), re.M)[1])


def is_ready(daemon):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{daemon.operators}/readyz", timeout=10):
            return True
    except urllib.error.HTTPError:
        return False


def hidden(site, table="observation", column="address", where="1=1"):
    """The texts of addresses; all of them are hidden ones."""
    texts = [row[0] for row in site.tell(f"SELECT {column} FROM {table} WHERE {where}")]
    assert all(text.startswith("1") and text.index(":") == 3 for text in texts), texts
    return texts


def hashed(places):
    site = places()
    site.set("store_addresses: hashed")
    site.set(f"store_key_file: {site.settings}.key")
    return site


def test_addresses_are_hidden_found_and_forgotten(places, need_root):
    site = hashed(places)
    with site.daemon() as daemon:
        for _ in range(5):
            visit(daemon)
        # our own questions are visitors, too: more than one subscriber is there
        assert daemon.hoptell("label", CLIENT, "direct").returncode == 0
        wait_until(lambda: len(hidden(site)) >= 5, what="the rows to be stored")
        before = daemon.get(daemon.operators, f"/v1/subscribers/{CLIENT}")
        assert before["baseline"]["seen"] == 5
    assert stat.S_IMODE(os.stat(f"{site.settings}.key").st_mode) == 0o600
    assert len(hidden(site, "label")) == 1
    assert hidden(site, "baseline", "prefix", "subscriber = 1")
    with site.daemon() as daemon:
        # the timeline is found again, and the baseline goes on once the subscriber comes
        answer = daemon.get(daemon.operators, f"/v1/subscribers/{CLIENT}")
        assert (answer["baseline"], answer["stored"]) == (None, True)
        assert sum(episode["connections"] for episode in answer["episodes"]) == 5
        visit(daemon)
        answer = daemon.get(daemon.operators, f"/v1/subscribers/{CLIENT}")
        assert answer["baseline"]["seen"] == 6
        assert sum(episode["connections"] for episode in answer["episodes"]) == 6
        done = daemon.hoptell("subscribers", "--forget", CLIENT)
        assert (done.returncode, done.stderr) == (0, "")
        wait_until(lambda: not hidden(site, "label"), what="the subscriber to be forgotten")
    with site.daemon() as daemon:
        answer = daemon.get(daemon.operators, "/v1/subscribers?limit=1000")
        assert CLIENT not in json.dumps(answer)
        request = f"http://127.0.0.1:{daemon.operators}/v1/subscribers/{CLIENT}"
        with subprocess.Popen(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", request],
                              stdout=subprocess.PIPE, text=True) as curl:
            assert curl.communicate()[0] == "404"


def test_no_plain_address_is_in_the_files(places, need_root):
    site = hashed(places)
    with site.daemon() as daemon:
        if site.server:
            site.server.kill()  # what is to be stored waits in the spool
        for _ in range(3):
            visit(daemon)
        if site.server:
            wait_until(lambda: glob.glob(f"{site.settings}.spool/*.spool"), what="rows in the spool")
    files = glob.glob(f"{site.settings}.spool/*")
    if site.server:
        assert files
        site.server.start()
    else:
        files += glob.glob(site.settings.replace(".yaml", ".db*"))
    for name in files:
        with open(name, "rb") as file:
            octets = file.read()
        assert PACKED not in octets
        assert CLIENT.encode() not in octets


def refused(site):
    """What hoptell says that does not begin with these settings."""
    for line in ("user: nobody", f"spool: {{path: {site.settings}.spool}}", "watch: {interfaces: []}",
                 'visitors: {listen: ["127.0.0.1:8"]}', 'operators: {listen: ["127.0.0.1:9"]}'):
        site.set(line)
    done = subprocess.run([PROGRAM, "run", "-c", site.settings], capture_output=True, text=True,
                          check=False, timeout=30)
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_a_store_with_plain_addresses_is_refused(places, need_root):
    site = places()
    with site.daemon() as daemon:
        visit(daemon)
    site.set("store_addresses: hashed")
    site.set(f"store_key_file: {site.settings}.key")
    assert "expected a store without plain addresses for hashed, found some in " in refused(site)


def test_a_changed_key_is_refused(places, need_root):
    site = hashed(places)
    for _ in range(2):  # with the same key again, it is
        with site.daemon() as daemon:
            visit(daemon)
    os.unlink(f"{site.settings}.key")
    assert "expected the key that addresses in " in refused(site)


@pytest.mark.parametrize("change, said", [
    ("plain", "expected a store without plain addresses for hashed, found some in "),
    ("key", "expected the key that addresses in "),
])
def test_a_store_that_was_away_and_is_wrong_is_given_nothing(places, need_root, change, said):
    """It is said when the store is back; rows wait in the spool until it is put right."""
    site = places()
    if not site.server:
        return  # a file is there, or the start ends
    if change == "key":
        site.set("store_addresses: hashed")
        site.set(f"store_key_file: {site.settings}.key")
    with site.daemon() as daemon:
        visit(daemon)
    site.server.kill()
    if change == "key":
        os.unlink(f"{site.settings}.key")
    else:
        site.set("store_addresses: hashed")
        site.set(f"store_key_file: {site.settings}.key")
    with site.daemon() as daemon:
        site.server.start()
        wait_until(lambda: said in daemon.said(), 30, "it to be said")
        with pytest.raises(urllib.error.HTTPError, match="503"):
            daemon.get(daemon.operators, "/readyz")
        before = site.tell("SELECT address, seen_at FROM observation ORDER BY id")
        for _ in range(3):
            visit(daemon)
        wait_until(lambda: metric(daemon, "queued") == 0, what="rows in the spool")
        assert metric(daemon, "spooled") >= 3 and metric(daemon, "lost_total") == 0
        assert site.tell("SELECT address, seen_at FROM observation ORDER BY id") == before
        assert daemon.said().count(said) == 1
        for table in ("observation", "label", "baseline", "imported"):
            site.tell(f"DELETE FROM {table}")
        site.tell("UPDATE site SET key_mark = ''")
        wait_until(lambda: metric(daemon, "spooled") == 0, what="the spool to be empty")
        assert len(hidden(site)) >= 3
        wait_until(lambda: is_ready(daemon), what="it to be ready")


def test_who_is_forgotten_before_coming_again_is_forgotten(places, need_root):
    site = hashed(places)
    with site.daemon() as daemon:
        for _ in range(3):
            visit(daemon)
    with site.daemon() as daemon:
        done = daemon.hoptell("subscribers", "--forget", CLIENT)
        assert (done.returncode, done.stderr) == (0, "")
        visit(daemon)
        assert daemon.get(daemon.operators, f"/v1/subscribers/{CLIENT}")["baseline"]["seen"] == 1


def test_subscribers_stay_where_their_key_is(places, need_root):
    site = hashed(places)
    site.run("export")  # makes the tables
    done = site.run("export", "--subscribers")
    assert done.returncode == 3
    assert "expected store_addresses: plain for --subscribers, found hashed" in done.stderr
    lines = [{"hoptell": "baselines", "version": 1}, {"site": "aa", "as_of": 1},
             {"subscriber": "203.0.113.7", "seen": 3, "updated": 1, "decayed": 1, "clocks": 0,
              "clock_server": 0, "makes": 0, "hop_limits": [],
              "stacks": {name: 0 for name in ("android", "ios", "macos", "windows", "linux",
                                              "other")}}, {"baselines": 1}]
    assert site.take("".join(json.dumps(line) + "\n" for line in lines)) == ["0 baselines taken"]
    assert hidden(site, "imported", "prefix", "subscriber = 1") == []
