"""The shared store: a real MariaDB server, asked, killed and started again while hoptell works."""

import collections
import glob
import json
import os
import re
import shutil
import subprocess
import urllib.request

import pytest

import mariadb
from conftest import public_directory, wait_until
from hoptell import PROGRAM
from loopback import Hoptell

FIELDS = ("address, port, seen_at, server_address, server_port, hop_limit, initial, hops,"
          " stack_family, stack_probability, network_prefix, network_hop_limit, network_share,"
          " network_seen, verdict, probability, evidence, rewritten")


@pytest.fixture(scope="module")
def server(need_root):
    with public_directory() as directory:
        os.chmod(directory, 0o777)
        made = mariadb.Server(directory)
        try:
            made.start()
            yield made
        finally:
            made.kill()


@pytest.fixture
def database(server):
    if server.process.poll() is not None:
        server.start()
    server.make_anew()
    return server


def by_socket(server):
    return f"mariadb://hoptell@localhost/hoptell?socket={server.socket}"


def by_port(server):
    return f"mariadb://hoptell@127.0.0.1:{server.port}/hoptell"


@pytest.fixture
def hoptell(database, public):
    made = Hoptell(public, by_socket(database))
    yield made
    made.kill()


def stored(database):
    return int(database.ask("SELECT count(*) FROM observation")[0][0])


def as_json(row):
    """A row of table `observation` as the object that `read --format json` prints."""
    value = [None if text == "NULL" else text for text in row]
    network = None
    if value[10] is not None:
        network = {"prefix": value[10], "hop_limit": int(value[11]), "share": float(value[12]),
                   "seen": int(value[13])}
    return {"time": int(value[2]) / 1e6, "address": value[0], "port": int(value[1]),
            "server": {"address": value[3], "port": int(value[4])}, "hop_limit": int(value[5]),
            "initial": int(value[6]), "hops": int(value[7]),
            "stack": {"family": value[8], "probability": float(value[9])}, "network": network,
            "verdict": value[14], "probability": float(value[15]),
            "rewritten": value[17] == "1", "evidence": json.loads(value[16])}


def rounded(found):
    """Printed shares have three places, stored ones all."""
    found["probability"] = round(found["probability"], 3)
    found["stack"]["probability"] = round(found["stack"]["probability"], 3)
    if found["network"]:
        found["network"]["share"] = round(found["network"]["share"], 3)
    return found


@pytest.mark.parametrize("place", [by_socket, by_port])
def test_what_is_stored_is_what_the_page_said(database, hoptell, place):
    hoptell.write(place(database))
    hoptell.start()
    seen = [hoptell.visit() for _ in range(5)]
    wait_until(lambda: stored(database) == len(seen), what="five rows")
    rows = database.ask(f"SELECT {FIELDS} FROM observation ORDER BY seen_at")
    assert [rounded(as_json(row)) for row in rows] == seen
    assert hoptell.end() == 0


def test_baselines_come_back_from_the_database(database, hoptell):
    hoptell.start()
    for _ in range(3):
        hoptell.visit()
    assert hoptell.end() == 0
    assert int(database.ask("SELECT count(*) FROM baseline")[0][0]) > 0
    hoptell.start()
    assert hoptell.visit()["network"]["seen"] == 3


def test_both_stores_have_the_same_tables(database, hoptell):
    """One question serves both."""
    hoptell.start()
    assert hoptell.end() == 0
    found = database.ask("SELECT table_name, column_name FROM information_schema.columns"
                         " WHERE table_schema = 'hoptell' ORDER BY 1, ordinal_position")
    version = database.ask("SELECT max(version) FROM schema_version")
    hoptell.write(f"sqlite:{hoptell.state}/hoptell.db")
    hoptell.start()
    assert hoptell.end() == 0
    other = subprocess.run(
        ["sqlite3", "-separator", "\t", f"{hoptell.state}/hoptell.db",
         "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
         " WHERE m.type = 'table' ORDER BY m.name, c.cid; SELECT max(version) FROM schema_version"],
        capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    assert [tuple(line.split("\t")) for line in other] == found + version


@pytest.mark.parametrize("wrong, said", [
    ("mariadb://hoptell@127.0.0.1:{port}/nowhere", "expected to be let in, found: Access denied"),
    ("mariadb://nobody@127.0.0.1:{port}/hoptell", "expected to be let in, found: Access denied"),
])
def test_who_is_not_let_in_is_told_in_one_line(database, hoptell, wrong, said):
    hoptell.write(wrong.format(port=database.port))
    check_refused(hoptell, said)


@pytest.mark.parametrize("word, said", [
    ("not it", "expected to be let in, found: Access denied"),
    (None, "No such file or directory"),
])
def test_a_wrong_password_is_told_in_one_line(hoptell, word, said):
    os.unlink(hoptell.password)
    if word is not None:
        with open(hoptell.password, "w", encoding="utf-8") as file:
            file.write(word)
        shutil.chown(hoptell.password, mariadb.USER)
    check_refused(hoptell, said)


def check_refused(hoptell, said):
    done = subprocess.run([PROGRAM, "run", "-c", hoptell.settings], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1 and said in done.stderr
    assert mariadb.PASSWORD not in done.stderr


def test_tables_of_a_newer_version_are_left_alone(database, hoptell):
    hoptell.start()
    assert hoptell.end() == 0
    database.ask("INSERT INTO schema_version VALUES (99, 0)")
    check_refused(hoptell, "found version 99, which a newer hoptell has made")


def test_the_password_is_shown_nowhere(hoptell):
    done = subprocess.run([PROGRAM, "check", "--print", "-c", hoptell.settings],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    assert hoptell.password in done.stdout and mariadb.PASSWORD not in done.stdout


def settled(hoptell):
    """Everything that hoptell was given is in the database."""
    names = ("hoptell_store_queued", "hoptell_store_spooled")
    return all(hoptell.metric(name) == 0 for name in names)


def acknowledged(hoptell):
    return hoptell.metric("hoptell_store_written_total") + hoptell.metric("hoptell_store_spooled")


def ports_stored(database):
    return [int(row[0]) for row in database.ask("SELECT port FROM observation ORDER BY id")]


def test_a_database_that_is_away_at_the_start_gets_all_later(database, hoptell):
    database.kill()
    hoptell.start()
    assert re.search(r"expected to reach it, found: Can't connect.* waits in .*/spool",
                     hoptell.said()), hoptell.said()
    seen = [hoptell.visit()["port"] for _ in range(20)]
    wait_until(lambda: hoptell.metric("hoptell_store_spooled") == 20, what="rows in the spool")
    assert os.stat(f"{hoptell.state}/spool").st_mode & 0o777 == 0o700
    database.start()
    wait_until(lambda: settled(hoptell), what="the spool to be empty")
    assert ports_stored(database) == seen
    assert glob.glob(f"{hoptell.state}/spool/*.spool") == []
    wait_until(lambda: "the store is back" in hoptell.said(), what="the return to be told")
    assert hoptell.end() == 0


def test_what_the_database_knew_is_not_replaced_by_less(database, hoptell):
    hoptell.start()
    for _ in range(3):
        hoptell.visit()
    assert hoptell.end() == 0
    database.kill()
    hoptell.start()
    assert hoptell.visit()["network"] is None
    database.start()
    wait_until(lambda: "is known again" in hoptell.said(), what="the baselines to be back")
    assert hoptell.visit()["network"]["seen"] == 3
    assert hoptell.end() == 0
    hoptell.start()
    assert hoptell.visit()["network"]["seen"] == 4


@pytest.mark.parametrize("place", [
    "mariadb://hoptell@127.0.0.1:{closed}/hoptell",
    "mariadb://hoptell@no-such-host.invalid/hoptell",
    "mariadb://hoptell@localhost/hoptell?socket=/nowhere/socket",
])
def test_a_place_where_nobody_answers_is_told_in_one_line(hoptell, place):
    place = place.format(closed=mariadb.free_port())
    hoptell.write(place)
    hoptell.start()
    warned = [line for line in hoptell.said().splitlines() if "mariadb:" in line]
    assert len(warned) == 1 and f"{place}: expected to reach it, found: " in warned[0]
    hoptell.visit()
    assert hoptell.end() == 0
    assert len(os.listdir(f"{hoptell.state}/spool")) == 1


def test_what_a_full_spool_does_not_take_waits_in_memory(database, hoptell):
    """And over an end, for the next start."""
    hoptell.write(by_socket(database), spool_size="1MiB")
    os.mkdir(f"{hoptell.state}/spool")
    with open(f"{hoptell.state}/spool/{1:016x}.spool", "wb") as file:
        file.write(b"hopspool\0\0\0\2" + bytes((1 << 20) - 12))
    shutil.chown(f"{hoptell.state}/spool", mariadb.USER)
    shutil.chown(f"{hoptell.state}/spool/{1:016x}.spool", mariadb.USER)
    database.kill()
    hoptell.start()
    seen = visit_many(hoptell, 3)
    wait_until(lambda: "waits in memory" in hoptell.said(), what="it to be told")
    assert hoptell.metric("hoptell_store_queued") >= 3
    assert hoptell.metric("hoptell_store_lost_total") == 0
    database.start()
    wait_until(lambda: hoptell.metric("hoptell_store_queued") == 0, what="an empty queue")
    assert ports_stored(database) == seen
    assert hoptell.said().count("waits in memory") == 1
    database.kill()
    seen += visit_many(hoptell, 3)
    assert hoptell.end() == 0
    assert " are lost" not in hoptell.said()
    database.start()
    hoptell.start()
    wait_until(lambda: ports_stored(database) == seen, what="the rest to be stored")


def kill_database(database, hoptell):
    database.kill()
    yield
    database.start()


def kill_hoptell(database, hoptell):
    hoptell.kill()
    yield
    hoptell.start()


def kill_both(database, hoptell):
    database.kill()
    hoptell.kill()
    yield
    hoptell.start()
    database.start()


def kill_one_after_the_other(database, hoptell):
    """hoptell dies with rows in its spool, and again while it delivers them."""
    database.kill()
    ports = visit_many(hoptell, 40)
    hoptell.kill()
    yield ports
    hoptell.start()
    database.start()
    hoptell.kill()
    hoptell.start()


def visit_many(hoptell, count):
    return [hoptell.visit()["port"] for _ in range(count)]


@pytest.mark.parametrize("crash", [kill_database, kill_hoptell, kill_both,
                                   kill_one_after_the_other])
def test_nothing_is_lost_or_comes_twice(database, hoptell, crash):
    """A crash in the middle of visits: each that was answered must be there, once."""
    hoptell.start()
    seen = []
    for _ in range(3):
        seen += visit_many(hoptell, 30)
        wait_until(lambda: hoptell.metric("hoptell_store_queued") == 0, what="rows to be safe")
        seen += visit_many(hoptell, 10)  # and these wait for others
        crashing = crash(database, hoptell)
        seen += next(crashing) or []
        list(crashing)
    seen += visit_many(hoptell, 5)
    wait_until(lambda: settled(hoptell), what="the spool to be empty")
    assert hoptell.metric("hoptell_store_lost_total") == 0
    rows = database.ask("SELECT port, seen_at FROM observation")
    assert len(set(rows)) == len(rows)
    assert collections.Counter(int(port) for port, _ in rows) == collections.Counter(seen)
    assert hoptell.end() == 0


def put_rows(database, first_seen, count):
    """Observations of one microsecond after the other."""
    database.ask(
        "INSERT INTO observation (address, port, seen_at, server_address, server_port, hop_limit,"
        " initial, hops, stack_family, stack_probability, verdict, probability, evidence)"
        f" SELECT '192.0.2.1', 1, {first_seen} + seq, '192.0.2.2', 80, 64, 64, 0, 'unknown', 0,"
        f" 'unknown', 0, '[]' FROM seq_1_to_{count}")


def test_what_is_too_old_or_too_much_is_forgotten(database, hoptell):
    hoptell.start()
    assert hoptell.end() == 0
    put_rows(database, 1, 7000)
    recent = int(database.ask("SELECT UNIX_TIMESTAMP() * 1000000 - 10000000")[0][0])
    put_rows(database, recent, 1500)
    with open(hoptell.settings, "a", encoding="utf-8") as file:
        file.write("keep: 1h\nkeep_observations: 1k\n")
    hoptell.start()
    wait_until(lambda: stored(database) == 1000, what="a thousand rows to be left")
    assert int(database.ask("SELECT min(seen_at) FROM observation")[0][0]) == recent + 501


def test_who_is_forgotten_while_the_database_is_away_is_forgotten_there(database, hoptell):
    """What was stored, what waits before the order to forget, and not what comes after it."""
    hoptell.start()
    visit_many(hoptell, 3)
    wait_until(lambda: stored(database) == 3, what="three rows")
    database.kill()
    visit_many(hoptell, 3)
    request = urllib.request.Request(
        f"http://127.0.0.1:{hoptell.operators}/v1/subscribers/127.0.0.1", method="DELETE")
    assert urllib.request.urlopen(request, timeout=10).status in (200, 204)
    later = visit_many(hoptell, 2)
    wait_until(lambda: hoptell.metric("hoptell_store_queued") == 0, what="rows in the spool")
    database.start()
    wait_until(lambda: settled(hoptell), what="the spool to be empty")
    assert ports_stored(database) == later
    assert database.ask("SELECT count(*) FROM baseline WHERE subscriber = 1") == [("0",)]
