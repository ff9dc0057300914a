"""hoptell's verdicts about real connections in the lab."""

import json
import os
import signal
import sqlite3
import sys

import pytest

import captures
import plan
import visits
from conftest import public_directory, wait_until
from hoptell import SETTINGS, Hoptell

FAMILIES = (4, 6)
SYSTEMS = {"linux": 64, "macos": 64, "windows": 128}


@pytest.fixture(scope="module")
def watching(lab):
    """hoptell, after the carrier's phones have visited: so often that hops alone are enough for a
    Mac, whose packets might be an iPhone's."""
    with public_directory() as directory, visits.listening(lab):
        hoptell = Hoptell(lab, directory)
        try:
            hoptell.start()
            visits.all_phones_visit(lab, 8)
            yield hoptell
        finally:
            hoptell.kill()


@pytest.fixture
def fresh(lab, public):
    """A hoptell that has seen nothing, not yet started."""
    made = Hoptell(lab, public)
    yield made
    made.kill()


@pytest.fixture
def laptop(lab):
    """Sets the laptop's system; it is Linux again afterwards."""
    yield lambda system: lab.tool("os", "laptop", system)
    lab.tool("os", "laptop", "linux")


def look_up(hoptell, address, port, *more):
    done = hoptell.command("lookup", address, str(port), "--format", "json", *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("host", ["phone3", "phone4", "phone12"])
def test_a_phone_is_direct(lab, watching, host, family):
    found = visits.visit(lab, host, family)[0]
    assert found["verdict"] == "direct", found
    assert found["address"] == visits.seen_address(host, family)
    assert (found["hop_limit"], found["initial"], found["hops"]) == (60, 64, 4)
    assert found["server"] == {"address": lab.address("site", family), "port": 8080}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_laptop_behind_a_phone_is_tethered_and_told_why(lab, watching, laptop, system, family):
    laptop(system)
    found = visits.visit(lab, "laptop", family)[0]
    assert found["verdict"] == "tethered", json.dumps(found)
    assert found["probability"] >= 0.95
    assert (found["initial"], found["hops"]) == (SYSTEMS[system], 5)
    assert any(reason["weight"] > 0 and reason["text"] for reason in found["evidence"])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_phone_stays_direct_while_its_guest_is_tethered(lab, watching, family):
    verdicts = [visits.visit(lab, host, family)[0]["verdict"]
                for host in ("phone1", "laptop", "phone1", "laptop", "phone2")]
    assert "tethered" not in (verdicts[0], verdicts[2], verdicts[4])
    assert "direct" not in (verdicts[1], verdicts[3])
    assert verdicts[4] == "direct"


@pytest.mark.parametrize("system, family, names", [
    ("android", 4, ("android",)), ("windows", 4, ("windows",)),
    ("ios", 6, ("ios", "unknown"))])  # macOS opens its connections nearly as iOS does
def test_a_guest_s_stack_is_named(lab, watching, laptop, system, family, names):
    laptop(system)
    stack = visits.visit(lab, "laptop", family)[0]["stack"]
    assert stack["family"] in names
    assert 0 <= stack["probability"] <= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_connections_to_any_port_are_observed(lab, watching, family):
    address, port = visits.call(lab, "phone6", family)
    found = look_up(watching, address, port, "--wait", "5000")
    assert (found["address"], found["port"]) == (address, port)
    assert found["server"]["port"] == visits.OTHER_PORT
    assert found["verdict"] == "direct"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_page_and_lookup_say_the_same(lab, watching, family):
    """The page has the opening packet from its socket, lookup from the capture: at two times."""
    seen = visits.visit(lab, "laptop", family)[0]
    found = look_up(watching, seen["address"], seen["port"])
    for field in ("address", "port", "server", "hop_limit", "initial", "hops", "verdict"):
        assert found[field] == seen[field]
    assert found["stack"]["family"] == seen["stack"]["family"]
    assert found["evidence"] == seen["evidence"]


@pytest.mark.parametrize("header", ["Via: 1.1 cache", "X-Forwarded-For: 192.0.2.7"])
def test_the_page_knows_a_proxy_by_its_header(lab, watching, header):
    """Its own packet says nothing of the visitor behind it."""
    words = ["curl", "-4", "-sSfm", "10", visits.PAGE]
    plain = json.loads(lab.run("laptop", *words))
    proxied = json.loads(lab.run("laptop", *words, "-H", header))
    assert "proxy" not in [evidence["signal"] for evidence in plain["evidence"]]
    assert "proxy" in [evidence["signal"] for evidence in proxied["evidence"]]
    assert proxied["verdict"] == "unknown"


def test_lookup_for_people_says_verdict_and_reasons(lab, watching):
    seen = visits.visit(lab, "laptop", 6)[0]
    done = watching.command("lookup", seen["address"], str(seen["port"]))
    assert done.returncode == 0 and "tethered" in done.stdout
    assert seen["evidence"][0]["text"] in " ".join(done.stdout.split())


@pytest.mark.parametrize("family", FAMILIES)
def test_lookup_waits_for_a_connection_that_is_on_its_way(lab, watching, family):
    # outside the range that the phones' own connections take theirs from, behind one address
    address, port = visits.seen_address("phone7", family), 20000 + family
    waiting = watching.start_command("lookup", address, str(port), "--wait", "10000",
                                     "--format", "json")

    def is_under_way():
        assert waiting.poll() is None, f"it ended: {waiting.communicate()}"
        return lab.run("site", "ss", "-Htn", "state", "established", "dport", "=", ":8081")

    wait_until(is_under_way, what="the lookup to be under way")
    visits.call(lab, "phone7", family, port)
    output, _ = waiting.communicate(timeout=20)
    assert waiting.returncode == 0
    assert json.loads(output)["address"] == address


def test_lookup_of_no_connection_says_no(watching):
    done = watching.command("lookup", "192.0.2.200", "1")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and "found none" in done.stderr


def test_lookup_without_a_daemon_says_so(lab, fresh):
    done = fresh.command("lookup", "192.0.2.200", "1", "-c", other_operators(fresh))
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1


def other_operators(hoptell):
    hoptell.write("operators: {listen: ['127.0.0.1:9']}\n")
    return hoptell.settings


@pytest.fixture
def stop_watching(watching):
    """Some tests need the site for a hoptell of their own; they come last in this file."""
    watching.kill()


@pytest.mark.parametrize("family", FAMILIES)
def test_before_anything_is_known_the_verdict_is_unknown(lab, stop_watching, fresh, family):
    fresh.start()
    found = visits.visit(lab, "phone1", family)[0]
    assert (found["verdict"], found["network"]) == ("unknown", None)
    assert visits.visit(lab, "laptop", family)[0]["verdict"] == "unknown"


def test_what_was_learnt_outlives_an_end_and_a_crash(lab, stop_watching, fresh, public):
    state = os.path.join(public, "state")
    os.mkdir(state)
    os.chmod(state, 0o777)
    fresh.write(SETTINGS.replace("store: none", f"store: sqlite:{state}/hoptell.db"))
    fresh.start()
    visits.all_phones_visit(lab)
    assert fresh.stop() == 0
    for _ in range(2):
        fresh.start()
        for host, verdict in (("phone3", "direct"), ("laptop", "tethered")):
            found = visits.visit(lab, host, 6)[0]
            assert found["verdict"] == verdict, found
        fresh.kill()
    with sqlite3.connect(f"file:{state}/hoptell.db?mode=ro", uri=True) as store:
        stored = store.execute("SELECT count(*) FROM observation").fetchone()[0]
    assert stored >= 4 * 2 * plan.PHONES


def test_a_tap_s_tunnels_are_looked_through_where_settings_say_so(lab, stop_watching, fresh):
    inner = captures.frame(captures.ETHERNET, captures.opening("198.18.7.9", 40001))
    send = ("import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto("
            f"bytes.fromhex('0800000000000900{inner.hex()}'), "
            f"('{lab.address('site', 6)}', 4789))")
    ask = ("lookup", "198.18.7.9", "40001", "--format", "json", "--wait", "3000")
    fresh.start()
    lab.run("phone1", sys.executable, "-c", send)
    assert fresh.command(*ask).returncode == 1
    fresh.kill()
    fresh.write(SETTINGS.replace("[up0]", "[up0], tunnels: true"))
    fresh.start()
    lab.run("phone1", sys.executable, "-c", send)
    assert json.loads(fresh.command(*ask).stdout)["hop_limit"] == 51
    assert visits.visit(lab, "phone1", 4)[0]["hop_limit"] == 60


def test_a_changed_setting_is_taken_over(lab, stop_watching, fresh):
    fresh.start()
    assert visits.visit(lab, "phone1", 4)[0]["verdict"] == "unknown"
    fresh.write(SETTINGS + "judge: {rule: first-drop}\n")
    fresh.process.send_signal(signal.SIGHUP)
    # the rule of the first drop knows no "unknown" once a network has been seen
    wait_until(lambda: visits.visit(lab, "laptop", 4)[0]["verdict"] == "tethered",
               what="the new rule to be used")


@pytest.mark.parametrize("wrong, said", [
    ("judge: {rule: coin}\n", "coin"),
    ("no_such_key: 1\n", "no_such_key"),
    ("judge: {threshold: 200%}\n", "200%"),
])
def test_a_wrong_setting_leaves_the_old_ones(lab, stop_watching, fresh, wrong, said):
    fresh.start()
    fresh.write(SETTINGS + wrong)
    line = (SETTINGS + wrong).splitlines().index(wrong.strip()) + 1
    fresh.process.send_signal(signal.SIGHUP)
    wait_until(lambda: said in fresh.said(), what=f"the log to name {said}")
    assert f"hoptell.yaml:{line}:" in fresh.said()
    assert visits.visit(lab, "phone1", 6)[0]["hop_limit"] == 60
