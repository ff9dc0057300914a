"""hoptell networks, subscribers and label, and the events, against a daemon that phones have visited."""

import json
import os
import signal
import sqlite3
import subprocess

import pytest

import visits
from conftest import public_directory, wait_until
from hoptell import SETTINGS, Hoptell


@pytest.fixture(scope="module")
def visited(lab):
    with public_directory() as directory:
        os.chmod(directory, 0o777)  # the daemon makes its store there when it is nobody
        store = f"store: sqlite:{directory}/store.db"
        hoptell = Hoptell(lab, directory, SETTINGS.replace("store: none", store))
        try:
            hoptell.start()
            visits.all_phones_visit(lab)
            yield hoptell
        finally:
            hoptell.kill()


def asked(hoptell, *words):
    done = hoptell.command(*words, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("family", (4, 6))
def test_a_network_shows_how_its_phones_arrive(visited, family):
    address = visits.seen_address("phone3", family)
    finest = asked(visited, "networks", "--address", address)["networks"][0]
    assert finest["enough"] and finest["handsets"] and finest["tethered"] < 0.05, finest
    assert (finest["modes"][0]["hops"], finest["modes"][0]["hop_limit"]) == (4, 60)
    assert finest["modes"][0]["share"] > 0.99
    lines = visited.command("networks", "--prefix", finest["prefix"]).stdout.splitlines()
    assert len(lines) == 2 and lines[1].split()[:2] == [finest["prefix"], str(finest["seen"])]
    assert lines[1].endswith("4 hops 100.0 %")


def test_the_list_of_networks_ends_at_its_limit(visited):
    answer = asked(visited, "networks", "--limit", "2")
    assert len(answer["networks"]) == 2 < answer["total"]
    lines = visited.command("networks", "-n", "2").stdout.splitlines()
    assert len(lines) == 4 and lines[3] == f"and {answer['total'] - 2} more"


def test_a_network_is_called_by_its_name_from_a_reload_on(visited):
    address = visits.seen_address("phone3", 6)
    before = asked(visited, "networks", "--address", address)["networks"][0]
    assert before["name"] is None and before["kind"] is None
    with open(visited.settings, encoding="utf-8") as file:
        settings = file.read()
    networks = os.path.join(os.path.dirname(visited.settings), "networks.csv")
    with open(networks, "w", encoding="utf-8") as file:
        file.write(f"prefix,name,kind\n{before['prefix']},\"Funk, S\u00fcd\",handset\n")
    visited.write(settings.replace("[up0]}", "[up0], networks_file: networks.csv}"))
    visited.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "are in force" in visited.said(), what="the reload")
    found = asked(visited, "networks", "--address", address)["networks"]
    assert [(n["prefix"], n["name"], n["kind"]) for n in found] == [
        (before["prefix"], "Funk, S\u00fcd", "handset")]
    assert found[0]["seen"] == before["seen"] and found[0]["enough"]
    assert "(Funk, S\u00fcd)" in visited.command("networks", "-a", address).stdout
    with open(networks, "a", encoding="utf-8") as file:
        file.write("10.0.0.0/8,ten,mobile\n")
    visited.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the old settings stay" in visited.said(), what="the refusal")
    assert "networks.csv:3:16: error: expected handset, fixed or hosting" in visited.said()
    assert asked(visited, "networks", "--address", address)["networks"][0]["kind"] == "handset"
    visited.write(settings)
    visited.process.send_signal(signal.SIGHUP)
    wait_until(lambda: visited.said().count("are in force") == 2, what="the second reload")


@pytest.mark.parametrize("family", (4, 6))
def test_a_subscriber_shows_what_it_did_last(lab, visited, family):
    address = visits.seen_address("phone4", family)
    newest = visits.visit(lab, "phone4", family)[0]
    answer = asked(visited, "subscribers", address, "--limit", "3")
    assert answer["baseline"]["seen"] >= 5 and answer["baseline"]["devices"] >= 1
    assert [entry["hop_limit"] for entry in answer["timeline"]] == [60, 60, 60]
    assert answer["timeline"][0]["port"] == newest["port"]
    assert answer["timeline"][0]["verdict"] == newest["verdict"]
    said = visited.command("subscribers", address).stdout
    assert said.startswith(f"{answer['subscriber']}: seen {answer['baseline']['seen']} times")
    assert f"{newest['port']} " in said
    assert asked(visited, "lookup", address)["port"] == newest["port"]


def test_the_subscribers_seen_last_come_first(lab, visited):
    for host in ("phone5", "phone6"):
        visits.visit(lab, host, 6)
    listed = [line["subscriber"] for line in asked(visited, "subscribers")["subscribers"]]
    wanted = [visits.seen_address(host, 6) for host in ("phone6", "phone5")]
    assert [prefix.split("::")[0] for prefix in listed[:2]] == \
        [address.rsplit("::", 1)[0] for address in wanted]
    assert len(set(listed)) == len(listed)
    lines = visited.command("subscribers", "-n", "1").stdout.splitlines()
    assert len(lines) == 2 and listed[0] in lines[1]


def test_nothing_known_is_status_1(visited):
    done = visited.command("subscribers", "192.0.2.250")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("hoptell subscribers: expected a subscriber that has been seen, "
                           "found nothing of it\n")


def test_verdicts_come_as_events_while_they_are_given(lab, visited):
    follower = lab.start("site", "curl", "-sN", "http://127.0.0.1:8081/v1/events",
                         stdout=subprocess.PIPE, text=True)
    try:
        assert follower.stdout.readline() == "retry: 2000\n"
        newest = visits.visit(lab, "phone7", 4)[0]
        lines = [follower.stdout.readline() for _ in range(4)]
        assert lines[1].startswith("id: ") and lines[2] == "event: verdict\n"
        event = json.loads(lines[3].removeprefix("data: "))
        assert (event["address"], event["port"]) == (newest["address"], newest["port"])
        assert visited.get("/metrics")[1].count(
            'hoptell_http_followers{listener="operators"} 1\n') == 1
    finally:
        follower.kill()
        follower.wait()


def test_a_label_is_kept_in_the_store(visited):
    for words in (["203.0.113.7", "tethered"], ["--port", "40001", "2001:db8::7", "direct"]):
        done = visited.command("label", *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with sqlite3.connect(os.path.join(os.path.dirname(visited.settings), "store.db")) as rows:
        kept = wait_until(lambda: len(found := rows.execute(
            "SELECT address, port, label FROM label ORDER BY port").fetchall()) == 2 and found)
    assert kept == [("203.0.113.7", 0, "tethered"), ("2001:db8::7", 40001, "direct")]


def stored(hoptell, address):
    with sqlite3.connect(os.path.join(os.path.dirname(hoptell.settings), "store.db")) as rows:
        return rows.execute("SELECT count(*) FROM observation WHERE address = ?",
                            (address,)).fetchone()[0]


def test_who_is_forgotten_is_gone_from_memory_and_store(lab, visited):
    gone, stays = (visits.seen_address(host, 6) for host in ("phone8", "phone9"))
    for host in ("phone8", "phone9"):
        visits.visit(lab, host, 6)
    wait_until(lambda: stored(visited, gone) and stored(visited, stays))
    done = visited.command("subscribers", "--forget", gone)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert visited.command("lookup", gone).returncode == 1
    assert visited.command("subscribers", gone).returncode == 1
    wait_until(lambda: stored(visited, gone) == 0)
    assert stored(visited, stays) > 0
    assert visited.command("lookup", stays).returncode == 0


@pytest.fixture
def guarded(lab, public):
    """A daemon whose operators have a socket, and show a token elsewhere."""
    os.chmod(public, 0o700)
    token = os.path.join(public, "token")
    with open(token, "w", encoding="utf-8") as file:
        file.write("a-token-of-some-length\n")
    os.chmod(token, 0o600)
    places = {"socket": f"unix:{public}/operators.sock", "elsewhere": "192.0.2.82:8091",
              "here": "127.0.0.1:8092"}
    listen = ", ".join(f'"{place}"' for place in places.values())
    more = f"operators: {{listen: [{listen}], token_file: {token}}}\nvisitors: {{listen: []}}\n"
    hoptell = Hoptell(lab, public, SETTINGS.replace("names:", "#") + more)
    hoptell.alone = {}
    for name, place in places.items():
        hoptell.alone[name] = os.path.join(public, f"{name}.yaml")
        with open(hoptell.alone[name], "w", encoding="utf-8") as file:
            file.write(f'operators: {{listen: ["{place}"], token_file: {token}}}\n')
    try:
        hoptell.start(ready=False)
        wait_until(lambda: hoptell.process.poll() is None and
                   lab.run("site", "curl", "-s", "http://127.0.0.1:8092/readyz", check=False) ==
                   "ok\n", what="hoptell to be ready")
        yield hoptell
    finally:
        hoptell.kill()


@pytest.mark.parametrize("place", ["socket", "elsewhere", "here"])
def test_a_command_finds_every_kind_of_place(guarded, place):
    done = guarded.command("networks", "-c", guarded.alone[place], "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"total": 0, "networks": []}


@pytest.mark.parametrize("header, status", [
    ("Authorization: Bearer a-token-of-some-length", "200"),
    ("Authorization: Bearer a-token-of-some-lengtH", "401"),
    ("Authorization: Bearer", "401"),
    ("X-Nothing: 1", "401"),
])
def test_elsewhere_the_token_is_wanted_for_everything(lab, guarded, header, status):
    for path in ("/healthz", "/v1/tales", "/metrics"):
        said = lab.run("site", "curl", "-si", "-H", header, f"http://192.0.2.82:8091{path}")
        assert said.startswith(f"HTTP/1.1 {status} ")
        assert ("WWW-Authenticate: Bearer\n" in said) == (status == "401")
        assert ("application/problem+json" in said) == (status == "401")


def test_the_socket_is_open_to_its_group_alone_and_made_anew(lab, guarded):
    path = os.path.join(os.path.dirname(guarded.settings), "operators.sock")
    assert os.stat(path).st_mode & 0o777 == 0o660
    guarded.kill()
    assert os.path.exists(path)  # as a crash leaves it
    guarded.start(ready=False)
    wait_until(lambda: guarded.command("networks", "-c", guarded.alone["socket"]).returncode == 0)


@pytest.mark.parametrize("words, message", [
    (["label"], "label: expected an IPv4 or IPv6 address, found none"),
    (["label", "::1"], "label: expected direct or tethered after ::1, found none"),
    (["label", "::1", "unknown"], "label: expected direct or tethered after ::1, found 'unknown'"),
    (["label", "::1", "direct", "x"],
     "label: expected an address and a label, found 'x' after them"),
    (["label", "-p", "0", "::1", "direct"],
     "label: expected a port from 1 to 65535 for --port, found '0'"),
    (["networks", "-a", "x"], "networks: expected an address for --address, found 'x'"),
    (["networks", "-p", "1.2.3.4/8"],
     "networks: expected a prefix for --prefix, found '1.2.3.4/8'"),
    (["networks", "-a", "::1", "-p", "::/0"],
     "networks: expected --address or --prefix, found both"),
    (["networks", "-n", "1001"], "networks: expected 1 to 1000 for --limit, found '1001'"),
    (["networks", "x"], "networks: expected options alone, found 'x'"),
    (["subscribers", "x"], "subscribers: expected an IPv4 or IPv6 address, or "
     "teid:IDENTIFIER@ENDPOINT of a GTP-U tunnel, found 'x'"),
    (["subscribers", "--forget"],
     "subscribers: expected an address with --forget, found none"),
    (["subscribers", "::1", "::2"], "subscribers: expected one address, found '::2' after it"),
])
def test_wrong_use_says_what_was_expected(visited, words, message):
    done = visited.command(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"hoptell {message}\n")
