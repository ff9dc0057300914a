"""hoptell export and import: baselines of several sites, each counted once, in both kinds of store."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import urllib.request

import pytest

import mariadb
from conftest import public_directory, wait_until
from hoptell import PROGRAM

NETWORK = {"network": "203.0.113.0/24", "seen": 50, "updated": 1_700_000_000,
           "decayed": 1_700_000_000, "highest": 52, "moved": {"at": 0, "from": 0, "to": 0},
           "hop_limits": [{"hop_limit": 52, "count": 50, "weight": 50, "computers": 1.25}]}
SUBSCRIBER = {"subscriber": "203.0.113.7", "seen": 3, "updated": 1_700_000_000,
              "decayed": 1_700_000_000, "clocks": 1, "clock_server": 2, "makes": 4,
              "stacks": {"android": 3, "ios": 0, "macos": 0, "windows": 0, "linux": 0, "other": 0},
              "hop_limits": [{"hop_limit": 52, "count": 3}]}


class Site:
    """A store and the settings that name it; no daemon."""

    def __init__(self, directory, name, store, tell=None, password=None):
        self.tell = tell  # says a statement to the store
        self.settings = os.path.join(directory, f"{name}.yaml")
        with open(self.settings, "w", encoding="utf-8") as file:
            file.write(f'store: "{store}"\n')
            if password:
                file.write(f"store_password_file: {password}\n")

    def run(self, *words, text=None):
        return subprocess.run([PROGRAM, *words, "-c", self.settings], input=text, text=True,
                              capture_output=True, check=False, timeout=60)

    def export(self, *options):
        done = self.run("export", *options)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def take(self, text):
        done = self.run("import", "-", text=text)
        assert (done.returncode, done.stderr) == (0, "")
        return [line.partition(": ")[2] for line in done.stdout.splitlines()]

    def known(self):
        """{site: [its lines]} without the time of this site's own."""
        return sites_of(self.export("--subscribers"))


def sites_of(text):
    sites, lines = {}, None
    for line in map(json.loads, text.splitlines()[1:]):
        if "site" in line:
            lines = sites.setdefault(line["site"], [])
        elif "baselines" in line:
            assert line["baselines"] == len(lines)
        else:
            lines.append(line)
    return sites


def file_of(site, as_of, *lines):
    """What a site of this id would export."""
    every = [{"hoptell": "baselines", "version": 1}, {"site": site, "as_of": as_of}, *lines,
             {"baselines": len(lines)}]
    return "".join(json.dumps(line) + "\n" for line in every)


@pytest.fixture(name="places", scope="module", params=["sqlite", "mariadb"])
def places_fixture(request):
    """Makes sites, each with an empty store of its own."""
    names = (f"site{i}" for i in itertools.count())
    with public_directory() as directory:
        if request.param == "sqlite":
            yield lambda: embedded(directory, next(names))
            return
        os.chmod(directory, 0o777)
        server = mariadb.Server(directory)
        try:
            server.start()
            server.make_anew()
            yield lambda: shared(server, directory, next(names))
        finally:
            server.kill()


def embedded(directory, name):
    def tell(statement):
        with contextlib.closing(sqlite3.connect(os.path.join(directory, f"{name}.db"))) as db, db:
            db.execute(statement)
    return Site(directory, name, empty_file(directory, name), tell)


def empty_file(directory, name):
    path = os.path.join(directory, f"{name}.db")
    open(path, "x", encoding="ascii").close()  # as if a hoptell had run: there has to be a file
    return f"sqlite:{path}"


def shared(server, directory, name):
    password = os.path.join(directory, "password")
    with open(password, "w", encoding="utf-8") as file:
        file.write(mariadb.PASSWORD + "\n")
    shutil.chown(password, mariadb.USER)
    server.ask(f"CREATE DATABASE {name}; GRANT ALL ON {name}.* TO hoptell@'%'", "mysql")
    return Site(directory, name, f"mariadb://hoptell@localhost/{name}?socket={server.socket}",
                lambda statement: server.ask(statement, name), password)


def test_each_count_is_there_once_however_often_and_by_whatever_way_it_comes(places):
    a, b = places(), places()
    (own_a,), (own_b,) = a.known(), b.known()
    assert own_a != own_b
    first = file_of("c0ffee", 100.5, NETWORK, SUBSCRIBER)
    a.take(file_of("0", 1, dict(NETWORK, seen=7)))
    a.tell("INSERT INTO baseline SELECT prefix, subscriber, updated_at, octets FROM imported")
    a.tell("DELETE FROM imported")
    own = [dict(NETWORK, seen=7)]  # A has learnt this itself
    assert a.take(first) == ["2 baselines taken"]
    assert a.take(first) == ["known already"]
    assert b.take(a.export("--subscribers")) == ["1 baselines taken", "2 baselines taken"]
    # B gives back what A gave, of its own and of the third: nothing changes
    assert sorted(a.take(b.export("--subscribers"))) == sorted(
        ["0 baselines taken", "this one, passed over", "known already"])
    assert a.known() == {own_a: own, "c0ffee": [NETWORK, SUBSCRIBER]}
    # a newer one takes the place of the older, also by way of another site
    newer = dict(NETWORK, seen=60)
    assert b.take(file_of("c0ffee", 101, newer)) == ["1 baselines taken"]
    assert "1 baselines taken" in a.take(b.export())
    assert a.known()["c0ffee"] == [newer]
    assert a.take(first) == ["known already"]
    # and without being asked for, no subscriber leaves
    assert b.take(file_of("c0ffee", 102, NETWORK, SUBSCRIBER)) == ["2 baselines taken"]
    assert sites_of(b.export())["c0ffee"] == [NETWORK]


@pytest.mark.parametrize("text, error", [
    ("", "-:1:1: error: expected {\"hoptell\": \"baselines\", \"version\": 1}, found an empty file"),
    (file_of("c0ffee", 1, NETWORK)[:-20], "-:3:221: error: expected a line of JSON: "),
    (file_of("c0ffee", 1, NETWORK)[:-17],
     "-:3:1: error: expected a line with the number of the site's baselines, found none"),
    (file_of("c0ffee", 1, dict(NETWORK, seen="many")), "-:3:1: error: expected a network's baseline: "),
    (file_of("c0ffee", 1, dict(NETWORK, more=1)), "-:3:1: error: expected a network's baseline: "),
    (file_of("C0FFEE", 1), "-:2:1: error: expected a site's id of at most 32 hexadecimal digits"),
])
def test_a_wrong_file_changes_nothing(places, text, error):
    site = places()
    before = site.known()
    done = site.run("import", "-", text=text)
    assert (done.returncode, done.stdout) == (3, "")
    assert error in done.stderr
    assert site.known() == before


def test_wrong_use_is_said(tmp_path):
    site = Site(tmp_path, "x", f"sqlite:{tmp_path}/none.db")
    for words, status, error in [
            (["export"], 3, "expected the store of a hoptell that has run, found "),
            (["export", "x"], 2, "expected options alone, found 'x'"),
            (["import"], 2, "expected one file ('-' is standard input), found none"),
            (["import", "a", "b"], 2, "expected one file ('-' is standard input), found more"),
            (["import", "none.jsonl"], 3, "expected a file to read, found none.jsonl")]:
        done = site.run(*words)
        assert (done.returncode, done.stdout) == (status, "")
        assert error in done.stderr
    assert not (tmp_path / "none.db").exists()
    assert "found none" in Site(tmp_path, "y", "none").run("export").stderr


def test_a_broken_baseline_is_left_out_and_said(tmp_path):
    site = embedded(tmp_path, "x")
    site.take(file_of("c0ffee", 1, NETWORK))
    site.tell("UPDATE imported SET octets = x'00'")
    done = site.run("export")
    assert done.returncode == 0
    assert sites_of(done.stdout)["c0ffee"] == []
    assert "1 baselines in the store are broken: left out" in done.stderr


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def test_a_running_daemon_takes_over_what_was_imported_when_it_reloads(need_root):
    loopback = dict(NETWORK, network="127.0.0.0/24", seen=500,
                    hop_limits=[dict(NETWORK["hop_limits"][0], hop_limit=64)])
    visitors, operators = mariadb.free_port(), mariadb.free_port()
    with public_directory() as directory:
        os.chmod(directory, 0o777)
        site = Site(directory, "running", f"sqlite:{directory}/store.db")
        with open(site.settings, "a", encoding="utf-8") as file:
            file.write("user: nobody\nwatch: {interfaces: []}\n"
                       f'visitors: {{listen: ["127.0.0.1:{visitors}"]}}\n'
                       f'operators: {{listen: ["127.0.0.1:{operators}"]}}\n')
        with open(os.path.join(directory, "log"), "w", encoding="utf-8") as log:
            daemon = subprocess.Popen([PROGRAM, "run", "-c", site.settings], stdout=log, stderr=log)
        try:
            def seen():
                network = get(f"http://127.0.0.1:{visitors}/v1/me")["network"]
                return network["seen"] if network else 0

            def is_ready():
                with contextlib.suppress(OSError):
                    return get(f"http://127.0.0.1:{visitors}/v1/me")
                assert daemon.poll() is None, "hoptell ended"
                return None

            wait_until(is_ready, 20, "hoptell to serve")
            assert seen() < 400
            assert site.take(file_of("c0ffee", 1, loopback)) == ["1 baselines taken"]
            daemon.send_signal(signal.SIGHUP)
            wait_until(lambda: seen() >= 500, 20, "the daemon to take over what was imported")
        finally:
            daemon.terminate()
            assert daemon.wait(20) == 0
        # what is its own has stayed so
        assert sites_of(site.export()).pop("c0ffee")[0]["seen"] == 500
        (own,) = [lines for name, lines in site.known().items() if name != "c0ffee"]
        assert max(line["seen"] for line in own if line.get("network") == "127.0.0.0/24") < 400
