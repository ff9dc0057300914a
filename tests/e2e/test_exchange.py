"""hoptell export and import: baselines of several sites, each counted once, in both kinds of store."""

import json
import os
import re
import signal
import time

import pytest

from conftest import public_directory, wait_until
from places import Site, embedded

NETWORK = {"network": "203.0.113.0/24", "seen": 50, "updated": 1_700_000_000,
           "decayed": 1_700_000_000, "highest": 52, "moved": {"at": 0, "from": 0, "to": 0},
           "hop_limits": [{"hop_limit": 52, "count": 50, "weight": 50, "computers": 1.25}]}
SUBSCRIBER = {"subscriber": "203.0.113.7", "seen": 3, "updated": 1_700_000_000,
              "decayed": 1_700_000_000, "clocks": 1, "clock_server": 2, "makes": 4,
              "stacks": {"android": 3, "ios": 0, "macos": 0, "windows": 0, "linux": 0, "other": 0},
              "hop_limits": [{"hop_limit": 52, "count": 3}]}


def known(site):
    """{site: [its lines]}, this one's own among them."""
    return sites_of(site.export("--subscribers"))


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


def test_each_count_is_there_once_however_often_and_by_whatever_way_it_comes(places):
    a, b = places(), places()
    (own_a,), (own_b,) = known(a), known(b)
    assert own_a != own_b
    first = file_of("c0ffee", 100.5, NETWORK, SUBSCRIBER)
    a.take(file_of("0", 1, dict(NETWORK, seen=7)))
    a.tell("INSERT INTO baseline (prefix, subscriber, updated_at, octets)"
           " SELECT prefix, subscriber, updated_at, octets FROM imported")
    a.tell("DELETE FROM imported")
    own = [dict(NETWORK, seen=7)]  # A has learnt this itself
    assert a.take(first) == ["2 baselines taken"]
    assert a.take(first) == ["known already"]
    assert b.take(a.export("--subscribers")) == ["1 baselines taken", "2 baselines taken"]
    # B gives back what A gave, of its own and of the third: nothing changes
    assert sorted(a.take(b.export("--subscribers"))) == sorted(
        ["0 baselines taken", "this one, passed over", "known already"])
    assert known(a) == {own_a: own, "c0ffee": [NETWORK, SUBSCRIBER]}
    # a newer one takes the place of the older, also by way of another site
    newer = dict(NETWORK, seen=60)
    assert b.take(file_of("c0ffee", 101, newer)) == ["1 baselines taken"]
    assert "1 baselines taken" in a.take(b.export())
    assert known(a)["c0ffee"] == [newer]
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
    before = known(site)
    done = site.run("import", "-", text=text)
    assert (done.returncode, done.stdout) == (3, "")
    assert error in done.stderr
    assert known(site) == before


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


def test_what_has_not_come_yet_is_refused(tmp_path):
    site = embedded(tmp_path, "x")
    done = site.run("import", "-", text=file_of("c0ffee", time.time() + 86400, NETWORK))
    assert done.returncode == 3
    assert re.match(r"-:2:1: error: expected a time in as_of that has come, found \d+, 8\d+"
                    r" seconds from now$", done.stderr.splitlines()[0]), done.stderr
    assert site.take(file_of("c0ffee", int(time.time()), NETWORK)) == ["1 baselines taken"]


def test_a_broken_baseline_is_left_out_and_said(tmp_path):
    site = embedded(tmp_path, "x")
    site.take(file_of("c0ffee", 1, NETWORK))
    site.tell("UPDATE imported SET octets = x'00'")
    done = site.run("export")
    assert done.returncode == 0
    assert sites_of(done.stdout)["c0ffee"] == []
    assert "1 baselines in the store are broken: left out" in done.stderr


def test_a_running_daemon_takes_over_what_was_imported_when_it_reloads(need_root):
    loopback = dict(NETWORK, network="127.0.0.0/24", seen=500,
                    hop_limits=[dict(NETWORK["hop_limits"][0], hop_limit=64)])
    with public_directory() as directory:
        os.chmod(directory, 0o777)
        site = Site(directory, "running", f"sqlite:{directory}/store.db")
        with site.daemon() as daemon:
            def seen():
                network = daemon.get(daemon.visitors, "/v1/me")["network"]
                return network["seen"] if network else 0

            assert seen() < 400
            assert site.take(file_of("c0ffee", 1, loopback, NETWORK)) == ["2 baselines taken"]
            daemon.process.send_signal(signal.SIGHUP)
            wait_until(lambda: seen() >= 500, what="the daemon to take over what was imported")
            own = daemon.hoptell("networks", "--address", "127.0.0.1").stdout
            assert re.search(r"^127\.0\.0\.0/24 +5[0-9][0-9] .* \[500 of other sites\]$", own, re.M), own
            theirs = daemon.get(daemon.operators, "/v1/networks?prefix=203.0.113.0/24")
            assert [(n["prefix"], n["seen"], n["imported"]) for n in theirs["networks"]] == [
                ("203.0.113.0/24", 50, 50)]
            of_all = daemon.get(daemon.operators, "/v1/networks?after=::/0")["networks"]
            assert [n["prefix"] for n in of_all].count("127.0.0.0/24") == 1
        # what is its own has stayed so
        assert sites_of(site.export()).pop("c0ffee")[0]["seen"] == 500
        (own,) = [lines for name, lines in known(site).items() if name != "c0ffee"]
        assert max(line["seen"] for line in own if line.get("network") == "127.0.0.0/24") < 400
