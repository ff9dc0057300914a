"""hoptell networks and subscribers, against a daemon that phones have visited."""

import json

import pytest

import visits
from conftest import public_directory
from hoptell import Hoptell


@pytest.fixture(scope="module")
def visited(lab):
    with public_directory() as directory:
        hoptell = Hoptell(lab, directory)
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


@pytest.mark.parametrize("family", (4, 6))
def test_a_subscriber_shows_what_it_did_last(lab, visited, family):
    address = visits.seen_address("phone4", family)
    newest = visits.visit(lab, "phone4", family)[0]
    answer = asked(visited, "subscribers", address, "--limit", "3")
    assert answer["baseline"]["shared"] == (family == 4)  # the carrier's NAT
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


@pytest.mark.parametrize("words, message", [
    (["networks", "-a", "x"], "networks: expected an address for --address, found 'x'"),
    (["networks", "-p", "1.2.3.4/8"],
     "networks: expected a prefix for --prefix, found '1.2.3.4/8'"),
    (["networks", "-a", "::1", "-p", "::/0"],
     "networks: expected --address or --prefix, found both"),
    (["networks", "-n", "1001"], "networks: expected 1 to 1000 for --limit, found '1001'"),
    (["networks", "x"], "networks: expected options alone, found 'x'"),
    (["subscribers", "x"], "subscribers: expected an IPv4 or IPv6 address, found 'x'"),
    (["subscribers", "::1", "::2"], "subscribers: expected one address, found '::2' after it"),
])
def test_wrong_use_says_what_was_expected(visited, words, message):
    done = visited.command(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"hoptell {message}\n")
